import { isBelow } from '../below.ts';
import { isGarbage, NOWHERE, type RunResult } from '../render/run.ts';
import { Digests, UnknownInput } from './digests.ts';
import { Inputs } from './inputs.ts';
import { cacheDirectory } from './place.ts';
import { Store } from './store.ts';

/** Of the k8s-lint that rendered: another one may read other files. */
interface Options {
  version: string;
  /** Gets one line at most: why the cache is of no use. */
  warn(message: string): void;
  env?: NodeJS.ProcessEnv;
}

/** The cache of this user; undefined for one without a home. */
export function openCache({ version, warn, env }: Options): RenderCache | undefined {
  const directory = cacheDirectory(env);
  return directory === undefined ? undefined : new RenderCache(new Store(directory, warn), version);
}

/** What tools printed, by what they read and what they were told. It lives as long as one run. */
export class RenderCache {
  readonly #store: Store;
  readonly #version: string;
  readonly #digests = new Digests();

  constructor(store: Store, version: string) {
    this.#store = store;
    this.#version = version;
  }

  /**
   * What a run prints: what is known of it, else what it prints now. `describe` adds all that it depends on, and throws
   * UnknownInput where that can't be told. `root` is the repository, `target` what is rendered, both absolute. Of a run that went
   * well only `stdout` is kept. Rejects only as `start` does.
   */
  async run(
    root: string,
    target: string,
    describe: (inputs: Inputs) => void,
    start: () => Promise<RunResult>,
  ): Promise<RunResult> {
    const inputs = new Inputs(root, target, this.#digests);
    try {
      inputs.add('k8s-lint', this.#version);
      describe(inputs);
    } catch (error) {
      if (error instanceof UnknownInput) return start();
      throw error;
    }
    const material = inputs.material();
    // What names places is of use only there.
    const here = `${material}\n${JSON.stringify(root)}`;
    const kept = this.#store.get(material) ?? this.#store.get(here);
    if (kept !== undefined) return JSON.parse(kept) as RunResult;
    const result = await start();
    if (!isLasting(result, inputs) || !inputs.unchanged()) return result;
    const value: RunResult = result.kind === 'ok' ? { ...result, stderr: '' } : result;
    const text = JSON.stringify(value);
    const names = (place: string) => text.includes(JSON.stringify(place).slice(1, -1));
    if (isBelow(target, root) || !names(target)) this.#store.put(names(root) ? here : material, text);
    return result;
  }

  /** A fact that is found out at some cost, by what it depends on. `undefined` is not kept. */
  async fact(material: readonly string[], find: () => Promise<string | undefined>): Promise<string | undefined> {
    const key = JSON.stringify([this.#version, ...material]);
    const kept = this.#store.get(key);
    if (kept !== undefined) return kept;
    const found = await find();
    if (found !== undefined) this.#store.put(key, found);
    return found;
  }
}

/** What may come from the machine's state, not from what was read: the next run may end otherwise. */
const PASSING = new RegExp(
  [
    ...[
      'goroutine \\d',
      'panic:',
      'signal: ',
      'killed',
      'out of memory',
      'cannot allocate',
      'fork/exec',
      'text file busy',
    ],
    ...[
      'too many open files',
      'no space left',
      'quota exceeded',
      'temporarily unavailable',
      'timed? ?out',
      'deadline exceeded',
    ],
    ...['connection (?:refused|reset)', 'connect: ', 'dial tcp', 'no such host', 'permission denied', 'not permitted'],
    ...['input/output error', 'read-only file system', 'stale file', 'resource busy', 'unexpected EOF'],
  ].join('|'),
  'i',
);

/** What tools say of the network, which they are always kept from. */
const OFFLINE = `proxyconnect tcp: dial tcp ${new URL(NOWHERE).host}: connect: connection refused`;

/** Whether a run would end the same way again. */
function isLasting(result: RunResult, inputs: Inputs): result is Extract<RunResult, { kind: 'ok' | 'failed' }> {
  if (result.kind === 'ok') return true;
  if (result.kind !== 'failed' || result.code !== 1 || result.stderr.trim() === '' || isGarbage(result.stderr))
    return false;
  const said = result.stderr.replaceAll(OFFLINE, '');
  // What it didn't find must be among what was looked for.
  const missing = [...said.matchAll(/(?:(?:stat|open) (\S+): )?no such file or directory/g)];
  return missing.every(([, path]) => path !== undefined && inputs.isAbsent(path)) && !PASSING.test(said);
}
