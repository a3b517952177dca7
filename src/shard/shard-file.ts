import { readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import type { ErrorObject } from 'ajv';
import type { Part, PartShare } from '../part.ts';
import { oneLine } from '../report/harmless.ts';
import { UsageError } from '../usage-error.ts';
import { describeFailure } from '../walk.ts';

/** A shard's file, read. */
export interface ShardFile {
  /** As it was named. */
  file: string;
  part: Part & { share: PartShare };
}

const SCHEMA = new URL('../../schemas/k8s-lint-shard.schema.json', import.meta.url);
/** What no run comes near; JSON.parse would need several times that. */
const MAX_MEGABYTES = 400;

/**
 * Reads what shards of a run wrote, in the order of their shares. Throws UsageError where one of them is no such file, or where they
 * don't make up one run: all of it is checked before any of it is used, since anybody may have written it.
 */
export async function readShards(files: readonly string[], version: string): Promise<ShardFile[]> {
  const validate = await validator();
  const { rules } = await import('../rules/index.ts');
  const ids = new Set(rules.map(({ id }) => id));
  const shards = files.map((file): ShardFile => {
    const part = readPart(file, version);
    const mistake = validate(part) ?? whyUnsound(part as Part, ids);
    if (mistake !== undefined) throw new UsageError(`${file}: ${WRONG}: ${oneLine(mistake)}`);
    return { file, part: part as ShardFile['part'] };
  });
  refuseOthers(shards);
  return shards.sort((a, b) => a.part.share.index - b.part.share.index);
}

const WRONG = 'not what a shard of k8s-lint wrote';
const HOW = 'k8s-lint --shard I/N --format json -o FILE writes one';

/** What a file says of its shard; unchecked but for the version, so that another version's is called that. */
function readPart(file: string, version: string): unknown {
  let report: unknown;
  try {
    const stats = statSync(file);
    if (!stats.isFile()) throw new UsageError(`${file}: not a regular file`);
    if (stats.size > MAX_MEGABYTES * 1e6) throw new UsageError(`${file}: more than ${MAX_MEGABYTES} MB`);
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof SyntaxError) throw new UsageError(`${file}: no JSON, or only a part of it: ${HOW}`);
    throw new UsageError(`${file}: ${describeFailure(error)}`);
  }
  const part = own(report, 'shard');
  if (part === undefined) throw new UsageError(`${file}: no report of a shard: ${HOW}`);
  const other = own(own(part, 'share'), 'version');
  if (typeof other === 'string' && other !== version) {
    throw new UsageError(`${file}: written by k8s-lint ${oneLine(other)}, and this is ${version}: use one version`);
  }
  return part;
}

function own(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}

async function validator(): Promise<(part: unknown) => string | undefined> {
  const [{ Ajv }, schema] = await Promise.all([import('ajv'), readFile(SCHEMA, 'utf8')]);
  const validate = new Ajv({ allowUnionTypes: true }).compile(JSON.parse(schema));
  return (part) => (validate(part) ? undefined : describe(validate.errors?.[0]));
}

function describe(error: ErrorObject | undefined): string {
  return `shard${error?.instancePath ?? ''} ${error?.message ?? 'is wrong'}`;
}

/** What a schema can't say: which rules there are, and that places and indices are such. */
function whyUnsound(part: Part, ids: ReadonlySet<string>): string | undefined {
  const { prefix, environments, ignores, rules, share, since } = part;
  if (share && share.index > share.count) return `share ${share.index} of ${share.count}`;
  if (isAbsolute(prefix) || prefix.split(/[\\/]/).includes('..')) return 'its directory is not one of the repository';
  const found = [
    ...environments.flatMap((environment) => [
      ...environment.found,
      ...environment.suppressed.map(({ diagnostic }) => diagnostic),
    ]),
    ...[...ignores, ...(since?.ignores ?? [])].flatMap(({ expired }) => expired?.back ?? []),
    ...(since?.fixed ?? []),
  ];
  const unknown = [...rules, ...found.map(({ rule }) => rule)].find((rule) => !ids.has(rule));
  if (unknown !== undefined) return `there is no rule ${unknown}`;
  for (const { picture } of environments) {
    if (!picture) continue;
    const { nodes, edges, policies } = picture;
    const sides = nodes.flatMap(({ isolated }) => Object.values(isolated ?? {}).flat());
    const blocking = edges.flatMap(({ blockedBy }) => blockedBy.map(({ policy }) => policy));
    if (edges.some(({ from, to }) => from >= nodes.length || to >= nodes.length)) return 'a picture leads nowhere';
    if ([...sides, ...blocking].some((policy) => policy >= policies.length)) return 'a picture lacks a policy';
  }
  return undefined;
}

/** Refuses what doesn't make up exactly one run. */
function refuseOthers(shards: readonly ShardFile[]): void {
  const [first, ...others] = shards;
  if (!first) throw new UsageError('no shard to merge');
  const { count, of } = first.part.share;
  for (const other of others) {
    const difference = differenceOf(first.part, other.part);
    if (difference !== undefined) throw new UsageError(`${first.file} and ${other.file} ${difference}`);
  }
  const byIndex = new Map<number, string>();
  for (const { file, part } of shards) {
    const same = byIndex.get(part.share.index);
    if (same !== undefined) throw new UsageError(`${same} and ${file} are both shard ${part.share.index}/${count}`);
    byIndex.set(part.share.index, file);
  }
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter((index) => !byIndex.has(index));
  if (missing.length > 0) {
    const listed = missing.slice(0, 10).map((index) => `${index}/${count}`);
    const more = missing.length > 10 ? ` and ${missing.length - 10} more` : '';
    throw new UsageError(`missing: shard ${listed.join(', ')}${more}; a merged report is one of all shards`);
  }
  const indices = shards.flatMap(({ part }) => part.environments.map(({ index }) => index)).sort((a, b) => a - b);
  if (indices.length !== of || indices.some((index, i) => index !== i)) {
    throw new UsageError('the shards do not hold each environment once: something else wrote them');
  }
}

/** In what two parts can't be of one run. */
function differenceOf(a: Part & { share: PartShare }, b: Part & { share: PartShare }): string | undefined {
  const [x, y] = [a.share, b.share];
  if (x.count !== y.count) return `are of different runs: one of ${x.count} shards, and one of ${y.count}`;
  if (x.commit !== y.commit) {
    return `were made of different commits: ${x.commit ?? 'none'} and ${y.commit ?? 'none'}`;
  }
  if (x.plan !== y.plan || x.of !== y.of || a.prefix !== b.prefix) {
    return 'were made of different files, or with different arguments: all shards take the same but for --shard';
  }
  const common = ({ ignoreLevels, rules, partial, note, baseline, since }: Part) =>
    JSON.stringify([
      ...[ignoreLevels, rules, partial, note, baseline?.map(({ entry }) => entry)],
      since && [since.ref, since.commit, since.ignoreLevels],
    ]);
  if (common(a) !== common(b)) return 'were made with different settings: a configuration, or a baseline, differs';
  return undefined;
}
