import type { Path } from '../../../resource.ts';
import { asList, asMap } from '../../workloads.ts';
import { type Holder, nearestPath, type PodFacts, read, readText, readTexts, UNKNOWN } from './pod.ts';

/** What a pod does that a control forbids, in the words of the admission plugin, and where it does so first. */
export interface Violation {
  readonly reason: string;
  readonly detail: string;
  readonly path: Path;
}

/** One version of a control: what a pod does that it forbids. */
export type Check = (pod: PodFacts) => Violation | undefined;

/** Windows pods need not set what Windows doesn't know; nor may they. */
export function unlessWindows(check: Check): Check {
  return (pod) => (pod.mayBeWindows ? undefined : check(pod));
}

/** In a user namespace, root is nobody. */
export function unlessInUserNamespace(check: Check): Check {
  return (pod) => (pod.mayBeInUserNamespace ? undefined : check(pod));
}

const CONTEXT = 'securityContext';

export function appArmorProfile(pod: PodFacts): Violation | undefined {
  const field = [CONTEXT, 'appArmorProfile', 'type'];
  const isBad = (holder: Holder) =>
    isSet(holder, [CONTEXT, 'appArmorProfile']) && !isOneOf(readText(holder.fields, field), PROFILES);
  const prefix = 'container.apparmor.security.beta.kubernetes.io/';
  const annotations = Object.entries(pod.annotations).flatMap(([key, value]) =>
    key.startsWith(prefix) && isBadAnnotation(value, ['', 'runtime/default']) ? [[key, value] as const] : [],
  );
  const setters = setBy(pod, isBad);
  const found = setters.found.map(({ fields }) => String(readText(fields, field)));
  const values = [...sorted(found), ...annotations.map(([key, value]) => `${key}=${JSON.stringify(value)}`).sort()];
  const first = setters.found[0];
  const annotation = annotations[0];
  const path = first ? nearestPath(first, field) : annotation && [...pod.annotationsPath, annotation[0]];
  if (path === undefined) return undefined;
  const names = [...setters.names, ...(annotation ? [plural('annotation', annotations.length)] : [])];
  return {
    reason: `forbidden AppArmor ${plural('profile', values.length)}`,
    detail: `${names.join(' and ')} must not set AppArmor profile type to ${quoted(values)}`,
    path,
  };
}

const PROFILES = ['RuntimeDefault', 'Localhost'];

/** Annotations are compared as the text that they are; `localhost/…` names a profile of the node. */
function isBadAnnotation(value: unknown, allowed: readonly string[]): boolean {
  const text = readText({ value }, ['value']);
  return text !== UNKNOWN && !allowed.includes(text) && !text.startsWith('localhost/');
}

const DEFAULT_CAPABILITIES = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

const ADD = [CONTEXT, 'capabilities', 'add'];
const DROP = [CONTEXT, 'capabilities', 'drop'];

export function addedCapabilities({ containers }: PodFacts): Violation | undefined {
  const bad = containers.filter((container) => addedBeyond(container, DEFAULT_CAPABILITIES).length > 0);
  const all = sorted(bad.flatMap((container) => addedBeyond(container, DEFAULT_CAPABILITIES)));
  return violation(
    bad,
    ADD,
    'non-default capabilities',
    `${named(bad)} must not include ${quoted(all)} in ${ADD.join('.')}`,
  );
}

function addedBeyond({ fields }: Holder, allowed: readonly string[]): string[] {
  return readTexts(fields, ADD).known.filter((capability) => !allowed.includes(capability));
}

export function droppedCapabilities({ containers }: PodFacts): Violation | undefined {
  const allowed = ['NET_BIND_SERVICE'];
  const keeping = containers.filter(({ fields }) => {
    const { known, open } = readTexts(fields, DROP);
    return !open && !known.includes('ALL');
  });
  const adding = containers.filter((container) => addedBeyond(container, allowed).length > 0);
  const all = sorted(adding.flatMap((container) => addedBeyond(container, allowed)));
  const details = [];
  if (keeping.length > 0) details.push(`${named(keeping)} must set ${DROP.join('.')}=["ALL"]`);
  if (adding.length > 0) details.push(`${named(adding)} must not include ${quoted(all)} in ${ADD.join('.')}`);
  const reason = 'unrestricted capabilities';
  const detail = details.join('; ');
  return keeping.length > 0 ? violation(keeping, DROP, reason, detail) : violation(adding, ADD, reason, detail);
}

export function hostNamespaces({ pod }: PodFacts): Violation | undefined {
  const set = ['hostNetwork', 'hostPID', 'hostIPC'].filter((field) => read(pod.fields, [field]) === true);
  return violation(
    set.length > 0 ? [pod] : [],
    set.slice(0, 1),
    'host namespaces',
    set.map((field) => `${field}=true`).join(', '),
  );
}

export function hostPathVolumes({ volumes }: PodFacts): Violation | undefined {
  const bad = volumes.filter((volume) => isSet(volume, ['hostPath']));
  return violation(bad, ['hostPath'], 'hostPath volumes', named(bad, 'volume'));
}

export function hostPorts(pod: PodFacts): Violation | undefined {
  const bad = pod.containers.filter((container) => portsOnHost(pod, container).length > 0);
  const used = bad.flatMap((container) => portsOnHost(pod, container));
  const ports = sorted(used.map(({ port }) => String(port)));
  const detail = `${named(bad)} ${uses(bad)} ${plural('hostPort', ports.length)} ${ports.join(', ')}`;
  const [first] = used;
  return first && { reason: 'hostPort', detail, path: first.path };
}

/** Under hostNetwork, a pod's ports are ports of the host: the API server fills them in. */
function portsOnHost({ pod }: PodFacts, { fields, path }: Holder): { port: number; path: Path }[] {
  const isOnHost = read(pod.fields, ['hostNetwork']) === true && !path.includes('ephemeralContainers');
  return asList(fields.ports).flatMap((entry, i) => {
    const { hostPort, containerPort } = asMap(entry) ?? {};
    const at = [...path, 'ports', i];
    if (typeof hostPort === 'number' && hostPort !== 0) return [{ port: hostPort, path: [...at, 'hostPort'] }];
    const isAbsent = hostPort === undefined || hostPort === null || hostPort === 0;
    return isOnHost && isAbsent && typeof containerPort === 'number' && containerPort !== 0
      ? [{ port: containerPort, path: [...at, 'containerPort'] }]
      : [];
  });
}

const HANDLERS: readonly Path[] = [
  ['livenessProbe'],
  ['readinessProbe'],
  ['startupProbe'],
  ['lifecycle', 'postStart'],
  ['lifecycle', 'preStop'],
].flatMap((handler) => [
  [...handler, 'httpGet', 'host'],
  [...handler, 'tcpSocket', 'host'],
]);

export function handlerHosts({ containers }: PodFacts): Violation | undefined {
  const bad = containers.filter((container) => hostsOf(container).length > 0);
  const hosts = sorted(bad.flatMap((container) => hostsOf(container).map(({ host }) => host)));
  const names = sorted(bad.map(({ name }) => name));
  const what = plural('probe or lifecycle host', hosts.length);
  const detail = `${plural('container', names.length)} ${quoted(names)} ${names.length === 1 ? 'uses' : 'use'} ${what} ${quoted(hosts)}`;
  const at = bad[0] && hostsOf(bad[0])[0]?.at;
  return at && violation(bad, at, 'probe or lifecycle host', detail);
}

function hostsOf({ fields }: Holder): { host: string; at: Path }[] {
  return HANDLERS.flatMap((at) => {
    const host = readText(fields, at);
    return host === UNKNOWN || host === '' ? [] : [{ host, at }];
  });
}

export function privileged({ containers }: PodFacts): Violation | undefined {
  const field = [CONTEXT, 'privileged'];
  const bad = containers.filter(({ fields }) => read(fields, field) === true);
  return violation(bad, field, 'privileged', `${named(bad)} must not set securityContext.privileged=true`);
}

export function procMount({ containers }: PodFacts): Violation | undefined {
  const field = [CONTEXT, 'procMount'];
  const bad = containers.filter(
    (container) => isSet(container, field) && !isOneOf(readText(container.fields, field), ['Default']),
  );
  const types = sorted(bad.map(({ fields }) => String(readText(fields, field))));
  return violation(bad, field, 'procMount', `${named(bad)} must not set securityContext.procMount to ${quoted(types)}`);
}

export function seLinuxOptions(allowed: readonly string[]): Check {
  const at = [CONTEXT, 'seLinuxOptions'];
  const isFilled = ({ fields }: Holder, name: string) => {
    const text = readText(fields, [...at, name]);
    return text !== UNKNOWN && text !== '';
  };
  const hasBadType = ({ fields }: Holder) => !isOneOf(readText(fields, [...at, 'type']), allowed);
  return (pod) => {
    const { found, names } = setBy(
      pod,
      (holder) => hasBadType(holder) || isFilled(holder, 'user') || isFilled(holder, 'role'),
    );
    const types = sorted(found.filter(hasBadType).map(({ fields }) => String(readText(fields, [...at, 'type']))));
    const data = [
      ...(types.length > 0 ? [`${plural('type', types.length)} ${quoted(types)}`] : []),
      ...(found.some((holder) => isFilled(holder, 'user')) ? ['user may not be set'] : []),
      ...(found.some((holder) => isFilled(holder, 'role')) ? ['role may not be set'] : []),
    ];
    const detail = `${names.join(' and ')} set forbidden securityContext.seLinuxOptions: ${data.join('; ')}`;
    return violation(found, at, 'seLinuxOptions', detail);
  };
}

/** Before 1.19 seccomp was an annotation. */
export function seccompAnnotations({ annotations, annotationsPath, containers }: PodFacts): Violation | undefined {
  const keys = [
    'seccomp.security.alpha.kubernetes.io/pod',
    ...containers.map(({ name }) => `container.seccomp.security.alpha.kubernetes.io/${name}`),
  ];
  const bad = [...new Set(keys)].filter(
    (key) =>
      Object.hasOwn(annotations, key) && isBadAnnotation(annotations[key], ['runtime/default', 'docker/default']),
  );
  const [first] = bad;
  if (first === undefined) return undefined;
  const list = bad.map((key) => `${key}=${JSON.stringify(annotations[key])}`).sort();
  return {
    reason: 'seccompProfile',
    detail: `forbidden ${plural('annotation', bad.length)} ${list.join(', ')}`,
    path: [...annotationsPath, first],
  };
}

const SECCOMP = [CONTEXT, 'seccompProfile', 'type'];

export function wrongSeccompProfile(pod: PodFacts): Violation | undefined {
  const { found, names } = setBy(pod, hasWrongSeccompProfile);
  const values = sorted(found.map(({ fields }) => String(readText(fields, SECCOMP))));
  const detail = `${names.join(' and ')} must not set ${SECCOMP.join('.')} to ${quoted(values)}`;
  return violation(found, SECCOMP, 'seccompProfile', detail);
}

function hasWrongSeccompProfile(holder: Holder): boolean {
  return isSet(holder, [CONTEXT, 'seccompProfile']) && !isOneOf(readText(holder.fields, SECCOMP), PROFILES);
}

export function seccompProfile(pod: PodFacts): Violation | undefined {
  const wrong = wrongSeccompProfile(pod);
  const lacksProfile = ({ fields }: Holder) => read(fields, [CONTEXT, 'seccompProfile']) === undefined;
  if (wrong !== undefined || !lacksProfile(pod.pod)) return wrong;
  const bad = pod.containers.filter(lacksProfile);
  const detail = `pod or ${named(bad)} must set ${SECCOMP.join('.')} to "RuntimeDefault" or "Localhost"`;
  return violation(bad, SECCOMP, 'seccompProfile', detail);
}

/** Namespaced sysctls that are safe, by the minor version of the policy since which they are. */
const SYSCTLS: readonly (readonly [since: number, name: string])[] = [
  [0, 'kernel.shm_rmid_forced'],
  [0, 'net.ipv4.ip_local_port_range'],
  [0, 'net.ipv4.tcp_syncookies'],
  [0, 'net.ipv4.ping_group_range'],
  [0, 'net.ipv4.ip_unprivileged_port_start'],
  [27, 'net.ipv4.ip_local_reserved_ports'],
  [29, 'net.ipv4.tcp_keepalive_time'],
  [29, 'net.ipv4.tcp_fin_timeout'],
  [29, 'net.ipv4.tcp_keepalive_intvl'],
  [29, 'net.ipv4.tcp_keepalive_probes'],
  [32, 'net.ipv4.tcp_rmem'],
  [32, 'net.ipv4.tcp_wmem'],
];

export function sysctls(version: number): Check {
  const allowed = SYSCTLS.flatMap(([since, name]) => (since <= version ? [name] : []));
  return ({ pod }) => {
    const bad = asList(read(pod.fields, [CONTEXT, 'sysctls'])).flatMap((entry, i) => {
      const name = readText(asMap(entry) ?? {}, ['name']);
      return name === UNKNOWN || name === '' || allowed.includes(name) ? [] : [{ name, i }];
    });
    const [first] = bad;
    return (
      first &&
      violation(
        [pod],
        [CONTEXT, 'sysctls', first.i, 'name'],
        'forbidden sysctls',
        bad.map(({ name }) => name).join(', '),
      )
    );
  };
}

export function windowsHostProcess(pod: PodFacts): Violation | undefined {
  const field = [CONTEXT, 'windowsOptions', 'hostProcess'];
  const { found, names } = setBy(pod, ({ fields }) => read(fields, field) === true);
  return violation(found, field, 'hostProcess', `${names.join(' and ')} must not set ${field.join('.')}=true`);
}

export function allowPrivilegeEscalation({ containers }: PodFacts): Violation | undefined {
  const field = [CONTEXT, 'allowPrivilegeEscalation'];
  const bad = containers.filter(({ fields }) => {
    const value = read(fields, field);
    return value === undefined || value === true;
  });
  const detail = `${named(bad)} must set securityContext.allowPrivilegeEscalation=false`;
  return violation(bad, field, 'allowPrivilegeEscalation != false', detail);
}

const FREE_VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

const RESTRICTED_VOLUMES = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'gitRepo',
  'nfs',
  'iscsi',
  'glusterfs',
  'rbd',
  'flexVolume',
  'cinder',
  'cephfs',
  'flocker',
  'fc',
  'azureFile',
  'vsphereVolume',
  'quobyte',
  'azureDisk',
  'photonPersistentDisk',
  'portworxVolume',
  'scaleIO',
  'storageos',
];

/** A volume without any source is an emptyDir; one with a source that this list lacks is left alone. */
export function volumeTypes({ volumes }: PodFacts): Violation | undefined {
  const typeOf = (volume: Holder) =>
    FREE_VOLUMES.some((type) => isSet(volume, [type]))
      ? undefined
      : RESTRICTED_VOLUMES.find((type) => isSet(volume, [type]));
  const bad = volumes.filter((volume) => typeOf(volume) !== undefined);
  const types = sorted(bad.flatMap((volume) => typeOf(volume) ?? []));
  const detail = `${named(bad, 'volume')} ${uses(bad)} ${plural('restricted volume type', types.length)} ${quoted(types)}`;
  const at = bad[0] && typeOf(bad[0]);
  return at === undefined ? undefined : violation(bad, [at], 'restricted volume types', detail);
}

export function runAsNonRoot(pod: PodFacts): Violation | undefined {
  const field = [CONTEXT, 'runAsNonRoot'];
  const reason = 'runAsNonRoot != true';
  const { found, names } = setBy(pod, ({ fields }) => read(fields, field) === false);
  if (found.length > 0) {
    return violation(found, field, reason, `${names.join(' and ')} must not set securityContext.runAsNonRoot=false`);
  }
  if (read(pod.pod.fields, field) !== undefined) return undefined;
  const bad = pod.containers.filter(({ fields }) => read(fields, field) === undefined);
  return violation(bad, field, reason, `pod or ${named(bad)} must set securityContext.runAsNonRoot=true`);
}

export function runAsUser(pod: PodFacts): Violation | undefined {
  const field = [CONTEXT, 'runAsUser'];
  const { found, names } = setBy(pod, ({ fields }) => read(fields, field) === 0);
  return violation(found, field, 'runAsUser=0', `${names.join(' and ')} must not set runAsUser=0`);
}

/** The pod and containers for which something holds, and what the plugin calls them. */
function setBy(pod: PodFacts, isBad: (holder: Holder) => boolean): { found: Holder[]; names: string[] } {
  const isPodBad = isBad(pod.pod);
  const bad = pod.containers.filter(isBad);
  return {
    found: [...(isPodBad ? [pod.pod] : []), ...bad],
    names: [...(isPodBad ? ['pod'] : []), ...(bad.length > 0 ? [named(bad)] : [])],
  };
}

/** A violation at a field of the first of those that commit it; none where nobody does. */
function violation(holders: readonly Holder[], field: Path, reason: string, detail: string): Violation | undefined {
  const [first] = holders;
  return first && { reason, detail, path: nearestPath(first, field) };
}

function isSet({ fields }: Holder, path: Path): boolean {
  const value = read(fields, path);
  return value !== undefined && value !== UNKNOWN;
}

function isOneOf(text: string | typeof UNKNOWN, allowed: readonly string[]): boolean {
  return text === UNKNOWN || allowed.includes(text);
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}

function plural(word: string, count: number): string {
  return count === 1 ? word : `${word}s`;
}

function uses(holders: readonly Holder[]): string {
  return holders.length === 1 ? 'uses' : 'use';
}

function named(holders: readonly Holder[], word = 'container'): string {
  return `${plural(word, holders.length)} ${quoted(holders.map(({ name }) => name))}`;
}
