import type { Path } from '../../resource.ts';
import { isUnknown } from '../unknown.ts';
import { asList, type PodContainer } from '../workloads.ts';
import { parseImage } from './images.ts';

/** A word of a container's `command` or `args`. */
export interface Argument {
  readonly text: string;
  readonly path: Path;
}

/** The words of a container's command line as they are written, `command` first; items that are no strings are left out. */
export function argumentsOf({ container, path }: PodContainer): Argument[] {
  return (['command', 'args'] as const).flatMap((list) =>
    asList(container[list]).flatMap((text, i) =>
      typeof text === 'string' ? [{ text, path: [...path, list, i] }] : [],
    ),
  );
}

/** The last component of an image's name, such as `prometheus`; undefined where it can't be known. */
export function imageBaseName(image: unknown): string | undefined {
  if (typeof image !== 'string' || isUnknown(image)) return undefined;
  const reference = parseImage(image);
  return 'invalid' in reference ? undefined : reference.name.slice(reference.name.lastIndexOf('/') + 1);
}

/**
 * Programs that parse their flags with kingpin, which refuses a flag that is given twice unless it is cumulative (setValues of
 * github.com/alecthomas/kingpin/v2). Read in the sources of Prometheus 3.7, Alertmanager 0.29, node_exporter 1.10,
 * blackbox_exporter 0.27 with exporter-toolkit 0.15, and Thanos 0.42: flags that older releases take only once are listed too.
 */
const KINGPIN: ReadonlyMap<string, (flag: string) => boolean> = new Map([
  [
    'prometheus',
    allBut('web.listen-address', 'web.remote-write-receiver.accepted-protobuf-messages', 'enable-feature'),
  ],
  ['alertmanager', allBut('web.listen-address', 'cluster.peer')],
  [
    'node_exporter',
    allBut(
      'web.listen-address',
      'collector.textfile.directory',
      'collector.sysctl.include',
      'collector.sysctl.include-info',
      'collector.perf.tracepoint',
      'collector.perf.hardware-profilers',
      'collector.perf.software-profilers',
      'collector.perf.cache-profilers',
    ),
  ],
  ['blackbox_exporter', allBut('web.listen-address')],
  // Its commands take so many lists, and change them so often, that only the plain flags are listed.
  [
    'thanos',
    (flag) =>
      /^(?:(?:http|grpc)-(?:address|grace-period)|log\.(?:level|format)|data-dir|tsdb\.(?:path|retention|block-duration)|(?:objstore|tracing|selector\.relabel|index-cache)[.-]config(?:-file)?|prometheus\.(?:url|ready_timeout)|m(?:in|ax)-time|reloader\.config(?:-envsubst)?-file|retention\.resolution-(?:raw|5m|1h)|consistency-delay|wait|delete-delay|compact\.concurrency|query\.(?:timeout|max-concurrent|auto-downsampling|lookback-delta)|web\.(?:external-prefix|route-prefix)|receive\.(?:replication-factor|hashrings(?:-file)?|local-endpoint)|remote-write\.address|query-frontend\.downstream-url|eval-interval|index-cache-size|chunk-pool-size)$/.test(
        flag,
      ),
  ],
]);

function allBut(...cumulative: string[]): (flag: string) => boolean {
  const names = new Set(cumulative);
  return (flag) => !names.has(flag);
}

/** The kingpin program that a container runs: its command says so, or else its image, by the names under which they are published. */
function kingpinProgram({ container }: PodContainer): string | undefined {
  const [first] = asList(container.command);
  if (first !== undefined) {
    const program = typeof first === 'string' ? first.slice(first.lastIndexOf('/') + 1) : '';
    return KINGPIN.has(program) ? program : undefined;
  }
  const name = imageBaseName(container.image)
    ?.replace(/^mirrored-prometheus-/, '')
    .replaceAll('-', '_');
  return name !== undefined && KINGPIN.has(name) ? name : undefined;
}

/** A flag that a program takes once and is given again. */
export interface RepeatedFlag {
  readonly program: string;
  /** Without dashes, as kingpin's message has it. */
  readonly flag: string;
  readonly path: Path;
  readonly first: Argument;
}

/** The flags of kingpin programs that are given more than once and may not be; `--no-x` is the flag `x`. */
export function* repeatedFlags(container: PodContainer): Generator<RepeatedFlag> {
  const program = kingpinProgram(container);
  const isSingle = program === undefined ? undefined : KINGPIN.get(program);
  if (program === undefined || !isSingle) return;
  const seen = new Map<string, Argument>();
  for (const argument of argumentsOf(container)) {
    if (argument.text === '--') return;
    const flag = /^--(?:no-)?([\w.-]+)(?:=|$)/.exec(argument.text)?.[1];
    if (flag === undefined || !isSingle(flag)) continue;
    const first = seen.get(flag);
    if (first) yield { program, flag, path: argument.path, first };
    else seen.set(flag, argument);
  }
}
