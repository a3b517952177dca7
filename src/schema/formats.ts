/**
 * The formats in our schemas, as the API server checks them. Each gives the server's own words for a value that it refuses,
 * undefined for one that it takes. https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ and
 * k8s.io/apimachinery/pkg/util/validation, from which the messages are.
 */
const FORMATS: ReadonlyMap<string, (value: string) => string | undefined> = new Map([
  ['annotation-key', (value: string) => qualifiedName(value.toLowerCase())],
  ['byte', base64],
  ['config-key', configKey],
  ['dns-label', dnsLabel],
  ['dns-subdomain', dnsSubdomain],
  ['label-key', qualifiedName],
  ['label-value', labelValue],
  ['percent', percent],
  ['port-name', portName],
  ['quantity', quantity],
]);

/** Why the API server refuses a string of this format; undefined where it doesn't, and for formats that it doesn't check. */
export function formatError(format: string, value: string): string | undefined {
  return FORMATS.get(format)?.(value);
}

/** A name of most objects: RFC 1123 labels with dots, at most 253 characters. */
export function dnsSubdomain(value: string): string | undefined {
  if (value.length > 253) return 'must be no more than 253 characters';
  return value.split('.').every((label) => DNS_LABEL.test(label))
    ? undefined
    : "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
}

const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;

/** A name of a Namespace, a container, a volume: one RFC 1123 label, at most 63 characters. */
export function dnsLabel(value: string): string | undefined {
  if (value.length > 63) return 'must be no more than 63 characters';
  return DNS_LABEL.test(value)
    ? undefined
    : "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
}

/** The name of a Role or a binding, which only has to be one segment of a URL's path. */
export function pathSegment(value: string): string | undefined {
  if (value === '.' || value === '..') return `may not be '${value}'`;
  const character = ['/', '%'].find((each) => value.includes(each));
  return character === undefined ? undefined : `may not contain '${character}'`;
}

const NAME_PART = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

function labelValue(value: string): string | undefined {
  if (value.length > 63) return 'must be no more than 63 characters';
  return value === '' || NAME_PART.test(value)
    ? undefined
    : "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
}

function qualifiedName(value: string): string | undefined {
  const parts = value.split('/');
  const name = parts.at(-1) ?? '';
  if (parts.length > 2)
    return "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character with an optional DNS subdomain prefix and '/'";
  if (parts.length === 2) {
    if (parts[0] === '') return 'prefix part must be non-empty';
    const wrong = dnsSubdomain(parts[0] ?? '');
    if (wrong !== undefined) return `prefix part ${wrong}`;
  }
  if (name === '') return 'name part must be non-empty';
  if (name.length > 63) return 'name part must be no more than 63 characters';
  return NAME_PART.test(name)
    ? undefined
    : "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
}

function configKey(value: string): string | undefined {
  if (value.length > 253) return 'must be no more than 253 characters';
  if (!/^[-._a-zA-Z0-9]+$/.test(value))
    return "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
  if (value === '.') return "must not be '.'";
  return value.startsWith('..') ? "must not start with '..'" : undefined;
}

function portName(value: string): string | undefined {
  if (value.length > 15) return 'must be no more than 15 characters';
  if (!/^[-a-z0-9]+$/.test(value)) return 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)';
  if (!/[a-z]/.test(value)) return 'must contain at least one letter (a-z)';
  if (value.includes('--')) return 'must not contain consecutive hyphens';
  return value.startsWith('-') || value.endsWith('-') ? 'must not begin or end with a hyphen' : undefined;
}

const QUANTITY = /^[+-]?\d*\.?\d*(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/;

/** As ParseQuantity of k8s.io/apimachinery/pkg/api/resource reads it: a suffix without digits is an amount of none. */
function quantity(value: string): string | undefined {
  const text = value.replace(/^ +| +$/g, '');
  return text !== '' && QUANTITY.test(text)
    ? undefined
    : "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
}

/** What stands beside an integer, as in `maxSurge: 25%`. */
function percent(value: string): string | undefined {
  return /^[0-9]+%$/.test(value)
    ? undefined
    : "a valid percent string must be a numeric string followed by an ending '%'";
}

/** As Go's base64.StdEncoding reads it: line breaks count for nothing, padding is needed. */
function base64(value: string): string | undefined {
  const text = value.replace(/[\r\n]/g, '');
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? undefined : 'illegal base64 data';
}
