import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  chartYaml,
  everywhere,
  fakeTool,
  pod,
  said,
  saidByCommand,
  saidToOrdinaryUser,
  withConfig,
  withFacts,
} from './bad-projects.ts';
import { tree } from './tree.ts';

/** What is said of the manifest beside a kustomization that can't be read. */
const ORPHAN =
  'unchecked 1 manifest: below a kustomization, but no kustomization lists it: name the path to lint it (kustomization)';

/** What is said of the resource, and of what a patch may be for, that kustomize is built without. */
const RESOURCE_LEFT_OUT =
  'unchecked bad.yaml (resource/kustomization.yaml:2): kustomize refuses it: the rest is judged without it (resource)';
const PATCH_LEFT_OUT =
  'unchecked Pod/patch: bad.yaml (patch/kustomization.yaml:4) may change it, and is left out (patch)';

/** The findings of what lies beside bad input. */
const found = (...names: string[]) => names.map((name) => `found ${name}`);

describe('malformed YAML', () => {
  const bad = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: bad\n  labels: { a: b\nspec: {}\n';

  it('is a finding at its line, whatever it should be', async () => {
    const cwd = everywhere({
      plain: bad,
      resource: bad,
      patch: bad,
      kustomization: 'resources: [good.yaml\nnamespace: x\n',
      template: bad,
      values: 'a: { b: c\nd: e\n',
    });
    expect(await said(cwd)).toEqual([
      'found good.yaml',
      "kustomization/kustomization.yaml: 2:10 error render-failed: invalid Kustomization: yaml: line 1: did not find expected ',' or ']'",
      'patch/bad.yaml: 6:5 error render-failed: unable to parse SM or JSON patch from [path: "bad.yaml"]: malformed YAML: missed comma between flow collection entries',
      'plain/bad.yaml: 6:5 error render-failed: malformed YAML: missed comma between flow collection entries',
      'found plain/good.yaml',
      "resource/bad.yaml: 6:5 error render-failed: accumulating resources from 'bad.yaml': MalformedYAMLError: yaml: line 4: did not find expected ',' or '}' in File: bad.yaml",
      'found resource/good.yaml',
      "template/templates/bad.yaml: 6:5 error render-failed: the template prints what is not valid YAML: did not find expected ',' or '}'",
      "values/values.yaml: 2:2 error render-failed: malformed values.yaml: did not find expected ',' or '}'",
      ORPHAN,
      PATCH_LEFT_OUT,
      RESOURCE_LEFT_OUT,
      'exit 1, 7 targets, 3 resources',
    ]);
  });

  it('in one document leaves the others', async () => {
    const cwd = tree({ 'all.yaml': [pod('a'), bad, pod('b')].join('---\n') });
    expect(await said(cwd)).toEqual([
      'found all.yaml',
      'all.yaml: 11:5 error render-failed: malformed YAML: missed comma between flow collection entries',
      'all.yaml: 16:123 error host-network-port-mismatch: hostPort 80 must equal containerPort 8000 under hostNetwork: the API server refuses the pod',
      'exit 1, 1 targets, 2 resources',
    ]);
  });

  it('in facts and in k8s-lint.yaml ends the run with 2', async () => {
    expect(await said(withFacts(bad))).toEqual([
      'found good.yaml',
      'stderr k8s-lint: facts.yaml:6:5: malformed YAML: missed comma between flow collection entries (existing of environment prod)',
      'exit 2, 1 targets, 1 resources',
    ]);
    expect(await said(withConfig('environments: {\n'))).toEqual([
      'stderr k8s-lint: k8s-lint.yaml:2:1: malformed YAML: unexpected end of the stream within a flow collection',
      'exit 2',
    ]);
  });

  it('in values that k8s-lint.yaml names leaves the other targets', async () => {
    const cwd = tree({
      'k8s-lint.yaml':
        'environments:\n  prod:\n    targets:\n      - helm: { chart: app, values: [own.yaml] }\n      - manifests: [good.yaml]\n',
      'app/Chart.yaml': chartYaml('app'),
      'app/templates/pod.yaml': pod('app'),
      'own.yaml': 'a: { b: c\nd: e\n',
      'good.yaml': pod('good'),
    });
    expect(await said(cwd)).toEqual([
      'found good.yaml',
      "own.yaml: 2:2 error render-failed: malformed values: did not find expected ',' or '}'",
      'exit 1, 2 targets, 1 resources',
    ]);
  });
});

describe('the command line', () => {
  it('says the same, and exits so', async () => {
    const bad = 'apiVersion: v1\nkind: Pod\nmetadata: { name: bad\nspec: {}\n';
    const cwd = everywhere({ plain: bad, resource: bad, template: bad });
    const lines = await said(cwd);
    expect(lines.at(-1)).toBe('exit 1, 4 targets, 3 resources');
    expect(await saidByCommand(cwd)).toEqual(lines);
    for (const directory of [withFacts(bad), withConfig('a: {\n')]) {
      const failure = await said(directory);
      expect(failure.at(-1)).toMatch(/^exit 2/);
      expect(await saidByCommand(directory)).toEqual(failure);
    }
  });
});

describe('a file of 200 MB', () => {
  it('is refused before anything reads it whole', async () => {
    const start = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: bad }\n';
    const cwd = everywhere({
      plain: start,
      resource: start,
      patch: start,
      kustomization: 'resources: [good.yaml]\n',
      template: start,
      values: 'a: b\n',
    });
    const large = ['plain/bad', 'resource/bad', 'patch/bad', 'kustomization/kustomization', 'template/templates/bad'];
    for (const file of [...large, 'values/values']) truncateSync(join(cwd, `${file}.yaml`), 200_000_000);
    const refusal = '200 MB, more than the 50 MB that are read';
    expect(await said(cwd)).toEqual([
      'found good.yaml',
      `kustomization/kustomization.yaml: error render-failed: ${refusal}`,
      `patch/kustomization.yaml: 4:11 error render-failed: patch/bad.yaml: ${refusal}`,
      `plain/bad.yaml: error render-failed: ${refusal}`,
      'found plain/good.yaml',
      'found resource/good.yaml',
      `resource/kustomization.yaml: 2:5 error render-failed: resource/bad.yaml: ${refusal}`,
      'template/templates/bad.yaml: error render-failed: chart file "bad.yaml" is larger than the maximum file size 5242880',
      'values/values.yaml: error render-failed: chart file "values.yaml" is larger than the maximum file size 5242880',
      ORPHAN,
      PATCH_LEFT_OUT,
      RESOURCE_LEFT_OUT,
      'exit 1, 7 targets, 3 resources',
    ]);
  });

  it('of facts or configuration ends the run with 2', async () => {
    const facts = withFacts('apiVersion: v1\n');
    truncateSync(join(facts, 'facts.yaml'), 200_000_000);
    expect(await said(facts)).toEqual([
      'found good.yaml',
      'stderr k8s-lint: facts.yaml: 200 MB, more than the 50 MB that are read (existing of environment prod)',
      'exit 2, 1 targets, 1 resources',
    ]);
    const config = withConfig('rules: {}\n');
    truncateSync(join(config, 'k8s-lint.yaml'), 200_000_000);
    expect(await said(config)).toEqual([
      'stderr k8s-lint: k8s-lint.yaml: 200 MB, more than the 50 MB that are read',
      'exit 2',
    ]);
  });
});

describe('anchors that explode', () => {
  const levels = [...'abcdefghi'];
  const bomb = levels
    .map(
      (name, i) =>
        `${name}: &${name} [${Array(10)
          .fill(i === 0 ? 'x' : `*${levels[i - 1]}`)
          .join(', ')}]\n`,
    )
    .join('');
  const bad = `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: bad, namespace: apps }\n${bomb}`;

  it('are refused where they do, and never given to kustomize', async () => {
    const kustomization = `resources: [good.yaml]\n${bomb}`;
    const cwd = everywhere({ plain: bad, resource: bad, patch: bad, kustomization, template: bad, values: bomb });
    const refusal = 'malformed YAML: aliases expand to too much (excessive aliasing)';
    expect(await said(cwd)).toEqual([
      'found good.yaml',
      `kustomization/kustomization.yaml: 5:22 error render-failed: ${refusal}`,
      `patch/bad.yaml: 7:22 error render-failed: ${refusal}`,
      `plain/bad.yaml: 7:22 error render-failed: ${refusal}`,
      'found plain/good.yaml',
      `resource/bad.yaml: 7:22 error render-failed: ${refusal}`,
      'found resource/good.yaml',
      'template/templates/bad.yaml: 7:22 error render-failed: the template prints what is not valid YAML: document contains excessive aliasing',
      'values/values.yaml: 4:18 error render-failed: malformed values.yaml: document contains excessive aliasing',
      ORPHAN,
      PATCH_LEFT_OUT,
      RESOURCE_LEFT_OUT,
      'exit 1, 7 targets, 3 resources',
    ]);
    expect(await said(withFacts(bad))).toEqual([
      'found good.yaml',
      `stderr k8s-lint: facts.yaml:7:22: ${refusal} (existing of environment prod)`,
      'exit 2, 1 targets, 1 resources',
    ]);
    expect(await said(withConfig(bomb))).toEqual([`stderr k8s-lint: k8s-lint.yaml:4:18: ${refusal}`, 'exit 2']);
  });

  it('and those that contain themselves are refused alike', async () => {
    const self = 'apiVersion: v1\nkind: ConfigMap\nmetadata: &self\n  name: bad\n  labels: *self\n';
    const kustomization = 'resources: &all\n  - *all\n';
    const cwd = everywhere({
      plain: self,
      resource: self,
      patch: self,
      kustomization,
      template: self,
      values: 'a: &a\n  b: *a\n',
    });
    const refusal = 'malformed YAML: the anchor contains itself';
    expect(await said(cwd)).toEqual([
      'found good.yaml',
      `kustomization/kustomization.yaml: 2:5 error render-failed: ${refusal}`,
      `patch/bad.yaml: 5:11 error render-failed: ${refusal}`,
      `plain/bad.yaml: 5:11 error render-failed: ${refusal}`,
      'found plain/good.yaml',
      `resource/bad.yaml: 5:11 error render-failed: ${refusal}`,
      'found resource/good.yaml',
      "template/templates/bad.yaml: 5:11 error render-failed: the template prints what is not valid YAML: anchor 'self' value contains itself",
      "values/values.yaml: 2:6 error render-failed: malformed values.yaml: anchor 'a' value contains itself",
      ORPHAN,
      PATCH_LEFT_OUT,
      RESOURCE_LEFT_OUT,
      'exit 1, 7 targets, 3 resources',
    ]);
  });

  it('but anchors that people use are fine, also many', async () => {
    const many = `${Array.from({ length: 300 }, (_, i) => `  l${i}: *shared\n`).join('')}`;
    const text = `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: many, namespace: apps }\ndata:\n  a: &shared text\n${many}`;
    const cwd = everywhere({ plain: text, resource: text, template: text });
    expect(await said(cwd)).toEqual([
      ...found('good.yaml', 'plain/good.yaml', 'resource/good.yaml', 'template/templates/good.yaml'),
      'exit 1, 4 targets, 7 resources',
    ]);
  });
});

describe('duplicate keys', () => {
  it('are a mistake where kubectl and kustomize take them for one, a warning where the last wins', async () => {
    const bad =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: bad, namespace: apps }\ndata:\n  a: "1"\n  a: "2"\n';
    const patch =
      'apiVersion: v1\nkind: Pod\nmetadata:\n  name: patch\n  namespace: apps\n  labels:\n    a: "1"\n    a: "2"\n';
    const kustomization = 'namespace: a\nnamespace: b\nresources: [good.yaml]\n';
    const cwd = everywhere({ plain: bad, resource: bad, patch, kustomization, template: bad, values: 'a: 1\na: 2\n' });
    expect(await said(cwd)).toEqual([
      'found good.yaml',
      'found kustomization/good.yaml',
      'kustomization/kustomization.yaml: 2:1 warning schema-invalid: duplicate key "namespace": kustomize takes the last one and says nothing of the other',
      'patch/bad.yaml: 8:5 error render-failed: mapping key "a" already defined',
      'plain/bad.yaml: 6:3 error schema-invalid: duplicate key "a": kubectl takes the last one and drops the other without a word',
      'found plain/good.yaml',
      'resource/bad.yaml: 6:3 error render-failed: mapping key "a" already defined',
      'found resource/good.yaml',
      'template/templates/bad.yaml: 6:3 warning schema-invalid: duplicate key "a": the last one wins',
      ...found('template/templates/good.yaml', 'values/templates/good.yaml'),
      PATCH_LEFT_OUT,
      RESOURCE_LEFT_OUT,
      'exit 1, 7 targets, 8 resources',
    ]);
    expect(await said(withFacts(bad))).toEqual([
      'found good.yaml',
      'stderr k8s-lint: facts.yaml:6:3: duplicate key "a": kubectl takes the last one and drops the other without a word (existing of environment prod)',
      'exit 2, 1 targets, 1 resources',
    ]);
    expect(
      await said(withConfig('environments: { a: { targets: [{ manifests: [good.yaml] }] } }\nrules: {}\nrules: {}\n')),
    ).toEqual(['stderr k8s-lint: k8s-lint.yaml:3:1: "rules" is there twice', 'exit 2']);
  });
});

describe.each([
  ['an empty file', ''],
  ['a file of comments', '# nothing\n---\n# here\n'],
])('%s', (_, text) => {
  const nothing = 'nothing in it but blanks and comments';

  it('is named, and is no mistake where nothing has to stand in it', async () => {
    const cwd = everywhere({
      plain: text,
      resource: text,
      patch: text,
      kustomization: text,
      template: text,
      values: text,
    });
    expect(await said(cwd)).toEqual([
      'found good.yaml',
      'kustomization/kustomization.yaml: error render-failed: kustomization.yaml is empty',
      'patch/kustomization.yaml: 4:5 error render-failed: must specify a target for JSON patch [path: "bad.yaml"]',
      ...found('plain/good.yaml', 'resource/good.yaml', 'template/templates/good.yaml', 'values/templates/good.yaml'),
      ORPHAN,
      PATCH_LEFT_OUT,
      `unchecked plain/bad.yaml: ${nothing} (plain/bad.yaml)`,
      `unchecked resource/bad.yaml: ${nothing} (resource)`,
      'exit 1, 7 targets, 5 resources',
    ]);
  });

  it('says so of facts, configuration, configured manifests and a stream', async () => {
    expect(await said(withFacts(text))).toEqual([
      'found good.yaml',
      `unchecked facts.yaml: ${nothing} (prod)`,
      'exit 1, 1 targets, 1 resources',
    ]);
    expect(await said(withConfig(text))).toEqual([
      'found good.yaml',
      `unchecked k8s-lint.yaml: ${nothing} (k8s-lint.yaml)`,
      'exit 1, 1 targets, 1 resources',
    ]);
    const configured = tree({
      'k8s-lint.yaml': 'environments: { prod: { targets: [{ manifests: ["*.yaml"] }] } }\n',
      'bad.yaml': text,
      'good.yaml': pod('good'),
    });
    expect(await said(configured)).toEqual([
      'found good.yaml',
      `unchecked bad.yaml: ${nothing} (*.yaml)`,
      'exit 1, 1 targets, 1 resources',
    ]);
    expect(await said(configured, ['-'], { input: text })).toEqual([
      `unchecked <stdin>: ${nothing} (<stdin>)`,
      'stderr k8s-lint: nothing to lint: the stream holds no objects',
      'exit 2, 1 targets, 0 resources',
    ]);
  });
});

describe('what renders nothing', () => {
  it('is named: it is no all-clear', async () => {
    const cwd = tree({
      'app/Chart.yaml': chartYaml('app'),
      'app/templates/pod.yaml': `{{ if .Values.enabled }}\n${pod('app')}{{ end }}\n`,
      'good.yaml': pod('good'),
    });
    expect(await said(cwd)).toEqual([
      'found good.yaml',
      'unchecked the whole target: it renders no objects (app)',
      'exit 1, 2 targets, 1 resources',
    ]);
  });
});

describe('tabs', () => {
  it('are a finding at their line', async () => {
    const bad = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: bad\n';
    const kustomization = 'resources:\n\t- good.yaml\n';
    const cwd = everywhere({
      plain: bad,
      resource: bad,
      patch: bad,
      kustomization,
      template: bad,
      values: 'a:\n\tb: c\n',
    });
    const refusal = 'tab characters must not be used in indentation';
    const byLibyaml = 'found character that cannot start any token';
    expect(await said(cwd)).toEqual([
      'found good.yaml',
      `kustomization/kustomization.yaml: 2:1 error render-failed: invalid Kustomization: yaml: line 2: ${byLibyaml}`,
      `patch/bad.yaml: 4:1 error render-failed: unable to parse SM or JSON patch from [path: "bad.yaml"]: malformed YAML: ${refusal}`,
      `plain/bad.yaml: 4:1 error render-failed: malformed YAML: ${refusal}`,
      'found plain/good.yaml',
      `resource/bad.yaml: 4:1 error render-failed: accumulating resources from 'bad.yaml': MalformedYAMLError: yaml: line 4: ${byLibyaml} in File: bad.yaml`,
      'found resource/good.yaml',
      `template/templates/bad.yaml: 4:2 error render-failed: the template prints what is not valid YAML: ${byLibyaml}`,
      `values/values.yaml: 2:1 error render-failed: malformed values.yaml: ${byLibyaml}`,
      ORPHAN,
      PATCH_LEFT_OUT,
      RESOURCE_LEFT_OUT,
      'exit 1, 7 targets, 3 resources',
    ]);
    expect(await said(withFacts(bad))).toEqual([
      'found good.yaml',
      `stderr k8s-lint: facts.yaml:4:1: malformed YAML: ${refusal} (existing of environment prod)`,
      'exit 2, 1 targets, 1 resources',
    ]);
    expect(await said(withConfig('environments:\n\tprod: {}\n'))).toEqual([
      `stderr k8s-lint: k8s-lint.yaml:2:1: malformed YAML: ${refusal}`,
      'exit 2',
    ]);
  });
});

describe.each([
  ['CRLF', (text: string) => text.replaceAll('\n', '\r\n')],
  ['a BOM', (text: string) => `\ufeff${text}`],
])('%s', (_, change) => {
  it('changes nothing, not even columns', async () => {
    const bad = change(pod('bad'));
    const cwd = everywhere({
      plain: bad,
      resource: bad,
      patch: change('apiVersion: v1\nkind: Pod\nmetadata: { name: patch, namespace: apps }\nspec: { dnsPolicy: 5 }\n'),
      kustomization: change('resources:\n  - good.yaml\nnameSuffix: -x\n'),
      template: bad,
      values: change('a: b\n'),
    });
    expect(await said(cwd)).toEqual([
      ...found('good.yaml', 'kustomization/good.yaml'),
      'patch/bad.yaml: 4:20 error schema-invalid: dnsPolicy is the number 5, not a string: quote it (json: cannot unmarshal number into Go struct field PodSpec.spec.dnsPolicy of type string) [patch/kustomization.yaml:4 the patch is listed here]',
      ...found('plain/bad.yaml', 'plain/good.yaml', 'resource/bad.yaml', 'resource/good.yaml'),
      ...found('template/templates/bad.yaml', 'template/templates/good.yaml', 'values/templates/good.yaml'),
      'unchecked Pod/patch by the other rules: its fields have wrong types, or lack what is required: see schema-invalid (patch)',
      'exit 1, 7 targets, 10 resources',
    ]);
    const config =
      'environments:\n  prod:\n    targets:\n      - manifests: [good.yaml]\n    existing: []\n    targts: []\n';
    expect(await said(withConfig(change(config)))).toEqual([
      'stderr k8s-lint: k8s-lint.yaml:6:5: unknown key "targts": did you mean "targets"?',
      'exit 2',
    ]);
    expect(await said(withFacts(change('apiVersion: v1\nkind: Node\nmetadata: { name: a }\n')))).toEqual([
      'found good.yaml',
      'exit 1, 1 targets, 1 resources',
    ]);
  });
});

describe('a List', () => {
  const item = (name: string) => `  - ${pod(name).trimEnd().replaceAll('\n', '\n    ')}\n`;
  const bad = `apiVersion: v1\nkind: List\nitems:\n${item('a')}  - null\n  - { apiVersion: v1, metadata: { name: b } }\n  - apiVersion: v1\n    kind: List\n    items: []\n`;
  const inList =
    '7:127 error host-network-port-mismatch: hostPort 80 must equal containerPort 8000 under hostNetwork: the API server refuses the pod';
  const noObject = '8:5 error schema-invalid: not a Kubernetes object: a map with apiVersion and kind is needed';
  const noKind = '9:5 error schema-invalid: not a Kubernetes object: kind is missing, kubectl refuses the document';

  it('is taken apart, and each of its items judged', async () => {
    const cwd = everywhere({ plain: bad, resource: bad, patch: bad, kustomization: bad, template: bad });
    expect(await said(cwd)).toEqual([
      'found good.yaml',
      'kustomization/kustomization.yaml: 3:1 error render-failed: invalid Kustomization: json: unknown field "items"',
      'patch/bad.yaml: 1:1 error render-failed: unable to parse SM or JSON patch from [path: "bad.yaml"]',
      ...[inList, noObject, noKind].map((text) => `plain/bad.yaml: ${text}`),
      'found plain/good.yaml',
      "resource/bad.yaml: 9:5 error render-failed: accumulating resources from 'bad.yaml': missing kind",
      'found resource/good.yaml',
      ...[inList, noObject, noKind].map((text) => `template/templates/bad.yaml: ${text}`),
      'found template/templates/good.yaml',
      ORPHAN,
      PATCH_LEFT_OUT,
      RESOURCE_LEFT_OUT,
      'exit 1, 6 targets, 6 resources',
    ]);
    expect(await said(withFacts(bad))).toEqual([
      'found good.yaml',
      'stderr k8s-lint: facts.yaml:8:5: not a Kubernetes object: a map with apiVersion and kind is needed (existing of environment prod)',
      'stderr k8s-lint: facts.yaml:9:5: not a Kubernetes object: kind is missing, kubectl refuses the document (existing of environment prod)',
      'exit 2, 1 targets, 1 resources',
    ]);
  });

  it('of Lists is taken apart, too, and one without a list is none', async () => {
    const list = (items: unknown) => ({ apiVersion: 'v1', kind: 'List', items });
    const inner = { metadata: { name: 'inner' }, data: { a: 5 } };
    const text = JSON.stringify(
      list([list([{ apiVersion: 'v1', kind: 'ConfigMapList', items: [inner] }]), list({}), list('x'), list(null)]),
    );
    expect(await said(tree({ 'all.yaml': text, 'good.yaml': pod('good') }))).toEqual([
      `all.yaml: 1:${text.indexOf('5') + 1} error schema-invalid: a is the number 5, not a string: quote it (json: cannot unmarshal number into Go struct field ConfigMap.data of type string)`,
      `all.yaml: 1:${text.indexOf('"items":{}') + 1} error schema-invalid: items must be a list, kubectl refuses the List`,
      `all.yaml: 1:${text.indexOf('"x"') + 1} error schema-invalid: items must be a list, kubectl refuses the List`,
      'found good.yaml',
      'unchecked ConfigMap/inner by the other rules: its fields have wrong types, or lack what is required: see schema-invalid (.)',
      'exit 1, 1 targets, 2 resources',
    ]);
  });
});

describe('a document without kind', () => {
  const bad = 'apiVersion: v1\nmetadata: { name: bad }\n';

  it('is a finding where it starts', async () => {
    const cwd = everywhere({
      plain: bad,
      resource: bad,
      patch: bad,
      kustomization: 'hello\n',
      template: bad,
      values: 'hello\n',
    });
    const refusal = 'not a Kubernetes object: kind is missing, kubectl refuses the document';
    expect(await said(cwd)).toEqual([
      'found good.yaml',
      'kustomization/kustomization.yaml: 1:1 error render-failed: invalid Kustomization: json: cannot unmarshal string into Go value of type types.Kustomization',
      'patch/bad.yaml: 1:1 error render-failed: unable to parse SM or JSON patch from [path: "bad.yaml"]',
      `plain/bad.yaml: 1:1 error schema-invalid: ${refusal}`,
      'found plain/good.yaml',
      "resource/bad.yaml: 1:1 error render-failed: accumulating resources from 'bad.yaml': missing kind",
      'found resource/good.yaml',
      `template/templates/bad.yaml: 1:1 error schema-invalid: ${refusal}`,
      'found template/templates/good.yaml',
      'values/values.yaml: 1:1 error render-failed: malformed values.yaml: it must be a map',
      ORPHAN,
      PATCH_LEFT_OUT,
      RESOURCE_LEFT_OUT,
      'exit 1, 7 targets, 4 resources',
    ]);
    expect(await said(withFacts(bad))).toEqual([
      'found good.yaml',
      `stderr k8s-lint: facts.yaml:1:1: ${refusal} (existing of environment prod)`,
      'exit 2, 1 targets, 1 resources',
    ]);
  });

  it('may be what others refer to: nothing is said to be missing', async () => {
    const using = `apiVersion: v1
kind: Pod
metadata: { name: app, namespace: apps }
spec: { containers: [{ name: app, image: "example.com/app:1", envFrom: [{ configMapRef: { name: settings } }] }] }
`;
    const settings = 'apiVersion: v1\nmetadata: { name: settings, namespace: apps }\ndata: { a: b }\n';
    const cwd = tree({
      'k8s-lint.yaml': 'environments: { prod: { targets: [{ manifests: ["m/*"] }] } }\n',
      'm/app.yaml': using,
      'm/settings.yaml': settings,
    });
    const lines = await said(cwd);
    expect(lines.filter((line) => line.includes(' error '))).toEqual([
      'm/settings.yaml: 1:1 error schema-invalid: not a Kubernetes object: kind is missing, kubectl refuses the document',
    ]);
  });
});

describe('what may not be read', () => {
  it('is named, with why, and the rest is linted', async () => {
    const cwd = tree({
      'good.yaml': pod('good'),
      'closed.yaml': pod('closed'),
      'closed/pod.yaml': pod('inside'),
      'files/kustomization.yaml': 'resources: [closed.yaml]\n',
      'files/closed.yaml': pod('file'),
      'directories/kustomization.yaml': 'resources:\n  - closed\n',
      'directories/closed/kustomization.yaml': 'resources: []\n',
      'app/Chart.yaml': chartYaml('app'),
      'app/templates/closed.yaml': pod('app'),
    });
    const closed = ['closed.yaml', 'closed', 'files/closed.yaml', 'directories/closed', 'app/templates/closed.yaml'];
    expect(await saidToOrdinaryUser(cwd, closed)).toEqual([
      'app/templates/closed.yaml: error render-failed: error reading templates/closed.yaml: open app/templates/closed.yaml: permission denied',
      "directories/kustomization.yaml: 2:5 error render-failed: unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory 'directories/closed'",
      "files/kustomization.yaml: 1:13 error render-failed: accumulating resources from 'closed.yaml': open files/closed.yaml: permission denied",
      'found good.yaml',
      'unchecked closed: this directory cannot be read: permission denied (closed)',
      'unchecked closed.yaml: permission denied (closed.yaml)',
      'unchecked directories/closed: this directory cannot be read: permission denied (directories/closed)',
      'exit 1, 4 targets, 1 resources',
    ]);
  });

  it('ends the run with 2 where facts or the configuration are closed', async () => {
    const facts = withFacts('apiVersion: v1\nkind: Node\nmetadata: { name: a }\n');
    expect(await saidToOrdinaryUser(facts, ['facts.yaml'])).toEqual([
      'found good.yaml',
      'stderr k8s-lint: facts.yaml: permission denied (existing of environment prod)',
      'exit 2, 1 targets, 1 resources',
    ]);
    expect(await saidToOrdinaryUser(withConfig('rules: {}\n'), ['k8s-lint.yaml'])).toEqual([
      'stderr k8s-lint: k8s-lint.yaml: permission denied',
      'exit 2',
    ]);
    const glob = tree({
      'k8s-lint.yaml': 'environments: { prod: { targets: [{ manifests: ["**/*.yaml"] }] } }\n',
      'good.yaml': pod('good'),
      'closed/pod.yaml': pod('inside'),
    });
    expect(await saidToOrdinaryUser(glob, ['closed'])).toEqual([
      'stderr k8s-lint: k8s-lint.yaml:1:49: "**/*.yaml": closed cannot be read: permission denied',
      'exit 2',
    ]);
  });
});

describe('symbolic links that lead in a circle', () => {
  it('end where they start', async () => {
    const cwd = tree({
      'good.yaml': pod('good'),
      'plain/good.yaml': pod('plain'),
      'files/kustomization.yaml': 'resources:\n  - loop.yaml\n',
      'directories/kustomization.yaml': 'resources:\n  - loop\n',
      'app/Chart.yaml': chartYaml('app'),
      'app/templates/good.yaml': pod('app'),
      'parts/Chart.yaml': chartYaml('parts'),
      'parts/templates/good.yaml': pod('parts'),
      'charts/Chart.yaml': chartYaml('charts'),
      'charts/charts/': '',
      'values/Chart.yaml': chartYaml('values'),
    });
    for (const file of ['plain/loop.yaml', 'files/loop.yaml', 'app/templates/loop.yaml', 'values/values.yaml']) {
      symlinkSync(file.slice(file.lastIndexOf('/') + 1), join(cwd, file));
    }
    symlinkSync('.', join(cwd, 'directories/loop'));
    symlinkSync('..', join(cwd, 'plain/up'));
    symlinkSync('..', join(cwd, 'parts/templates/up'));
    symlinkSync('../../charts', join(cwd, 'charts/charts/again'));
    const evaluating = 'error render-failed: error evaluating symlink';
    expect(await said(cwd)).toEqual([
      `app/templates/loop.yaml: ${evaluating} app/templates/loop.yaml: EvalSymlinks: too many links`,
      'charts/charts/again: error render-failed: open charts/charts/again: too many levels of symbolic links',
      "directories/kustomization.yaml: 2:5 error render-failed: cycle detected: candidate root 'directories' contains visited root 'directories'",
      "files/kustomization.yaml: 2:5 error render-failed: accumulating resources from 'loop.yaml': evalsymlink failure on 'files/loop.yaml' : EvalSymlinks: too many links",
      'found good.yaml',
      'parts/templates/up: error render-failed: open parts/templates/up: too many levels of symbolic links',
      'found plain/good.yaml',
      `values/values.yaml: ${evaluating} values/values.yaml: EvalSymlinks: too many links`,
      'unchecked directories/loop: a link to a directory that holds it: it leads in a circle (directories/loop)',
      'unchecked plain/loop.yaml: a link that leads in a circle (plain/loop.yaml)',
      'unchecked plain/up: a link to a directory that holds it: it leads in a circle (plain/up)',
      'exit 1, 8 targets, 2 resources',
    ]);
  });

  it('end the run with 2 where facts or the configuration are links to themselves', async () => {
    const facts = withFacts('');
    execFileSync('ln', ['-sf', 'facts.yaml', join(facts, 'facts.yaml')]);
    expect(await said(facts)).toEqual([
      'stderr k8s-lint: k8s-lint.yaml:6:9: "facts.yaml" cannot be read: its symbolic links lead in a circle',
      'exit 2',
    ]);
    const config = withConfig('');
    execFileSync('ln', ['-sf', 'k8s-lint.yaml', join(config, 'k8s-lint.yaml')]);
    expect(await said(config)).toEqual([
      'stderr k8s-lint: k8s-lint.yaml: a symbolic link that leads back to itself',
      'exit 2',
    ]);
    const glob = tree({
      'k8s-lint.yaml': 'environments: { prod: { targets: [{ manifests: ["m/*.yaml"] }] } }\n',
      'm/good.yaml': pod('good'),
    });
    symlinkSync('loop.yaml', join(glob, 'm/loop.yaml'));
    expect(await said(glob)).toEqual([
      'found m/good.yaml',
      'm/loop.yaml: error render-failed: a symbolic link that leads back to itself',
      'exit 1, 1 targets, 1 resources',
    ]);
    expect(await said(glob, ['m/loop.yaml'])).toEqual([
      'stderr k8s-lint: m/loop.yaml: its symbolic links lead in a circle',
      'exit 2',
    ]);
  });
});

describe('what contains itself', () => {
  it('kustomizations: a finding at the line that closes the circle', async () => {
    const cwd = tree({
      'good.yaml': pod('good'),
      'self/kustomization.yaml': 'resources:\n  - good.yaml\n  - ../self\n',
      'self/good.yaml': pod('self'),
      'component/kustomization.yaml': 'resources: [good.yaml]\ncomponents:\n  - .\n',
      'component/good.yaml': pod('component'),
      'a/kustomization.yaml': 'resources: [../b]\n',
      'b/kustomization.yaml': 'resources: [../a]\n',
    });
    const cycle = (name: string) =>
      `error render-failed: cycle detected: candidate root '${name}' contains visited root '${name}'`;
    expect(await said(cwd)).toEqual([
      `b/kustomization.yaml: 1:13 ${cycle('a')}`,
      `component/kustomization.yaml: 3:5 ${cycle('component')}`,
      'found good.yaml',
      'found self/good.yaml',
      `self/kustomization.yaml: 3:5 ${cycle('self')}`,
      'unchecked Pod/component: . (component/kustomization.yaml:3) may change it, and is left out (component)',
      'unchecked ../self (self/kustomization.yaml:3): kustomize refuses it: the rest is judged without it (self)',
      'exit 1, 4 targets, 2 resources',
    ]);
  });

  it('charts: a finding at the line that includes itself', async () => {
    const cwd = tree({
      'good.yaml': pod('good'),
      'include/Chart.yaml': chartYaml('include'),
      'include/templates/_a.tpl':
        '{{ define "a" }}\n{{ include "b" . }}\n{{ end }}\n{{ define "b" }}{{ include "a" . }}{{ end }}\n',
      'include/templates/pod.yaml': '{{ include "a" . }}\n',
      'template/Chart.yaml': chartYaml('template'),
      'template/templates/_a.tpl': '{{ define "a" }}\n{{ template "a" . }}\n{{ end }}\n',
      'template/templates/pod.yaml': '{{ template "a" . }}\n',
      'dependency/Chart.yaml': `${chartYaml('dependency')}dependencies:\n  - { name: dependency, version: 1.0.0, repository: "file://." }\n`,
    });
    expect(await said(cwd)).toEqual([
      'found good.yaml',
      'include/templates/_a.tpl: 4:20 error render-failed: <include "a" .>: error calling include: rendering template has a nested reference name: a: unable to execute template [include/templates/_a.tpl:2 included here] [include/templates/pod.yaml:1 included here]',
      'template/templates/_a.tpl: 2:13 error render-failed: <{{template "a" .}}>: exceeded maximum template depth (100000)',
      'unchecked dependency: found in Chart.yaml, but missing in charts/ directory: dependency; run `helm dependency build dependency` (dependency/Chart.yaml:5) (dependency)',
      'exit 1, 4 targets, 1 resources',
    ]);
  });

  it('charts that count for ever are stopped', async () => {
    const cwd = tree({
      'good.yaml': pod('good'),
      'app/Chart.yaml': chartYaml('app'),
      'app/templates/pod.yaml': '{{ range until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}\n',
    });
    expect(await said(cwd, ['--timeout', '1'])).toEqual([
      'app/Chart.yaml: error render-failed: helm template did not finish within 1 s',
      'found good.yaml',
      'exit 1, 2 targets, 1 resources',
    ]);
  });
});

describe('a tool', () => {
  const both = () =>
    tree({
      'k/kustomization.yaml': 'resources: [pod.yaml]\n',
      'k/pod.yaml': pod('k'),
      'app/Chart.yaml': chartYaml('app'),
      'app/templates/pod.yaml': pod('app'),
      'good.yaml': pod('good'),
    });

  it.each([
    ['hangs', 'sleep 1000', 'did not finish within 1 s and was stopped', 'template did not finish within 1 s'],
    [
      'hangs with its output closed',
      'exec >&- 2>&-; sleep 1000',
      'did not finish within 1 s and was stopped',
      'template did not finish within 1 s',
    ],
    [
      'prints garbage',
      'printf "\\377\\376\\000\\033[31m\\n\\n"',
      'printed what is no YAML, on line 1 of its output: not UTF-8 text: it holds a NUL byte (UTF-16, or a binary file)',
      'template printed something else than manifests, and said that all is well',
    ],
    [
      'prints without end',
      'yes "a: b"',
      'printed more than 256 MB and was stopped',
      'template printed more than any cluster takes, and was stopped',
    ],
    ['dies', 'kill -9 $$', 'died by SIGKILL', 'template died (SIGKILL)'],
    [
      'fails without a word',
      'exit 3',
      'failed without a message (exit code 3)',
      'template failed without a message (exit code 3)',
    ],
    [
      'fails with garbage',
      'printf "\\377\\376\\033[31m" >&2; exit 3',
      'failed (exit code 3), and what it says is no text',
      'template failed (exit code 3), and what it says is no text',
    ],
    [
      'crashes',
      'printf "panic: index out of range\\n\\ngoroutine 1 [running]:\\nmain.main()\\n" >&2; exit 2',
      'crashed: panic: index out of range',
      'crashed: panic: index out of range',
    ],
  ])('that %s is a finding, and the rest is linted', async (does, script, ofKustomize, ofHelm) => {
    const tools = { kustomize: await fakeTool('kustomize', script), helm: await fakeTool('helm', script) };
    // Only what hangs should meet the limit: 256 MB take their time on a busy machine.
    const seconds = does.startsWith('hangs') ? '1' : '60';
    expect(await said(both(), ['--timeout', seconds], tools)).toEqual([
      `app/Chart.yaml: error render-failed: helm ${ofHelm}`,
      'found good.yaml',
      `k/kustomization.yaml: error render-failed: kustomize ${ofKustomize}`,
      'exit 1, 3 targets, 1 resources',
    ]);
  });

  it('that prints text, or nothing, and says that all is well', async () => {
    const script = 'echo hello; echo world';
    const tools = { kustomize: await fakeTool('kustomize', script), helm: await fakeTool('helm', script) };
    expect(await said(both(), [], tools)).toEqual([
      'app/Chart.yaml: error render-failed: helm template printed something else than manifests, and said that all is well',
      'found good.yaml',
      'k/kustomization.yaml: error schema-invalid: not a Kubernetes object: a map with apiVersion and kind is needed',
      'exit 1, 3 targets, 1 resources',
    ]);
    const silent = { kustomize: await fakeTool('kustomize', 'exit 0'), helm: await fakeTool('helm', 'exit 0') };
    expect(await said(both(), [], silent)).toEqual([
      'found good.yaml',
      'unchecked the whole target: it renders no objects (app)',
      'unchecked the whole target: it renders no objects (k)',
      'exit 1, 3 targets, 1 resources',
    ]);
  });

  it('that is none ends the run with 2, after the report', async () => {
    const none = await fakeTool('none', 'exit 1');
    const absent = join(none, 'helm');
    expect(await said(both(), [], { kustomize: none, helm: absent })).toEqual([
      'found good.yaml',
      'unchecked all that it renders: the tool that renders it is missing (app)',
      'unchecked all that it renders: the tool that renders it is missing (k)',
      `stderr k8s-lint: --helm ${absent} can't be used as helm: it does not exist`,
      `stderr k8s-lint: --kustomize ${none} can't be used as kustomize: it fails at \`version --client -o json\` with exit code 1`,
      'exit 2, 3 targets, 1 resources',
    ]);
  });

  it('that warns is not quoted', async () => {
    const kustomize = await fakeTool('kustomize', 'echo "# Warning: x is deprecated" >&2; exec "$REAL" "$@"');
    const helm = await fakeTool('helm', 'echo "WARNING: group-readable"; echo "WARNING: x" >&2; exec "$REAL" "$@"');
    expect(await said(both(), [], { kustomize, helm })).toEqual([
      ...found('app/templates/pod.yaml', 'good.yaml', 'k/pod.yaml'),
      'exit 1, 3 targets, 3 resources',
    ]);
    const deprecated = tree({
      'kustomization.yaml': 'bases: [base]\ncommonLabels: { a: b }\npatchesStrategicMerge: []\n',
      'base/kustomization.yaml': 'resources: [pod.yaml]\n',
      'base/pod.yaml': pod('base'),
    });
    expect(await said(deprecated, ['.'])).toEqual(['found base/pod.yaml', 'exit 1, 1 targets, 1 resources']);
  });
});

describe('pipes and devices', () => {
  it('are never waited for', async () => {
    const cwd = tree({
      'good.yaml': pod('good'),
      'resource/kustomization.yaml': 'resources:\n  - pipe.yaml\n',
      'patch/kustomization.yaml': 'patches:\n  - path: pipe.yaml\n',
      'device/kustomization.yaml': 'resources:\n  - zero.yaml\n',
      'app/Chart.yaml': chartYaml('app'),
      'app/templates/': '',
      'ignored/good.yaml': pod('ignored'),
    });
    for (const file of ['pipe.yaml', 'resource/pipe.yaml', 'patch/pipe.yaml', 'app/templates/pipe.yaml']) {
      execFileSync('mkfifo', [join(cwd, file)]);
    }
    symlinkSync('/dev/zero', join(cwd, 'device/zero.yaml'));
    symlinkSync('/dev/zero', join(cwd, '.gitignore'));
    mkdirSync(join(cwd, '.git/info'), { recursive: true });
    symlinkSync('/dev/zero', join(cwd, '.git/info/exclude'));
    const noFile = 'not a regular file (a pipe, socket or device)';
    expect(await said(cwd)).toEqual([
      'app/templates/pipe.yaml: error render-failed: cannot load irregular file app/templates/pipe.yaml as it has file mode type bits set',
      `device/kustomization.yaml: 2:5 error render-failed: device/zero.yaml: ${noFile}`,
      ...found('good.yaml', 'ignored/good.yaml'),
      `patch/kustomization.yaml: 2:11 error render-failed: patch/pipe.yaml: ${noFile}`,
      `resource/kustomization.yaml: 2:5 error render-failed: resource/pipe.yaml: ${noFile}`,
      'unchecked pipe.yaml: a pipe, a socket or a device, not a file (pipe.yaml)',
      'exit 1, 6 targets, 2 resources',
    ]);
    expect(await said(cwd, ['ignored'])).toEqual(['found ignored/good.yaml', 'exit 1, 1 targets, 1 resources']);
    expect(await said(cwd, ['pipe.yaml'])).toEqual([
      'stderr k8s-lint: pipe.yaml: neither a file nor a directory (to read a stream, name it "-")',
      'exit 2',
    ]);
  });
});
