import type { Path, Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { contested } from '../contested.ts';
import { madeAs, mayMake } from '../references/makers.ts';
import { isUnknown, MASK, maskUnknown } from '../unknown.ts';
import { asList, asMap, type PodContainer, type Workload } from '../workloads.ts';

/** Where a value, or a part of one, is written. */
export interface Origin {
  readonly resource: Resource;
  readonly path: Path;
  /** The key of the ConfigMap or Secret that it stands in. */
  readonly key: string | undefined;
  /** It stands in a Secret: nothing of it but a host, a port or a key name may be shown. */
  readonly secret: boolean;
  /** Which character of the value is meant, where the value has several lines. */
  readonly offset?: number | undefined;
}

/** A part of a text: up to `end`, exclusive, it comes from one place, whose `offset` is that of the part's first character. */
export interface Part extends Origin {
  readonly end: number;
  /** What may override it: an `envFrom` that comes later and whose keys nobody knows, such as `Secret/app`. */
  readonly unless: string | undefined;
}

/** A text after the kubelet's expansion, with MASK for what is unknown, and where its parts come from, without gaps. */
export interface ExpandedText {
  readonly text: string;
  readonly parts: readonly Part[];
}

/** One environment variable of a container. */
export interface Variable extends ExpandedText {
  readonly name: string;
  /** Where the container declares it: the item of `env` or `envFrom`. */
  readonly declared: Path;
  readonly via: 'env' | 'envFrom';
}

/** Longer values are not read: `$(A)$(A)` can double one again and again. */
const LONGEST = 64 * 1024;
const MOST_PARTS = 1000;

/**
 * The environment of a container as the kubelet makes it (pkg/kubelet makeEnvironmentVariables): `envFrom` in order, then `env`
 * in order, the last one wins; `$(VAR)` sees what is set so far. What can't be known is masked.
 */
export function environmentOf(
  cluster: Cluster,
  workload: Workload,
  container: PodContainer,
): ReadonlyMap<string, Variable> {
  const known = environments(cluster);
  let variables = known.get(container);
  if (!variables) {
    variables = readEnvironment(cluster, workload, container);
    known.set(container, variables);
  }
  return variables;
}

const environments = derived(() => new WeakMap<PodContainer, ReadonlyMap<string, Variable>>());

function readEnvironment(
  cluster: Cluster,
  workload: Workload,
  { container, path }: PodContainer,
): ReadonlyMap<string, Variable> {
  const variables = new Map<string, Variable>();
  for (const [i, item] of asList(container.envFrom).entries()) {
    addSource(cluster, workload, asMap(item) ?? {}, [...path, 'envFrom', i], variables);
  }
  for (const [i, item] of asList(container.env).entries()) {
    const entry = asMap(item);
    const declared = [...path, 'env', i];
    if (typeof entry?.name !== 'string') continue;
    const text = resolve(cluster, workload, entry, declared, variables);
    if (text) variables.set(entry.name, { ...text, name: entry.name, declared, via: 'env' });
  }
  return variables;
}

/**
 * Expands `$(VAR)` in a text of a container's `command`, `args` or `env`, as the kubelet does (third_party/forked/golang/expansion):
 * `$$` is a dollar sign; a variable that nobody declares may still be one of a Service, so it is masked.
 */
export function expand(written: string, origin: Origin, variables: ReadonlyMap<string, ExpandedText>): ExpandedText {
  if (written.length > LONGEST) return masked(origin);
  const source = maskUnknown(written);
  let text = '';
  const parts: Part[] = [];
  const hasLines = source.includes('\n');
  const append = (more: string, from: Origin, unless: string | undefined) => {
    if (more === '') return;
    text += more;
    parts.push({ ...from, unless, end: text.length });
  };
  const own = (more: string, offset: number) => append(more, hasLines ? { ...origin, offset } : origin, undefined);
  const isTooLong = () => text.length > LONGEST || parts.length > MOST_PARTS;
  let next = 0;
  for (;;) {
    const dollar = source.indexOf('$', next);
    if (dollar === -1 || isTooLong()) break;
    own(source.slice(next, dollar), next);
    const closed = source[dollar + 1] === '(' ? source.indexOf(')', dollar) : -1;
    next = dollar + (source[dollar + 1] === '$' ? 2 : 1);
    if (closed === -1) {
      own('$', dollar);
      continue;
    }
    next = closed + 1;
    const name = source.slice(dollar + 2, closed);
    const variable = variables.get(name);
    if (!variable) own(IS_NAME.test(name) ? MASK : source.slice(dollar, next), dollar);
    let start = 0;
    for (const part of variable?.parts ?? []) {
      append(variable?.text.slice(start, part.end) ?? '', part, part.unless);
      start = part.end;
    }
  }
  own(source.slice(next), next);
  return isTooLong() ? masked(origin) : { text, parts };
}

const IS_NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

/** Where the character at an offset is written, and what may override it. */
export function partAt({ parts }: ExpandedText, offset: number): (Origin & Pick<Part, 'unless'>) | undefined {
  let start = 0;
  for (const { end, ...part } of parts) {
    if (offset < end) return part.offset === undefined ? part : { ...part, offset: part.offset + offset - start };
    start = end;
  }
  return undefined;
}

/** What an object in `data` says of its keys. */
export interface Data {
  /** Undefined values are those that can't be known. */
  readonly entries: ReadonlyMap<string, { value: string | undefined; path: Path }>;
  readonly resource: Resource | undefined;
  /** It may hold other keys, too, or other values. */
  readonly open: boolean;
}

/** The keys and values of a ConfigMap or Secret, decoded. One that nobody renders is `open`. */
export function dataOf(cluster: Cluster, kind: 'ConfigMap' | 'Secret', scope: string, name: string): Data {
  const known = decoded(cluster);
  const id = JSON.stringify([kind, scope, name]);
  const data = known.get(id) ?? readData(cluster, kind, scope, name);
  known.set(id, data);
  return data;
}

const decoded = derived(() => new Map<string, Data>());

function readData(cluster: Cluster, kind: 'ConfigMap' | 'Secret', scope: string, name: string): Data {
  const entries = new Map<string, { value: string | undefined; path: Path }>();
  const resource = cluster.get('', kind, scope, name);
  const made = madeAs(cluster, { group: '', kind, scope, name });
  let open = made.some(({ keys }) => keys === undefined) || (resource === undefined && made.length === 0);
  if (resource) {
    const object = resource.object as unknown as Record<string, unknown>;
    // SOPS encrypts values and leaves the keys.
    const readable = object.sops === undefined && !contested(cluster, resource);
    for (const field of kind === 'Secret' ? ['data', 'stringData'] : ['data']) {
      for (const [key, written] of Object.entries(asMap(object[field]) ?? {})) {
        const value = readable ? readValue(written, field, resource) : undefined;
        // What a snapshot leaves empty may stand in another file of facts.
        if (value === undefined && resource.existing && entries.has(key)) continue;
        entries.set(key, { value, path: [field, key] });
      }
    }
    open ||= contested(cluster, resource);
  }
  for (const { keys } of made) for (const key of keys ?? []) entries.set(key, { value: undefined, path: [] });
  return { entries, resource, open };
}

/** Go's encoding, as the API server reads it: padding is required, line breaks are skipped. */
function isBase64(text: string): boolean {
  const digits = text.replace(/[\r\n]/g, '');
  return digits.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(digits);
}

/** A value as the container sees it. Facts list keys, and values only where they are hosts: what is empty there is unknown. */
function readValue(written: unknown, field: string, { kind, existing }: Resource): string | undefined {
  if (typeof written !== 'string' || (existing && written === '')) return undefined;
  if (kind !== 'Secret' || field === 'stringData') return written;
  if (isUnknown(written) || !isBase64(written)) return undefined;
  return Buffer.from(written, 'base64').toString('utf8');
}

function addSource(
  cluster: Cluster,
  workload: Workload,
  source: Record<string, unknown>,
  declared: Path,
  variables: Map<string, Variable>,
): void {
  const prefix = typeof source.prefix === 'string' ? source.prefix : '';
  for (const [field, kind] of [
    ['configMapRef', 'ConfigMap'],
    ['secretRef', 'Secret'],
  ] as const) {
    const reference = asMap(source[field]);
    if (reference === undefined) continue;
    const name = typeof reference.name === 'string' ? reference.name : '';
    if (reference.optional === true && isAbsent(cluster, kind, workload.resource.scope, name)) continue;
    const { entries, resource, open } = dataOf(cluster, kind, workload.resource.scope, name);
    if (open) {
      for (const [key, variable] of variables) {
        if (!key.startsWith(prefix)) continue;
        const parts = variable.parts.map((part) => ({ ...part, unless: `${kind}/${name}` }));
        variables.set(key, { ...variable, parts });
      }
    }
    for (const [key, { value, path }] of entries) {
      const origin = originOf(kind, resource ?? workload.resource, path, key);
      const text = open || value === undefined ? masked(origin) : literal(value, origin);
      variables.set(prefix + key, { ...text, name: prefix + key, declared, via: 'envFrom' });
    }
  }
}

/** The value of an item of `env`; undefined where an optional key is surely not there, so that nothing is set. */
function resolve(
  cluster: Cluster,
  workload: Workload,
  entry: Record<string, unknown>,
  declared: Path,
  variables: ReadonlyMap<string, Variable>,
): ExpandedText | undefined {
  const own = originOf('Pod', workload.resource, [...declared, 'value']);
  if (typeof entry.value === 'string' && entry.value !== '') return expand(entry.value, own, variables);
  const from = asMap(entry.valueFrom);
  if (from === undefined) return entry.value === undefined || entry.value === '' ? literal('', own) : masked(own);
  for (const [field, kind] of [
    ['configMapKeyRef', 'ConfigMap'],
    ['secretKeyRef', 'Secret'],
  ] as const) {
    const reference = asMap(from[field]);
    if (reference === undefined) continue;
    const { scope } = workload.resource;
    const { name, key } = reference;
    if (typeof name !== 'string' || typeof key !== 'string') return masked(own);
    if (reference.optional === true && isAbsent(cluster, kind, scope, name)) return undefined;
    const { entries, resource, open } = dataOf(cluster, kind, scope, name);
    const found = entries.get(key);
    if (reference.optional === true && !found && !open) return undefined;
    const origin = originOf(kind, resource ?? workload.resource, found?.path ?? [], key);
    return open || found?.value === undefined ? masked(origin) : literal(found.value, origin);
  }
  const { namespace } = workload.resource;
  const field = asMap(from.fieldRef)?.fieldPath;
  const origin = originOf('Pod', workload.resource, declared);
  return field === 'metadata.namespace' && namespace !== undefined ? literal(namespace, origin) : masked(origin);
}

function isAbsent(cluster: Cluster, kind: string, scope: string, name: string): boolean {
  const referent = { group: '', kind, scope, name };
  return (
    cluster.get('', kind, scope, name) === undefined &&
    cluster.absence('', kind, scope, name) === 'absent' &&
    madeAs(cluster, referent).length === 0 &&
    mayMake(cluster, referent) === undefined
  );
}

function originOf(kind: string, resource: Resource, path: Path, key?: string): Origin {
  return { resource, path, key, secret: kind === 'Secret' };
}

/** A value as it stands at its origin. */
export function literal(value: string, origin: Origin, longest = LONGEST): ExpandedText {
  const text = value.length > longest ? MASK : maskUnknown(value);
  const offset = text.includes('\n') ? 0 : undefined;
  return { text, parts: text === '' ? [] : [{ ...origin, offset, unless: undefined, end: text.length }] };
}

function masked(origin: Origin): ExpandedText {
  return { text: MASK, parts: [{ ...origin, unless: undefined, end: 1 }] };
}
