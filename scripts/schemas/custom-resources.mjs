import { posix } from 'node:path';
import ts from 'typescript';

/** @typedef {Record<string, unknown>} Schema */
/** @typedef {{ kinds: Record<string, Record<string, string>>, definitions: Record<string, Schema> }} Release */

/** @typedef {{ member: ts.TypeElement | undefined, path: string }} Member */

/** The files of a `@kubernetes-models` package that declare its types. Its code is compiled validators, of no use here. */
export const DECLARATIONS = /\.d\.ts$/;

/** @type {Member} */
const UNKNOWN = { member: undefined, path: '' };

/** Types of Kubernetes itself whose JSON isn't what their declaration says, by the path they are imported from. */
const KUBERNETES_TYPES = /** @type {Record<string, Schema>} */ ({
  'apimachinery/api/resource/Quantity': { type: ['string', 'number'], format: 'quantity' },
  'apimachinery/apis/meta/v1/Duration': { type: 'string' },
  'apimachinery/apis/meta/v1/FieldsV1': {},
  'apimachinery/apis/meta/v1/MicroTime': { type: 'string', format: 'date-time' },
  'apimachinery/apis/meta/v1/Time': { type: 'string', format: 'date-time' },
  'apimachinery/runtime/RawExtension': {},
  'apimachinery/util/intstr/IntOrString': { type: ['integer', 'string'] },
  'kubernetes-models/apiextensions.k8s.io/v1/JSON': {},
});

/**
 * The JSON Schemas of the custom resources that a `@kubernetes-models` package declares, by API group. Types of Kubernetes
 * itself become references into `kubernetes.file`. An object is closed where its declaration lists fields: declarations
 * don't keep x-kubernetes-preserve-unknown-fields, so `open` names the types, or the paths below them, that have it.
 *
 * @param {Map<string, string>} files
 * @param {{ file: string, types: ReadonlySet<string> }} kubernetes where its definitions are, and which there are
 * @param {ReadonlySet<string>} open as `Type` or `Kind.path.to.field`, where `[]` stands for a list's or a map's values
 * @returns {Map<string, Release>}
 */
export function customResourceSchemas(files, kubernetes, open) {
  /** @type {Map<string, Release>} */
  const groups = new Map();
  /** @type {Map<string, ts.InterfaceDeclaration | ts.TypeAliasDeclaration | undefined>} */
  const declarations = new Map();
  for (const path of [...files.keys()].sort()) {
    const declaration = declarationIn(path);
    if (!declaration || !ts.isInterfaceDeclaration(declaration)) continue;
    const apiVersion = literalOf(declaration, 'apiVersion');
    const kind = literalOf(declaration, 'kind');
    const [group, version] = apiVersion?.split('/') ?? [];
    if (!group || !version || !kind || hasProperty(declaration, 'items')) continue;
    const release = groups.get(group) ?? { kinds: {}, definitions: {} };
    groups.set(group, release);
    release.kinds[version] ??= {};
    release.kinds[version][kind] = define(path, release);
  }
  return groups;

  /**
   * The name of a file's type among the definitions.
   *
   * @param {string} path
   * @param {Release} release
   * @returns {string}
   */
  function define(path, release) {
    const name = definitionName(path);
    if (!Object.hasOwn(release.definitions, name)) {
      const declaration = declarationIn(path);
      if (!declaration) throw new Error(`no type in ${path}`);
      const at = declaration.name.text.slice(1);
      release.definitions[name] = {};
      release.definitions[name] = ts.isInterfaceDeclaration(declaration)
        ? objectSchema(membersOf(declaration, path), { release, at })
        : schemaOf(declaration.type, { path, release, at });
    }
    return name;
  }

  /**
   * @param {ts.TypeNode} type
   * @param {{ path: string, release: Release, at: string }} context
   * @returns {Schema}
   */
  function schemaOf(type, context) {
    switch (type.kind) {
      case ts.SyntaxKind.StringKeyword:
        return { type: 'string' };
      case ts.SyntaxKind.NumberKeyword:
        return { type: 'number' };
      case ts.SyntaxKind.BooleanKeyword:
        return { type: 'boolean' };
      case ts.SyntaxKind.AnyKeyword:
      case ts.SyntaxKind.UnknownKeyword:
        return {};
    }
    if (ts.isParenthesizedTypeNode(type)) return schemaOf(type.type, context);
    if (ts.isLiteralTypeNode(type)) return literals([type]);
    if (ts.isUnionTypeNode(type)) {
      if (type.types.every(ts.isLiteralTypeNode)) return literals(type.types);
      const schemas = type.types.map((member) => schemaOf(member, context).type);
      if (schemas.every((member) => typeof member === 'string')) return { type: schemas };
      return {};
    }
    if (ts.isTypeLiteralNode(type)) {
      const members = type.members.map((member) => ({ member, path: context.path }));
      return objectSchema(members, context);
    }
    if (ts.isTypeReferenceNode(type) && ts.isIdentifier(type.typeName)) {
      if (type.typeName.text === 'Array') {
        const [item] = type.typeArguments ?? [];
        return { type: 'array', items: item ? schemaOf(item, { ...context, at: `${context.at}[]` }) : {} };
      }
      return referenceTo(type.typeName.text, context);
    }
    // An object and what its fields must be together (`{…} & ({…} | {…})`): only the first lists them all.
    if (ts.isIntersectionTypeNode(type)) return schemaOf(type.types[0], context);
    throw new Error(`${context.path}: what is ${ts.SyntaxKind[type.kind]}?`);
  }

  /**
   * @param {Member[]} members
   * @param {{ release: Release, at: string }} context
   * @returns {Schema}
   */
  function objectSchema(members, { release, at }) {
    /** @type {Record<string, Schema>} */
    const properties = {};
    /** @type {string[]} */
    const required = [];
    /** @type {Schema | false} */
    let additionalProperties = false;
    for (const { member, path } of members) {
      if (member === undefined) additionalProperties = {};
      else if (ts.isIndexSignatureDeclaration(member)) {
        additionalProperties = schemaOf(member.type, { path, release, at: `${at}[]` });
      } else if (ts.isPropertySignature(member) && member.type) {
        const name = nameOf(member);
        properties[name] = schemaOf(member.type, { path, release, at: `${at}.${name}` });
        if (!member.questionToken) required.push(name);
      }
    }
    // What Kubernetes handles itself; the status isn't what people write, and packages leave it out now and then.
    if (Object.hasOwn(properties, 'apiVersion') && Object.hasOwn(properties, 'kind') && !at.includes('.')) {
      Object.assign(properties, { apiVersion: {}, kind: {}, metadata: {}, status: {} });
    }
    const closed = additionalProperties === false;
    if (closed && (members.length === 0 || open.has(at))) return { type: 'object' };
    return {
      type: 'object',
      ...(Object.keys(properties).length > 0 && { properties }),
      additionalProperties,
      ...(required.length > 0 && { required }),
    };
  }

  /**
   * @param {string} name
   * @param {{ path: string, release: Release }} context
   * @returns {Schema}
   */
  function referenceTo(name, { path, release }) {
    const specifier = importsOf(path).get(name);
    if (specifier === undefined) throw new Error(`${path}: where is ${name}?`);
    if (specifier.startsWith('.')) {
      return { $ref: `#/definitions/${define(fileOf(specifier, path), release)}` };
    }
    const type = specifier
      .replace(/^@kubernetes-models\//, '')
      .replace(/^kubernetes-models\/apimachinery\/pkg\//, 'apimachinery/');
    if (KUBERNETES_TYPES[type]) return KUBERNETES_TYPES[type];
    const [, group = 'core', version = '', plain = ''] =
      /^(?:kubernetes-models|apimachinery\/apis)\/(?:(\w+)[\w.]*\/)?(v\w+)\/(\w+)$/.exec(type) ?? [];
    const known = [capitalize(group), '']
      .map((prefix) => `${prefix}${capitalize(version)}${plain}`)
      .find((candidate) => kubernetes.types.has(candidate));
    return known ? { $ref: `${kubernetes.file}#/definitions/${known}` } : {};
  }

  /**
   * An interface's own members and those it inherits, with the file that each is written in; UNKNOWN where it inherits
   * from what isn't in the package.
   *
   * @param {ts.InterfaceDeclaration} declaration
   * @param {string} path
   * @returns {Member[]}
   */
  function membersOf(declaration, path) {
    const inherited = (declaration.heritageClauses ?? [])
      .flatMap((clause) => clause.types)
      .flatMap(({ expression }) => {
        const specifier = importsOf(path).get(expression.getText(declaration.getSourceFile()));
        if (specifier === '@kubernetes-models/base') return [];
        const target = specifier?.startsWith('.') ? fileOf(specifier, path) : undefined;
        const parent = target && declarationIn(target);
        return parent && ts.isInterfaceDeclaration(parent) ? membersOf(parent, target) : [UNKNOWN];
      });
    return [...inherited, ...declaration.members.map((member) => ({ member, path }))];
  }

  /**
   * The type that a file declares: each has one, and a class of the same shape.
   *
   * @param {string} path
   */
  function declarationIn(path) {
    if (!declarations.has(path)) {
      const source = ts.createSourceFile(path, files.get(path) ?? '', ts.ScriptTarget.Latest, true);
      declarations.set(
        path,
        source.statements.find(
          (statement) =>
            ts.isInterfaceDeclaration(statement) ||
            (ts.isTypeAliasDeclaration(statement) && statement.name.text.startsWith('I')),
        ),
      );
    }
    return declarations.get(path);
  }

  /**
   * Where the names that a file imports come from.
   *
   * @param {string} path
   */
  function importsOf(path) {
    const imports = [...(files.get(path) ?? '').matchAll(/^import \{ ([^}]*) \} from "([^"]*)";$/gm)];
    return new Map(imports.flatMap(([, names, from]) => names.split(', ').map((name) => [name, from])));
  }
}

/** @param {string} specifier as imported by `path` @param {string} path */
function fileOf(specifier, path) {
  return posix.join(posix.dirname(path), specifier.replace(/\.js$/, '')).concat('.d.ts');
}

/** The file of a type as the name of its definition: `v1.Certificate`, `dynamic.AddPrefix`. @param {string} path */
function definitionName(path) {
  return path
    .replace(/\.d\.ts$/, '')
    .split('/')
    .slice(-2)
    .join('.');
}

/** @param {readonly ts.TypeNode[]} types @returns {Schema} */
function literals(types) {
  const values = types.map((type) => {
    if (!ts.isLiteralTypeNode(type)) throw new Error('not a literal');
    if (ts.isStringLiteral(type.literal)) return type.literal.text;
    if (ts.isNumericLiteral(type.literal)) return Number(type.literal.text);
    return type.literal.kind === ts.SyntaxKind.TrueKeyword;
  });
  const [kind] = new Set(values.map((value) => typeof value));
  return { type: kind, enum: values };
}

/** @param {ts.InterfaceDeclaration} declaration @param {string} name */
function literalOf(declaration, name) {
  const type = declaration.members.find((member) => nameOf(member) === name);
  return type &&
    ts.isPropertySignature(type) &&
    type.type &&
    ts.isLiteralTypeNode(type.type) &&
    ts.isStringLiteral(type.type.literal)
    ? type.type.literal.text
    : undefined;
}

/** @param {ts.InterfaceDeclaration} declaration @param {string} name */
function hasProperty(declaration, name) {
  return declaration.members.some((member) => nameOf(member) === name);
}

/** @param {ts.TypeElement} member */
function nameOf(member) {
  return member.name && (ts.isStringLiteral(member.name) || ts.isIdentifier(member.name)) ? member.name.text : '';
}

/** @param {string} text */
function capitalize(text) {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
