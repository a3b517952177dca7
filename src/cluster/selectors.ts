import type { LabelSelector } from 'kubernetes-types/meta/v1.js';

export type Labels = Readonly<Record<string, string>>;

/** A label's value, undefined where it is not set. Labels come from manifests: prototype keys are not labels. */
export function label(labels: Labels | undefined, key: string): string | undefined {
  return labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
}

/**
 * Whether labels match a label selector (k8s.io/apimachinery LabelSelectorAsSelector): an absent selector matches nothing, an
 * empty one everything. Undefined where the selector is one that the API server refuses (an unknown operator).
 */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels | undefined): boolean | undefined {
  if (selector === undefined) return false;
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (label(labels, key) !== value) return false;
  }
  let known = true;
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const value = label(labels, key);
    switch (operator) {
      case 'In':
        if (value === undefined || !values?.includes(value)) return false;
        break;
      case 'NotIn':
        if (value !== undefined && values?.includes(value)) return false;
        break;
      case 'Exists':
        if (value === undefined) return false;
        break;
      case 'DoesNotExist':
        if (value !== undefined) return false;
        break;
      default:
        known = false;
    }
  }
  return known ? true : undefined;
}

/** Whether labels match a plain map selector (Service, ReplicationController): an empty one matches nothing. */
export function matchesLabels(selector: Labels | undefined, labels: Labels | undefined): boolean {
  const wanted = Object.entries(selector ?? {});
  return wanted.length > 0 && wanted.every(([key, value]) => label(labels, key) === value);
}
