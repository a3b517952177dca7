import type { Path } from '../../../resource.ts';
import { isUnknown } from '../../unknown.ts';
import { asList, asMap, containersOf, type Workload } from '../../workloads.ts';

/** A value that can't be known: a placeholder, or something of a wrong type. No control is violated by it. */
export const UNKNOWN = Symbol('unknown');

/** A container, or a pod, with what it says of one thing. */
export interface Holder {
  readonly name: string;
  readonly fields: Record<string, unknown>;
  readonly path: Path;
}

/** A pod as the admission plugin sees it: after the API server's defaulting. */
export interface PodFacts {
  readonly annotations: Record<string, unknown>;
  readonly annotationsPath: Path;
  readonly pod: Holder;
  /** Init containers, containers and ephemeral ones, in that order. */
  readonly containers: readonly Holder[];
  readonly volumes: readonly Holder[];
  /** `spec.os.name` is windows, or nobody knows. */
  readonly mayBeWindows: boolean;
  /** `hostUsers: false`, or nobody knows. */
  readonly mayBeInUserNamespace: boolean;
}

/** The pods of a workload as facts. */
export function podFacts(workload: Workload): PodFacts {
  const { pod, path, metadata, metadataPath } = workload;
  const fields = pod as unknown as Record<string, unknown>;
  const os = read(fields, ['os', 'name']);
  const hostUsers = read(fields, ['hostUsers']);
  return {
    annotations: asMap(metadata.annotations) ?? {},
    annotationsPath: [...metadataPath, 'annotations'],
    pod: { name: 'pod', fields, path },
    containers: containersOf(workload).map(({ container, path }) => holder(container, path)),
    volumes: asList(fields.volumes).flatMap((volume, i) =>
      asMap(volume) === undefined ? [] : [holder(volume, [...path, 'volumes', i])],
    ),
    mayBeWindows: os === UNKNOWN || os === 'windows',
    mayBeInUserNamespace: hostUsers === UNKNOWN || hostUsers === false,
  };
}

function holder(item: unknown, path: Path): Holder {
  const fields = asMap(item) ?? {};
  return { name: String(fields.name ?? ''), fields, path };
}

/** The value at a path; undefined where it, or what holds it, is absent or null, and UNKNOWN where it can't be known. */
export function read(fields: Record<string, unknown>, path: Path): unknown {
  let current: unknown = fields;
  for (const key of path) {
    const map = asMap(current);
    if (map === undefined) return UNKNOWN;
    current = Object.hasOwn(map, key) ? map[key] : undefined;
    if (current === undefined || current === null) return undefined;
  }
  return isUnknown(current) ? UNKNOWN : current;
}

/** The text at a path, as Go reads it: empty where it is absent. */
export function readText(fields: Record<string, unknown>, path: Path): string | typeof UNKNOWN {
  const value = read(fields, path);
  if (value === undefined) return '';
  return typeof value === 'string' ? value : UNKNOWN;
}

/** The items of the list at a path, and whether more may be meant than is known. */
export function readTexts(fields: Record<string, unknown>, path: Path): { known: string[]; open: boolean } {
  const value = read(fields, path);
  const known = asList(value).filter((item): item is string => typeof item === 'string' && !isUnknown(item));
  return { known, open: value === UNKNOWN || asList(value).length > known.length };
}

/** The path in a holder that is there: the one asked for, or its nearest parent. */
export function nearestPath({ fields, path }: Holder, wanted: Path): Path {
  for (let length = wanted.length; length > 0; length -= 1) {
    const part = wanted.slice(0, length);
    if (read(fields, part) !== undefined) return [...path, ...part];
  }
  return path;
}
