import { lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describeFailure } from '../walk.ts';
import { askGit, type GitOptions } from './ask.ts';
import { PARTIAL, readBlobs, type Unread } from './blobs.ts';
import { FilteredFiles } from './filtered-files.ts';
import type { Repository } from './repository.ts';
import { isSafePath, listTree, type TreeEntry } from './tree.ts';

/** Something of the commit that could not be written, so that what reads it can't be judged as it was. */
export interface Gap {
  /** Relative to the root of the repository, with `/`: the file, or the directory of a submodule. */
  path: string;
  /** With what to do about it. */
  reason: string;
}

/** Where a part of the commit belongs: the whole, or one of its submodules. */
interface Place {
  /** Below the root of the repository, with a `/` at its end; empty for the root. */
  prefix: Buffer;
  commit: string;
  git: GitOptions;
}

/** Files and links, with where their blobs are. */
interface Listed {
  place: Place;
  entries: TreeEntry[];
}

/**
 * Writes what a commit holds (`listTree`) below a directory that is there and empty, without the files that `skip` names (their
 * paths as latin1).
 * Only objects are read: neither the work tree nor the index are touched, and nothing that attributes or settings name is run.
 * Links come last, so that nothing is written through one. Returns what is missing. Throws UsageError where git fails, and what the
 * file system refuses.
 */
export async function exportCommit(
  commit: string,
  entries: readonly TreeEntry[],
  repository: Repository,
  directory: string,
  skip: ReadonlySet<string>,
): Promise<Gap[]> {
  const writer = new Writer(directory, repository);
  const listed = await listAll(entries, { prefix: Buffer.alloc(0), commit, git: repository.git }, repository, writer);
  for (const { place, entries } of listed) {
    const wanted = new Map<string, Buffer[]>();
    for (const { kind, id, path } of entries) {
      const whole = Buffer.concat([place.prefix, path]);
      if (kind !== 'file' || skip.has(whole.toString('latin1'))) continue;
      const paths = wanted.get(id);
      if (paths) paths.push(whole);
      else wanted.set(id, [whole]);
    }
    await readBlobs([...wanted.keys()], place.commit, place.git, (id, content) => {
      for (const path of wanted.get(id) ?? []) writer.file(path, content);
    });
  }
  for (const { place, entries } of listed) {
    const links = entries.filter(({ kind }) => kind === 'link');
    for (const { path } of links) writer.parent(Buffer.concat([place.prefix, path]));
  }
  for (const { place, entries } of listed) {
    const links = new Map<string, Buffer[]>();
    for (const { kind, id, path } of entries) {
      if (kind === 'link') links.set(id, [...(links.get(id) ?? []), Buffer.concat([place.prefix, path])]);
    }
    await readBlobs([...links.keys()], place.commit, place.git, (id, content) => {
      for (const path of links.get(id) ?? []) writer.link(path, content);
    });
  }
  return writer.gaps;
}

async function listAll(
  held: readonly TreeEntry[],
  place: Place,
  repository: Repository,
  writer: Writer,
): Promise<Listed[]> {
  const entries: TreeEntry[] = [];
  const inner: Listed[] = [];
  for (const entry of held) {
    const path = Buffer.concat([place.prefix, entry.path]);
    if (!isSafePath(path)) writer.leaveOut(path, 'git allows no such path: it is not written');
    else if (entry.kind !== 'submodule') entries.push(entry);
    else inner.push(...(await listSubmodule(entry.id, path, place, repository, writer)));
  }
  return [{ place, entries }, ...inner];
}

/** What a submodule held, if its objects are there. Only one that is checked out is asked: git would ask the repository around it. */
async function listSubmodule(
  commit: string,
  path: Buffer,
  place: Place,
  repository: Repository,
  writer: Writer,
): Promise<Listed[]> {
  const shown = path.toString();
  const cwd = join(repository.root, shown);
  const reason = `the commit ${commit.slice(0, 12)} of this submodule is not here: git submodule update --init, or git fetch in it`;
  const isThere = lstatSync(join(cwd, '.git'), { throwIfNoEntry: false }) !== undefined;
  const git = { ...place.git, cwd };
  if (!isThere || (await askGit(['cat-file', '-e', `${commit}^{commit}`], git)).code !== 0) {
    writer.leaveOut(path, reason);
    return [];
  }
  writer.repository(path);
  const inner = { prefix: Buffer.concat([path, Buffer.from('/')]), commit, git };
  return listAll(await listTree(commit, git), inner, repository, writer);
}

/** Writes below one directory, each file once. */
class Writer {
  readonly gaps: Gap[] = [];
  readonly #directory: Buffer;
  readonly #root: string;
  readonly #filtered: FilteredFiles;
  /** Parents that are there, as latin1. */
  readonly #made = new Set<string>(['']);

  constructor(directory: string, { root, commonDirectory }: Repository) {
    this.#directory = Buffer.from(`${directory}/`);
    this.#root = root;
    this.#filtered = new FilteredFiles(root, commonDirectory);
  }

  leaveOut(path: Buffer, reason: string): void {
    this.gaps.push({ path: path.toString(), reason });
  }

  file(path: Buffer, content: Buffer | Unread): void {
    if (typeof content === 'string') {
      this.leaveOut(path, content === 'missing' ? NOT_HERE : 'it is larger than the 50 MB that are read');
      return;
    }
    const real = this.#filtered.contentOf(path, content);
    if (real === undefined) this.leaveOut(path, 'its content is in Git LFS and not here: git lfs fetch');
    this.#write(path, (at) => writeFileSync(at, real ?? content, { flag: 'wx', mode: 0o600 }));
  }

  /** What leads out of the repository leads to the same place from here. */
  link(path: Buffer, target: Buffer | Unread): void {
    if (typeof target === 'string') {
      this.leaveOut(path, NOT_HERE);
      return;
    }
    const at = path.toString();
    const inside = posix.normalize(posix.join(posix.dirname(at), target.toString()));
    const leavesIt = !posix.isAbsolute(target.toString()) && (inside === '..' || inside.startsWith('../'));
    const leadsTo = leavesIt ? Buffer.from(posix.join(this.#root, inside)) : target;
    this.#write(path, (place) => symlinkSync(leadsTo, place));
  }

  /** Marks the root of a repository: what searches upwards ends there. */
  repository(path: Buffer): void {
    this.#write(Buffer.concat([path, Buffer.from('/.git')]), (at) => mkdirSync(at, { mode: 0o700 }));
  }

  /** Makes the directory that a path stands in. */
  parent(path: Buffer): void {
    const end = path.lastIndexOf(0x2f);
    const parent = path.subarray(0, Math.max(end, 0));
    const key = parent.toString('latin1');
    if (this.#made.has(key)) return;
    mkdirSync(Buffer.concat([this.#directory, parent]), { recursive: true, mode: 0o700 });
    this.#made.add(key);
  }

  #write(path: Buffer, write: (at: Buffer) => void): void {
    try {
      this.parent(path);
      write(Buffer.concat([this.#directory, path]));
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!OWN.has(code)) throw error;
      this.leaveOut(path, OWN.get(code) ?? describeFailure(error));
    }
  }
}

const NOT_HERE = `its content is not in this clone${PARTIAL}`;

/** What is wrong with one path, and with no other. */
const OWN = new Map<string, string | undefined>([
  ['EEXIST', 'another file has this name on this file system'],
  ['ENOTDIR', 'another file has the name of its directory'],
  ['EISDIR', 'a directory has its name'],
  ['ENAMETOOLONG', undefined],
  ['EILSEQ', 'this file system allows no such name'],
  ['EINVAL', 'this file system allows no such name'],
]);
