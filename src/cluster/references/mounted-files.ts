import type { Path } from '../../resource.ts';
import { asList, asMap, containersOf, type Workload } from '../workloads.ts';

/** A file of a mounted ConfigMap or Secret that a container counts on. */
export interface MountedFile {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  /** The file's name in the volume. */
  readonly file: string;
  /** The files of the volume, where its `items` say which; else they are the object's keys. */
  readonly files: ReadonlySet<string> | undefined;
  /** Where the file is asked for. */
  readonly path: Path;
  /** The mount's `subPath` asks for it; else a command reads it. */
  readonly subPath: boolean;
  readonly mountPath: string;
}

interface Volume {
  kind: 'ConfigMap' | 'Secret';
  name: string;
  files: ReadonlySet<string> | undefined;
}

interface Mount {
  at: string;
  volume: Volume | undefined;
  whole: boolean;
}

/** The files of mounted ConfigMaps and Secrets that mounts and commands name; optional volumes are left out. */
export function* mountedFiles(workload: Workload): Generator<MountedFile> {
  const volumes = volumesOf(workload);
  for (const { container, path } of containersOf(workload)) {
    const mounts: Mount[] = [];
    for (const [i, item] of asList(container.volumeMounts).entries()) {
      const { name, mountPath, subPath, subPathExpr } = asMap(item) ?? {};
      if (typeof mountPath !== 'string') continue;
      const volume = typeof name === 'string' ? volumes.get(name) : undefined;
      const whole = !subPath && !subPathExpr;
      mounts.push({ at: mountPath.replace(/\/+$/, ''), volume, whole });
      if (!volume || typeof subPath !== 'string' || !isKey(subPath)) continue;
      yield { ...volume, file: subPath, path: [...path, 'volumeMounts', i, 'subPath'], subPath: true, mountPath };
    }
    for (const list of ['command', 'args'] as const) {
      for (const [i, word] of asList(container[list]).entries()) {
        const read = fileRead(word);
        const mount = read === undefined ? undefined : mountOf(read, mounts);
        if (!read || !mount?.volume || !mount.whole) continue;
        const file = read.slice(mount.at.length + 1);
        if (!isKey(file) || !/\.[A-Za-z]\w*$/.test(file)) continue;
        yield { ...mount.volume, file, path: [...path, list, i], subPath: false, mountPath: mount.at };
      }
    }
  }
}

/** The mount that a path lies in, undefined where another one lies below it. */
function mountOf(file: string, mounts: readonly Mount[]): Mount | undefined {
  if (mounts.some(({ at }) => at.startsWith(`${file}/`))) return undefined;
  return mounts
    .filter(({ at }) => file === at || file.startsWith(`${at}/`))
    .reduce<Mount | undefined>(
      (longest, mount) => (mount.at.length > (longest?.at.length ?? -1) ? mount : longest),
      undefined,
    );
}

/** The absolute path that a word of a command is, or hands to a flag that can't do without it. */
function fileRead(word: unknown): string | undefined {
  if (typeof word !== 'string' || /^-.*(?:if-exists|optional)/.test(word)) return undefined;
  const value = word.startsWith('-') ? word.slice(word.indexOf('=') + 1) : word;
  return value.startsWith('/') ? value : undefined;
}

/** Whether a text could be a key of a ConfigMap: https://kubernetes.io/docs/concepts/configuration/configmap/ */
function isKey(text: string): boolean {
  return /^[\w.-]+$/.test(text) && text !== '.' && !text.startsWith('..');
}

function volumesOf({ pod }: Workload): Map<string, Volume> {
  const volumes = new Map<string, Volume>();
  for (const item of asList(pod.volumes)) {
    const { name, configMap, secret } = asMap(item) ?? {};
    const source = asMap(configMap) ?? asMap(secret);
    const object = asMap(configMap)?.name ?? asMap(secret)?.secretName;
    if (typeof name !== 'string' || !source || typeof object !== 'string') continue;
    if (source.optional === true) continue;
    const items = asList(source.items);
    const files = items.length > 0 ? new Set(items.flatMap((item) => withParents(asMap(item)?.path))) : undefined;
    volumes.set(name, { kind: asMap(configMap) ? 'ConfigMap' : 'Secret', name: object, files });
  }
  return volumes;
}

/** A path of an item and the directories that it makes: `a/b` and `a`. */
function withParents(path: unknown): string[] {
  if (typeof path !== 'string') return [];
  const parts = path.split('/');
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}
