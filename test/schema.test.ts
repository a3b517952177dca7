import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import Ajv from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../src/resource.ts';
import { bundleOf, type JsonSchema, kubernetesIndex, kubernetesRelease } from '../src/schema/files.ts';
import { formatError } from '../src/schema/formats.ts';
import { matches } from '../src/schema/pattern.ts';
import { Schemas } from '../src/schema/validate.ts';
import { readYaml } from '../src/yaml.ts';

const read = (text: string) => readYaml(text)[0]?.value as Record<string, unknown>;

function schemas(kubernetesVersion?: string, crds: unknown[] = []) {
  return new Schemas({
    crds: crds as KubernetesObject[],
    ...(kubernetesVersion === undefined ? {} : { kubernetesVersion }),
  });
}

/** What is wrong, as `kind path message`. */
function problems(object: unknown, using = schemas()) {
  return using.validate(object).errors.map(({ kind, path, message }) => `${kind} ${path.join('/')} ${message}`);
}

const deployment = (container: object = {}, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'nginx', ...container }] },
    },
    ...spec,
  },
});

const configMap = (fields: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, ...fields });

const crd = (schema: object, fields: object = {}) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'backups.example.org' },
  spec: {
    group: 'example.org',
    scope: 'Namespaced',
    names: { kind: 'Backup', plural: 'backups' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    ...fields,
  },
});

const backup = (spec: unknown, fields: object = {}) => ({
  apiVersion: 'example.org/v1',
  kind: 'Backup',
  metadata: { name: 'a' },
  spec,
  ...fields,
});

/** What a CRD whose spec has this schema finds wrong with a spec. */
function judge(specSchema: object, spec: unknown) {
  const definition = crd({ type: 'object', properties: { spec: specSchema } });
  return problems(backup(spec), schemas('1.34', [definition]));
}

describe('the schema files', () => {
  it('are what the published packages give', { timeout: 180_000 }, async () => {
    const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'schemas', '--', '--check']);
    const count = readdirSync('schemas/kubernetes').length + readdirSync('schemas/crds').length;
    expect(stdout).toBe(`${count} of ${count} schema files are what the packages give\n`);
  });

  it('stay small', () => {
    const sizes = ['kubernetes', 'crds'].flatMap((directory) =>
      readdirSync(`schemas/${directory}`).map((name) => readFileSync(`schemas/${directory}/${name}`).length),
    );
    expect(sizes.reduce((a, b) => a + b)).toBeLessThan(6_000_000);
    expect(Math.max(...sizes)).toBeLessThan(800_000);
  });

  it('refer to definitions that are there', () => {
    const kubernetes = kubernetesRelease('1.36').definitions;
    for (const group of readdirSync('schemas/crds').map((name) => name.replace(/\.json$/, ''))) {
      for (const { kinds, definitions } of bundleOf(group)?.releases ?? []) {
        const references = [...JSON.stringify(definitions).matchAll(/"\$ref":"([^"]*)"/g)].map(([, ref = '']) => ref);
        const missing = references.filter((reference) => {
          const [file, name = ''] = reference.split('#/definitions/');
          return !Object.hasOwn(file === '' ? definitions : kubernetes, name);
        });
        const roots = Object.values(kinds).flatMap((names) => Object.values(names));
        expect([group, missing, roots.filter((name) => !Object.hasOwn(definitions, name))]).toEqual([group, [], []]);
      }
    }
  });

  it('hold all six versions', () => {
    expect(kubernetesIndex().versions).toEqual(['1.29', '1.30', '1.32', '1.33', '1.34', '1.36']);
    for (const version of kubernetesIndex().versions) {
      expect(Object.keys(kubernetesRelease(version).kinds['apps/v1'] ?? {})).toEqual([
        'ControllerRevision',
        'DaemonSet',
        'Deployment',
        'ReplicaSet',
        'StatefulSet',
      ]);
    }
  });

  it('are JSON Schemas that mean to ajv what they mean here', () => {
    const release = kubernetesRelease('1.34');
    const ajv = new Ajv.default({ strict: false, allErrors: true, validateFormats: false });
    ajv.addSchema({ $id: 'k8s', ...release });
    const validate = ajv.getSchema('k8s#/definitions/V1Deployment');
    const using = schemas('1.34');
    let different = 0;
    for (const object of mutants(deployment({ env: [{ name: 'A', value: 'b' }], ports: [{ containerPort: 80 }] }))) {
      validate?.(object);
      const theirs = (validate?.errors ?? [])
        .filter(({ keyword }) => keyword === 'type' || keyword === 'additionalProperties')
        .map(({ instancePath, params }) =>
          [...instancePath.split('/').slice(1), params.additionalProperty ?? ''].join('/'),
        );
      const ours = using
        .validate(object)
        .errors.filter(({ kind }) => kind === 'type' || kind === 'unknown')
        .map(({ kind, path }) => [...path, ...(kind === 'type' ? [''] : [])].join('/'));
      if ([...new Set(theirs)].sort().join() !== [...ours].sort().join()) different++;
    }
    expect(different).toBe(0);
  });
});

/** The object with each value in it replaced by one of every other type, and with a field too many. */
function* mutants(object: object): Generator<object> {
  const paths: (string | number)[][] = [];
  const visit = (value: unknown, path: (string | number)[]) => {
    if (path.length > 0 && path[0] !== 'apiVersion' && path[0] !== 'kind') paths.push(path);
    if (typeof value !== 'object' || value === null) return;
    for (const [key, item] of Object.entries(value)) visit(item, [...path, Array.isArray(value) ? Number(key) : key]);
  };
  visit(object, []);
  for (const path of paths) {
    for (const replacement of ['x', 7, 1.5, true, { bogus: 1 }, ['x'], [{ bogus: 1 }]]) {
      const copy = structuredClone(object);
      let parent = copy as Record<string | number, unknown>;
      for (const step of path.slice(0, -1)) parent = parent[step] as typeof parent;
      parent[path.at(-1) ?? ''] = replacement;
      yield copy;
    }
  }
}

describe('Kubernetes versions', () => {
  const at = (version: string | undefined, object: object) =>
    schemas(version)
      .validate(object)
      .errors.map(({ kind, path }) => `${kind} ${path.at(-1)}`);
  // stopSignal came with 1.33, the pod's own resources with 1.32.
  const stopSignal = deployment({ lifecycle: { stopSignal: 'SIGTERM' } });
  const podResources = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a' },
    spec: { containers: [{ name: 'a', image: 'b' }], resources: { limits: { cpu: 1 } } },
  };

  it.each([
    ['1.29', ['unknown stopSignal']],
    ['1.32', ['unknown stopSignal']],
    ['1.33', []],
    ['v1.34.2+k3s1', []],
    ['1.36', []],
    // Without a schema: both neighbours must lack the field, below and above the nearest one.
    ['1.31', ['unknown stopSignal']],
    ['1.28', ['unknown stopSignal']],
    ['1.35', []],
    ['1.40', []],
    ['latest', []],
    [undefined, []],
  ])('%s', (version, expected) => {
    expect(at(version, stopSignal)).toEqual(expected);
  });

  it('takes a field that one neighbour knows', () => {
    expect(at('1.30', podResources)).toEqual(['unknown resources']);
    expect(at('1.31', podResources)).toEqual([]);
    expect(at('1.32', podResources)).toEqual([]);
  });

  it('leaves a kind alone that only one neighbour serves, or none', () => {
    const claim = { apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: { name: 'a' }, spec: { x: 1 } };
    expect(schemas('1.33').validate(claim).errors).toHaveLength(1);
    expect(schemas('1.32').validate(claim)).toEqual({ errors: [], unchecked: true });
    const reviews = { apiVersion: 'resource.k8s.io/v1alpha2', kind: 'ResourceClass', metadata: { name: 'a' } };
    expect(schemas('1.30').validate(reviews).unchecked).toBeUndefined();
    expect(schemas('1.31').validate(reviews)).toEqual({ errors: [], unchecked: true });
  });
});

describe('built-in kinds', () => {
  it.each([
    ['of what is fine', deployment({ env: [{ name: 'A', value: '' }] }), []],
    ['null for a list', deployment({ ports: null, env: null, command: null }), []],
    ['null for a value', deployment({ env: [{ name: 'A', value: null }] }), []],
    ['null where a field is needed', deployment({ image: null }), ['image" is missing']],
    ['an empty string where a value is needed', deployment({ image: '' }), ['image" is empty']],
    [
      'an empty list where one is needed',
      deployment({}, { template: { spec: { containers: [] } } }),
      ['containers" is empty'],
    ],
    ['null in a list of objects', deployment({ ports: [null] }), ['containerPort" is missing']],
    ['null in a list of strings', deployment({ args: [null] }), []],
    ['an unknown field that is null', deployment({ bogus: null }), []],
    [
      'an enumeration',
      deployment({ imagePullPolicy: 'always' }),
      ['supported values: "Always", "IfNotPresent", "Never"'],
    ],
    ['an empty enumeration', deployment({ imagePullPolicy: '' }), []],
    ['a percentage', deployment({}, { strategy: { rollingUpdate: { maxSurge: '50%' } } }), []],
    ['no percentage', deployment({}, { strategy: { rollingUpdate: { maxSurge: '1' } } }), ['valid percent string']],
    ['an integer or a string', deployment({ livenessProbe: { httpGet: { port: 'http' } } }), []],
    ['neither', deployment({ livenessProbe: { httpGet: { port: 8.5 } } }), ['of type int32']],
    ['a port name', deployment({ livenessProbe: { httpGet: { port: 'a-very-long-port-name' } } }), ['15 characters']],
    ['a port number', deployment({ ports: [{ containerPort: 65536 }] }), ['between 1 and 65535']],
    [
      'a whole number with a fraction',
      deployment({}, { replicas: 1.5 }),
      ['cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32'],
    ],
    ['a quantity', deployment({ resources: { limits: { cpu: 0.5, memory: '1Gi' } } }), []],
    ['no quantity', deployment({ resources: { limits: { memory: '1GB' } } }), ['quantities must match']],
    ['a list for a map', deployment({ resources: { limits: [] } }), ['of type v1.ResourceList']],
    [
      'a text for an object',
      deployment({}, { template: 'x' }),
      ['Go struct field DeploymentSpec.spec.template of type v1.PodTemplateSpec'],
    ],
    ['a map for a list', deployment({ ports: {} }), ['of type []v1.ContainerPort']],
    [
      'restartPolicy of a Deployment',
      deployment({}, { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'b' }] } } }),
      ['supported values: "Always"'],
    ],
    ['a text for metadata', configMap({ metadata: 'x' }), ['of type v1.ObjectMeta']],
    ['no name', configMap({ metadata: {} }), ['"name" is missing']],
    ['an empty name', configMap({ metadata: { name: '', generateName: null } }), ['"name" is missing']],
    ['no metadata', configMap({ metadata: null }), ['"name" is missing']],
    ['generateName', configMap({ metadata: { generateName: 'a-' } }), []],
    ['a name', configMap({ metadata: { name: 'A' } }), ['RFC 1123 subdomain']],
    ['a label', configMap({ metadata: { name: 'a', labels: { a: 'x y' } } }), ['a valid label']],
    ['a key of a label', configMap({ metadata: { name: 'a', labels: { 'a b': 'x' } } }), ['name part must consist']],
    [
      'a key of an annotation',
      configMap({ metadata: { name: 'a', annotations: { 'a b': 'x' } } }),
      ['name part must consist'],
    ],
    ['a key of the data', configMap({ data: { 'a/b': 'x' } }), ['a valid config key']],
    ['binary data', configMap({ binaryData: { a: 'aGk' } }), ['illegal base64 data']],
    [
      'an unknown field of metadata',
      configMap({ metadata: { name: 'a', label: {} } }),
      ['unknown field "metadata.label"; did you mean "labels"?'],
    ],
    ['a field of metadata', configMap({ labels: {} }), ['it belongs to "metadata"']],
    ['another case', configMap({ Data: {} }), ['did you mean "data"?']],
    [
      'a path segment',
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'a:b/c' } },
      ["may not contain '/'"],
    ],
    ['a LimitRange without a name', { apiVersion: 'v1', kind: 'LimitRange', metadata: {}, spec: { limits: [] } }, []],
    ['a review without a name', { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec: {} }, []],
  ])('%s', (_, object, expected) => {
    const found = problems(object, schemas('1.34'));
    expect(found.map((problem, i) => (problem.includes(expected[i] ?? '?') ? expected[i] : problem))).toEqual(expected);
  });

  it.each([
    '${X}',
    'a-$(X)',
    '{{ .Values.x }}',
    '<path:secret/x#y>',
    'ENC[AES256_GCM,data:x]',
    '$X',
    '__X__',
    '@X@',
    '<X>',
  ])('says nothing of %s, whatever belongs there', (text) => {
    const object = deployment(
      { imagePullPolicy: text, env: text, resources: { limits: { cpu: text } }, ports: [{ containerPort: text }] },
      { replicas: text, [text]: 1 },
    );
    const named = { ...object, metadata: { name: text, labels: { [text]: text }, annotations: text } };
    expect(problems(named)).toEqual([]);
  });

  it('says each thing once, though two schemas say it', () => {
    const object = deployment(
      {},
      { template: { spec: { restartPolicy: 'always', containers: [{ name: 'a', image: 'b' }] } } },
    );
    expect(problems(object)).toHaveLength(1);
    expect(problems(configMap({ metadata: 'x' }))).toHaveLength(1);
  });

  it('shows no value of a Secret', () => {
    const secret = (fields: object) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, ...fields });
    const all = [
      ...problems(secret({ data: { a: 'hunter2!', b: 31337, c: ['hunter2'] } })),
      ...problems(secret({ stringData: { a: 31337, b: { hunter2: 'hunter2' } }, type: 31337 })),
    ];
    expect(all).toHaveLength(6);
    expect(all.filter((problem) => /hunter2|31337/.test(problem))).toEqual([]);
  });

  it('passes over objects that SOPS decrypts', () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', data: 5, bogus: 1, sops: { mac: 'x' } };
    expect(schemas().validate(secret)).toEqual({ errors: [] });
    expect(problems(configMap({ sops: 'x' }))).toHaveLength(1);
  });
});

describe('edges', () => {
  const of = (type: string, keywords: object, value: unknown) =>
    judge({ type: 'object', properties: { a: { type, ...keywords } } }, { a: value }).length;

  it.each<[string, object, unknown[], unknown[]]>([
    ['number', { minimum: 1, maximum: 3 }, [1, 3], [0.9, 3.1]],
    ['number', { minimum: 1 }, [1, 2], [0]],
    ['number', { maximum: 1 }, [1, 0], [2]],
    ['number', { minimum: 1, exclusiveMinimum: true }, [1.1], [1]],
    ['number', { maximum: 1, exclusiveMaximum: true }, [0.9], [1]],
    ['string', { minLength: 1 }, ['a', 'ab'], ['']],
    ['string', { maxLength: 1 }, ['', 'a'], ['ab']],
    ['array', { minItems: 1 }, [[1], [1, 2]], [[]]],
    ['array', { maxItems: 1 }, [[], [1]], [[1, 2]]],
    ['array', {}, [[], [1, 2]], [{}]],
  ])('%s %o', (type, keywords, good, bad) => {
    expect(good.filter((value) => of(type, keywords, value) > 0)).toEqual([]);
    expect(bad.filter((value) => of(type, keywords, value) === 0)).toEqual([]);
  });

  it('32 bits are what Kubernetes counts with', () => {
    const priority = (value: number) =>
      problems({ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'a' }, value });
    expect([2147483647, -2147483648].flatMap(priority)).toEqual([]);
    expect([2147483648, -2147483649].flatMap(priority)).toHaveLength(2);
  });

  it('a cure is offered where it is one', () => {
    const cures = (type: string, value: unknown) =>
      judge({ type: 'object', properties: { a: { type } } }, { a: value }).map(
        (problem) => /: (quote it|drop the quotes) \(/.exec(problem)?.[1],
      );
    expect(cures('string', 5)).toEqual(['quote it']);
    expect(cures('string', [])).toEqual([undefined]);
    expect(cures('integer', '5')).toEqual(['drop the quotes']);
    expect(cures('number', '5')).toEqual(['drop the quotes']);
    expect(cures('integer', 'five')).toEqual([undefined]);
    expect(cures('boolean', 'true')).toEqual(['drop the quotes']);
    expect(cures('boolean', '5')).toEqual([undefined]);
    expect(cures('array', '5')).toEqual([undefined]);
  });

  it('long values are cut', () => {
    const shown = (length: number) =>
      judge({ type: 'object', properties: { a: { type: 'integer' } } }, { a: 'x'.repeat(length) })[0];
    expect(shown(58)).toContain(`"${'x'.repeat(58)}",`);
    expect(shown(59)).toContain(`"${'x'.repeat(58)}…,`);
  });
});

describe('a status', () => {
  const written = (fields: object) =>
    problems({ ...crd({ type: 'object', properties: {} }), status: { ...fields, conditions: [], storedVersions: [] } });

  it('is read for its types, and then dropped', () => {
    // What older controller-gen writes into every CRD.
    expect(written({ acceptedNames: { kind: '', plural: '' } })).toEqual([]);
    expect(written({ acceptedNames: { kind: 5, plurals: '' } }).map((problem) => problem.split(' ')[0])).toEqual([
      'type',
      'unknown',
    ]);
  });
});

describe('anything at all', () => {
  it('never throws, hangs or reaches a prototype', () => {
    const keys = [
      'apiVersion',
      'kind',
      'metadata',
      'spec',
      'data',
      'labels',
      'name',
      'containers',
      'template',
      '__proto__',
    ];
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 6 },
        fc.constantFrom<unknown>('v1', 'Pod', 'apps/v1', 'Deployment', 'ConfigMap', '', 1, 1.5, true, null, undefined),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string()), tie('value'), { maxKeys: 6 }),
      ),
    }));
    const using = schemas('1.31', [crd({ type: 'object', properties: {} })]);
    fc.assert(
      fc.property(value, fc.constantFrom('Pod', 'Deployment', 'Backup', '__proto__'), (object, kind) => {
        const apiVersion = { Pod: 'v1', Deployment: 'apps/v1', Backup: 'example.org/v1', __proto__: '__proto__' }[kind];
        const whole = typeof object === 'object' && object !== null ? { ...object, apiVersion, kind } : object;
        return Array.isArray(using.validate(whole).errors) && Array.isArray(using.validate(object).errors);
      }),
      { numRuns: 300 },
    );
  });

  it('takes an own key called __proto__ for a key', () => {
    const object = JSON.parse('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"__proto__":{"x":1}}');
    expect(problems(object)).toEqual(['unknown __proto__ strict decoding error: unknown field "__proto__"']);
    expect(problems(configMap({ data: JSON.parse('{"__proto__":5}') }))).toHaveLength(1);
    expect(problems(configMap({ toString: 'x' }))).toHaveLength(1);
  });

  it.each([null, undefined, 5, 'x', [], {}, { apiVersion: 'v1' }, { apiVersion: 5, kind: [] }])('%j', (object) => {
    expect(schemas().validate(object).errors.length).toBeLessThanOrEqual(1);
  });

  it('gives up early on a hundred thousand mistakes, and deep within a schema that holds itself', () => {
    expect(problems(deployment({ args: Array.from({ length: 100_000 }, () => 1) }))).toHaveLength(50);
    let deep: Record<string, unknown> = { type: 'object' };
    for (let i = 0; i < 5000; i++) deep = { type: 'object', properties: { a: deep } };
    expect(problems(crd(deep), schemas('1.34'))).toEqual([]);
  });

  it('holds thousands of objects against their schemas in a second', () => {
    const using = schemas('1.34');
    const object = deployment({ env: Array.from({ length: 15 }, (_, i) => ({ name: `A${i}`, value: 'x' })) });
    using.validate(object);
    const start = performance.now();
    for (let i = 0; i < 5000; i++) using.validate(object);
    // A fifth of this on a quiet machine.
    expect(performance.now() - start).toBeLessThan(3000);
  });
});

describe('definitions among the manifests', () => {
  const text = { type: 'string' };

  it.each<[string, object, unknown, string[]]>([
    [
      'a type',
      { type: 'object', properties: { a: text } },
      { a: 5 },
      [
        'type spec/a a is the number 5, not a string: quote it (spec.a: Invalid value: "number": spec.a in body must be of type string: "number")',
      ],
    ],
    [
      'an unknown field',
      { type: 'object', properties: { a: text } },
      { b: 5 },
      ['unknown spec/b strict decoding error: unknown field "spec.b"'],
    ],
    [
      'a field of an object without any',
      { type: 'object' },
      { b: 5 },
      ['unknown spec/b strict decoding error: unknown field "spec.b"'],
    ],
    [
      'fields that are kept',
      { type: 'object', properties: { a: text }, 'x-kubernetes-preserve-unknown-fields': true },
      { b: 5 },
      [],
    ],
    [
      'known fields among them',
      { type: 'object', properties: { a: text }, 'x-kubernetes-preserve-unknown-fields': true },
      { a: 5 },
      [
        'type spec/a a is the number 5, not a string: quote it (spec.a: Invalid value: "number": spec.a in body must be of type string: "number")',
      ],
    ],
    [
      'a map',
      { type: 'object', additionalProperties: text },
      { a: 'b', c: 5 },
      [
        'type spec/c c is the number 5, not a string: quote it (spec.c: Invalid value: "number": spec.c in body must be of type string: "number")',
      ],
    ],
    ['a map of anything', { type: 'object', additionalProperties: true }, { a: 'b', c: 5 }, []],
    [
      'an integer or a string',
      { type: 'object', properties: { a: { 'x-kubernetes-int-or-string': true } } },
      { a: 'b' },
      [],
    ],
    [
      'an embedded object',
      { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { a: text } },
      { apiVersion: 'v1', kind: 'Pod', metadata: {}, b: 1 },
      ['unknown spec/b strict decoding error: unknown field "spec.b"'],
    ],
    [
      'a missing field',
      { type: 'object', required: ['a'], properties: { a: text } },
      {},
      ['required spec "a" is missing (spec.a: Required value)'],
    ],
    [
      'a missing field with a default',
      { type: 'object', required: ['a'], properties: { a: { ...text, default: 'x' } } },
      {},
      [],
    ],
    [
      'null for it',
      { type: 'object', required: ['a'], properties: { a: text } },
      { a: null },
      ['required spec "a" is missing (spec.a: Required value)'],
    ],
    [
      'null that is kept',
      { type: 'object', required: ['a'], properties: { a: { ...text, nullable: true } } },
      { a: null },
      [],
    ],
    ['an empty string for it', { type: 'object', required: ['a'], properties: { a: text } }, { a: '' }, []],
    [
      'an enumeration',
      { type: 'object', properties: { a: { ...text, enum: ['x'] } } },
      { a: '' },
      ['value spec/a spec.a: Invalid value: "": supported values: "x"'],
    ],
    [
      'a pattern',
      { type: 'object', properties: { a: { ...text, pattern: '^x+$' } } },
      { a: 'xy' },
      ['value spec/a spec.a: Invalid value: "xy": must match \'^x+$\''],
    ],
    [
      'lengths',
      { type: 'object', properties: { a: { ...text, minLength: 2 }, b: { ...text, maxLength: 2 } } },
      { a: '\u{1F600}', b: '\u{1F600}\u{1F600}' },
      ['value spec/a spec.a: Invalid value: "\u{1F600}": must be at least 2 characters long'],
    ],
    [
      'bounds',
      {
        type: 'object',
        properties: { a: { type: 'number', minimum: 1, exclusiveMinimum: true }, b: { type: 'number', maximum: 1 } },
      },
      { a: 1, b: 1.5 },
      [
        'value spec/a spec.a: Invalid value: 1: must be greater than 1',
        'value spec/b spec.b: Invalid value: 1.5: must be less than or equal to 1',
      ],
    ],
    [
      'sizes',
      { type: 'object', minProperties: 2, properties: { a: { type: 'array', items: text, maxItems: 1 } } },
      { a: ['x', 'y'] },
      [
        'value spec spec: Invalid value: should have at least 2 properties',
        'value spec/a spec.a: Too many: 2: must have at most 1 items',
      ],
    ],
    [
      'items',
      { type: 'object', properties: { a: { type: 'array', items: { type: 'integer' } } } },
      { a: [1, 'x', null] },
      [
        'type spec/a/1 a[1] is the string "x", not an integer (spec.a[1]: Invalid value: "string": spec.a[1] in body must be of type integer: "string")',
      ],
    ],
    [
      'no alternative',
      { type: 'object', properties: { a: text, b: text }, anyOf: [{ required: ['a'] }, { required: ['b'] }] },
      {},
      ['value spec spec must validate at least one schema (anyOf)'],
    ],
    [
      'an alternative',
      { type: 'object', properties: { a: text, b: text }, anyOf: [{ required: ['a'] }, { required: ['b'] }] },
      { b: 'x' },
      [],
    ],
    [
      'an alternative by default',
      {
        type: 'object',
        properties: { a: { ...text, default: 'x' }, b: text },
        oneOf: [{ required: ['a'] }, { required: ['b'] }],
      },
      {},
      [],
    ],
    [
      'alternatives that may differ in what nobody checks',
      {
        type: 'object',
        properties: { a: text },
        oneOf: [{ properties: { a: { format: 'ipv4' } } }, { properties: { a: { format: 'ipv6' } } }],
      },
      { a: '1.1.1.1' },
      [],
    ],
    [
      'the same in each alternative',
      { type: 'object', properties: { a: text }, oneOf: [{ required: ['a'] }, { required: ['a'] }] },
      {},
      ['required spec "a" is missing (spec.a: Required value)'],
    ],
    [
      'alternatives of what is unknown',
      { type: 'object', properties: { a: text, b: text }, anyOf: [{ properties: { a: { enum: ['x'] } } }] },
      { a: '${A}' },
      [],
    ],
    [
      'both of two',
      { type: 'object', properties: { a: text, b: text }, not: { required: ['a', 'b'] } },
      { a: '', b: '' },
      ['value spec spec must not validate the schema (not)'],
    ],
    ['one of two', { type: 'object', properties: { a: text, b: text }, not: { required: ['a', 'b'] } }, { a: '' }, []],
    [
      'not what a default may be',
      { type: 'object', properties: { a: text }, not: { properties: { a: { enum: ['x'] } } } },
      {},
      [],
    ],
    [
      'all of several',
      { type: 'object', properties: { a: text }, allOf: [{ properties: { a: { maxLength: 1 } } }] },
      { a: 'xy' },
      ['value spec/a spec.a: Invalid value: "xy": must be at most 1 characters long'],
    ],
    ['a placeholder', { type: 'object', properties: { a: { type: 'integer' } } }, { a: '${A}' }, []],
    [
      'nonsense for a schema',
      { type: 5, properties: 'x', required: 'y', items: [], enum: {}, anyOf: 'z' },
      { a: 1 },
      ['unknown spec/a strict decoding error: unknown field "spec.a"'],
    ],
  ])('%s', (_, schema, spec, expected) => {
    expect(judge(schema, spec)).toEqual(expected);
  });

  const simple = { type: 'object', properties: { spec: { type: 'object', properties: { a: text } } } };

  it('leave type, metadata and status to Kubernetes', () => {
    const using = schemas('1.34', [
      crd({ ...simple, properties: { ...simple.properties, metadata: { type: 'object' } } }),
    ]);
    expect(problems(backup({}, { status: { x: 1 } }), using)).toEqual([]);
    expect(problems(backup({}, { metadata: { name: 'a', labels: { a: 1 } } }), using)).toEqual([
      'type metadata/labels/a a is the number 1, not a string: quote it (json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string)',
    ]);
    expect(problems(backup({}, { metadata: { name: 'A_b' } }), using)).toHaveLength(1);
    expect(problems(backup({}, { metadata: { name: '${NAME}' } }), using)).toEqual([]);
  });

  it('agree where there are several', () => {
    const other = { type: 'object', properties: { spec: { type: 'object', properties: { b: text } } } };
    const using = schemas('1.34', [crd(simple), crd(other), crd(simple)]);
    expect(problems(backup({ a: 'x', b: 'y' }), using)).toEqual([]);
    expect(problems(backup({ c: 'x' }), using)).toHaveLength(1);
  });

  it('replace what is bundled, and say nothing of a version that they lack', () => {
    const names = { kind: 'Certificate', plural: 'certificates' };
    const using = schemas('1.34', [crd(simple, { group: 'cert-manager.io', names })]);
    const certificate = {
      apiVersion: 'cert-manager.io/v1',
      kind: 'Certificate',
      metadata: { name: 'a' },
      spec: { b: 1 },
    };
    expect(using.validate(certificate).errors).toEqual([
      { kind: 'unknown', path: ['spec', 'b'], message: 'strict decoding error: unknown field "spec.b"', at: 'key' },
    ]);
    expect(using.validate({ ...certificate, apiVersion: 'cert-manager.io/v2' })).toEqual({
      errors: [],
      unchecked: true,
    });
  });

  it.each([
    ['v1beta1', { ...crd(simple), apiVersion: 'apiextensions.k8s.io/v1beta1' }],
    ['no schema', crd(simple, { versions: [{ name: 'v1' }] })],
    ['a schema that is none', crd('x' as unknown as object)],
    ['versions that are none', crd(simple, { versions: 'x' })],
    ['versions of any shape', crd(simple, { versions: [null, 5, {}, { name: 5 }, { name: 'v1', schema: 5 }] })],
  ])('%s: unchecked', (_, definition) => {
    expect(schemas('1.34', [definition]).validate(backup({ b: 1 }))).toEqual({ errors: [], unchecked: true });
  });

  it('refer to no file and take no unbounded time', { timeout: 20_000 }, () => {
    expect(judge({ $ref: '../../package.json#/definitions/x', type: 'object' }, { a: 1 })).toHaveLength(1);
    const alternatives = Array.from({ length: 300 }, (_, i) => ({ properties: { a: { enum: [i] } } }));
    const items = Array.from({ length: 100_000 }, () => ({ a: 299 }));
    const list = {
      type: 'array',
      items: { type: 'object', properties: { a: { type: 'integer' } }, anyOf: alternatives },
    };
    expect(judge({ type: 'object', properties: { a: list } }, { a: items })).toEqual([]);
  });

  it('may be broken', () => {
    const broken = [{}, { spec: 5 }, { spec: {} }, { spec: { names: 5 } }].map((spec) => ({
      ...crd(simple),
      ...spec,
      kind: 'X',
    }));
    expect(schemas('1.34', broken).validate(backup({}))).toBeDefined();
  });
});

describe('bundled definitions', () => {
  const route = (spec: object) => ({
    apiVersion: 'traefik.io/v1alpha1',
    kind: 'IngressRoute',
    metadata: { name: 'a' },
    spec,
  });

  it('warn, since the release in the cluster may be another one; only a type is certain', () => {
    const { errors } = schemas().validate(
      route({
        entrypoints: ['web'],
        routes: [
          {
            kind: 'Rule',
            services: [
              { name: 5, port: 80 },
              { name: 'a', port: 'http' },
            ],
          },
        ],
      }),
    );
    expect(errors.map(({ kind, path, severity, at }) => [kind, path.join('.'), severity, at])).toEqual([
      ['unknown', 'spec.entrypoints', 'warning', 'key'],
      ['required', 'spec.routes.0', 'warning', undefined],
      ['type', 'spec.routes.0.services.0.name', undefined, undefined],
    ]);
    expect(errors[0]?.message).toBe(
      'strict decoding error: unknown field "spec.entrypoints"; did you mean "entryPoints"? (by @kubernetes-models/traefik 2.0.0; the release in your cluster may differ)',
    );
  });

  it('take a field that any of their releases has', () => {
    const middleware = (spec: object) => ({
      apiVersion: 'traefik.io/v1alpha1',
      kind: 'Middleware',
      metadata: { name: 'a' },
      spec,
    });
    // Traefik 2 had forceSlash, Traefik 3 has not; it has encodedCharacters.
    expect(problems(middleware({ stripPrefix: { prefixes: ['/x'], forceSlash: false } }))).toEqual([]);
    expect(problems(middleware({ encodedCharacters: {} }))).toEqual([]);
    expect(problems(middleware({ stripPrefix: { prefixes: ['/x'], bogus: false } }))).toHaveLength(1);
  });

  it('let a type of one release only be doubted', () => {
    const policy = {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumNetworkPolicy',
      metadata: { name: 'a' },
      spec: { labels: 5 },
    };
    expect(
      schemas()
        .validate(policy)
        .errors.map(({ kind, severity }) => [kind, severity]),
    ).toEqual([['type', 'warning']]);
  });

  it('judge fields of Kubernetes types by name and type, and not by what else Kubernetes asks of them', () => {
    const prometheus = (container: object) => ({
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'Prometheus',
      metadata: { name: 'a' },
      spec: { containers: [container], serviceMonitorSelector: {} },
    });
    // A container that patches the operator's own needs no image.
    expect(problems(prometheus({ name: 'prometheus', args: ['--x'] }))).toEqual([]);
    expect(problems(prometheus({ name: 'prometheus', args: [5] }))).toHaveLength(1);
    expect(problems(prometheus({ name: 'prometheus', bogus: 5 }))).toHaveLength(1);
  });

  it.each([
    [
      'external-secrets',
      {
        apiVersion: 'external-secrets.io/v1',
        kind: 'SecretStore',
        spec: { provider: { vault: { server: 'x', auth: { kubernetes: { role: 'x' } } } } },
      },
    ],
    [
      'sealed-secrets',
      {
        apiVersion: 'bitnami.com/v1alpha1',
        kind: 'SealedSecret',
        spec: { encryptedData: { a: 'x' }, template: { type: 'Opaque', data: { a: 'b' } } },
      },
    ],
    [
      'flux',
      {
        apiVersion: 'helm.toolkit.fluxcd.io/v2',
        kind: 'HelmRelease',
        spec: { interval: '5m', chartRef: { kind: 'OCIRepository', name: 'a' }, values: { a: { b: [1] } } },
      },
    ],
    [
      'gateway',
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        spec: { rules: [{ backendRefs: [{ name: 'a', port: 80 }] }] },
      },
    ],
    [
      'argo',
      {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Application',
        spec: {
          project: 'x',
          destination: { server: 'x' },
          source: { repoURL: 'x', helm: { valuesObject: { a: [1] } } },
        },
      },
    ],
  ])('take what people write: %s', (_, object) => {
    expect(schemas().validate({ ...object, metadata: { name: 'a' } })).toEqual({ errors: [] });
  });
});

describe('scopes', () => {
  it.each([
    ['', 'Node', true],
    ['', 'Pod', false],
    ['rbac.authorization.k8s.io', 'ClusterRole', true],
    ['cert-manager.io', 'ClusterIssuer', true],
    ['cert-manager.io', 'Issuer', false],
    ['cert-manager.io', 'Nothing', undefined],
    ['external-secrets.io', 'PushSecret', false],
    ['example.com', 'Widget', undefined],
    ['../kubernetes', 'index', undefined],
    ['__proto__', 'constructor', undefined],
  ])('%s/%s', (group, kind, expected) => {
    expect(schemas().isClusterScoped(group, kind)).toBe(expected);
  });

  it('are what a definition says', () => {
    const using = schemas('1.34', [crd({ type: 'object' }, { scope: 'Cluster' })]);
    expect(using.isClusterScoped('example.org', 'Backup')).toBe(true);
    expect(schemas('1.34', [crd({ type: 'object' })]).isClusterScoped('example.org', 'Backup')).toBe(false);
  });
});

describe('patterns', () => {
  it.each<[string, string, boolean | undefined]>([
    ['^[a-z]+$', 'abc', true],
    ['^[a-z]+$', 'a1', false],
    ['^(a|b)?c$', 'bc', true],
    ['^a{2,}$', 'aa', true],
    ['^a+b+$', 'ab', true],
    ['^(a(b))*$', 'ab', true],
    ['^(a(b)c+)*$', 'abc'.repeat(20), undefined],
    // RE2 only, broken, or without bound in JavaScript.
    ['(?i)abc', 'ABC', undefined],
    ['[[:alpha:]]', 'a', undefined],
    ['\\pL', 'a', undefined],
    ['(', 'a', undefined],
    ['^(a+)+$', 'a'.repeat(20), undefined],
    ['^(a|aa)*$', 'a'.repeat(20), undefined],
    ['^((a)?b+)+$', 'b'.repeat(20), undefined],
    ['^.*.*.*x$', 'a'.repeat(60), undefined],
    ['^[(]+$', '((', true],
    ['^(a{0,30}){0,30}$', 'a'.repeat(30), undefined],
    // What is short can't take long, but for repetitions that may take nothing.
    ['^[^ ]+( [^ ]+){4}$', 'nightly', false],
    ['^(a+)+$', 'aaab', false],
    ['^(a?a?){30}$', 'aaaaa', undefined],
    [`^${'a?'.repeat(30)}$`, 'a', undefined],
    [`^${'(a|b)'.repeat(20)}$`, 'a', undefined],
    ['^(a{1,3}){2}$', 'aaa', true],
    ['^a{3}$', 'aaa', true],
    ['^(?:[a-z0-9]([-a-z0-9]*[a-z0-9])?)$', 'a-b', true],
    ['^[^\\]a]+\\|?x$', 'bbx', true],
    ['^a+$', 'a'.repeat(257), undefined],
    ['^.$', '\u{1F600}', undefined],
  ])('%s of %s', (pattern, value, expected) => {
    expect(matches(pattern, value)).toBe(expected);
  });
});

describe('formats', () => {
  it.each<[string, string[], string[]]>([
    [
      'quantity',
      ['1', '0.5', '5.', '.5', '1Gi', '1k', '1E', '1E3', '1e-3', '+1', '-1', ' 1Gi ', 'm'],
      ['', '1K', '1GB', '1 Gi', '1e', 'x', '1\n', '1_000'],
    ],
    ['byte', ['', 'aGk=', 'aGk=\n', 'YQ=='], ['aGk', 'a===', 'aG k', '-_==', 'hunter2!']],
    ['dns-subdomain', ['a', 'a.b', 'a-b', '1', 'x'.repeat(253)], ['A', 'a..b', '-a', 'a-', 'a_b', '', 'x'.repeat(254)]],
    ['dns-label', ['a', '1-b'], ['a.b', 'A', 'x'.repeat(64)]],
    ['label-key', ['a', 'A_b', 'a.b/c', 'kubernetes.io/x'], ['', 'a/', '/a', 'a/b/c', 'A/b', 'a b', 'x'.repeat(64)]],
    ['annotation-key', ['A/b', 'a'], ['a b', 'a/b/c']],
    ['label-value', ['', 'a', 'A_b.c-d', 'x'.repeat(63)], ['a b', '-a', 'a/b', 'v1+2', 'x'.repeat(64)]],
    ['config-key', ['a', '.a', 'A_-.'], ['', '.', '..', '..a', 'a/b', 'x'.repeat(254)]],
    ['port-name', ['http', 'http-alt', 'h2c'], ['HTTP', '80', 'a--b', '-a', 'a-', 'x'.repeat(16)]],
    ['percent', ['25%', '100%'], ['25', '%', '2.5%']],
    ['date-time', ['whatever'], []],
  ])('%s', (format, good, bad) => {
    expect(good.filter((value) => formatError(format, value) !== undefined)).toEqual([]);
    expect(bad.filter((value) => formatError(format, value) === undefined)).toEqual([]);
  });
});

it('reads what a manifest says', () => {
  const object = read(
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {debug: on, mode: 0644, port: 8080}\n',
  );
  expect(problems(object).map((problem) => problem.split(',')[0])).toEqual([
    'type data/debug debug is the boolean true',
    'type data/mode mode is the number 420',
    'type data/port port is the number 8080',
  ]);
  const schema: JsonSchema | undefined = kubernetesRelease('1.34').definitions.V1ConfigMap;
  expect(Object.keys(schema?.properties ?? {})).toContain('binaryData');
});

it('tells a key that is wrong from a value that is', () => {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', labels: { 'a/b/c': 'x', fine: 'no way' }, lables: {} },
    spec: { ports: [{ port: 80 }] },
  };
  const found = schemas()
    .validate(service)
    .errors.map(({ path, at }) => [path.join(' '), at]);
  expect(found).toEqual([
    ['metadata lables', 'key'],
    ['metadata labels a/b/c', 'key'],
    ['metadata labels fine', undefined],
  ]);
});
