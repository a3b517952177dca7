import { holdsUnknown, isUnknown } from '../cluster/unknown.ts';
import { nearestOf } from '../nearest.ts';
import type { Path } from '../resource.ts';
import { type Definitions, definitionsIn, type JsonSchema } from './files.ts';
import { formatError } from './formats.ts';
import { matches } from './pattern.ts';

/** One thing that is wrong with an object. */
export interface Violation {
  /** `type` keeps the object out of the other rules; an `unknown` field doesn't. */
  kind: 'type' | 'required' | 'unknown' | 'value';
  path: Path;
  message: string;
  /** The key is wrong, not its value. */
  at?: 'key';
}

export interface WalkOptions {
  definitions: Definitions;
  /**
   * Where the schema is from. `kubernetes`: our file of a Kubernetes version. `bundled`: our file of a project's custom
   * resources. `structural`: a CustomResourceDefinition, closed unless it says otherwise.
   */
  dialect: 'kubernetes' | 'bundled' | 'structural';
  /** Values are secret: messages show none. */
  secret: boolean;
}

/**
 * What a schema finds wrong with a value. `null` counts as absent, as it does to the API server; a string that holds a
 * placeholder may become anything.
 *
 * We walk our schemas ourselves, where the rest of this program uses ajv. Compiling the few kinds that a run meets took ajv
 * 60 to 130 ms, twice what such a run has to spare; CustomResourceDefinitions come from the manifests, and ajv turns what it
 * compiles into code; and null, placeholders, defaults and closed objects mean here what they mean to the API server.
 */
export function walk(value: unknown, schema: JsonSchema, path: Path, options: WalkOptions): Violation[] {
  const walker = new Walker(path, options);
  walker.check(value, schema);
  return walker.violations;
}

/** More than anyone reads: a list of a hundred thousand wrong items is one mistake. */
const MAX_VIOLATIONS = 50;

/** Deeper than any manifest; only a schema that refers to itself gets here. */
const MAX_DEPTH = 200;

/** Values held against schemas, of one object: a schema with many alternatives for many items shall not take forever. */
const MAX_STEPS = 500_000;

const DEFINITIONS = '#/definitions/';

type Fields = Record<string, unknown>;

class Walker {
  readonly violations: Violation[] = [];
  readonly #options: WalkOptions;
  readonly #structural: boolean;
  readonly #path: (string | number)[];
  /** The field names on the way, without list indices and map keys, as Go names a field that it can't decode. */
  readonly #fields: string[];
  /** The definition that the current value is one of, and the one that the current field stands in. */
  #struct = '';
  #owner = '';
  /** The objects on the way, from the outermost: where an unknown field may belong instead. */
  readonly #parents: { schema: JsonSchema; definitions: Definitions; depth: number }[] = [];
  #definitions: Definitions;
  /**
   * Only fields and types count: in a custom resource's copy of a Kubernetes type, of which the CRD keeps no more, and in the
   * status, which the API server reads and then drops.
   */
  #typesOnly = false;
  #steps = 0;

  constructor(path: Path, options: WalkOptions) {
    this.#options = options;
    this.#path = [...path];
    this.#fields = path.filter((step) => typeof step === 'string');
    this.#structural = options.dialect === 'structural';
    this.#definitions = options.definitions;
  }

  check(value: unknown, schema: JsonSchema): void {
    if (value === null || value === undefined || this.#isEnough()) return;
    // The schemas of CustomResourceDefinitions refer to nothing; what tries to isn't one.
    if (!this.#structural && typeof schema.$ref === 'string') this.#refer(value, schema.$ref);
    else if (this.#hasType(value, schema)) {
      if (isMap(value)) this.#checkObject(value, schema);
      else {
        if (Array.isArray(value)) this.#checkList(value, schema);
        else this.#checkScalar(value as Scalar, schema);
        this.#checkJunctors(value, schema);
      }
    }
  }

  #isEnough(): boolean {
    this.#steps++;
    return this.#path.length > MAX_DEPTH || this.violations.length >= MAX_VIOLATIONS || this.#steps > MAX_STEPS;
  }

  #refer(value: unknown, reference: string): void {
    const hash = reference.indexOf('#');
    const file = reference.slice(0, hash);
    const name = reference.slice(hash + DEFINITIONS.length);
    const [definitions, struct, typesOnly] = [this.#definitions, this.#struct, this.#typesOnly];
    if (file !== '') {
      this.#definitions = definitionsIn(file);
      this.#typesOnly = true;
    }
    this.#struct = name;
    const schema = Object.hasOwn(this.#definitions, name) ? this.#definitions[name] : undefined;
    if (schema) this.check(value, schema);
    this.#definitions = definitions;
    this.#struct = struct;
    this.#typesOnly = typesOnly;
  }

  #hasType(value: unknown, schema: JsonSchema): boolean {
    const types = typesOf(schema);
    if (types.length === 0 || types.some((type) => isOfType(value, type))) return true;
    if (mayBecomeAnything(value)) return false;
    this.#report('type', this.#path, this.#typeMessage(value, schema, types));
    return false;
  }

  #checkList(list: readonly unknown[], schema: JsonSchema): void {
    this.#checkSize(list.length, schema.minItems, schema.maxItems, 'items');
    if (!isSchema(schema.items)) return;
    for (const [i, item] of list.entries()) {
      // To the API server, null in a list of objects is an object without fields.
      const given = item === null && !this.#structural && schema.items.$ref ? {} : item;
      this.#path.push(i);
      this.check(given, schema.items);
      this.#path.pop();
    }
  }

  #checkObject(object: Fields, schema: JsonSchema): void {
    const properties = isMap(schema.properties) ? schema.properties : {};
    this.#parents.push({ schema, definitions: this.#definitions, depth: this.#path.length });
    this.#checkRequired(object, schema, properties);
    this.#checkSize(Object.keys(object).length, schema.minProperties, schema.maxProperties, 'properties');
    const others = schema.additionalProperties;
    for (const [key, value] of Object.entries(object)) {
      if (Object.hasOwn(properties, key)) this.#enter(key, value, properties[key], true);
      else if (isSchema(others)) this.#enter(key, value, others, false);
      else if (this.#isClosed(schema) && value !== null && value !== undefined && !this.#isEmbedded(key, schema))
        this.#reportUnknown(key);
      if (isSchema(schema.propertyNames)) this.#checkKey(key, schema.propertyNames);
    }
    this.#checkJunctors(object, schema);
    this.#parents.pop();
  }

  #enter(key: string, value: unknown, schema: unknown, isField: boolean): void {
    if (!isSchema(schema)) return;
    const [owner, typesOnly] = [this.#owner, this.#typesOnly];
    this.#owner = this.#struct;
    if (key === 'status' && this.#path.length === 0) this.#typesOnly = true;
    this.#path.push(key);
    if (isField) this.#fields.push(key);
    this.check(value, schema);
    if (isField) this.#fields.pop();
    this.#path.pop();
    this.#owner = owner;
    this.#typesOnly = typesOnly;
  }

  /** Whether fields that the schema doesn't list are refused: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#field-pruning */
  #isClosed(schema: JsonSchema): boolean {
    if (!this.#structural) return schema.additionalProperties === false;
    return (
      this.#inJunctor === 0 &&
      schema['x-kubernetes-preserve-unknown-fields'] !== true &&
      (schema.additionalProperties === undefined || schema.additionalProperties === false)
    );
  }

  /** What an embedded object has besides the fields that its schema lists. */
  #isEmbedded(key: string, schema: JsonSchema): boolean {
    return schema['x-kubernetes-embedded-resource'] === true && ['apiVersion', 'kind', 'metadata'].includes(key);
  }

  #checkRequired(object: Fields, schema: JsonSchema, properties: Record<string, JsonSchema>): void {
    if (this.#typesOnly || !Array.isArray(schema.required)) return;
    for (const name of schema.required) {
      if (typeof name !== 'string') continue;
      const value = Object.hasOwn(object, name) ? object[name] : undefined;
      const nullable = Object.hasOwn(properties, name) && properties[name]?.nullable === true;
      if (this.#isDefaulted(name) || !this.#isMissing(value, nullable)) continue;
      const path = [...this.#path, name];
      const gone = value === undefined || value === null;
      const message = `"${name}" is ${gone ? 'missing' : 'empty'} (${dotted(path)}: Required value)`;
      this.#report('required', gone ? this.#path : path, message);
    }
  }

  /** To Go's decoder, an empty string or list is what it makes of an absent one; to a CustomResourceDefinition it isn't. */
  #isMissing(value: unknown, nullable: boolean): boolean {
    if (value === undefined || (value === null && !nullable)) return true;
    return this.#options.dialect === 'kubernetes' && (value === '' || (Array.isArray(value) && value.length === 0));
  }

  /** Whether the API server sets a field of the current object before it validates, as an outer schema of it may say. */
  #isDefaulted(name: string): boolean {
    return this.#parents.some(
      ({ schema: { properties }, depth }) =>
        depth === this.#path.length &&
        isMap(properties) &&
        Object.hasOwn(properties, name) &&
        properties[name]?.default !== undefined,
    );
  }

  #reportUnknown(name: string): void {
    if (mayBecomeAnything(name)) return;
    const path = [...this.#path, name];
    this.#report('unknown', path, `strict decoding error: unknown field "${dotted(path)}"${this.#hint(name)}`);
  }

  /** Where an unknown field belongs, or what it was meant to be. */
  #hint(name: string): string {
    const [here] = this.#parents.slice(-1);
    if (!here) return '';
    const known = Object.keys(isMap(here.schema.properties) ? here.schema.properties : {});
    const sameWord = known.find((candidate) => candidate.toLowerCase() === name.toLowerCase());
    if (sameWord !== undefined) return `; did you mean "${sameWord}"?`;
    const above = COMMON.has(name)
      ? undefined
      : this.#parents.slice(0, -1).findLast(({ schema }) => hasField(schema, name));
    if (above) {
      const place = dotted(this.#path.slice(0, above.depth));
      return place === '' ? '; it belongs to the top level' : `; it belongs to "${place}"`;
    }
    const below = known.filter((candidate) => hasField(this.#resolve(here.schema.properties?.[candidate]), name));
    if (below.length === 1) return `; it belongs to "${dotted([...this.#path, below[0] ?? ''])}"`;
    const near = name.length < 3 ? undefined : nearestOf(name, known);
    return near === undefined ? '' : `; did you mean "${near}"?`;
  }

  #resolve(schema: JsonSchema | undefined): JsonSchema | undefined {
    const reference: unknown = schema?.$ref;
    const [file, name = ''] = typeof reference === 'string' ? reference.split(DEFINITIONS) : [];
    return file === '' && Object.hasOwn(this.#definitions, name) ? this.#definitions[name] : schema;
  }

  #checkKey(key: string, schema: JsonSchema): void {
    if (this.#typesOnly || schema.format === undefined) return;
    const wrong = formatError(schema.format, key);
    if (wrong === undefined || mayBecomeAnything(key)) return;
    const message = `${dotted(this.#path)}: Invalid value: ${JSON.stringify(key)}: ${wrong}`;
    this.violations.push({ kind: 'value', path: [...this.#path, key], message, at: 'key' });
  }

  #checkScalar(value: Scalar, schema: JsonSchema): void {
    const wrong = this.#scalarError(value, schema);
    if (wrong === undefined || mayBecomeAnything(value)) return;
    const shown = this.#options.secret ? '' : `Invalid value: ${clip(JSON.stringify(value))}: `;
    this.#report('value', this.#path, `${dotted(this.#path)}: ${shown}${wrong}`);
  }

  #scalarError(value: Scalar, schema: JsonSchema): string | undefined {
    if (schema.format === 'quantity') return typeof value === 'string' ? formatError('quantity', value) : undefined;
    if (this.#typesOnly) return undefined;
    const structural = this.#structural;
    if (Array.isArray(schema.enum) && !schema.enum.includes(value) && (structural || value !== '')) {
      return `supported values: ${schema.enum.map((each) => JSON.stringify(each)).join(', ')}`;
    }
    if (typeof value === 'number') return numberError(value, schema);
    if (typeof value !== 'string') return undefined;
    if (structural) return stringError(value, schema);
    return value === '' || schema.format === undefined ? undefined : formatError(schema.format, value);
  }

  #checkSize(size: number, least: unknown, most: unknown, what: string): void {
    if (this.#typesOnly) return;
    let wrong = '';
    if (typeof most === 'number' && size > most) wrong = `Too many: ${size}: must have at most ${most} ${what}`;
    else if (typeof least === 'number' && size < least) wrong = `Invalid value: should have at least ${least} ${what}`;
    if (wrong !== '') this.#report('value', this.#path, `${dotted(this.#path)}: ${wrong}`);
  }

  /** How many allOf, anyOf, oneOf and not the current schema is in: there, it lists only what it has something to say about. */
  #inJunctor = 0;

  #checkJunctors(value: unknown, schema: JsonSchema): void {
    if (!schema.allOf && !schema.anyOf && !schema.oneOf && !schema.not) return;
    this.#inJunctor++;
    for (const each of listOf(schema.allOf)) this.check(value, each);
    if (this.#structural && !this.#typesOnly && !holdsUnknown(value)) this.#checkAlternatives(value, schema);
    this.#inJunctor--;
  }

  /** Formats and rules (CEL) aren't checked here: a schema may be less fitting than it looks, but never more. */
  #checkAlternatives(value: unknown, schema: JsonSchema): void {
    for (const junctor of ['anyOf', 'oneOf'] as const) {
      const attempts = listOf(schema[junctor]).map((each) => this.#attempt(value, each));
      if (attempts.length > 0 && attempts.every((violations) => violations.length > 0)) {
        this.#reportAlternatives(attempts, junctor);
      }
    }
    if (isSchema(schema.not) && onlyRequires(schema.not) && this.#attempt(value, schema.not).length === 0) {
      this.#reportSchema('must not validate the schema (not)');
    }
  }

  /** Of alternatives that all fail, the one thing that is wrong where each fails for one and the same, else one message. */
  #reportAlternatives(alternatives: readonly Violation[][], junctor: string): void {
    const [first] = alternatives[0] ?? [];
    const same = first && alternatives.every(([only, ...rest]) => rest.length === 0 && only?.message === first.message);
    if (same) this.violations.push(first);
    else
      this.#reportSchema(
        `must validate ${junctor === 'anyOf' ? 'at least one' : 'one and only one'} schema (${junctor})`,
      );
  }

  #reportSchema(message: string): void {
    this.#report('value', this.#path, `${dotted(this.#path) || 'the object'} ${message}`);
  }

  /** What is wrong with a value by one of several alternatives. */
  #attempt(value: unknown, schema: JsonSchema): Violation[] {
    const before = this.violations.length;
    this.check(value, schema);
    return this.violations.splice(before);
  }

  #report(kind: Violation['kind'], path: Path, message: string): void {
    this.violations.push({ kind, path: [...path], message });
  }

  /** The server's own phrase, after what it means: https://pkg.go.dev/encoding/json#UnmarshalTypeError */
  #typeMessage(value: unknown, schema: JsonSchema, types: readonly string[]): string {
    const given = typeOf(value);
    const label = labelOf(this.#path);
    const isShown = !this.#options.secret && given !== 'object' && given !== 'array';
    const what = isShown ? `the ${given} ${clip(JSON.stringify(value))}` : ARTICLES[given];
    const means = `${label} is ${what}, not ${types.map((type) => ARTICLES[type] ?? type).join(' or ')}`;
    const cure = cureOf(value, types);
    return `${means}${cure === '' ? '' : `: ${cure}`} (${this.#phrase(value, schema, types)})`;
  }

  #phrase(value: unknown, schema: JsonSchema, types: readonly string[]): string {
    const given = typeOf(value);
    if (schema.format === 'quantity') return formatError('quantity', '') ?? '';
    if (this.#options.dialect !== 'kubernetes') {
      const field = dotted(this.#path);
      return `${field}: Invalid value: "${given}": ${field} in body must be of type ${types.join(',')}: "${given}"`;
    }
    const seen =
      given === 'boolean' ? 'bool' : given === 'number' && types[0] === 'integer' ? `number ${value}` : given;
    const field = [goName(this.#owner).name, ...this.#fields].join('.');
    const type = schema === this.#definitions[this.#struct] ? goName(this.#struct).full : goType(schema);
    return `json: cannot unmarshal ${seen} into Go struct field ${field} of type ${type}`;
  }
}

type Scalar = string | number | boolean | bigint;

/** Fields of so many objects that one further out says nothing. */
const COMMON = new Set(['apiVersion', 'kind', 'metadata', 'name', 'namespace', 'selector', 'spec', 'status', 'type']);

const ARTICLES: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'a boolean',
  integer: 'an integer',
  number: 'a number',
  object: 'a map',
  string: 'a string',
};

function isMap(value: unknown): value is Fields & Record<string, JsonSchema> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSchema(value: unknown): value is JsonSchema {
  return isMap(value);
}

function listOf(value: unknown): readonly JsonSchema[] {
  return Array.isArray(value) ? value.filter(isSchema) : [];
}

/** Whether a schema asks for nothing but that fields are there. */
function onlyRequires(schema: JsonSchema): boolean {
  return Object.entries(schema).every(([keyword, value]) =>
    keyword === 'anyOf' ? listOf(value).every(onlyRequires) : keyword === 'required',
  );
}

/** What something other than we know of may fill in: `$VAR` (envsubst), `$(VAR)` (kustomize's vars), `__VAR__`, `<VAR>`, `@VAR@`. */
const STAND_IN = /\$[A-Za-z_({$]|__[A-Z0-9_]+__|<\w+>|@\w+@|%\w+%/;

/** Whether a value or key is a text that is meant to be replaced, so that it says nothing about what the API server gets. */
export function mayBecomeAnything(value: unknown): boolean {
  return isUnknown(value) || (typeof value === 'string' && STAND_IN.test(value));
}

/** The types that a schema takes; none, and so any, where a CustomResourceDefinition names one that there isn't. */
function typesOf(schema: JsonSchema): readonly string[] {
  if (schema['x-kubernetes-int-or-string'] === true) return ['integer', 'string'];
  const types: readonly unknown[] = Array.isArray(schema.type) ? schema.type : [schema.type];
  return types.every(isType) ? types : [];
}

function isType(type: unknown): type is string {
  return typeof type === 'string' && Object.hasOwn(ARTICLES, type);
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'bigint' ? 'number' : typeof value;
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'integer') return typeof value === 'bigint' || Number.isInteger(value);
  return typeOf(value) === type;
}

function hasField(schema: JsonSchema | undefined, name: string): boolean {
  return isMap(schema?.properties) && Object.hasOwn(schema.properties, name);
}

/** `spec.containers[0].image`, as the API server writes paths. */
function dotted(path: Path): string {
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i > 0 ? '.' : ''}${step}`)).join('');
}

/** The end of a path that names its place: `image`, `args[0]`. */
function labelOf(path: Path): string {
  const from = path.findLastIndex((step) => typeof step === 'string');
  return path.length === 0 ? 'the object' : dotted(path.slice(Math.max(from, 0)));
}

function clip(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function cureOf(value: unknown, types: readonly string[]): string {
  if (types[0] === 'string' && (typeof value === 'number' || typeof value === 'boolean')) return 'quote it';
  if (typeof value !== 'string') return '';
  const bare =
    (types.some((type) => type === 'integer' || type === 'number') && /^-?\d+$/.test(value)) ||
    (types.includes('boolean') && /^(true|false)$/.test(value));
  return bare ? 'drop the quotes' : '';
}

function numberError(value: number, schema: JsonSchema): string | undefined {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  if (typeof minimum === 'number' && typeof maximum === 'number' && (value < minimum || value > maximum)) {
    return `must be between ${minimum} and ${maximum}, inclusive`;
  }
  if (typeof minimum === 'number' && (exclusiveMinimum === true ? value <= minimum : value < minimum)) {
    return `must be greater than ${exclusiveMinimum === true ? '' : 'or equal to '}${minimum}`;
  }
  if (typeof maximum === 'number' && (exclusiveMaximum === true ? value >= maximum : value > maximum)) {
    return `must be less than ${exclusiveMaximum === true ? '' : 'or equal to '}${maximum}`;
  }
  if (schema.format === 'int32' && (value > 2 ** 31 - 1 || value < -(2 ** 31))) return 'must fit in 32 bits';
  return undefined;
}

function stringError(value: string, schema: JsonSchema): string | undefined {
  const { minLength, maxLength, pattern } = schema;
  const length = typeof minLength === 'number' || typeof maxLength === 'number' ? [...value].length : 0;
  if (typeof maxLength === 'number' && length > maxLength) return `must be at most ${maxLength} characters long`;
  if (typeof minLength === 'number' && length < minLength) return `must be at least ${minLength} characters long`;
  if (typeof pattern === 'string' && matches(pattern, value) === false) return `must match '${pattern}'`;
  return undefined;
}

/** A definition's Go type: `v1.Container` for `V1Container`, `v1.EndpointPort` for `CoreV1EndpointPort`. */
function goName(definition: string): { name: string; full: string } {
  const [, version = '', name = definition] =
    /^(?:[A-Z][a-z]+)?(V\d+(?:(?:alpha|beta)\d+)?)(.+)$/.exec(definition) ?? [];
  return { name, full: `${version.toLowerCase()}.${name}` };
}

/** A field's Go type, as the decoder names it: the first of two that a field takes. */
function goType(schema: JsonSchema): string {
  if (schema.$ref) return goName(schema.$ref.split('/').at(-1) ?? '').full;
  switch (typesOf(schema)[0]) {
    case 'integer':
      return schema.format === 'int64' ? 'int64' : 'int32';
    case 'number':
      return 'float64';
    case 'boolean':
      return 'bool';
    case 'array':
      return `[]${goType(schema.items ?? {})}`;
    case 'object': {
      const values = isSchema(schema.additionalProperties) ? schema.additionalProperties : {};
      return values.format === 'quantity' ? 'v1.ResourceList' : `map[string]${goType(values)}`;
    }
    default:
      return schema.format === 'byte' ? '[]uint8' : 'string';
  }
}
