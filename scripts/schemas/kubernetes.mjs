import { FIELDS, QUANTITIES, REFINEMENTS, REQUIRED } from './kubernetes-facts.mjs';

/** @typedef {Record<string, unknown>} Schema */
/** @typedef {{ baseName: string, type: string, format?: string }} Attribute */
/** @typedef {{ kinds: Record<string, Record<string, string>>, clusterScoped: Set<string>, namespaced: Set<string>, definitions: Record<string, Schema> }} Release */

/** The files of `@kubernetes/client-node` that say which types there are and which are served. */
export const CLIENT_NODE_FILES =
  /^dist\/gen\/(models?\/[A-Za-z0-9]+\.js|apis?\/[A-Za-z0-9]+Api\.js|index\.js|api\/apis\.js)$/;

/**
 * The JSON Schemas of one Kubernetes version, from the files of `@kubernetes/client-node`.
 *
 * @param {Map<string, string>} files
 * @param {Map<string, string>} formats of attributes, by `Type.attribute`, for releases that don't carry them
 * @returns {Release}
 */
export function kubernetesSchemas(files, formats) {
  const models = readModels(files);
  /** @type {Release} */
  const release = { kinds: {}, clusterScoped: new Set(), namespaced: new Set(), definitions: {} };
  for (const { group, version, namespaced, type } of servedTypes(files)) {
    const kind = plainName(type);
    const apiVersion = group === '' ? version : `${group}/${version}`;
    release.kinds[apiVersion] ??= {};
    release.kinds[apiVersion][kind] = type;
    (namespaced ? release.namespaced : release.clusterScoped).add(`${group}/${kind}`);
    define(type);
  }
  return release;

  /** @param {string} type */
  function define(type) {
    if (Object.hasOwn(release.definitions, type)) return;
    const attributes = models.get(type);
    if (!attributes) throw new Error(`no model ${type}`);
    const name = plainName(type);
    /** @type {Record<string, Schema>} */
    const properties = {};
    const definition = { type: 'object', properties, additionalProperties: false };
    release.definitions[type] = definition;
    for (const { baseName, type: declared, format } of attributes) {
      const key = `${name}.${baseName}`;
      const schema = schemaOf(declared, format ?? formats.get(`${type}.${baseName}`) ?? '', key);
      // Beside a $ref, JSON Schema ignores everything else.
      properties[baseName] = REFINEMENTS[key] ? { allOf: [schema, REFINEMENTS[key]] } : schema;
    }
    const required = Object.keys(properties).filter((property) => REQUIRED.has(`${name}.${property}`));
    if (required.length > 0) Object.assign(definition, { required });
  }

  /**
   * @param {string} declared
   * @param {string} format
   * @param {string} key
   * @returns {Schema}
   */
  function schemaOf(declared, format, key) {
    const list = /^Array<(.*)>$/.exec(declared);
    if (list) return { type: 'array', items: schemaOf(list[1], format, key) };
    const map = /^\{ \[key: string\]: (.*); \}$/.exec(declared);
    if (map) return { type: 'object', additionalProperties: schemaOf(map[1], format, key) };
    switch (declared) {
      case 'any':
      case 'object':
        return {};
      case 'IntOrString':
        return { type: ['integer', 'string'], ...FIELDS[key] };
      case 'Date':
      case 'V1MicroTime':
        return { type: 'string', format: 'date-time' };
      case 'boolean':
        return { type: 'boolean' };
      case 'number':
        return { ...(format === 'double' ? { type: 'number' } : { type: 'integer', format }), ...FIELDS[key] };
      case 'string':
        if (QUANTITIES.has(key)) return { type: ['string', 'number'], format: 'quantity' };
        if (format === 'byte') return { type: 'string', format };
        return { type: 'string', ...FIELDS[key] };
      default:
        define(declared);
        return { $ref: `#/definitions/${declared}` };
    }
  }
}

/**
 * The formats of attributes, by `Type.attribute`.
 *
 * @param {Map<string, string>} files
 */
export function attributeFormats(files) {
  const entries = [...readModels(files)].flatMap(([type, attributes]) =>
    attributes.map(({ baseName, format }) => /** @type {const} */ ([`${type}.${baseName}`, format ?? ''])),
  );
  return new Map(entries);
}

/**
 * A type's name without its version: `Deployment` for `V1Deployment`, `Event` for `CoreV1Event`.
 *
 * @param {string} type
 */
function plainName(type) {
  return type.replace(/^([A-Z][a-z]+)?V\d+((alpha|beta)\d+)?/, '');
}

/**
 * The attributes of each type. They are written as JSON in the middle of generated code, which is only read as text.
 *
 * @param {Map<string, string>} files
 */
function readModels(files) {
  /** @type {Map<string, Attribute[]>} */
  const models = new Map();
  for (const [path, text] of files) {
    const match = /^dist\/gen\/models?\//.test(path) && /(\w+)\.attributeTypeMap = (\[[\s\S]*?\n\]);/.exec(text);
    if (match) models.set(match[1], JSON.parse(match[2]));
  }
  return models;
}

/**
 * What the API serves: the types that can be created at a collection's path. Packages keep the files of APIs that are gone;
 * only those that the index exports count.
 *
 * @param {Map<string, string>} files
 */
function servedTypes(files) {
  const index = files.get('dist/gen/api/apis.js') ?? files.get('dist/gen/index.js') ?? '';
  const served = [];
  for (const [path, text] of files) {
    const api = /^dist\/gen\/apis?\/([A-Za-z0-9]+Api)\.js$/.exec(path)?.[1];
    if (!api || !new RegExp(`\\b(Object)?${api}\\b`, 'i').test(index)) continue;
    for (const method of text.split(/\n {4}(?:async )?(?=[a-z]\w+\()/)) {
      const collection =
        /^create\w+\([\s\S]*?localVarPath = [^;]*?'\/(?:api|apis\/([^/']+))\/(v\w+)\/(namespaces\/\{namespace\}\/)?\w+'/.exec(
          method,
        );
      const type = /serialize\(body, "(\w+)"/.exec(method)?.[1];
      if (!collection || !type || type === 'any' || type === 'object') continue;
      const [, group = '', version, namespace] = collection;
      served.push({ group, version, namespaced: namespace !== undefined, type });
    }
  }
  return served;
}
