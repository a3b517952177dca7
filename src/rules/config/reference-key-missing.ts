import type { Cluster } from '../../cluster/cluster.ts';
import { didYouMean } from '../../cluster/hints.ts';
import { type MountedFile, mountedFiles } from '../../cluster/mounted-files.ts';
import { candidates, keysOf } from '../../cluster/provided.ts';
import { type Reference, type Referent, referencesOf } from '../../cluster/references.ts';
import type { Finding, Path, Related, Resource, Rule } from '../../rule.ts';
import { yaml } from '../../rule.ts';

export default {
  id: 'reference-key-missing',
  severity: 'error',
  docs: {
    summary: 'A key that is taken from a ConfigMap or Secret must be in it.',
    incident:
      'Devex, 2026-02-10, section 7: the code reads access_key and secret_key of the Secret aws-creds, which was made by hand. One made with the names that AWS itself uses, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, is there, and every runner pod still stays in CreateContainerConfigError.',
    symptoms: [
      "couldn't find key access_key in Secret default/aws-creds",
      "couldn't find key LOG_LEVEL in ConfigMap shop/app-config",
      'CreateContainerConfigError',
      'MountVolume.SetUp failed for volume "config" : configmap references non-existent config key: app.yaml',
      'MountVolume.SetUp failed for volume "credentials" : references non-existent secret key: credentials.json',
      'not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type',
      'error loading config from "/etc/prometheus/prometheus.yml": open /etc/prometheus/prometheus.yml: no such file or directory',
      'secret shop/api-tls is missing the following TLS data entries: tls.crt, tls.key',
    ],
    fix: 'Add the key to the ConfigMap or Secret, or ask for one that it has. Where the pod can do without, say `optional: true`.',
    silent: [
      'The reference or the volume is optional.',
      'The keys are not known: the object is neither rendered nor under `existing`, comes from an ExternalSecret that takes all keys of its source, is filled in later by a replicator or injector, or holds none at all.',
      'A Secret where a rendered ServiceAccount may change Secrets.',
      'Keys that controllers add: tls.crt, tls.key and ca.crt of cert-manager, token, ca.crt and namespace of a ServiceAccount token.',
      'A file that a command writes or finds elsewhere: it lies in no mounted ConfigMap or Secret, or in another mount below.',
    ],
    references: [
      'https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/',
      'https://kubernetes.io/docs/concepts/configuration/secret/',
      'https://kubernetes.io/docs/concepts/storage/volumes/#using-subpath',
    ],
  },
  examples: { bad: [], good: [] },
  *check(cluster) {
    for (const references of referencesOf(cluster).values()) {
      for (const reference of references) {
        if (!reference.optional) yield* missingKeys(cluster, reference);
      }
    }
    for (const workload of cluster.workloads) {
      if (workload.resource.existing) continue;
      for (const file of mountedFiles(workload)) yield* missingFile(cluster, workload.resource, file);
    }
  },
} satisfies Rule;

function* missingKeys(cluster: Cluster, reference: Reference): Generator<Finding> {
  const { resource, referents, breaks, textOnly } = reference;
  const [referent] = referents;
  const known = reference.keys.length > 0 ? keysOf(cluster, referent, textOnly) : undefined;
  if (!known) return;
  const byPlace = new Map<string, { path: Path; keys: string[] }>();
  for (const { key, path } of reference.keys) {
    if (known.has(key)) continue;
    const place = byPlace.get(JSON.stringify(path));
    if (place) place.keys.push(key);
    else byPlace.set(JSON.stringify(path), { path, keys: [key] });
  }
  for (const { path, keys } of byPlace.values()) {
    const message = `${lacks(referent, keys)}: ${breaks}${didYouMean(keys[0] ?? '', known)}`;
    yield { resource, path, message, related: related(cluster, referent) };
  }
}

function* missingFile(cluster: Cluster, resource: Resource, mounted: MountedFile): Generator<Finding> {
  const { kind, name, file, path, subPath, mountPath } = mounted;
  const referent = { group: '', kind, scope: resource.scope, name };
  const files = mounted.files ?? keysOf(cluster, referent);
  if (!files || files.has(file)) return;
  const what = mounted.files ? `the items of ${kind}/${name} hold no file "${file}"` : lacks(referent, [file]);
  const breaks = subPath
    ? `the kubelet mounts an empty directory at ${mountPath} in its place`
    : `the container finds no such file in ${mountPath}`;
  const message = `${what}: ${breaks}${didYouMean(file, files)}`;
  yield { resource, path, message, related: related(cluster, referent) };
}

function lacks({ kind, name }: Referent, keys: readonly string[]): string {
  const quoted = keys.map((key) => `"${key}"`).join(' and ');
  return `${kind}/${name} has no key${keys.length > 1 ? 's' : ''} ${quoted}`;
}

function related(cluster: Cluster, referent: Referent): Related[] {
  return candidates(cluster, referent).map((resource) => ({
    message: `${resource} is here`,
    resource,
    path: ['metadata', 'name'],
  }));
}
