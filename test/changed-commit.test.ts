import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { refuseFilesNamedLikeOptions } from '../src/changed/arguments.ts';
import { main } from '../src/cli.ts';
import { changedByCommit, contentsBefore } from '../src/git/commit.ts';
import { lint } from '../src/lint.ts';
import { tree } from './tree.ts';

const ENV = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.com',
};

function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd, env: ENV, encoding: 'utf8' }).trim();
}

/** A repository of files, all of them committed. */
function repository(files: Record<string, string>): string {
  const root = tree(files);
  git(root, '-c', 'init.defaultBranch=main', 'init', '--quiet');
  git(root, 'add', '--all');
  git(root, 'commit', '--quiet', '--allow-empty', '-m', 'what there is');
  return root;
}

function write(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** The paths relative to the repository. */
async function changed(root: string, all: boolean, env: NodeJS.ProcessEnv = {}, cwd = root) {
  const { paths, ...rest } = await changedByCommit(all, { cwd, env: { ...ENV, ...env } });
  return { paths: paths.map((path) => path.replace(`${root}/`, '')), ...rest };
}

const FILES = { 'a.yaml': 'a', 'sub/b.yaml': 'b', 'sub/c d\n"é.yaml': 'c', '-x.yaml': 'x' };

describe('the commit in the making', () => {
  it('is what the index changes: what it deletes, or all', async () => {
    const root = repository(FILES);
    rmSync(join(root, 'a.yaml'));
    expect(await changed(root, false)).toEqual({ paths: [] });
    git(root, 'rm', '--quiet', 'a.yaml', 'sub/c d\n"é.yaml', '--', '-x.yaml');
    write(root, 'sub/b.yaml', 'changed');
    write(root, 'new.yaml', 'new');
    git(root, 'add', 'sub/b.yaml', 'new.yaml');
    const deleted = ['-x.yaml', 'a.yaml', 'sub/c d\n"é.yaml'];
    expect(await changed(root, false)).toEqual({ paths: deleted });
    expect(await changed(root, false, {}, join(root, 'sub'))).toEqual({ paths: deleted });
    expect(await changed(root, true)).toEqual({ paths: ['-x.yaml', 'a.yaml', 'new.yaml', 'sub/b.yaml', deleted[2]] });
  });

  it('takes what is renamed for deleted and added, whatever the settings', async () => {
    const root = repository({ 'base/a.yaml': 'a\nb\nc\n' });
    git(root, 'config', 'diff.renames', 'copies');
    git(root, 'config', 'diff.relative', 'true');
    git(root, 'config', 'diff.noprefix', 'true');
    git(root, 'config', 'diff.external', 'false');
    git(root, 'config', 'core.fsmonitor', 'false; touch started');
    renameSync(join(root, 'base'), join(root, 'common'));
    git(root, '-c', 'core.fsmonitor=false', 'add', '--all');
    expect(await changed(root, false, {}, join(root, 'common'))).toEqual({ paths: ['base/a.yaml'] });
    expect(await changed(root, true)).toEqual({ paths: ['base/a.yaml', 'common/a.yaml'] });
  });

  it('goes by the index that git names', async () => {
    const root = repository(FILES);
    git(root, 'rm', '--quiet', 'a.yaml');
    execFileSync('git', ['read-tree', 'HEAD'], { cwd: root, env: { ...ENV, GIT_INDEX_FILE: '.git/next-index' } });
    expect(await changed(root, false, { GIT_INDEX_FILE: '.git/next-index' })).toEqual({ paths: [] });
    expect(await changed(root, false, { GIT_DIR: '.git' })).toEqual({ paths: ['a.yaml'] });
  });

  it('lies between two revisions where pre-commit says so, from where they parted', async () => {
    const root = repository(FILES);
    git(root, 'checkout', '--quiet', '-b', 'branch');
    git(root, 'rm', '--quiet', 'a.yaml');
    git(root, 'commit', '--quiet', '-m', 'one');
    git(root, 'checkout', '--quiet', 'main');
    git(root, 'rm', '--quiet', 'sub/b.yaml');
    git(root, 'commit', '--quiet', '-m', 'other');
    const between = (from: string, to: string) =>
      changed(root, false, { PRE_COMMIT_FROM_REF: from, PRE_COMMIT_TO_REF: to });
    expect(await between('main', 'branch')).toEqual({ paths: ['a.yaml'] });
    expect(await between('branch', 'main')).toEqual({ paths: ['sub/b.yaml'] });
    git(root, 'checkout', '--quiet', '--orphan', 'alone');
    git(root, 'rm', '--quiet', '--cached', '-r', 'sub');
    git(root, 'commit', '--quiet', '-m', 'alone');
    expect((await between('branch', 'alone')).paths).toEqual(['sub/b.yaml', 'sub/c d\n"é.yaml']);
    expect(await between('--output=stolen', 'main')).toEqual({
      paths: [],
      failure: "git can't tell: bad revision '--output=stolen..main'",
    });
  });

  it('knows nothing where there is no commit, repository or git', async () => {
    const empty = tree({ 'a.yaml': 'a' });
    git(empty, '-c', 'init.defaultBranch=main', 'init', '--quiet');
    git(empty, 'add', '--all');
    expect(await changed(empty, false)).toEqual({ paths: [] });
    expect(await changed(empty, true)).toEqual({ paths: ['a.yaml'] });
    expect(await changed(tree({ 'a.yaml': 'a' }), true)).toEqual({ paths: [] });
    expect(await changed(empty, true, { PATH: '/nonexistent' })).toEqual({
      paths: [],
      failure: 'there is no git on PATH',
    });
    write(empty, '.git/HEAD', 'nonsense');
    expect(await changed(empty, true)).toEqual({
      paths: [],
      failure: expect.stringMatching(/^git can't tell: not a git repository/),
    });
  });

  it('says of a submodule that it is a directory', async () => {
    const root = repository({ 'a.yaml': 'a' });
    const commit = git(root, 'rev-parse', 'HEAD');
    git(root, 'update-index', '--add', '--cacheinfo', `160000,${commit},charts/sub`);
    git(root, 'commit', '--quiet', '-m', 'a submodule');
    git(root, 'rm', '--quiet', '--cached', 'charts/sub');
    expect(await changed(root, false)).toEqual({ paths: ['charts/sub/'] });
  });

  it('knows what files held before it', async () => {
    const root = repository({ ...FILES, 'empty.yaml': '' });
    write(root, 'a.yaml', 'changed');
    write(root, 'new.yaml', 'new');
    git(root, 'add', '--all');
    const before = await contentsBefore(
      ['sub', 'new.yaml', 'a.yaml', 'empty.yaml', '../elsewhere', 'sub/b.yaml'].map((path) => join(root, path)),
      { cwd: root, env: ENV },
    );
    expect([...before]).toEqual([
      [join(root, 'a.yaml'), 'a'],
      [join(root, 'empty.yaml'), ''],
      [join(root, 'sub/b.yaml'), 'b'],
    ]);
    expect([...(await contentsBefore([join(root, 'a.yaml')], { cwd: root, env: { PATH: '/nonexistent' } }))]).toEqual(
      [],
    );
  });
});

const CONFIG_MAP = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\n`;

describe('a run with --changed', () => {
  it('finds by themselves a base and manifests that are not listed any more', async () => {
    const root = repository({
      'base/kustomization.yaml': 'resources: [a.yaml]\n',
      'base/a.yaml': CONFIG_MAP('a'),
      'other/kustomization.yaml': 'resources: [a.yaml]\n',
      'other/a.yaml': CONFIG_MAP('a'),
      'prod/kustomization.yaml': 'resources: [../base]\n',
      'plain/a.yaml': CONFIG_MAP('a'),
    });
    rmSync(join(root, 'prod'), { recursive: true });
    git(root, 'add', '--all');
    const { environments } = await lint({ cwd: root, changed: ['plain/a.yaml'], kustomize: '/nonexistent' });
    expect(environments).toEqual(['base', 'plain']);
  });

  it('takes all that the commit changes where nothing is named, but for pre-commit', async () => {
    const root = repository({
      'a/a.yaml': CONFIG_MAP('a'),
      'b/b.yaml': CONFIG_MAP('b'),
      'b/gone.yaml': CONFIG_MAP('c'),
    });
    write(root, 'a/a.yaml', CONFIG_MAP('changed'));
    git(root, 'rm', '--quiet', 'b/gone.yaml');
    git(root, 'add', '--all');
    const judged = async (...changed: string[]) => (await lint({ cwd: root, changed })).environments;
    expect(await judged()).toEqual(['a', 'b']);
    expect(await judged('a/a.yaml')).toEqual(['a', 'b']);
    vi.stubEnv('PRE_COMMIT', '1');
    expect(await judged()).toEqual(['b']);
    vi.unstubAllEnvs();
  });

  it('judges only what the files can affect, and leaves unused ignores alone', async () => {
    const root = tree({
      'k8s-lint.yaml':
        'environments:\n  a: { targets: [{ manifests: [a.yaml] }] }\n  b: { targets: [{ manifests: [b.yaml] }] }\n' +
        'ignore: [{ rule: schema-invalid, reason: nothing needs it }]\n',
      'a.yaml': CONFIG_MAP('a'),
      'b.yaml': `${CONFIG_MAP('b')}data: { a: 1 }\n`,
      'README.md': '',
    });
    const run = async (...files: string[]) => {
      const { diagnostics, environments, note, failures } = await lint({ cwd: root, changed: files });
      return { found: diagnostics.map(({ rule, location }) => [rule, location.file]), environments, note, failures };
    };
    expect(await run('a.yaml')).toEqual({ found: [], environments: ['a'], note: undefined, failures: [] });
    expect(await run('b.yaml')).toEqual({ found: [], environments: ['b'], note: undefined, failures: [] });
    expect(await run('k8s-lint.yaml')).toMatchObject({ environments: ['a', 'b'], failures: [] });
    expect(await run('README.md', '1', '2', '3', '4')).toEqual({
      found: [],
      environments: [],
      note: 'nothing selected: no environment reads README.md, 1, 2 and 2 more',
      failures: [],
    });
    expect(await run()).toMatchObject({ note: 'nothing selected: nothing is changed' });
    // A mistake in it is one, whatever was changed.
    writeFileSync(join(root, 'k8s-lint.yaml'), 'environments: { a: { targets: [{ manifests: [gone.yaml] }] } }\n');
    await expect(run('README.md')).rejects.toThrow('"gone.yaml" does not exist');
    writeFileSync(
      join(root, 'k8s-lint.yaml'),
      'environments: { a: { targets: [{ manifests: [a.yaml] }] } }\nrules: { no-such-rule: error }\n',
    );
    await expect(run('k8s-lint.yaml')).rejects.toThrow('no-such-rule');
  });

  it('says where git can not tell what is deleted', async () => {
    const root = tree({ 'a.yaml': CONFIG_MAP('a'), 'README.md': '', '.git/HEAD': 'nonsense' });
    const failure = /what the commit deletes: git can't tell: /;
    expect((await lint({ cwd: root, changed: ['README.md'] })).note).toMatch(failure);
    const { unchecked, environments } = await lint({ cwd: root, changed: ['a.yaml'] });
    expect(environments).toEqual(['.']);
    expect(unchecked.map(({ what, reason }) => `${what}: ${reason}`).join()).toMatch(failure);
  });

  it('refuses a stream, and files that read like options', async () => {
    const root = tree({ '--fail-on=never': '', '-x.yaml': '', 'a.yaml': '' });
    const refused =
      (...argv: string[]) =>
      () =>
        refuseFilesNamedLikeOptions(argv, root);
    expect(refused('--changed', 'a.yaml', '--fail-on=never')).toThrow(
      '--fail-on=never reads like an option, and is a file here: rename it, or name it as ./--fail-on=never',
    );
    expect(refused('--changed', '-x.yaml')).toThrow('-x.yaml reads like an option');
    expect(refused('--changed', './-x.yaml', '--fail-on', 'never', '-', '--', '-x.yaml')).not.toThrow();
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const cwd = vi.spyOn(process, 'cwd').mockReturnValue(root);
    const codes = [await main(['--changed', '--fail-on=never']), await main(['--changed', '-'])];
    const texts = said.mock.calls.map(([text]) => text);
    said.mockRestore();
    cwd.mockRestore();
    expect(codes).toEqual([2, 2]);
    expect(texts).toEqual([
      'k8s-lint: --fail-on=never reads like an option, and is a file here: rename it, or name it as ./--fail-on=never\n',
      'k8s-lint: --changed -: a stream is no file that can be changed\n',
    ]);
  });
});
