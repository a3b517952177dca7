/**
 * What someone or something fills in later: `${VAR}` (envsubst, Flux), `<path:…>` (Argo CD Vault plugin), `ENC[…]` (SOPS),
 * `{{ … }}` (a template that never ran). `$(VAR)` is not one: the kubelet expands it.
 */
const PLACEHOLDER = /\$\{[A-Za-z_][^}]*\}|<path:[^>]*>|^ENC\[|\{\{.*\}\}/s;

/** The mark that stands where two renders of one chart differ (`randAlphaNum`, `genCA`); a placeholder to every rule. */
export const RANDOM_VALUE = '${k8s-lint:random}';

/** Whether a value can't be known here: a string that holds a placeholder. Rules make no finding that depends on it. */
export function isUnknown(value: unknown): boolean {
  return typeof value === 'string' && (value === RANDOM_VALUE || PLACEHOLDER.test(value));
}

/** Whether any string in a value, keys included, is unknown. */
export function holdsUnknown(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return isUnknown(value);
  if (Array.isArray(value)) return value.some(holdsUnknown);
  return Object.entries(value).some(([key, item]) => isUnknown(key) || holdsUnknown(item));
}
