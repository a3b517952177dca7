import { type Cluster, derived } from '../cluster.ts';
import {
  dataOf,
  type ExpandedText,
  environmentOf,
  expand,
  type Origin,
  partAt,
  type Variable,
} from '../connections/environment.ts';
import { parseQuantity } from '../quota/quantity.ts';
import { mountedFiles } from '../references/mounted-files.ts';
import { MASK } from '../unknown.ts';
import { asList, asMap, containersOf, type PodContainer, type Workload } from '../workloads.ts';
import { argumentsOf, imageBaseName } from './flags.ts';

/** How much memory a program is told to fill. */
export interface HeapSetting {
  /** As it is written: `-Xmx4g`. */
  readonly written: string;
  readonly bytes: bigint;
  /** The program goes beyond it when it must. */
  readonly soft: boolean;
  /** Where it is written. */
  readonly origin: Origin;
}

const KIB = 1024n;
const FACTORS: ReadonlyMap<string, bigint> = new Map([
  ['', 1n],
  ['k', KIB],
  ['m', KIB ** 2n],
  ['g', KIB ** 3n],
  ['t', KIB ** 4n],
]);

/** Units of redis.conf: `1k` is 1000 bytes, `1kb` 1024 (memtoull in redis/src/util.c). */
const REDIS_FACTORS: ReadonlyMap<string, bigint> = new Map([
  ['', 1n],
  ['b', 1n],
  ['k', 1000n],
  ['kb', KIB],
  ['m', 1000n ** 2n],
  ['mb', KIB ** 2n],
  ['g', 1000n ** 3n],
  ['gb', KIB ** 3n],
]);

/** Units of GOMEMLIMIT (https://pkg.go.dev/runtime#hdr-Environment_Variables). */
const GO_FACTORS: ReadonlyMap<string, bigint> = new Map([
  ['', 1n],
  ['B', 1n],
  ['KiB', KIB],
  ['MiB', KIB ** 2n],
  ['GiB', KIB ** 3n],
  ['TiB', KIB ** 4n],
]);

/** The memory limit of a container, in bytes and as written; undefined where none is known. */
export function memoryLimitOf({ container }: PodContainer): { bytes: bigint; written: string } | undefined {
  const written: unknown = container.resources?.limits?.memory;
  const nano = parseQuantity(written);
  return nano === undefined || nano <= 0n ? undefined : { bytes: nano / 10n ** 9n, written: String(written) };
}

/** Most containers say nothing of this kind, and resolving their variables costs the most. */
function maySay(container: PodContainer): boolean {
  const { env, envFrom, command, args, image } = container.container;
  const words = [...asList(command), ...asList(args)];
  const texts = [...asList(env).map((item) => asMap(item)?.value), ...words];
  return (
    asList(envFrom).length > 0 ||
    asList(env).some((item) => asMap(item)?.valueFrom !== undefined || asMap(item)?.name === 'GOMEMLIMIT') ||
    texts.some((text) => typeof text === 'string' && /-Xmx|MaxHeap|old[-_]space/.test(text)) ||
    [image, ...words].some((text) => typeof text === 'string' && /redis|valkey|keydb/.test(text))
  );
}

/** What the variables, the command line and the mounted redis.conf of a container tell its program about memory. */
export function heapSettingsOf(cluster: Cluster, workload: Workload, container: PodContainer): HeapSetting[] {
  if (!maySay(container)) return [];
  const variables = environmentOf(cluster, workload, container);
  const words = argumentsOf(container).map(({ text, path }) =>
    expand(text, { resource: workload.resource, path, key: undefined, secret: false }, variables),
  );
  const isForOthers = (name: string) => isShared(cluster, workload, variables.get(name));
  const hasJvmOfOthers = [...variables].some(([name, { text }]) => /-Xmx|MaxHeapSize/.test(text) && isForOthers(name));
  const settings = [
    hasJvmOfOthers ? undefined : javaHeap(words, variables),
    isForOthers('NODE_OPTIONS') ? undefined : nodeHeap(words, variables.get('NODE_OPTIONS')),
    isForOthers('GOMEMLIMIT') ? undefined : goLimit(variables.get('GOMEMLIMIT')),
    isRedis(container, words) ? (redisArgument(words) ?? redisFile(cluster, workload, container)) : undefined,
  ];
  return settings.filter((setting) => setting !== undefined);
}

/** How many containers take all variables of a ConfigMap, by its scope and name. */
const takers = derived((cluster) => {
  const counts = new Map<string, number>();
  for (const workload of cluster.workloads) {
    for (const { container } of containersOf(workload)) {
      for (const source of asList(container.envFrom)) {
        const id = `${workload.resource.scope} ${asMap(asMap(source)?.configMapRef)?.name}`;
        counts.set(id, (counts.get(id) ?? 0) + 1);
      }
    }
  }
  return counts;
});

/** Whether several containers take a variable with all others of its ConfigMap: then it may be meant for another one. */
function isShared(cluster: Cluster, { resource }: Workload, variable: Variable | undefined): boolean {
  if (variable?.via !== 'envFrom') return false;
  return variable.parts.some((part) => (takers(cluster).get(`${resource.scope} ${part.resource.name}`) ?? 0) > 1);
}

/**
 * The largest heap of a JVM. _JAVA_OPTIONS overrides the command line, which overrides JDK_JAVA_OPTIONS and JAVA_TOOL_OPTIONS; other
 * variables (JAVA_OPTS, ES_JAVA_OPTS …) become part of the command line in an order that nobody knows, so the least counts.
 */
function javaHeap(words: readonly ExpandedText[], variables: ReadonlyMap<string, ExpandedText>) {
  const named = (name: string) => [variables.get(name)].flatMap((text) => text ?? []);
  const others = [...variables].flatMap(([name, text]) =>
    /JAVA|JVM|JDK|OPTS|HEAP/.test(name) && !/^(?:_JAVA_OPTIONS|JDK_JAVA_OPTIONS|JAVA_TOOL_OPTIONS)$/.test(name)
      ? [text]
      : [],
  );
  const ranks = [named('_JAVA_OPTIONS'), [...words, ...others], named('JDK_JAVA_OPTIONS'), named('JAVA_TOOL_OPTIONS')];
  for (const texts of ranks) {
    const found = texts.flatMap((text) => lastFlag(text, JVM_FLAG) ?? []);
    if (found.length === 0) continue;
    const settings = found.flatMap((flag) => read(flag, FACTORS, flag.unit.toLowerCase()) ?? []);
    return settings.length < found.length ? undefined : least(settings);
  }
  return undefined;
}

function least(settings: readonly HeapSetting[]): HeapSetting | undefined {
  return settings.reduce<HeapSetting | undefined>(
    (smallest, setting) => (smallest === undefined || setting.bytes < smallest.bytes ? setting : smallest),
    undefined,
  );
}

const JVM_FLAG = /(?:^|[\s"'=])(-Xmx|-XX:MaxHeapSize=)([^\s"']*)/g;
const NODE_FLAG = /(?:^|[\s"'=])(--max[-_]old[-_]space[-_]size=)([^\s"']*)/g;

/** V8's old space, in MiB (https://nodejs.org/api/cli.html#--max-old-space-sizesize-in-mib); arguments override NODE_OPTIONS. */
function nodeHeap(words: readonly ExpandedText[], options: ExpandedText | undefined): HeapSetting | undefined {
  const flag =
    words.reduceRight<Flag | undefined>((found, word) => found ?? lastFlag(word, NODE_FLAG), undefined) ??
    (options && lastFlag(options, NODE_FLAG));
  return flag && flag.unit === '' ? read(flag, FACTORS, 'm') : undefined;
}

function goLimit(text: ExpandedText | undefined): HeapSetting | undefined {
  const flag = text && lastFlag(text, /^()([\s\S]*)$/g);
  const setting = flag && read(flag, GO_FACTORS, flag.unit);
  return setting && { ...setting, written: `GOMEMLIMIT=${setting.written}`, soft: true };
}

function isRedis({ container }: PodContainer, words: readonly ExpandedText[]): boolean {
  const [first] = words;
  return (
    /^(?:redis|valkey|keydb)/.test(imageBaseName(container.image) ?? '') ||
    (first !== undefined && /(?:^|\/)(?:redis|valkey|keydb)-server$/.test(first.text))
  );
}

function redisArgument(words: readonly ExpandedText[]): HeapSetting | undefined {
  const at = words.findLastIndex(({ text }) => text === '--maxmemory');
  const value = words[at + 1];
  if (at !== -1 && value) {
    const flag = lastFlag(value, /^()([\s\S]*)$/g);
    return flag && redisSetting(flag, '--maxmemory ');
  }
  const script = words.find(({ text }) => /\s--maxmemory\s/.test(text));
  const flag = script && lastFlag(script, /\s(--maxmemory\s+)["']?([^\s"']*)/g);
  return flag && redisSetting(flag, '');
}

function redisFile(cluster: Cluster, workload: Workload, { path }: PodContainer): HeapSetting | undefined {
  for (const mounted of mountedFiles(workload)) {
    if (mounted.subPath || mounted.kind !== 'ConfigMap' || !path.every((key, i) => mounted.path[i] === key)) continue;
    const { entries, resource, open } = dataOf(cluster, 'ConfigMap', workload.resource.scope, mounted.name);
    const entry = entries.get(mounted.file);
    if (open || !resource || entry?.value === undefined) continue;
    const origin = { resource, path: entry.path, key: mounted.file, secret: false, unless: undefined };
    const text = { text: entry.value, parts: [{ ...origin, end: entry.value.length }] };
    const flag = lastFlag(text, /^[ \t]*(maxmemory[ \t]+)(\S*)[ \t]*$/gim);
    if (flag) return redisSetting(flag, '');
  }
  return undefined;
}

function redisSetting(flag: Flag, before: string): HeapSetting | undefined {
  const setting = read(flag, REDIS_FACTORS, flag.unit.toLowerCase());
  return setting && setting.bytes > 0n ? { ...setting, written: before + setting.written } : undefined;
}

interface Flag {
  written: string;
  number: string;
  unit: string;
  origin: Origin;
}

/** The last flag of a text that a pattern finds as its name and its value, undefined without one; unreadable when it isn't known. */
function lastFlag(text: ExpandedText, pattern: RegExp): Flag | undefined {
  const match = [...text.text.matchAll(pattern)].at(-1);
  if (!match) return undefined;
  const [whole, name = '', value = ''] = match;
  const at = match.index + whole.lastIndexOf(name + value);
  const part = partAt(text, Math.min(at + name.length, text.text.length - 1));
  if (!part) return undefined;
  const [, number = '', unit = ''] = /^(\d{1,20})([A-Za-z]*)$/.exec(value.trim()) ?? [];
  // What is unknown behind it may hold the flag once more.
  const isKnown = !text.text.slice(at).includes(MASK) && !part.secret && part.unless === undefined;
  return { written: name + value, number: isKnown ? number : '', unit, origin: part };
}

function read({ number, written, origin }: Flag, factors: ReadonlyMap<string, bigint>, unit: string) {
  const factor = factors.get(unit);
  if (number === '' || factor === undefined) return undefined;
  return { written, bytes: BigInt(number) * factor, soft: false, origin };
}
