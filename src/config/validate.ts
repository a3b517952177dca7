import { readFile } from 'node:fs/promises';
import type { Ajv, DefinedError, ValidateFunction } from 'ajv';
import { valueAt } from '../cluster/workloads.ts';
import { nearestOf } from '../nearest.ts';
import type { At, Path } from '../resource.ts';

/** A mistake by its path in the document. */
export interface PathMistake {
  path: Path;
  at?: At;
  message: string;
}

const SCHEMAS = new URL('../../schemas/', import.meta.url);
const CONFIG_SCHEMA = 'k8s-lint.schema.json';
const BASELINE_SCHEMA = 'k8s-lint-baseline.schema.json';

/** What makes a target the target it is; each is a branch of the schema's oneOf. */
const TARGETS = ['kustomize', 'helm', 'manifests'] as const;

const compiled = new Map<string, Promise<Ajv>>();

/**
 * All that the JSON Schema of k8s-lint.yaml finds wrong with a document, in words that say what to write instead. `written` gives a
 * scalar as it stands in the file.
 */
export async function validate(config: unknown, written: (path: Path) => string): Promise<PathMistake[]> {
  const ajv = await compile(CONFIG_SCHEMA);
  const errors = errorsOf(ajv.getSchema(CONFIG_SCHEMA), config);
  const targets = errors.filter(({ keyword }) => keyword === 'oneOf').map(({ instancePath }) => instancePath);
  const elsewhere = errors.filter(({ instancePath }) => !targets.some((target) => isWithin(instancePath, target)));
  return [
    ...elsewhere.map((error) => describe(error, pathOf(error.instancePath, config), written)),
    ...targets.flatMap((target) => describeTarget(ajv, config, pathOf(target, config), written)),
  ];
}

/** The same for a baseline. */
export async function validateBaseline(baseline: unknown, written: (path: Path) => string): Promise<PathMistake[]> {
  const ajv = await compile(BASELINE_SCHEMA);
  return errorsOf(ajv.getSchema(BASELINE_SCHEMA), baseline).map((error) =>
    describe(error, pathOf(error.instancePath, baseline), written, 'a baseline'),
  );
}

/** Once for each schema: a program that lints many times doesn't compile it again. */
async function compile(schema: string): Promise<Ajv> {
  const known = compiled.get(schema);
  if (known) return known;
  const compiling = Promise.all([import('ajv'), readFile(new URL(schema, SCHEMAS), 'utf8')]).then(([{ Ajv }, text]) =>
    // The schemas are ours: checking them by theirs takes as long as all the rest.
    new Ajv({ allErrors: true, verbose: true, meta: false, validateSchema: false }).addSchema(JSON.parse(text)),
  );
  compiled.set(schema, compiling);
  return compiling;
}

function errorsOf(check: ValidateFunction | undefined, value: unknown): DefinedError[] {
  if (!check) throw new Error('a schema lacks a definition');
  return check(value) ? [] : (check.errors as DefinedError[]);
}

/** Of the branches that a target fails, only the one that it wants to be has something to say. */
function describeTarget(ajv: Ajv, config: unknown, path: Path, written: (path: Path) => string): PathMistake[] {
  const target = valueAt(config, path);
  if (typeof target !== 'object' || target === null || Array.isArray(target)) {
    return [
      { path, message: 'a target is a map with one of kustomize, helm and manifests: { kustomize: overlays/prod }' },
    ];
  }
  const named = TARGETS.filter((name) => Object.hasOwn(target, name));
  const [name] = named;
  if (name === undefined) {
    const misspelt = Object.keys(target).find((key) => nearestOf(key, TARGETS) !== undefined);
    return misspelt === undefined
      ? [{ path, message: 'a target needs one of kustomize, helm and manifests' }]
      : [unknownKey(path, misspelt, TARGETS)];
  }
  if (named.length > 1) {
    const message = `a target has only one of kustomize, helm and manifests: make ${named.length} targets of ${named.join(' and ')}`;
    return [{ path: [...path, named[1] ?? name], at: 'key', message }];
  }
  return errorsOf(ajv.getSchema(`${CONFIG_SCHEMA}#/definitions/${name}Target`), target).map((error) =>
    describe(error, [...path, ...pathOf(error.instancePath, target)], written),
  );
}

function describe(
  error: DefinedError,
  path: Path,
  written: (path: Path) => string,
  whole = 'k8s-lint.yaml',
): PathMistake {
  const label = labelOf(path, whole);
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(path, error.params.additionalProperty, Object.keys(error.parentSchema?.properties ?? {}));
    case 'required':
      return { path, message: `${label} needs "${error.params.missingProperty}"` };
    case 'type':
      return { path, message: wrongType(label, String(error.params.type), error.data, written(path)) };
    case 'enum':
      return { path, message: wrongWord(label, error.params.allowedValues.map(String), error.data) };
    case 'minItems':
      return { path, message: `${label} must not be an empty list` };
    case 'minLength':
      return { path, message: `${label} must not be empty` };
    case 'maxLength':
      return { path, message: `${label} must not be longer than ${error.params.limit} characters` };
    case 'pattern':
      return { path, message: wrongText(path.at(-1), String(error.data)) };
    default:
      return { path, message: `${label} ${error.message}` };
  }
}

function unknownKey(path: Path, key: string, known: readonly string[]): PathMistake {
  const near = nearestOf(key, known);
  const hint =
    HELM_KEYS.has(key) && known.includes('helm') ? 'it belongs under "helm"' : `known here: ${known.join(', ')}`;
  return {
    path: [...path, key],
    at: 'key',
    message: `unknown key "${key}": ${near === undefined ? hint : `did you mean "${near}"?`}`,
  };
}

const HELM_KEYS: ReadonlySet<string> = new Set(['chart', 'release', 'namespace', 'values', 'set', 'apiVersions']);

const TYPES = new Map([
  ['object', 'a map'],
  ['array', 'a list'],
  ['string', 'text'],
  ['boolean', 'true or false'],
]);

function wrongType(label: string, wanted: string, data: unknown, written: string): string {
  const message = `${label} must be ${TYPES.get(wanted) ?? wanted}`;
  if (wanted === 'string' && (typeof data === 'number' || typeof data === 'boolean')) {
    return `${message}: quote it, "${written}" (without quotes, YAML reads ${data})`;
  }
  if (wanted === 'array' && typeof data === 'string') return `${message}: [${written}]`;
  return message;
}

function wrongWord(label: string, allowed: readonly string[], data: unknown): string {
  const message = `${label} must be one of ${allowed.join(', ')}`;
  if (typeof data !== 'string' || data === '') return message;
  const near = allowed.find((word) => word.startsWith(data)) ?? nearestOf(data, allowed);
  return near === undefined ? message : `${message}: did you mean "${near}"?`;
}

function wrongText(key: string | number | undefined, text: string): string {
  switch (key) {
    case 'kubernetesVersion': {
      const minor = /^v?(1\.\d{1,3})(?:\.|$)/.exec(text)?.[1];
      return `kubernetesVersion must be a minor version: ${minor === undefined ? 'such as "1.34"' : `"${minor}"`}, not "${text}"`;
    }
    case 'resource':
      return `resource must be Kind/name or a glob of it, such as Deployment/web or */web, not "${text}"`;
    case 'reason':
      return 'reason must say why this is ignored';
    case 'fingerprint':
      return `fingerprint must be the 32 hexadecimal digits that k8s-lint baseline wrote, not "${text}"`;
    case 'until':
      return `until must be a date, YYYY-MM-DD, not "${text}"`;
    default:
      return `${key} must consist of lower case letters, digits and "-", not "${text}"`;
  }
}

/** The last part of a path as a person would name it: `values[0]`, `prod`. */
function labelOf(path: Path, whole: string): string {
  const start = path.findLastIndex((key) => typeof key === 'string');
  if (start === -1) return whole;
  return path.slice(start).reduce<string>((label, key) => (label === '' ? `${key}` : `${label}[${key}]`), '');
}

function isWithin(pointer: string, parent: string): boolean {
  return pointer === parent || pointer.startsWith(`${parent}/`);
}

/** The path of a JSON pointer into a value: what indexes a list there becomes a number. */
function pathOf(pointer: string, value: unknown): (string | number)[] {
  let current = value;
  return pointer
    .split('/')
    .slice(1)
    .map((part) => {
      const key = Array.isArray(current) ? Number(part) : part.replaceAll('~1', '/').replaceAll('~0', '~');
      current = (current as Record<string | number, unknown>)[key];
      return key;
    });
}
