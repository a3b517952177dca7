import { describe, expect, it } from 'vitest';
import { build, DEPLOYMENT, files, SERVICE, said, TOOLCHAINS } from './kustomize-targets.ts';

const NO_MATCH = 'no matches for Id Service.v1.[noGrp]/absent.[noNs]; failed to find unique target for patch';

/** What is wrong, and what is said of it: the same with both toolchains. */
const FAILURES: [string, Record<string, string>, string, string[]][] = [
  [
    'malformed YAML',
    files('resources: [bad.yaml]\n', { 'bad.yaml': 'apiVersion: v1\nkind: X\nmetadata:\n\tname: x\n' }),
    '.',
    [
      "render-failed bad.yaml:4: \tname: x => accumulating resources from 'bad.yaml': MalformedYAMLError: yaml: line 4: found character that cannot start any token in File: bad.yaml",
    ],
  ],
  [
    'a duplicate key in the second document of a base',
    {
      'o/kustomization.yaml': 'resources: [../b]\n',
      'b/kustomization.yaml': 'resources: [x.yaml]\n',
      'b/x.yaml': `${SERVICE}---\n${DEPLOYMENT}kind: Deployment\n`,
    },
    'o',
    ['render-failed b/x.yaml:9: kind: Deployment => mapping key "kind" already defined'],
  ],
  [
    'a kustomization that is no YAML',
    files('resources:\n- web.yaml\n  more: [\n'),
    '.',
    [
      'render-failed kustomization.yaml:3: : [ => invalid Kustomization: yaml: line 3: mapping values are not allowed in this context',
    ],
  ],
  [
    'an unknown field in a base',
    { 'o/kustomization.yaml': 'resources: [../b]\n', 'b/kustomization.yaml': 'namespace: x\nresource: [x.yaml]\n' },
    'o',
    [
      'render-failed b/kustomization.yaml:2: resource: [x.yaml] => invalid Kustomization: json: unknown field "resource"',
    ],
  ],
  [
    'an unknown field further in',
    files('resources: [web.yaml]\npatches:\n- path: p.yaml\n- file: p.yaml\n', { 'p.yaml': SERVICE }),
    '.',
    ['render-failed kustomization.yaml:4: file: p.yaml => invalid Kustomization: json: unknown field "file"'],
  ],
  [
    'a number for a string',
    files('resources: [web.yaml]\nimages:\n- { name: a, newTag: "1" }\n- { name: b, newTag: 1.10 }\n'),
    '.',
    [
      'render-failed kustomization.yaml:4: 1.10 } => invalid Kustomization: json: cannot unmarshal number into Go struct field Image.images.newTag of type string',
    ],
  ],
  [
    'an empty kustomization',
    files('# nothing\n'),
    '.',
    ['render-failed kustomization.yaml => kustomization.yaml is empty'],
  ],
  [
    'two kustomization files',
    files('resources: [web.yaml]\n', { Kustomization: 'resources: [web.yaml]\n' }),
    '.',
    ['render-failed Kustomization => Found multiple kustomization files under: .'],
  ],
  [
    'another apiVersion',
    files('apiVersion: v1\nkind: Kustomization\nresources: [web.yaml]\n'),
    '.',
    [
      'render-failed kustomization.yaml:1: v1 => Failed to read kustomization file under .: apiVersion for Kustomization should be kustomize.config.k8s.io/v1beta1',
    ],
  ],
  [
    'a base without kustomization',
    { 'o/kustomization.yaml': 'resources:\n- ../b\n', 'b/x.yaml': SERVICE },
    'o',
    [
      "render-failed o/kustomization.yaml:2: ../b => unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory 'b'",
    ],
  ],
  [
    'a kustomization that takes itself in',
    files('resources:\n- web.yaml\n- .\n'),
    '.',
    ["render-failed kustomization.yaml:3: . => cycle detected: candidate root '.' contains visited root '.'"],
  ],
  [
    'two that take each other in',
    { 'a/kustomization.yaml': 'resources: [../b]\n', 'b/kustomization.yaml': 'resources: [../a]\n' },
    'a',
    ["render-failed b/kustomization.yaml:1: ../a] => cycle detected: candidate root 'a' contains visited root 'a'"],
  ],
  [
    'a Component among the resources',
    {
      'o/kustomization.yaml': 'resources: [../c]\n',
      'c/kustomization.yaml': 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [x.yaml]\n',
      'c/x.yaml': SERVICE,
    },
    'o',
    ["render-failed o/kustomization.yaml:1: ../c] => expected kind != 'Component' for path 'c'"],
  ],
  [
    'a kustomization among the components',
    { 'o/kustomization.yaml': 'components: [../c]\n', 'c/kustomization.yaml': 'resources: []\n' },
    'o',
    ["render-failed o/kustomization.yaml:1: ../c] => expected kind 'Component' for path 'c' but got 'Kustomization'"],
  ],
  [
    'a document without kind',
    files('resources: [x.yaml]\n', { 'x.yaml': `${SERVICE}---\n# not an object\nfoo: bar\n` }),
    '.',
    ["render-failed x.yaml:6: foo: bar => accumulating resources from 'x.yaml': missing Resource metadata"],
  ],
  [
    'one object twice',
    {
      'o/kustomization.yaml': 'resources: [../b, x.yaml]\n',
      'o/x.yaml': `${DEPLOYMENT}---\n${SERVICE}`,
      'b/kustomization.yaml': 'resources: [x.yaml]\n',
      'b/x.yaml': SERVICE,
    },
    'o',
    [
      "render-failed o/x.yaml:8: web } => merging resources from 'x.yaml': may not add resource with an already registered id: Service.v1.[noGrp]/web.[noNs]",
    ],
  ],
  [
    'a patch for nothing',
    files('resources: [web.yaml]\npatches:\n- path: p.yaml\n', { 'p.yaml': SERVICE.replace('web', 'absent') }),
    '.',
    [
      `render-failed kustomization.yaml:3: p.yaml => no resource matches strategic merge patch "Service.v1.[noGrp]/absent.[noNs]": ${NO_MATCH} Service.v1.[noGrp]/absent.[noNs]`,
    ],
  ],
  [
    'a strategic merge patch for nothing',
    files(
      `resources: [web.yaml]\npatchesStrategicMerge:\n- |-\n  ${SERVICE.replace('web', 'absent').replaceAll('\n', '\n  ')}\n`,
    ),
    '.',
    [`render-failed kustomization.yaml:3: |- => ${NO_MATCH} Service.v1.[noGrp]/absent.[noNs]`],
  ],
  [
    'a JSON patch of a component that does not apply',
    files('resources: [web.yaml]\ncomponents: [c]\n', {
      'c/kustomization.yaml':
        'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{ path: p.yaml, target: { kind: Service } }]\n',
      'c/p.yaml': '- op: add\n  path: /spec\n  value: {}\n- op: remove\n  path: /spec/absent\n',
    }),
    '.',
    [
      "render-failed c/p.yaml:5: /spec/absent => error in remove for path: '/spec/absent': Unable to remove nonexistent key: absent: missing value",
    ],
  ],
  [
    'a JSON patch without target',
    files('resources: [web.yaml]\npatches:\n- patch: |-\n    - { op: remove, path: /spec }\n'),
    '.',
    ['render-failed kustomization.yaml:3: patch: |- => must specify a target for JSON patch'],
  ],
  [
    'a patch file that is no YAML',
    files('resources: [web.yaml]\npatches:\n- path: p.yaml\n  target: { kind: Service }\n', {
      'p.yaml': 'a: b\nfoo: [bar\nbaz: 1\n',
    }),
    '.',
    [
      'render-failed p.yaml:3: : 1 => unable to parse SM or JSON patch from [path: "p.yaml"]: malformed YAML: missed comma between flow collection entries',
    ],
  ],
  [
    'a target that is no pattern',
    files('resources: [web.yaml]\npatches:\n- path: p.yaml\n  target: { name: "*-api" }\n', { 'p.yaml': SERVICE }),
    '.',
    [
      'render-failed kustomization.yaml:4: "*-api" } => unable to find patch target "[noKind].[noVer].[noGrp]/*-api.[noNs]:a=:l=" in `resources`: error parsing regexp: missing argument to repetition operator: `*`',
    ],
  ],
  [
    'replicas of nothing',
    files('resources: [web.yaml]\nreplicas:\n- { name: web, count: 1 }\n- { name: absent, count: 1 }\n'),
    '.',
    [
      'render-failed kustomization.yaml:4: absent, count: 1 } => resource with name absent does not match a config with the following GVK [Deployment.[noVer].[noGrp] StatefulSet.[noVer].[noGrp] ReplicaSet.[noVer].[noGrp] ReplicationController.[noVer].[noGrp]]',
    ],
  ],
  [
    'a generator that merges into nothing',
    files('configMapGenerator:\n- name: a\n  behavior: merge\n  literals: [a=b]\n'),
    '.',
    ['render-failed kustomization.yaml:2: name: a => ConfigMap a does not exist; cannot merge or replace'],
  ],
  [
    'a replacement from nothing',
    files(
      'resources: [web.yaml]\nreplacements:\n- source: { kind: ConfigMap, name: x }\n  targets: [{ select: { kind: Service }, fieldPaths: [spec.a] }]\n',
    ),
    '.',
    [
      'render-failed kustomization.yaml:3: source: { kind: ConfigMap, name: x } => nothing selected by ConfigMap.[noVer].[noGrp]/x.[noNs]',
    ],
  ],
  [
    'a directory where a file belongs',
    files('configMapGenerator:\n- name: a\n  files: [d]\n', { 'd/x': '' }),
    '.',
    ["render-failed kustomization.yaml:3: d] => loading KV pairs: file sources: [d]: 'd' must resolve to a file"],
  ],
  [
    'missing files, all of them, and nothing else about them',
    {
      'o/kustomization.yaml':
        'resources: [../b]\npatches: [{ path: p.yaml }]\nsecretGenerator: [{ name: s, env: s.env }]\n',
      'b/kustomization.yaml': 'resources: [x.yaml]\n',
    },
    'o',
    [
      'kustomize-file-missing b/kustomization.yaml:1: x.yaml] => x.yaml does not exist: kustomize refuses to build what lists it',
      'kustomize-file-missing o/kustomization.yaml:3: s.env }] => s.env does not exist: kustomize refuses to build what lists it',
      'kustomize-file-missing o/kustomization.yaml:2: p.yaml }] => p.yaml does not exist: kustomize refuses to build what lists it',
    ],
  ],
  [
    'a file outside',
    { 'o/kustomization.yaml': 'resources: [../o2/x.yaml]\n', 'o2/x.yaml': SERVICE },
    'o',
    [
      'kustomize-file-outside-root o/kustomization.yaml:1: ../o2/x.yaml] => ../o2/x.yaml is outside the directory of this kustomization: kustomize refuses it without --load-restrictor LoadRestrictionsNone',
    ],
  ],
];
/** A kustomization in `.`, with a Service and a Deployment that refers to a variable. */
function app(kustomization: string, more: Record<string, string> = {}): Record<string, string> {
  const pod = '{ containers: [{ name: web, image: "web:1", env: [{ name: A, value: "$(V)" }] }] }';
  const deployment = DEPLOYMENT.replace('spec: {}', `spec: { template: { spec: ${pod} } }`);
  return { ...files(kustomization), 'web.yaml': `${SERVICE}---\n${deployment}`, ...more };
}

/** What kustomize's messages don't tell the place of, or tell it in other ways. */
const PLACES: typeof FAILURES = [
  [
    'component dir without kustomization',
    app('resources: [web.yaml]\ncomponents:\n- c\n', { 'c/x.txt': '' }),
    '.',
    [
      "render-failed kustomization.yaml:3: c => unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory 'c'",
    ],
  ],
  [
    'component listed twice',
    app('resources: [web.yaml]\ncomponents:\n- c\n- c\n', {
      'c/kustomization.yaml': 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [x.yaml]\n',
      'c/x.yaml': 'apiVersion: v1\nkind: Service\nmetadata: { name: x }\n',
    }),
    '.',
    [
      "render-failed kustomization.yaml:4: c => merging resources from 'x.yaml': may not add resource with an already registered id: Service.v1.[noGrp]/x.[noNs]",
    ],
  ],
  [
    'component conflict',
    app('resources: [web.yaml]\ncomponents:\n- c\n', {
      'c/kustomization.yaml': 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources:\n- x.yaml\n',
      'c/x.yaml': SERVICE,
    }),
    '.',
    [
      "render-failed c/x.yaml:3: web } => merging resources from 'x.yaml': may not add resource with an already registered id: Service.v1.[noGrp]/web.[noNs]",
    ],
  ],
  [
    'component bad patch',
    app('resources: [web.yaml]\ncomponents:\n- c\n', {
      'c/kustomization.yaml':
        'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n- path: x.yaml\n',
      'c/x.yaml': 'apiVersion: v1\nkind: Service\nmetadata: { name: x }\n',
    }),
    '.',
    [
      'render-failed c/kustomization.yaml:4: x.yaml => no resource matches strategic merge patch "Service.v1.[noGrp]/x.[noNs]": no matches for Id Service.v1.[noGrp]/x.[noNs]; failed to find unique target for patch Service.v1.[noGrp]/x.[noNs]',
    ],
  ],
  [
    'base same object',
    {
      'o/kustomization.yaml': 'resources:\n- ../a\n- ../b\n',
      'a/kustomization.yaml': 'resources: [x.yaml]',
      'b/kustomization.yaml': 'resources: [x.yaml]',
      'a/x.yaml': SERVICE,
      'b/x.yaml': SERVICE,
    },
    'o',
    [
      'render-failed o/kustomization.yaml:3: ../b => may not add resource with an already registered id: Service.v1.[noGrp]/web.[noNs]',
    ],
  ],
  [
    'same base twice',
    {
      'o/kustomization.yaml': 'resources:\n- ../a\n- ../a\n',
      'a/kustomization.yaml': 'resources: [x.yaml]',
      'a/x.yaml': SERVICE,
    },
    'o',
    [
      'render-failed o/kustomization.yaml:3: ../a => may not add resource with an already registered id: Service.v1.[noGrp]/web.[noNs]',
    ],
  ],
  [
    'same file twice',
    app('resources:\n- web.yaml\n- ./web.yaml\n'),
    '.',
    [
      "render-failed kustomization.yaml:3: ./web.yaml => merging resources from './web.yaml': may not add resource with an already registered id: Service.v1.[noGrp]/web.[noNs]",
    ],
  ],
  [
    'same object in one file',
    app('resources:\n- x.yaml\n', { 'x.yaml': `${SERVICE}---\n${SERVICE}` }),
    '.',
    [
      "render-failed x.yaml:7: web } => accumulating resources from 'x.yaml': may not add resource with an already registered id: Service.v1.[noGrp]/web.[noNs]",
    ],
  ],
  [
    'generator conflict',
    app('resources:\n- x.yaml\nconfigMapGenerator:\n- name: a\n  literals: [a=b]\n', {
      'x.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n',
    }),
    '.',
    ['render-failed kustomization.yaml:4: name: a => ConfigMap a exists; behavior must be merge or replace'],
  ],
  [
    'generator key twice',
    app('configMapGenerator:\n- name: b\n  literals: [a=b]\n- name: a\n  literals:\n  - a=b\n  - a=c\n'),
    '.',
    ['render-failed kustomization.yaml:4: name: a => configmap a illegally repeats the key `a`'],
  ],
  [
    'generator literal no =',
    app('configMapGenerator:\n- name: a\n  literals:\n  - a=b\n  - abc\n'),
    '.',
    ['render-failed kustomization.yaml:5: abc => invalid literal source, expected key=value'],
  ],
  [
    'generator files bad',
    app('configMapGenerator:\n- name: a\n  files:\n  - a=b=c\n'),
    '.',
    [
      'render-failed kustomization.yaml:4: a=b=c => loading KV pairs: file sources: [a=b=c]: source "a=b=c" key name or file path contains \'=\'',
    ],
  ],
  [
    'generator files no key',
    app('configMapGenerator:\n- name: a\n  files:\n  - =web.yaml\n'),
    '.',
    [
      'render-failed kustomization.yaml:4: =web.yaml => loading KV pairs: file sources: [=web.yaml]: missing key name for file path "web.yaml" in source "=web.yaml"',
    ],
  ],
  [
    'generator no name two',
    app('configMapGenerator:\n- literals:\n  - a=b\n- literals: [c=d]\n'),
    '.',
    [
      'render-failed kustomization.yaml:2: literals: => a configmap must have a name',
      'render-failed kustomization.yaml:4: literals: [c=d] => a configmap must have a name',
    ],
  ],
  [
    'generator unknown field',
    app('configMapGenerator:\n- name: a\n  literal: [a=b]\n'),
    '.',
    ['render-failed kustomization.yaml:3: literal: [a=b] => invalid Kustomization: json: unknown field "literal"'],
  ],
  [
    'generatorOptions bad',
    app('generatorOptions:\n  disableNameSuffixHash: "yes"\nconfigMapGenerator:\n- name: a\n  literals: [a=b]\n'),
    '.',
    [
      'render-failed kustomization.yaml:2: "yes" => invalid Kustomization: json: cannot unmarshal string into Go struct field GeneratorOptions.generatorOptions.disableNameSuffixHash of type bool',
    ],
  ],
  [
    'metadata.name missing',
    app('resources: [x.yaml]\n', { 'x.yaml': 'apiVersion: v1\nkind: Service\nmetadata: { labels: {} }\n' }),
    '.',
    ["render-failed x.yaml:1: apiVersion: v1 => accumulating resources from 'x.yaml': missing metadata.name"],
  ],
  [
    'annotations string',
    app('resources: [x.yaml]\ncommonAnnotations: { a: b }\n', {
      'x.yaml': 'apiVersion: v1\nkind: Service\nmetadata:\n  name: x\n  annotations: x\n',
    }),
    '.',
    [
      "render-failed x.yaml:5: x => considering field 'metadata/annotations' of object Service.v1.[noGrp]/x.[noNs]: wrong node kind: expected MappingNode but got ScalarNode",
    ],
  ],
  [
    'list doc',
    app('resources: [x.yaml]\n', { 'x.yaml': '- a\n- b\n' }),
    '.',
    ["render-failed x.yaml:1: - a => accumulating resources from 'x.yaml': missing Resource metadata"],
  ],
  [
    'resource entry empty',
    app('resources:\n- web.yaml\n- ""\n'),
    '.',
    ["render-failed kustomization.yaml:3: \"\" => accumulating resources from '': '.' must resolve to a file"],
  ],
  [
    'resource entry number',
    app('resources:\n- web.yaml\n- 1\n'),
    '.',
    [
      'render-failed kustomization.yaml:3: 1 => invalid Kustomization: json: cannot unmarshal number into Go struct field Kustomization.resources of type string',
    ],
  ],
  [
    'resources string',
    app('resources: web.yaml\n'),
    '.',
    [
      'render-failed kustomization.yaml:1: web.yaml => invalid Kustomization: json: cannot unmarshal string into Go struct field Kustomization.resources of type []string',
    ],
  ],
  [
    'resource kustomization.yaml',
    app('resources:\n- web.yaml\n- kustomization.yaml\n'),
    '.',
    [
      "render-failed kustomization.yaml:1: resources: => accumulating resources from 'kustomization.yaml': missing Resource metadata",
    ],
  ],
  [
    'List kind item broken',
    app('resources: [x.yaml]\n', {
      'x.yaml': 'apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n',
    }),
    '.',
    ["render-failed x.yaml:4: apiVersion: v1 => accumulating resources from 'x.yaml': missing metadata.name"],
  ],
  [
    'empty dir',
    app('resources: [web.yaml, d]\n', { 'd/x.yaml': SERVICE }),
    '.',
    [
      "render-failed kustomization.yaml:1: d] => unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory 'd'",
    ],
  ],
  [
    'base empty kustomization',
    app('resources: [web.yaml, d]\n', { 'd/kustomization.yaml': '# x\n' }),
    '.',
    ['render-failed kustomization.yaml:1: d] => d/kustomization.yaml is empty'],
  ],
  [
    'kind lower',
    app('kind: kustomization\nresources: [web.yaml]\n'),
    '.',
    [
      'render-failed kustomization.yaml:1: kustomization => Failed to read kustomization file under .: kind should be Kustomization or Component',
    ],
  ],
  [
    'component apiVersion',
    app('resources: [web.yaml]\ncomponents: [c]\n', {
      'c/kustomization.yaml': 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Component\nresources: []\n',
    }),
    '.',
    [
      'render-failed c/kustomization.yaml:1: kustomize.config.k8s.io/v1beta1 => Failed to read kustomization file under c: apiVersion for Component should be kustomize.config.k8s.io/v1alpha1',
    ],
  ],
  [
    'kustomization list',
    app('- web.yaml\n'),
    '.',
    [
      'render-failed kustomization.yaml:1: - web.yaml => invalid Kustomization: json: cannot unmarshal array into Go value of type types.Kustomization',
    ],
  ],
  [
    'kustomization scalar',
    app('hello\n'),
    '.',
    [
      'render-failed kustomization.yaml:1: hello => invalid Kustomization: json: cannot unmarshal string into Go value of type types.Kustomization',
    ],
  ],
  [
    'namespace number',
    app('namespace: 1\nresources: [web.yaml]\n'),
    '.',
    [
      'render-failed kustomization.yaml:1: 1 => invalid Kustomization: json: cannot unmarshal number into Go struct field Kustomization.namespace of type string',
    ],
  ],
  [
    'commonLabels number',
    app('commonLabels:\n  a: 1\nresources: [web.yaml]\n'),
    '.',
    [
      'render-failed kustomization.yaml:2: 1 => invalid Kustomization: json: cannot unmarshal number into Go struct field Kustomization.commonLabels of type string',
    ],
  ],
  [
    'labels pair number',
    app('labels:\n- pairs:\n    a: 1\nresources: [web.yaml]\n'),
    '.',
    [
      'render-failed kustomization.yaml:3: 1 => invalid Kustomization: json: cannot unmarshal number into Go struct field Label.labels.pairs of type string',
    ],
  ],
  [
    'namespace conflict',
    app('resources: [x.yaml]\nnamespace: n\n', {
      'x.yaml':
        'apiVersion: v1\nkind: Service\nmetadata: { name: x, namespace: a }\n---\napiVersion: v1\nkind: Service\nmetadata: { name: x, namespace: b }\n',
    }),
    '.',
    [
      'render-failed kustomization.yaml:2: n => invalid Kustomization: json: cannot unmarshal bool into Go struct field Kustomization.namespace of type string',
    ],
  ],
  [
    'patch and path',
    app('resources: [web.yaml]\npatches:\n- path: p.yaml\n  patch: "{}"\n  target: { kind: Service }\n', {
      'p.yaml': SERVICE,
    }),
    '.',
    ["render-failed kustomization.yaml:3: path: p.yaml => patch and path can't be set at the same time"],
  ],
  [
    'patch neither',
    app('resources: [web.yaml]\npatches:\n- target: { kind: Service }\n'),
    '.',
    ['render-failed kustomization.yaml:3: target: { kind: Service } => must specify one of patch and path'],
  ],
  [
    'patch neither two',
    app('resources: [web.yaml]\npatches:\n- target: { kind: Service }\n- {}\n'),
    '.',
    [
      'render-failed kustomization.yaml:3: target: { kind: Service } => must specify one of patch and path',
      'render-failed kustomization.yaml:4: {} => must specify one of patch and path',
    ],
  ],
  [
    'patch empty inline no target',
    app('resources: [web.yaml]\npatches:\n- patch: "  "\n'),
    '.',
    ['render-failed kustomization.yaml:3: patch: "  " => must specify one of patch and path'],
  ],
  [
    'patch scalar',
    app('resources: [web.yaml]\npatches:\n- path: p.yaml\n  target: { kind: Service }\n', { 'p.yaml': 'hello\n' }),
    '.',
    ['render-failed p.yaml:1: hello => unable to parse SM or JSON patch from [path: "p.yaml"]'],
  ],
  [
    'patch inline malformed',
    app('resources: [web.yaml]\npatches:\n- patch: |-\n    a: [\n  target: { kind: Service }\n'),
    '.',
    ['render-failed kustomization.yaml:3: patch: |- => unable to parse SM or JSON patch'],
  ],
  [
    'patch no kind',
    app('resources: [web.yaml]\npatches:\n- patch: |-\n    metadata: { name: web }\n    spec: {}\n'),
    '.',
    ['render-failed kustomization.yaml:3: patch: |- => unable to parse SM or JSON patch'],
  ],
  [
    'patch no kind with target',
    app('resources: [web.yaml]\npatches:\n- patch: |-\n    spec: { type: NodePort }\n  target: { kind: Service }\n'),
    '.',
    ['render-failed kustomization.yaml:3: patch: |- => unable to parse SM or JSON patch'],
  ],
  [
    'patch multi with target',
    app('resources: [web.yaml]\npatches:\n- path: p.yaml\n  target: { kind: Service }\n', {
      'p.yaml': `${SERVICE}---\n${SERVICE}`,
    }),
    '.',
    [
      'render-failed kustomization.yaml:3: path: p.yaml => Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` field: [path: "p.yaml"]',
    ],
  ],
  [
    'patch multi second unmatched',
    app('resources: [web.yaml]\npatches:\n- path: p.yaml\n', {
      'p.yaml': `${SERVICE}---\napiVersion: v1\nkind: Service\nmetadata: { name: x }\n`,
    }),
    '.',
    [
      'render-failed kustomization.yaml:3: p.yaml => no resource matches strategic merge patch "Service.v1.[noGrp]/x.[noNs]": no matches for Id Service.v1.[noGrp]/x.[noNs]; failed to find unique target for patch Service.v1.[noGrp]/x.[noNs]',
    ],
  ],
  [
    'patch matches two',
    app('resources: [x.yaml]\npatches:\n- path: p.yaml\n', {
      'p.yaml': SERVICE,
      'x.yaml':
        'apiVersion: v1\nkind: Service\nmetadata: { name: web, namespace: a }\n---\napiVersion: v1\nkind: Service\nmetadata: { name: web, namespace: b }\n',
    }),
    '.',
    [
      'render-failed kustomization.yaml:3: p.yaml => no resource matches strategic merge patch "Service.v1.[noGrp]/web.[noNs]": no matches for Id Service.v1.[noGrp]/web.[noNs]; failed to find unique target for patch Service.v1.[noGrp]/web.[noNs]',
    ],
  ],
  [
    'patch other namespace',
    app('resources: [web.yaml]\npatches:\n- path: p.yaml\n', {
      'p.yaml': 'apiVersion: v1\nkind: Service\nmetadata: { name: web, namespace: a }\n',
    }),
    '.',
    [
      'render-failed kustomization.yaml:3: p.yaml => no resource matches strategic merge patch "Service.v1.[noGrp]/web.a": no matches for Id Service.v1.[noGrp]/web.a; failed to find unique target for patch Service.v1.[noGrp]/web.a',
    ],
  ],
  [
    'same patch twice unmatched',
    app('resources: [web.yaml]\npatches:\n- path: p.yaml\n- path: p.yaml\n', {
      'p.yaml': 'apiVersion: v1\nkind: Service\nmetadata: { name: x }\n',
    }),
    '.',
    [
      'render-failed kustomization.yaml:3: p.yaml => no resource matches strategic merge patch "Service.v1.[noGrp]/x.[noNs]": no matches for Id Service.v1.[noGrp]/x.[noNs]; failed to find unique target for patch Service.v1.[noGrp]/x.[noNs]',
    ],
  ],
  [
    'patch path dir',
    app('resources: [web.yaml]\npatches:\n- path: d\n  target: { kind: Service }\n', { 'd/x': '' }),
    '.',
    [
      "render-failed kustomization.yaml:3: path: d => failed to get the patch file from path(d): 'd' must resolve to a file",
    ],
  ],
  [
    'patch as string',
    app('resources: [web.yaml]\npatches:\n- p.yaml\n', { 'p.yaml': SERVICE }),
    '.',
    [
      'render-failed kustomization.yaml:3: p.yaml => invalid Kustomization: json: cannot unmarshal string into Go struct field Kustomization.patches of type types.Patch',
    ],
  ],
  [
    'patch target unknown field',
    app('resources: [web.yaml]\npatches:\n- path: p.yaml\n  target: { kinds: Service }\n', { 'p.yaml': SERVICE }),
    '.',
    ['render-failed kustomization.yaml:4: kinds: Service } => invalid Kustomization: json: unknown field "kinds"'],
  ],
  [
    'patch bad labelSelector',
    app('resources: [web.yaml]\npatches:\n- path: p.yaml\n  target: { labelSelector: "a = = b" }\n', {
      'p.yaml': SERVICE,
    }),
    '.',
    [
      'render-failed kustomization.yaml:4: "a = = b" } => unable to find patch target "[noKind].[noVer].[noGrp]/[noName].[noNs]:a=:l=a = = b" in `resources`: unable to parse requirement: found \'=\', expected: identifier',
    ],
  ],
  [
    'patch bad kind regex',
    app('resources: [web.yaml]\npatches:\n- path: p.yaml\n  target: { kind: "(" }\n', { 'p.yaml': SERVICE }),
    '.',
    [
      'render-failed kustomization.yaml:4: "(" } => unable to find patch target "(.[noVer].[noGrp]/[noName].[noNs]:a=:l=" in `resources`: error parsing regexp: missing closing ): `^(?:()$`',
    ],
  ],
  [
    'json test fails',
    app(
      'resources: [web.yaml]\npatches:\n- target: { kind: Service }\n  patch: |-\n    - op: test\n      path: /metadata/name\n      value: other\n',
    ),
    '.',
    ['render-failed kustomization.yaml:6: /metadata/name => testing value /metadata/name failed: test failed'],
  ],
  [
    'json move absent',
    app(
      'resources: [web.yaml]\npatches:\n- target: { kind: Service }\n  patch: |-\n    - op: move\n      from: /metadata/x\n      path: /metadata/y\n',
    ),
    '.',
    [
      "render-failed kustomization.yaml:6: /metadata/x => error in move for path: 'x': Unable to remove nonexistent key: x: missing value",
    ],
  ],
  [
    'json add into absent',
    app(
      'resources: [web.yaml]\npatches:\n- target: { kind: Service }\n  patch: |-\n    - op: add\n      path: /spec/a/b\n      value: 1\n',
    ),
    '.',
    [
      'render-failed kustomization.yaml:6: /spec/a/b => add operation does not apply: doc is missing path: "/spec/a/b": missing value',
    ],
  ],
  [
    'json add index',
    app(
      'resources: [web.yaml]\npatches:\n- target: { kind: Deployment }\n  patch: |-\n    - op: add\n      path: /spec/template/spec/containers/5\n      value: {}\n',
    ),
    '.',
    [
      "render-failed kustomization.yaml:6: /spec/template/spec/containers/5 => error in add for path: '/spec/template/spec/containers/5': Unable to access invalid index: 5: invalid index referenced",
    ],
  ],
  [
    'json unknown op',
    app(
      'resources: [web.yaml]\npatches:\n- target: { kind: Service }\n  patch: |-\n    - op: ad\n      path: /spec/x\n      value: 1\n',
    ),
    '.',
    ['render-failed kustomization.yaml:5: ad => Unexpected kind: ad'],
  ],
  [
    'json no op',
    app(
      'resources: [web.yaml]\npatches:\n- target: { kind: Service }\n  patch: |-\n    - path: /spec/x\n      value: 1\n',
    ),
    '.',
    ['render-failed kustomization.yaml:4: |- => Unexpected kind: unknown'],
  ],
  [
    'json no path',
    app('resources: [web.yaml]\npatches:\n- target: { kind: Service }\n  patch: |-\n    - op: add\n      value: 1\n'),
    '.',
    ['render-failed kustomization.yaml:4: |- => add operation failed to decode path: missing value'],
  ],
  [
    'json no slash',
    app(
      'resources: [web.yaml]\npatches:\n- target: { kind: Service }\n  patch: |-\n    - op: add\n      path: spec\n      value: 1\n',
    ),
    '.',
    [
      'render-failed kustomization.yaml:6: spec => add operation does not apply: doc is missing path: "spec": missing value',
    ],
  ],
  [
    'json twice same op',
    app(
      'resources: [web.yaml]\npatches:\n- target: { kind: Service }\n  patch: |-\n    - op: remove\n      path: /spec/x\n    - op: remove\n      path: /spec/x\n',
    ),
    '.',
    [
      'render-failed kustomization.yaml:6: /spec/x => remove operation does not apply: doc is missing path: "/spec/x": missing value',
    ],
  ],
  [
    'json escape',
    app(
      'resources: [web.yaml]\npatches:\n- target: { kind: Service }\n  patch: |-\n    - op: remove\n      path: /metadata/annotations/a~1b\n',
    ),
    '.',
    [
      "render-failed kustomization.yaml:6: /metadata/annotations/a~1b => error in remove for path: '/metadata/annotations/a~1b': Unable to remove nonexistent key: a/b: missing value",
    ],
  ],
  [
    'json6902 no target',
    app('resources: [web.yaml]\npatchesJson6902:\n- path: p.yaml\n', { 'p.yaml': '- op: remove\n  path: /x\n' }),
    '.',
    [
      'render-failed kustomization.yaml:3: p.yaml => kustomize crashed: panic: runtime error: invalid memory address or nil pointer dereference',
    ],
  ],
  [
    'json6902 fails',
    app(
      'resources: [web.yaml]\npatchesJson6902:\n- path: p.yaml\n  target: { version: v1, kind: Service, name: web }\n',
      { 'p.yaml': '- op: remove\n  path: /x\n' },
    ),
    '.',
    [
      "render-failed p.yaml:2: /x => error in remove for path: '/x': Unable to remove nonexistent key: x: missing value",
    ],
  ],
  [
    'json6902 no name',
    app('resources: [web.yaml]\npatchesJson6902:\n- path: p.yaml\n  target: { version: v1, kind: Service }\n', {
      'p.yaml': '- op: remove\n  path: /x\n',
    }),
    '.',
    ['render-failed kustomization.yaml:3: path: p.yaml => must specify the target name'],
  ],
  [
    'json6902 both',
    app(
      'resources: [web.yaml]\npatchesJson6902:\n- path: p.yaml\n  patch: "[]"\n  target: { version: v1, kind: Service, name: web }\n',
      { 'p.yaml': '- op: remove\n  path: /x\n' },
    ),
    '.',
    ['render-failed kustomization.yaml:3: path: p.yaml => must specify a file path or jsonOp, not both'],
  ],
  [
    'json6902 malformed',
    app(
      'resources: [web.yaml]\npatchesJson6902:\n- path: p.yaml\n  target: { version: v1, kind: Service, name: web }\n',
      { 'p.yaml': '- op: [\n' },
    ),
    '.',
    ['render-failed p.yaml:2:  => yaml: line 1: did not find expected node content'],
  ],
  [
    'psm malformed',
    app('resources: [web.yaml]\npatchesStrategicMerge:\n- p.yaml\n', { 'p.yaml': 'a: [\n' }),
    '.',
    [
      'render-failed p.yaml:2:  => MalformedYAMLError: yaml: line 1: did not find expected node content in File: p.yaml',
    ],
  ],
  [
    'psm no name',
    app('resources: [web.yaml]\npatchesStrategicMerge:\n- p.yaml\n', { 'p.yaml': 'apiVersion: v1\nkind: Service\n' }),
    '.',
    ['render-failed kustomization.yaml:3: p.yaml => missing metadata.name'],
  ],
  [
    'psm json patch',
    app('resources: [web.yaml]\npatchesStrategicMerge:\n- p.yaml\n', { 'p.yaml': '- op: remove\n  path: /x\n' }),
    '.',
    ['render-failed kustomization.yaml:3: p.yaml => missing Resource metadata'],
  ],
  [
    'psm empty',
    app('resources: [web.yaml]\npatchesStrategicMerge:\n- p.yaml\n', { 'p.yaml': '# x\n' }),
    '.',
    ['render-failed kustomization.yaml:3: p.yaml => patch appears to be empty; files=[p.yaml], Patch='],
  ],
  [
    'patch wrong type 2',
    app('resources: [web.yaml]\npatches:\n- path: p.yaml\n', {
      'p.yaml':
        'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec: { template: { spec: { containers: {} } } }\n',
    }),
    '.',
    ['render-failed kustomization.yaml:3: p.yaml => wrong node kind: expected SequenceNode but got MappingNode'],
  ],
  [
    'patch bad directive',
    app('resources: [web.yaml]\npatches:\n- path: p.yaml\n', {
      'p.yaml':
        'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec: { template: { $patch: bogus } }\n',
    }),
    '.',
    ["render-failed kustomization.yaml:3: p.yaml => unknown patch strategy 'bogus'"],
  ],
  [
    'patch dup key file',
    app('resources: [web.yaml]\npatches:\n- path: p.yaml\n  target: { kind: Service }\n', {
      'p.yaml': 'spec: {}\nspec: {}\n',
    }),
    '.',
    [
      'render-failed p.yaml:2: spec: {} => unable to parse SM or JSON patch from [path: "p.yaml"]: mapping key "spec" already defined',
    ],
  ],
  [
    'patch renames into conflict',
    app(
      'resources: [x.yaml]\npatches:\n- path: p.yaml\n  target: { name: b }\n  options: { allowNameChange: true }\n',
      { 'x.yaml': `${SERVICE}---\napiVersion: v1\nkind: Service\nmetadata: { name: b }\n`, 'p.yaml': SERVICE },
    ),
    '.',
    [
      'render-failed kustomization.yaml:3: p.yaml => may not add resource with an already registered id: Service.v1.[noGrp]/web.[noNs]',
    ],
  ],
  [
    'patch renames into conflict json',
    app(
      'resources: [x.yaml]\npatches:\n- target: { name: b }\n  patch: |-\n    - op: replace\n      path: /metadata/name\n      value: web\n',
      { 'x.yaml': `${SERVICE}---\napiVersion: v1\nkind: Service\nmetadata: { name: b }\n` },
    ),
    '.',
    [
      'render-failed kustomization.yaml:3: target: { name: b } => kustomize crashed: panic: may not add resource with an already registered id: Service.v1.[noGrp]/web.[noNs]',
    ],
  ],
  [
    'patch deletes name',
    app(
      'resources: [web.yaml]\npatches:\n- target: { kind: Service }\n  patch: |-\n    - op: remove\n      path: /metadata/name\n',
    ),
    '.',
    ['render-failed kustomization.yaml:3: target: { kind: Service } => missing metadata.name'],
  ],
  [
    'var no match',
    app('resources: [web.yaml]\nvars:\n- name: V\n  objref:\n    kind: Service\n    name: x\n    apiVersion: v1\n'),
    '.',
    [
      "render-failed kustomization.yaml:3: name: V => var '{V Service.v1.[noGrp] {metadata.name}}' cannot be mapped to a field in the set of known resources",
    ],
  ],
  [
    'var bad field',
    app(
      'resources: [web.yaml]\nvars:\n- name: V\n  objref:\n    kind: Service\n    name: web\n    apiVersion: v1\n  fieldref: { fieldpath: spec.x }\n',
    ),
    '.',
    [
      "render-failed kustomization.yaml:3: name: V => field specified in var '{V Service.v1.[noGrp] {spec.x}}' not found in corresponding resource",
    ],
  ],
  [
    'var dup',
    app(
      'resources: [web.yaml]\nvars:\n- name: V\n  objref:\n    kind: Service\n    name: web\n    apiVersion: v1\n- name: V\n  objref:\n    kind: Deployment\n    name: web\n    apiVersion: apps/v1\n',
    ),
    '.',
    [
      "render-failed kustomization.yaml:8: name: V => merging vars [{V Service.[noVer].[noGrp] {}} {V Deployment.[noVer].[noGrp] {}}]: var 'V' already encountered",
    ],
  ],
  [
    'var dup base',
    {
      'o/kustomization.yaml':
        'resources: [../b]\nvars:\n- name: V\n  objref:\n    kind: Service\n    name: web\n    apiVersion: v1\n',
      'b/kustomization.yaml':
        'resources: [x.yaml]\nvars:\n- name: V\n  objref:\n    kind: Service\n    name: web\n    apiVersion: v1\n',
      'b/x.yaml': SERVICE,
    },
    'o',
    [
      "render-failed o/kustomization.yaml:3: name: V => merging vars [{V Service.[noVer].[noGrp] {}}]: var 'V' already encountered",
    ],
  ],
  [
    'var in base no match',
    {
      'o/kustomization.yaml': 'resources: [../b]\n',
      'b/kustomization.yaml':
        'resources: [x.yaml]\nvars:\n- name: V\n  objref:\n    kind: Service\n    name: x\n    apiVersion: v1\n',
      'b/x.yaml': SERVICE,
    },
    'o',
    [
      "render-failed b/kustomization.yaml:3: name: V => var '{V Service.v1.[noGrp] {metadata.name}}' cannot be mapped to a field in the set of known resources",
    ],
  ],
  [
    'var two matches',
    app('resources: [x.yaml]\nvars:\n- name: V\n  objref:\n    kind: Service\n    name: web\n    apiVersion: v1\n', {
      'x.yaml':
        'apiVersion: v1\nkind: Service\nmetadata: { name: web, namespace: a }\n---\napiVersion: v1\nkind: Service\nmetadata: { name: web, namespace: b }\n',
    }),
    '.',
    [
      'render-failed kustomization.yaml:3: name: V => merging vars [{V Service.[noVer].[noGrp] {}}]: found 2 resId matches for var {V Service.v1.[noGrp] {}} (unable to disambiguate)',
    ],
  ],
  [
    'repl source two',
    app(
      'resources: [web.yaml]\nreplacements:\n- source: { name: web }\n  targets:\n  - select: { kind: Service }\n    fieldPaths: [spec.a]\n',
    ),
    '.',
    [
      'render-failed kustomization.yaml:3: source: { name: web } => multiple matches for selector [noKind].[noVer].[noGrp]/web.[noNs]',
    ],
  ],
  [
    'repl source field',
    app(
      'resources: [web.yaml]\nreplacements:\n- source: { kind: Service, name: web, fieldPath: spec.x }\n  targets:\n  - select: { kind: Service }\n    fieldPaths: [spec.a]\n',
    ),
    '.',
    [
      'render-failed kustomization.yaml:3: spec.x } => fieldPath `spec.x` is missing for replacement source Service.[noVer].[noGrp]/web.[noNs]',
    ],
  ],
  [
    'repl target field',
    app(
      'resources: [web.yaml]\nreplacements:\n- source: { kind: Service, name: web }\n  targets:\n  - select: { kind: Service }\n    fieldPaths:\n    - spec.a\n',
    ),
    '.',
    ['render-failed kustomization.yaml:7: spec.a => unable to find field "spec.a" in replacement target'],
  ],
  [
    'repl target index',
    app(
      'resources: [web.yaml]\nreplacements:\n- source: { kind: Service, name: web }\n  targets:\n  - select: { kind: Deployment }\n    fieldPaths:\n    - spec.template.spec.containers.5.image\n',
    ),
    '.',
    [
      'render-failed kustomization.yaml:7: spec.template.spec.containers.5.image => unable to find field "spec.template.spec.containers.5.image" in replacement target: index 5 specified but only 1 elements found',
    ],
  ],
  [
    'repl no targets',
    app('resources: [web.yaml]\nreplacements:\n- source: { kind: Service, name: web }\n'),
    '.',
    [
      'render-failed kustomization.yaml:3: source: { kind: Service, name: web } => replacements must specify a source and at least one target',
    ],
  ],
  [
    'repl no select',
    app(
      'resources: [web.yaml]\nreplacements:\n- source: { kind: Service, name: web }\n  targets:\n  - fieldPaths: [spec.a]\n',
    ),
    '.',
    [
      'render-failed kustomization.yaml:3: source: { kind: Service, name: web } => target must specify resources to select',
    ],
  ],
  [
    'repl delimiter',
    app(
      'resources: [web.yaml]\nreplacements:\n- source: { kind: Service, name: web, options: { delimiter: "-", index: 5 } }\n  targets:\n  - select: { kind: Service }\n    fieldPaths: [metadata.name]\n',
    ),
    '.',
    [
      'render-failed kustomization.yaml:3: source: { kind: Service, name: web, options: { delimiter: "-", index: 5 } } => options.index 5 is out of bounds for value web',
    ],
  ],
  [
    'repl both',
    app('resources: [web.yaml]\nreplacements:\n- path: r.yaml\n  source: { kind: Service, name: web }\n', {
      'r.yaml': 'source: {}\n',
    }),
    '.',
    ['render-failed kustomization.yaml:3: r.yaml => cannot specify both path and inline replacement'],
  ],
  [
    'repl file source none',
    app('resources: [web.yaml]\nreplacements:\n- path: r.yaml\n', {
      'r.yaml': 'source: { kind: ConfigMap, name: x }\ntargets:\n- select: { kind: Service }\n  fieldPaths: [spec.a]\n',
    }),
    '.',
    [
      'render-failed r.yaml:1: source: { kind: ConfigMap, name: x } => nothing selected by ConfigMap.[noVer].[noGrp]/x.[noNs]',
    ],
  ],
  [
    'repl file list target',
    app('resources: [web.yaml]\nreplacements:\n- path: r.yaml\n', {
      'r.yaml':
        '- source: { kind: Service, name: web }\n  targets:\n  - select: { kind: Service }\n    fieldPaths:\n    - spec.a\n',
    }),
    '.',
    ['render-failed r.yaml:5: spec.a => unable to find field "spec.a" in replacement target'],
  ],
  [
    'repl file malformed',
    app('resources: [web.yaml]\nreplacements:\n- path: r.yaml\n', { 'r.yaml': '- source: [\n' }),
    '.',
    [
      'render-failed kustomization.yaml:3: r.yaml => error converting YAML to JSON: yaml: line 1: did not find expected node content',
    ],
  ],
  [
    'replicas string',
    app('resources: [web.yaml]\nreplicas:\n- name: web\n  count: "2"\n'),
    '.',
    [
      'render-failed kustomization.yaml:4: "2" => invalid Kustomization: json: cannot unmarshal string into Go struct field Replica.replicas.count of type int64',
    ],
  ],
  [
    'replicas no name',
    app('resources: [web.yaml]\nreplicas:\n- count: 2\n'),
    '.',
    [
      'render-failed kustomization.yaml:3: count: 2 => resource with name  does not match a config with the following GVK [Deployment.[noVer].[noGrp] StatefulSet.[noVer].[noGrp] ReplicaSet.[noVer].[noGrp] ReplicationController.[noVer].[noGrp]]',
    ],
  ],
  [
    'transformer bad',
    app('resources: [web.yaml]\ntransformers:\n- t.yaml\n', {
      't.yaml': 'apiVersion: builtin\nkind: PrefixTransformer\nmetadata: { name: x }\nprefixes: a\n',
    }),
    '.',
    [
      'render-failed kustomization.yaml:3: t.yaml => plugin PrefixTransformer.builtin.[noGrp]/x.[noNs] fails configuration: fieldSpecs is not expected to be nil',
    ],
  ],
  [
    'transformer no name',
    app('resources: [web.yaml]\ntransformers:\n- t.yaml\n', {
      't.yaml': 'apiVersion: builtin\nkind: PrefixTransformer\nprefix: a\n',
    }),
    '.',
    ["render-failed t.yaml:1: apiVersion: builtin => accumulating resources from 't.yaml': missing metadata.name"],
  ],
  [
    'transformer unknown builtin',
    app('resources: [web.yaml]\ntransformers:\n- t.yaml\n', {
      't.yaml': 'apiVersion: builtin\nkind: PrefixTransformerX\nmetadata: { name: x }\nprefix: a\n',
    }),
    '.',
    ['render-failed kustomization.yaml:3: t.yaml => unable to load builtin PrefixTransformerX.builtin.[noGrp]'],
  ],
  [
    'transformer generator as',
    app('resources: [web.yaml]\ntransformers:\n- t.yaml\n', {
      't.yaml': 'apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: { name: x }\nprefix: a\n',
    }),
    '.',
    [
      'render-failed kustomization.yaml:3: t.yaml => plugin ConfigMapGenerator.builtin.[noGrp]/x.[noNs] not a transformer',
    ],
  ],
  [
    'transformer patch unmatched',
    app('resources: [web.yaml]\ntransformers:\n- t.yaml\n', {
      't.yaml':
        'apiVersion: builtin\nkind: PatchTransformer\nmetadata: { name: x }\npatch: |-\n  apiVersion: v1\n  kind: Service\n  metadata: { name: x }\n',
    }),
    '.',
    [
      'render-failed kustomization.yaml:3: t.yaml => no resource matches strategic merge patch "Service.v1.[noGrp]/x.[noNs]": no matches for Id Service.v1.[noGrp]/x.[noNs]; failed to find unique target for patch Service.v1.[noGrp]/x.[noNs]',
    ],
  ],
  [
    'transformer inline bad',
    app(
      'resources: [web.yaml]\ntransformers:\n- |-\n  apiVersion: builtin\n  kind: PatchTransformer\n  metadata: { name: x }\n',
    ),
    '.',
    [
      'render-failed kustomization.yaml:3: |- => plugin PatchTransformer.builtin.[noGrp]/x.[noNs] fails configuration: must specify one of patch and path',
    ],
  ],
  [
    'validator bad',
    app('resources: [web.yaml]\nvalidators:\n- t.yaml\n', {
      't.yaml':
        'apiVersion: builtin\nkind: PrefixTransformer\nmetadata: { name: x }\nprefix: a-\nfieldSpecs: [{ path: metadata/name }]\n',
    }),
    '.',
    [
      "render-failed kustomization.yaml:3: t.yaml => validator shouldn't modify the resource map: id in self missing from other; id: Service.v1.[noGrp]/web.[noNs]",
    ],
  ],
  [
    'generators bad',
    app('resources: [web.yaml]\ngenerators:\n- t.yaml\n', {
      't.yaml': 'apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: { name: x }\nname: a\nliterals: [abc]\n',
    }),
    '.',
    ['render-failed kustomization.yaml:3: t.yaml => invalid literal source, expected key=value'],
  ],
  [
    'generators conflict',
    app('resources: [web.yaml]\ngenerators:\n- t.yaml\nconfigMapGenerator:\n- name: a\n  literals: [a=b]\n', {
      't.yaml': 'apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: { name: x }\nname: a\nliterals: [a=b]\n',
    }),
    '.',
    ['render-failed kustomization.yaml:5: name: a => ConfigMap a exists; behavior must be merge or replace'],
  ],
  [
    'configuration malformed',
    app('resources: [web.yaml]\nconfigurations:\n- c.yaml\n', { 'c.yaml': 'a: [\n' }),
    '.',
    [
      'render-failed kustomization.yaml:3: c.yaml => error converting YAML to JSON: yaml: line 1: did not find expected node content',
    ],
  ],
  [
    'configuration unknown',
    app('resources: [web.yaml]\nconfigurations:\n- c.yaml\n', { 'c.yaml': 'namePrefixx: []\n' }),
    '.',
    [
      'render-failed kustomization.yaml:3: c.yaml => error unmarshaling JSON: while decoding JSON: json: unknown field "namePrefixx"',
    ],
  ],
  [
    'crds malformed',
    app('resources: [web.yaml]\ncrds:\n- c.yaml\n', { 'c.yaml': 'a: [\n' }),
    '.',
    [
      "render-failed kustomization.yaml:3: c.yaml => loading CRDs [c.yaml]: unable to parse open API definition from 'c.yaml': error converting YAML to JSON: yaml: line 1: did not find expected node content",
    ],
  ],
  [
    'openapi version',
    app('resources: [web.yaml]\nopenapi:\n  version: v9\n'),
    '.',
    ['render-failed kustomization.yaml:3: v9 => the specified OpenAPI version is not built in'],
  ],
  [
    'sortOptions',
    app('resources: [web.yaml]\nsortOptions:\n  order: bogus\n'),
    '.',
    ["render-failed kustomization.yaml:3: bogus => the field 'sortOptions.order' must be one of [fifo, legacy]"],
  ],
  [
    'ancestor',
    { 'a/kustomization.yaml': 'resources: [b]\n', 'a/b/kustomization.yaml': 'resources:\n- ..\n' },
    'a',
    ["render-failed a/b/kustomization.yaml:2: .. => cycle detected: candidate root 'a' contains visited root 'a/b'"],
  ],
  [
    'component cycle',
    {
      'a/kustomization.yaml': 'components: [../c]\n',
      'c/kustomization.yaml': 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncomponents:\n- ../c\n',
    },
    'a',
    ["render-failed c/kustomization.yaml:4: ../c => cycle detected: candidate root 'c' contains visited root 'c'"],
  ],
  [
    'nested base bad patch',
    {
      'o/kustomization.yaml': 'resources: [../m]\n',
      'm/kustomization.yaml': 'resources: [../b]\n',
      'b/kustomization.yaml': 'resources: [x.yaml]\npatches:\n- path: p.yaml\n',
      'b/x.yaml': SERVICE,
      'b/p.yaml': 'apiVersion: v1\nkind: Service\nmetadata: { name: x }\n',
    },
    'o',
    [
      'render-failed b/kustomization.yaml:3: p.yaml => no resource matches strategic merge patch "Service.v1.[noGrp]/x.[noNs]": no matches for Id Service.v1.[noGrp]/x.[noNs]; failed to find unique target for patch Service.v1.[noGrp]/x.[noNs]',
    ],
  ],
  [
    'nested components bad',
    {
      'o/kustomization.yaml': 'resources: [../b]\ncomponents: [../c]\n',
      'c/kustomization.yaml': 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncomponents: [../d]\n',
      'd/kustomization.yaml': 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [x.yaml]\n',
      'd/x.yaml': 'apiVersion: v1\nkind: Service\n',
      'b/kustomization.yaml': 'resources: [x.yaml]\n',
      'b/x.yaml': SERVICE,
    },
    'o',
    ["render-failed d/x.yaml:1: apiVersion: v1 => accumulating resources from 'x.yaml': missing metadata.name"],
  ],
  [
    'namespace conflict',
    app('resources: [x.yaml]\nnamespace: one\n', {
      'x.yaml':
        'apiVersion: v1\nkind: Service\nmetadata: { name: x, namespace: a }\n---\napiVersion: v1\nkind: Service\nmetadata: { name: x, namespace: b }\n',
    }),
    '.',
    ['render-failed kustomization.yaml:2: one => namespace transformation produces ID conflict: Service/x'],
  ],
  [
    'namespace transformer bad subjects',
    app('resources: [web.yaml]\ntransformers:\n- t.yaml\n', {
      't.yaml':
        'apiVersion: builtin\nkind: NamespaceTransformer\nmetadata: { name: x, namespace: a }\nsetRoleBindingSubjects: bogus\n',
    }),
    '.',
    [
      'render-failed kustomization.yaml:3: t.yaml => plugin NamespaceTransformer.builtin.[noGrp]/x.a fails configuration: invalid value "bogus" for setRoleBindingSubjects: must be one of "defaultOnly", "none" or "allServiceAccounts"',
    ],
  ],
  [
    'rolebinding subject no kind',
    app('resources: [x.yaml]\nnamespace: one\n', {
      'x.yaml':
        'apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: { name: x }\nroleRef: { kind: Role, name: x, apiGroup: rbac.authorization.k8s.io }\nsubjects: [x]\n',
    }),
    '.',
    [
      'render-failed kustomization.yaml:1: x.yaml] => setting namespace on (cluster)role binding subjects: looking up name on (cluster)role binding subject: wrong node kind: expected MappingNode but got ScalarNode',
    ],
  ],
  [
    'containers scalar with images',
    app('resources: [x.yaml]\nimages:\n- name: a\n  newTag: b\n', {
      'x.yaml':
        'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: x }\nspec: { template: { spec: { containers: x } } }\n',
    }),
    '.',
    [
      "render-failed x.yaml:4: x } } } => considering field 'spec/template/spec/containers[]/image' of object Deployment.v1.apps/x.[noNs]: expected sequence or mapping node",
    ],
  ],
  [
    'matchLabels scalar',
    app('resources: [x.yaml]\ncommonLabels: { a: b }\n', {
      'x.yaml':
        'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: x }\nspec:\n  selector:\n    matchLabels: x\n',
    }),
    '.',
    [
      "render-failed x.yaml:6: x => considering field 'spec/selector/matchLabels' of object Deployment.v1.apps/x.[noNs]: wrong node kind: expected MappingNode but got ScalarNode",
    ],
  ],
  [
    'configMapRef name map',
    app('resources: [x.yaml]\nnamePrefix: a-\n', {
      'x.yaml':
        'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: { name: x }\nspec: { template: { spec: { containers: [{ envFrom: [{ configMapRef: { name: {} } }] }] } } }\n',
    }),
    '.',
    [
      "render-failed kustomization.yaml:1: x.yaml] => updating name reference in 'spec/template/spec/containers/envFrom/configMapRef/name' field of 'Deployment.v1.apps/a-x.[noNs]': considering field 'spec/template/spec/containers/envFrom/configMapRef/name' of object Deployment.v1.apps/a-x.[noNs]: visit traversal on path: [envFrom configMapRef name]: visit traversal on path: [configMapRef name]: path config error; no 'name' field in node",
    ],
  ],
  [
    'anchor merge bad',
    app('resources: [x.yaml]\n', { 'x.yaml': `${SERVICE}spec:\n  <<: *x\n` }),
    '.',
    [
      "render-failed x.yaml:5: *x => accumulating resources from 'x.yaml': MalformedYAMLError: yaml: unknown anchor 'x' referenced in File: x.yaml",
    ],
  ],
  [
    'number key',
    app('resources: [x.yaml]\n', { 'x.yaml': `${SERVICE}spec: { 1: a }\n` }),
    '.',
    ['render-failed kustomization.yaml:1: x.yaml] => map[string]interface {}…'],
  ],
];

describe.each(TOOLCHAINS)('with %s: what kustomize refuses', { timeout: 60_000 }, (toolchain) => {
  it.each([...FAILURES, ...PLACES])('%s', async (_, root, directory, expected) => {
    const built = await build(root, directory, { with: toolchain });
    expect(said({ ...built, unchecked: [] })).toEqual(expected);
  });
});
