import type { Cluster } from '../../cluster.ts';
import { asList, asMap, type Workload } from '../../workloads.ts';
import { dataOf, type ExpandedText, literal } from '../environment.ts';

/** A file of a ConfigMap or Secret that a container mounts, with a value that is known. */
export interface ConfigurationFile {
  /** As it is called in the volume: `conf.d/app.yaml`. */
  readonly file: string;
  readonly text: ExpandedText;
  /** The place of the mount among the container's. */
  readonly mount: number;
}

/** Longer files are not read. */
const LONGEST = 1024 * 1024;

/** What a server hands to browsers, or a dashboard shows, is not its own configuration. */
const SERVED = /\/(?:html|htdocs|www|public|static|assets|dist|dashboards?)\/(?:.*\/)?[^/]*\.(?:json|ya?ml|xml|toml)$/;

/**
 * The files that a container's mounts of ConfigMaps and Secrets hold, projected ones too: `items` rename them, `subPath` picks one, or a
 * directory (kubernetes.io/docs/concepts/storage/volumes).
 */
export function configurationFiles(cluster: Cluster, workload: Workload, volumeMounts: unknown): ConfigurationFile[] {
  return asList(volumeMounts).flatMap((item, mount) => {
    const { name, subPath, subPathExpr, mountPath } = asMap(item) ?? {};
    if (typeof name !== 'string' || typeof subPathExpr === 'string') return [];
    const whole = typeof subPath !== 'string' || subPath === '' || subPath === '.';
    return filesOf(cluster, workload, name).flatMap(({ file, text }) => {
      if (!whole && file !== subPath && !file.startsWith(`${subPath}/`)) return [];
      const path = whole ? `${mountPath}/${file}` : file === subPath ? String(mountPath) : `${mountPath}/x/${file}`;
      return SERVED.test(path) ? [] : [{ file, text, mount }];
    });
  });
}

/** The files of the ConfigMaps and Secrets in a volume, whose values are known. */
function filesOf(
  cluster: Cluster,
  { pod, resource }: Workload,
  volumeName: string,
): { file: string; text: ExpandedText }[] {
  const volume = asList(pod.volumes)
    .map(asMap)
    .find((candidate) => candidate?.name === volumeName);
  const projected = asList(asMap(volume?.projected)?.sources).map((source) => asMap(source) ?? {});
  return [volume ?? {}, ...projected].flatMap(({ configMap, secret }) => {
    const kind = asMap(configMap) ? 'ConfigMap' : 'Secret';
    const source = asMap(configMap) ?? asMap(secret) ?? {};
    const name = source.secretName ?? source.name;
    if (typeof name !== 'string') return [];
    const data = dataOf(cluster, kind, resource.scope, name);
    const object = data.resource;
    if (!object || data.open) return [];
    const items = asList(source.items).map((item) => asMap(item) ?? {});
    const listed = Array.isArray(source.items) ? items : [...data.entries.keys()].map((key) => ({ key, path: key }));
    return listed.flatMap(({ key, path: file }) => {
      const entry = typeof key === 'string' ? data.entries.get(key) : undefined;
      if (typeof key !== 'string' || entry?.value === undefined || typeof file !== 'string') return [];
      const origin = { resource: object, path: entry.path, key, secret: kind === 'Secret' };
      return [{ file, text: literal(entry.value, origin, LONGEST) }];
    });
  });
}
