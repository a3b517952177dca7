import { asMap } from '../../../cluster/workloads.ts';
import { groupOf } from '../../../resource.ts';
import { type ShadowMap, type Sharing, stringAt } from './shadow.ts';

/** What kustomize knows an object by. */
export interface Identity {
  group: string;
  version: string;
  kind: string;
  /** `''` where none is given, which kustomize takes for `default`. */
  namespace: string;
  name: string;
}

/** An object on its way through the kustomizations: as it is now, and what it was called before. */
export interface Subject {
  shadow: ShadowMap;
  /** Earlier identities, the original one first; without the current one. */
  previous: Identity[];
  /** Whether it is as it is rendered already, so that all that is done to it was done before. */
  settled?: boolean;
  /** Nodes that stand in several places of it. */
  sharing?: Sharing[];
}

/** The current identity of an object. */
export function identityOf(shadow: ShadowMap): Identity {
  const apiVersion = stringAt(shadow, ['apiVersion']) ?? '';
  return {
    group: groupOf(apiVersion),
    version: versionOf(apiVersion),
    kind: stringAt(shadow, ['kind']) ?? '',
    namespace: stringAt(shadow, ['metadata', 'namespace']) ?? '',
    name: stringAt(shadow, ['metadata', 'name']) ?? '',
  };
}

/** The identity that a value gives itself. */
export function identityOfValue(value: unknown): Identity {
  const object = asMap(value);
  const metadata = asMap(object?.metadata);
  const apiVersion = textOf(object?.apiVersion);
  return {
    group: groupOf(apiVersion),
    version: versionOf(apiVersion),
    kind: textOf(object?.kind),
    namespace: textOf(metadata?.namespace),
    name: textOf(metadata?.name),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function versionOf(apiVersion: string): string {
  return apiVersion.slice(apiVersion.indexOf('/') + 1);
}

/** Every identity that an object has had, the current one last. */
export function identities({ shadow, previous }: Subject): Identity[] {
  return [...previous, identityOf(shadow)];
}

/** Whether kustomize takes two identities for one object (ResId.Equals). */
export function isSameObject(a: Identity, b: Identity): boolean {
  return (
    a.kind === b.kind &&
    a.name === b.name &&
    a.group === b.group &&
    a.version === b.version &&
    effectiveNamespace(a) === effectiveNamespace(b)
  );
}

/** The namespace that kustomize takes for an object's. */
export function effectiveNamespace({ namespace }: Identity): string {
  return namespace === '' ? 'default' : namespace;
}
