import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exportCommit, type Gap } from '../src/git/export.ts';
import { findRenames } from '../src/git/renames.ts';
import { openRepository } from '../src/git/repository.ts';
import { listTree } from '../src/git/tree.ts';
import { listWorkTree } from '../src/git/work-tree.ts';
import { GitRepository, gitIn } from './git-repository.ts';
import { readTree, tree } from './tree.ts';

/** What a commit lays out in an empty directory. */
async function laidOut(cwd: string, commit = 'HEAD'): Promise<{ directory: string; gaps: Gap[] }> {
  const repository = await openRepository({ cwd, timeout: 60_000 });
  const directory = tree({});
  const id = gitIn(cwd, ['rev-parse', commit]);
  const [entries, workTree] = await Promise.all([listTree(id, repository.git), listWorkTree(repository)]);
  return { directory, gaps: await exportCommit(id, entries, repository, directory, workTree.sparse) };
}

/** The names below a directory as bytes, with `/` behind those of directories. */
function namesBelow(directory: string | Buffer, prefix = ''): string[] {
  return readdirSync(directory, { withFileTypes: true, encoding: 'buffer' }).flatMap((entry) => {
    const name = prefix + entry.name.toString('latin1');
    const path = Buffer.concat([Buffer.from(directory), Buffer.from('/'), entry.name]);
    return entry.isDirectory() ? [`${name}/`, ...namesBelow(path, `${name}/`)] : [name];
  });
}

describe('a commit laid out', () => {
  it('holds its files as they are: attributes, filters and line endings change nothing', async () => {
    const files = {
      '.gitattributes': '*.txt export-ignore text eol=crlf\n*.id ident export-subst\n',
      'a.txt': 'one\n',
      'b.id': '$Id$ $Format:%H$\n',
      'deep/er/c': 'c',
      empty: '',
    };
    const repository = new GitRepository(files);
    repository.write({ 'a.txt': 'two\n', 'deep/er/c': undefined });
    const { directory, gaps } = await laidOut(repository.directory);
    expect(gaps).toEqual([]);
    expect(readTree(directory)).toEqual(files);
  });

  it('is the same of a repository with SHA-256', async () => {
    const files = { 'a.txt': 'one\n', 'b/c': '' };
    const { directory } = await laidOut(new GitRepository(files, { init: ['--object-format=sha256'] }).directory);
    expect(readTree(directory)).toEqual(files);
  });

  it('may have names that are no text, hold line feeds, or look like options', async () => {
    const repository = new GitRepository({ 'line\nfeed': '1', '-x': '2', 'tab\there': '3', '"quoted"': '4', ü: '5' });
    const odd = Buffer.concat([Buffer.from(`${repository.directory}/`), Buffer.from([0x66, 0xff, 0xfe])]);
    writeFileSync(odd, '6');
    repository.commit();
    const { directory, gaps } = await laidOut(repository.directory);
    expect(gaps).toEqual([]);
    expect(namesBelow(directory).sort()).toEqual(
      ['line\nfeed', '-x', 'tab\there', '"quoted"', Buffer.from('ü').toString('latin1'), 'f\xff\xfe'].sort(),
    );
  });

  it('never leaves its directory, whatever its names and links say', async () => {
    const repository = new GitRepository({ ok: 'ok' });
    const { directory: root } = repository;
    const make = (lines: string) => gitIn(root, ['mktree', '--missing'], lines);
    const blob = gitIn(root, ['hash-object', '-w', '--stdin'], 'evil');
    const outside = tree({ 'kept/file': 'kept' });
    const link = gitIn(root, ['hash-object', '-w', '--stdin'], `${outside}/kept`);
    const inner = make(`100644 blob ${blob}\tnew\n100644 blob ${blob}\tfile\n`);
    // Trees that git would not make: names that lead up, a repository's own files, a link that is a directory as well.
    const entries: [string, string, string][] = [
      ['100644', blob, '..'],
      ['100644', blob, '.GIT'],
      ['120000', link, 'twice'],
      ['40000', inner, 'twice'],
      ['100644', blob, 'fine'],
    ];
    const raw = Buffer.concat(
      entries.flatMap(([mode, id, name]) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')]),
    );
    const bad = gitIn(root, ['hash-object', '-w', '-t', 'tree', '--literally', '--stdin'], raw);
    const commit = gitIn(root, ['commit-tree', '-m', 'bad', bad]);
    const { directory, gaps } = await laidOut(root, commit);
    expect(readTree(outside)).toEqual({ 'kept/file': 'kept' });
    expect(namesBelow(directory).sort()).toEqual(['fine', 'twice/', 'twice/file', 'twice/new']);
    expect(gaps).toEqual([
      { path: '..', reason: 'git allows no such path: it is not written' },
      { path: '.GIT', reason: 'git allows no such path: it is not written' },
      { path: 'twice', reason: 'another file has this name on this file system' },
    ]);
  });

  it('has its links, and those that lead out of the repository lead to the same place', async () => {
    const around = tree({ 'beside/file': 'beside' });
    const repository = new GitRepository({ 'a/file': 'a' });
    symlinkSync('a', join(repository.directory, 'inside'));
    symlinkSync('../../elsewhere/file', join(repository.directory, 'a', 'out'));
    symlinkSync(`${around}/beside`, join(repository.directory, 'far'));
    symlinkSync('loop', join(repository.directory, 'loop'));
    repository.commit();
    const { directory, gaps } = await laidOut(repository.directory);
    expect(gaps).toEqual([]);
    expect(['inside', 'a/out', 'far', 'loop'].map((name) => readlinkSync(join(directory, name)))).toEqual([
      'a',
      join(repository.directory, '../elsewhere/file'),
      `${around}/beside`,
      'loop',
    ]);
  });

  it('leaves out what a sparse checkout leaves out, which is not deleted', async () => {
    const repository = new GitRepository({ 'a/file': 'a', 'b/file': 'b', top: 't' });
    repository.git('sparse-checkout', 'set', 'a');
    const { directory, gaps } = await laidOut(repository.directory);
    expect(gaps).toEqual([]);
    expect(readTree(directory)).toEqual({ 'a/file': 'a', top: 't' });
  });

  it('has the content of files in Git LFS where it is on this machine', async () => {
    const pointer = (text: string) =>
      `version https://git-lfs.github.com/spec/v1\noid sha256:${createHash('sha256').update(text).digest('hex')}\nsize ${text.length}\n`;
    const repository = new GitRepository({
      here: pointer('same'),
      stored: pointer('in the store'),
      absent: pointer('absent'),
      'not-one': 'version 1\n',
    });
    repository.write({ here: 'same', stored: 'changed' });
    const id = createHash('sha256').update('in the store').digest('hex');
    repository.write({ [`.git/lfs/objects/${id.slice(0, 2)}/${id.slice(2, 4)}/${id}`]: 'in the store' });
    const { directory, gaps } = await laidOut(repository.directory);
    expect(readTree(directory)).toEqual({
      here: 'same',
      stored: 'in the store',
      absent: pointer('absent'),
      'not-one': 'version 1\n',
    });
    expect(gaps).toEqual([{ path: 'absent', reason: 'its content is in Git LFS and not here: git lfs fetch' }]);
  });

  it('has in the clear what git-crypt encrypts, as it is today where it is unlocked', async () => {
    const encrypted = '\0GITCRYPT\0...';
    const repository = new GitRepository({ 'open.env': encrypted, 'locked.env': encrypted, 'gone.env': encrypted });
    repository.write({ 'open.env': 'A=1\n', 'gone.env': undefined });
    const { directory, gaps } = await laidOut(repository.directory);
    expect(gaps).toEqual([]);
    expect(readTree(directory)).toEqual({ 'open.env': 'A=1\n', 'locked.env': encrypted, 'gone.env': encrypted });
  });

  it('has the submodules that are here, at the commit of then', async () => {
    const inner = new GitRepository({ 'x.yaml': 'old' });
    const repository = new GitRepository({ top: 't' });
    for (const path of ['here', 'away']) repository.git('submodule', '--quiet', 'add', inner.directory, path);
    const before = repository.commit();
    repository.git('submodule', '--quiet', 'deinit', '-f', 'away');
    writeFileSync(join(repository.directory, 'here', 'x.yaml'), 'new');
    gitIn(join(repository.directory, 'here'), ['commit', '-q', '-am', 'new']);
    repository.commit();
    const { directory, gaps } = await laidOut(repository.directory, before);
    expect(namesBelow(directory).sort()).toEqual(['.gitmodules', 'here/', 'here/.git/', 'here/x.yaml', 'top']);
    expect(readFileSync(join(directory, 'here', 'x.yaml'), 'utf8')).toBe('old');
    expect(gaps).toEqual([
      {
        path: 'away',
        reason: expect.stringMatching(
          /^the commit [0-9a-f]{12} of this submodule is not here: git submodule update --init/,
        ),
      },
    ]);
  });

  it('lacks what a partial clone never fetched, and fetches nothing', async () => {
    const origin = new GitRepository({ 'a.txt': 'old' });
    const before = gitIn(origin.directory, ['rev-parse', 'HEAD']);
    origin.write({ 'a.txt': 'new', 'b.txt': 'b' }).commit();
    origin.git('config', 'uploadpack.allowFilter', 'true');
    const around = tree({});
    gitIn(around, ['clone', '-q', '--filter=blob:none', `file://${origin.directory}`, 'clone']);
    const clone = join(around, 'clone');
    const { directory, gaps } = await laidOut(clone, before);
    expect(readTree(directory)).toEqual({});
    expect(gaps).toEqual([{ path: 'a.txt', reason: expect.stringContaining('its content is not in this clone') }]);
    expect(gitIn(clone, ['rev-list', '--objects', '--missing=print', before])).toContain('?');
  });
});

describe('renames', () => {
  it('are those that git detects: of what is staged, not staged or untracked, odd names among them', async () => {
    const text = (word: string) => Array.from({ length: 20 }, (_, i) => `${word} ${i}\n`).join('');
    const { directory, git, write } = (() => {
      const repository = new GitRepository({
        'a/one.yaml': text('one'),
        'a/two.yaml': text('two'),
        'a/three.yaml': text('three'),
        'gone.yaml': text('gone'),
        'kept.yaml': text('kept'),
        '-x': text('x'),
        ü: text('ü'),
      });
      return {
        directory: repository.directory,
        git: (...args: string[]) => repository.git(...args),
        write: (files: Record<string, string | undefined>) => repository.write(files),
      };
    })();
    git('mv', 'a', 'b');
    write({
      'b/two.yaml': `${text('two')}more\n`,
      'b/three.yaml': text('another'),
      'gone.yaml': undefined,
      'copy.yaml': text('kept'),
      '-x': undefined,
      '-y z': text('x'),
      ü: undefined,
      'ö/ü': `ö\n${text('ü')}`,
    });
    const repository = await openRepository({ cwd: directory, timeout: 60_000 });
    const commit = git('rev-parse', 'HEAD');
    const [entries, workTree] = await Promise.all([listTree(commit, repository.git), listWorkTree(repository)]);
    const renames = await findRenames(commit, entries, workTree, repository, tree({}));
    expect(Object.fromEntries(renames)).toEqual({
      'a/one.yaml': 'b/one.yaml',
      'a/two.yaml': 'b/two.yaml',
      '-x': '-y z',
      ü: 'ö/ü',
    });
  });
});
