import { tmpdir } from 'node:os';
import { posix } from 'node:path';
import { openRepository } from '../git/repository.ts';
import { resolveRevision } from '../git/revision.ts';
import { type LintOptions, type Side, type SideView, shareIn } from '../lint.ts';
import type { Part } from '../part.ts';
import { withPrivateDirectory } from '../render/private-directory.ts';
import { fromRoot } from '../report/shown.ts';
import type { Location } from '../resource.ts';
import { select } from '../selection.ts';
import { SourceFiles } from '../source.ts';
import { UsageError } from '../usage-error.ts';
import { describeFailure } from '../walk.ts';
import { becameOf, failuresOf, gapsOf } from './became.ts';
import { chooseThere } from './choose.ts';
import { placeOfGone, withGone } from './gone.ts';
import { layOut } from './other-side.ts';
import { Today } from './same.ts';

const DEFAULT_TIMEOUT = 120_000;

type JudgeSide = (options: LintOptions, view: SideView) => Promise<Side>;

/**
 * Judges the work tree, and what HEAD's branch left of `since`; says of each finding whether it was there before, and which are fixed.
 * Throws UsageError and ConfigError.
 */
export async function judgeSince(
  options: LintOptions & { since: string },
  judgeSide: JudgeSide,
  ruleIds: () => Promise<string[]>,
): Promise<Part> {
  const { cwd, since, signal, timeout = DEFAULT_TIMEOUT } = options;
  if (options.paths?.includes('-')) throw new UsageError('--since: a stream has no other side: name files, or none');
  const repository = await openRepository({ cwd, timeout, signal });
  const { commit, note } = await resolveRevision(since, repository);
  const sources = new SourceFiles(cwd);
  const selection = await select(options, sources, ruleIds);
  const now = { selection, sources, share: await shareIn([{ ...selection, sources }], options) };
  const notes = note === undefined ? [] : [note];
  const without = async (why: readonly string[]): Promise<Part> => {
    const { part } = await judgeSide(options, { chosen: now });
    const nothing = { fixed: [], ignores: [], ignoreLevels: part.ignoreLevels };
    return { ...part, since: { ref: since, commit, notes: [...notes, ...why], ...nothing } };
  };
  if (selection.environments.length === 0 && selection.partial) return without([]);
  return withPrivateDirectory(async (directory) => {
    const other = await layOut(commit, repository, { environments: selection.environments, sources }, directory);
    const there = await chooseThere(options, selection, repository.root, other, ruleIds);
    if (typeof there === 'string') return without([`everything counts as new: at ${since}, ${there}`]);
    const today = new Today(
      { environments: there.selection.environments, root: other.root },
      { environments: selection.environments, root: repository.root },
      other.renames,
    );
    // A run of a part of today's environments compares these, and can't tell what is gone.
    const wanted = there.selection.environments.filter(({ name }) => today.environment(name) || !selection.partial);
    const names = new Map(wanted.map(({ name }) => [today.nameOf(name), name]));
    const all = withGone(selection, wanted, today);
    const renamed = wanted.map((environment) => ({ ...environment, name: today.nameOf(environment.name) }));
    const share = await shareIn(
      [
        { ...all, sources },
        { environments: renamed, sources: there.sources },
      ],
      options,
    );
    const shareThere = share && { ...share, mine: new Set([...share.mine].flatMap((name) => names.get(name) ?? [])) };

    const before = await judgeSide(
      { ...plain(options), cwd: other.cwd },
      {
        chosen: { selection: { ...there.selection, environments: wanted }, sources: there.sources, share: shareThere },
        renames: other.renames,
        everything: true,
      },
    );
    const after = await judgeSide(options, {
      chosen: { selection: all, sources, share },
      before: {
        of: ({ name }) => before.clusters.get(names.get(name) ?? ''),
        whole: !selection.partial,
        locateGone: (environment, gone) =>
          placeOfGone(gone, environment, selection, today, other, { root: repository.root, cwd, sources }),
      },
    });
    const gaps = await gapsOf(before, other, there.sources);
    const { states, fixed, unsure } = becameOf(before, after, today, other, gaps);
    const placeToday = ({ file, ...place }: Location): Location => {
      const path = fromRoot(file, before.part.prefix);
      return { ...place, file: posix.relative(after.part.prefix, other.renames.get(path) ?? path) };
    };
    const inWords = (text: string) => text.replaceAll(other.root, repository.root);
    return {
      ...after.part,
      environments: after.part.environments.map((environment) => ({
        ...environment,
        found: environment.found.map((found) => ({ ...found, ...states.get(found) })),
      })),
      unchecked: [...after.part.unchecked, ...unsure, ...failuresOf(before.part, since, inWords)],
      since: {
        ref: since,
        commit,
        notes,
        fixed: fixed.map((found) => ({ ...found, message: inWords(found.message) })),
        ignores: before.part.ignores.map((use) => ({ ...use, location: placeToday(use.location) })),
        ignoreLevels: before.part.ignoreLevels,
      },
    };
  }, 'since').catch(toldPlainly);
}

/** What both sides are judged by; all else is about which part of today's side is. */
function plain({
  cwd,
  rules,
  kubernetesVersion,
  kustomize,
  helm,
  cache,
  concurrency,
  timeout,
  today,
  signal,
}: LintOptions) {
  const given = { rules, kubernetesVersion, kustomize, helm, cache, concurrency, timeout, today, signal };
  return { cwd, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
}

/** What the file system refuses while the other side is laid out is no bug: a full disk, a directory that can't be written. */
function toldPlainly(error: unknown): never {
  const { syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined) throw error;
  throw new UsageError(`--since: the other side can't be laid out in ${tmpdir()}: ${describeFailure(error)}`);
}
