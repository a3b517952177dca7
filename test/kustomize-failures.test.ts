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
describe.each(TOOLCHAINS)('with %s: what kustomize refuses', { timeout: 60_000 }, (toolchain) => {
  it.each(FAILURES)('%s', async (_, root, directory, expected) => {
    const built = await build(root, directory, { with: toolchain });
    expect(said({ ...built, unchecked: [] })).toEqual(expected);
  });
});
