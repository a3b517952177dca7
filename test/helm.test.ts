import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { RANDOM_VALUE } from '../src/cluster/unknown.ts';
import type { Rendered } from '../src/render/target.ts';
import { pinned } from '../src/render/tools.ts';
import { at, CONFIGURED, chart, LAYERS, renderIn, shopFiles, type TargetOptions } from './helm-targets.ts';
import { tree } from './tree.ts';

const CONFIG_MAP = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n';

vi.setConfig({ testTimeout: 60_000 });

afterEach(() => {
  vi.unstubAllEnvs();
});

function shownFindings({ findings }: Rendered): string[] {
  return findings.map(({ rule, severity, message, location, related = [] }) => {
    const more = related.map((item) => ` [${item.message} ${item.location ? at(item.location) : ''}]`).join('');
    return `${at(location)} ${severity === undefined ? '' : `${severity} `}${rule}: ${message}${more}`;
  });
}

function dataOf({ objects }: Rendered): unknown[] {
  return objects.map(({ value }) => (value as { data: unknown }).data);
}

describe.each(LAYERS)('with the helm of %s', (layer) => {
  it('renders CRDs, hooks, Lists, subcharts and templates with several documents', async () => {
    const rendered = await renderIn(tree(shopFiles()), layer, { chart: 'shop' });
    const shown = rendered.objects.map(({ value, source, thirdParty }) => {
      const { kind, metadata } = value as { kind: string; metadata?: { name: string } };
      return `${at(source)} ${kind}/${metadata?.name}${thirdParty ? ' third-party' : ''}`;
    });
    expect(shown.sort()).toEqual([
      'shop/charts/cache/templates/deployment.yaml Deployment/rel-cache third-party',
      'shop/charts/worker/templates/deployment.yaml Deployment/rel-mailer',
      'shop/crds/coupons.yaml:1 CustomResourceDefinition/coupons.shop.example.com',
      'shop/crds/coupons.yaml:20 CustomResourceDefinition/vouchers.shop.example.com',
      'shop/templates/budget.yaml PodDisruptionBudget/rel-shop',
      'shop/templates/configmap.yaml ConfigMap/rel-shop',
      'shop/templates/deployment.yaml Deployment/rel-shop',
      'shop/templates/extra.yaml ConfigMap/rel-extra',
      'shop/templates/migrate.yaml Job/rel-shop-migrate',
      'shop/templates/secret.yaml Secret/rel-shop',
      'shop/templates/services.yaml Ingress/rel-shop',
      'shop/templates/services.yaml Service/rel-shop-api',
      'shop/templates/services.yaml Service/rel-shop-web',
      'shop/templates/tests/test-connection.yaml Pod/rel-shop-test',
      'shop/templates/windows.yaml List/undefined',
    ]);
    expect({ ...rendered, objects: [] }).toEqual({
      objects: [],
      findings: [],
      unchecked: [],
      kubernetesVersion: layer === 'v31' ? '1.32' : '1.35',
    });
  });

  it('passes release, namespace, values in order, set, version and API versions on', async () => {
    const root = chart({
      'templates/x.yaml': [
        `${CONFIG_MAP}data:`,
        '  release: {{ .Release.Name }}',
        '  namespace: {{ .Release.Namespace }}',
        '  version: {{ .Capabilities.KubeVersion.Version }}',
        '  has: {{ .Capabilities.APIVersions.Has "example.com/v1" | quote }}',
        '  aggregated: {{ .Capabilities.APIVersions.Has "apiregistration.k8s.io/v1" | quote }}',
        '  {{- toYaml .Values | nindent 2 }}',
      ].join('\n'),
      'values.yaml': 'a: chart\nb: chart\nc: chart\nd: chart\n',
      'one, with 100% and #.yaml': 'b: one\nc: one\nd: one\n',
      'two.yaml': 'c: two\nd: two\n',
    });
    const rendered = await renderIn(
      root,
      layer,
      {
        release: 'shop',
        namespace: 'prod',
        values: ['app/one, with 100% and #.yaml', 'app/two.yaml'],
        set: { d: 'set, $(echo) "x"', n: '0644' },
        apiVersions: ['example.com/v1'],
      },
      { kubernetesVersion: '1.29' },
    );
    expect(dataOf(rendered)).toEqual([
      {
        release: 'shop',
        namespace: 'prod',
        version: 'v1.29.0',
        has: 'true',
        aggregated: 'true',
        a: 'chart',
        b: 'one',
        c: 'two',
        d: 'set, $(echo) "x"',
        n: '0644',
      },
    ]);
  });

  it('renders a chart from an archive, all of it third-party', async () => {
    const files = shopFiles();
    const root = tree(files);
    const { helm } = await pinned(layer);
    execFileSync(helm, ['package', join(root, 'shop'), '-d', root], { stdio: 'pipe' });
    const rendered = await renderIn(root, layer, { chart: 'shop-1.4.0.tgz' });
    expect(rendered.findings).toEqual([]);
    expect(rendered.objects.length).toBe(15);
    expect(new Set(rendered.objects.map(({ source, thirdParty }) => `${at(source)} ${thirdParty}`))).toEqual(
      new Set(['shop-1.4.0.tgz true']),
    );
  });

  it('reads templates with a BOM, with CRLF and with anchors', async () => {
    const root = chart({
      'templates/bom.yaml': `\ufeff${CONFIG_MAP}data: {a: "1"}\n`,
      'templates/crlf.yaml': `${CONFIG_MAP}data:\n  a: &a "1"\n  b: *a\n`.replaceAll('\n', '\r\n'),
    });
    expect(dataOf(await renderIn(root, layer))).toEqual([{ a: '1' }, { a: '1', b: '1' }]);
  });

  describe('values that differ between renders', () => {
    it('are marked, leaf by leaf; what differs in shape is marked as a whole', async () => {
      const root = chart({
        'templates/x.yaml': [
          `${CONFIG_MAP}  annotations: { checksum: {{ include "app.secret" . | sha256sum }} }`,
          'data:',
          '  plain: text',
          '  random: {{ include "app.secret" . }}',
          '  url: "http://{{ uuidv4 }}/"',
          '  day: {{ now | date "2006-01-02" | quote }}',
          '  unix: {{ unixEpoch now | quote }}',
          '  written: "now"',
          'map: { {{ randAlpha 12 | lower }}: 1, same: 2 }',
          'list: [a, {{ if eq (now | date "2006") "2001" }}b, {{ end }}c]',
        ].join('\n'),
        'templates/_helpers.tpl': '{{ define "app.secret" }}{{ randAlphaNum 24 }}{{ end }}',
      });
      const { objects } = await renderIn(root, layer);
      expect(objects[0]?.value).toEqual({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'x', annotations: { checksum: RANDOM_VALUE } },
        data: {
          plain: 'text',
          random: RANDOM_VALUE,
          url: RANDOM_VALUE,
          day: RANDOM_VALUE,
          unix: RANDOM_VALUE,
          written: 'now',
        },
        map: RANDOM_VALUE,
        list: RANDOM_VALUE,
      });
    });

    it('are found in archives in charts/, and in values that a chart runs as templates', async () => {
      const sub = tree({
        'sub/Chart.yaml': 'apiVersion: v2\nname: sub\nversion: 1.0.0\n',
        'sub/templates/x.yaml': `${CONFIG_MAP}data: { random: "{{ randAlphaNum 24 }}" }\n`,
      });
      const root = chart({
        'templates/x.yaml': `${CONFIG_MAP}data: { random: {{ tpl .Values.text . }} }\n`,
        'values.yaml': 'text: "{{ randAlphaNum 24 }}"\n',
        'charts/': '',
      });
      execFileSync('tar', ['czf', join(root, 'app/charts/sub-1.0.0.tgz'), '-C', sub, 'sub']);
      const rendered = await renderIn(root, layer);
      expect(dataOf(rendered)).toEqual([{ random: RANDOM_VALUE }, { random: RANDOM_VALUE }]);
      expect(rendered.objects.map(({ thirdParty }) => thirdParty)).toEqual([true, undefined]);
    });
  });

  it('warns of duplicate keys at the line of the later one', async () => {
    const root = chart({
      'templates/x.yaml': [
        '{{- if .Values.enabled }}',
        CONFIG_MAP.trimEnd(),
        '  labels:',
        '    {{- include "app.labels" . | nindent 4 }}',
        '    app: again',
        'data: {}',
        '{{- end }}',
      ].join('\n'),
      'templates/_helpers.tpl': '{{- define "app.labels" }}\napp: {{ .Chart.Name }}\ntier: web\n{{- end }}\n',
      'values.yaml': 'enabled: true\n',
    });
    const rendered = await renderIn(root, layer);
    expect(shownFindings(rendered)).toEqual([
      'app/templates/x.yaml:8:5 warning schema-invalid: duplicate key "app": the last one wins',
    ]);
    expect(rendered.objects.map(({ value }) => (value as { metadata: unknown }).metadata)).toEqual([
      { name: 'x', labels: { app: 'again', tier: 'web' } },
    ]);
  });

  describe('failures', () => {
    interface Failure {
      name: string;
      files: Record<string, string>;
      options?: TargetOptions;
      /** With `{v31}…{/}` and `{v35}…{/}` around what the versions say differently. */
      findings: string[];
    }

    const failures: Failure[] = [
      {
        name: 'a value that is nil, in a definition that two others include',
        files: {
          'templates/x.yaml': `${CONFIG_MAP}data:\n  {{- include "app.outer" . | nindent 2 }}\n`,
          'templates/_helpers.tpl': [
            '{{- define "app.inner" -}}',
            'ä: {{ .Values.a.b.c }}',
            '{{- end }}',
            '{{- define "app.outer" -}}',
            '{{ include "app.inner" . }}',
            '{{- end }}',
          ].join('\n'),
        },
        findings: [
          'app/templates/_helpers.tpl:2:14 render-failed: <.Values.a.b.c>: nil pointer evaluating interface {}.b [included here app/templates/_helpers.tpl:5:4] [included here app/templates/x.yaml:6:7]',
        ],
      },
      {
        name: 'required',
        files: { 'templates/x.yaml': `${CONFIG_MAP}data: {{ required "set .Values.data (a map)" .Values.data }}\n` },
        findings: ['app/templates/x.yaml:5:10 render-failed: set .Values.data (a map)'],
      },
      {
        name: 'a string over two lines',
        files: { 'templates/x.yaml': `${CONFIG_MAP}data: {{ required "set .Values.data:\n a map" .Values.data }}\n` },
        findings: ['app/templates/x.yaml:5 render-failed: parse error: unterminated quoted string'],
      },
      {
        name: 'fail with lines and a colon',
        files: { 'templates/x.yaml': `${CONFIG_MAP}{{ fail "x:\\n  set y:8080" }}\n` },
        findings: ['app/templates/x.yaml:5:4 render-failed: x: set y:8080'],
      },
      {
        name: 'a function that does not exist',
        files: { 'templates/x.yaml': 'a: b\nb: {{ foo "x" }}\n' },
        findings: ['app/templates/x.yaml:2 render-failed: parse error: function "foo" not defined'],
      },
      {
        name: 'an if without end',
        files: { 'templates/x.yaml': 'a: b\n{{ if .Values.a }}\n  {{- with .Values.b }}\nc: d\n{{- end }}\n' },
        findings: [
          'app/templates/x.yaml:5 render-failed: parse error: unexpected EOF [opened here app/templates/x.yaml:2:1]',
        ],
      },
      {
        name: 'a definition that does not exist',
        files: { 'templates/x.yaml': 'a: b\nc: {{ include "nope" . }}\n' },
        findings: [
          'app/templates/x.yaml:2:7 render-failed: <include "nope" .>: error calling include: template: no template "nope" associated with template "gotpl"',
        ],
      },
      {
        name: 'definitions that include each other',
        files: {
          'templates/_a.tpl': '{{ define "a" }}{{ include "b" . }}{{ end }}\n',
          'templates/_b.tpl': '{{ define "b" }}{{ include "a" . }}{{ end }}\n',
          'templates/x.yaml': 'a: {{ include "a" . }}\n',
        },
        findings: [
          'app/templates/_b.tpl:1:20 render-failed: <include "a" .>: error calling include: rendering template has a nested reference name: a: unable to execute template [included here app/templates/_a.tpl:1:20] [included here app/templates/x.yaml:1:7]',
        ],
      },
      {
        name: 'tpl of a value, whose text is not shown',
        files: {
          'templates/x.yaml': 'a: x\nb: {{ tpl .Values.t . }}\n',
          'values.yaml': 't: "s3cret {{ .Values.q.r }}"\n',
        },
        findings: [
          'app/templates/x.yaml:2:7 render-failed: <tpl .Values.t .>: error calling tpl: error during tpl function execution for "…": template: gotpl:1:17: executing "gotpl" at <.Values.q.r>: nil pointer evaluating interface {}.r',
        ],
      },
      {
        name: 'notes that fail',
        files: { 'templates/NOTES.txt': 'hello {{ .Values.a.b }}' },
        findings: ['app/templates/NOTES.txt:1:17 render-failed: <.Values.a.b>: nil pointer evaluating interface {}.b'],
      },
      {
        name: 'output that is no YAML, in the second document',
        files: {
          'templates/x.yaml': `{{- if true }}\n---\n${CONFIG_MAP}{{- end }}\n---\n${CONFIG_MAP}  {{- range list "a" "b" }}\n   {{ . }}: 1\n  {{- end }}\n`,
        },
        findings: [
          'app/templates/x.yaml:14:11 render-failed: the template prints what is not valid YAML: mapping values are not allowed in this context',
        ],
      },
      {
        name: 'output that is no YAML, in a definition',
        files: {
          'templates/_helpers.tpl': '{{- define "app.labels" }}\napp: a\n tier: b\n{{- end }}\n',
          'templates/x.yaml': `${CONFIG_MAP}  labels:\n    {{- include "app.labels" . | nindent 4 }}\n`,
        },
        findings: [
          'app/templates/_helpers.tpl:3:6 render-failed: the template prints what is not valid YAML: mapping values are not allowed in this context',
        ],
      },
      {
        name: 'YAML that is broken next to a checksum',
        files: {
          'values.yaml': 'tag: ""\n',
          'templates/cm.yaml': 'kind: ConfigMap\nmetadata: { name: {{ .Release.Name }} }\n',
          'templates/x.yaml':
            'kind: Pod\nmetadata:\n  sum: {{ include (print $.Template.BasePath "/cm.yaml") . | sha256sum }}\nspec:\n  image: nginx:{{ .Values.tag }}\n',
        },
        findings: [
          'app/templates/x.yaml:5:15 render-failed: the template prints what is not valid YAML: mapping values are not allowed in this context',
        ],
      },
      {
        name: 'a tab',
        files: { 'templates/x.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: x\n' },
        findings: [
          'app/templates/x.yaml:4:2 render-failed: the template prints what is not valid YAML: found character that cannot start any token',
        ],
      },
      {
        name: 'a document that is a list',
        files: { 'templates/x.yaml': '# a list\n- a\n- b\n' },
        findings: [
          'app/templates/x.yaml:2:1 render-failed: the template prints what is not valid YAML: the document must be a map, not a list',
        ],
      },
      {
        name: 'a name that is a list',
        files: { 'templates/x.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: [x]\n' },
        findings: [
          'app/templates/x.yaml:4:3 render-failed: the template prints what is not valid YAML: metadata.name must be a string, not a list',
        ],
      },
      {
        name: 'values that do not match their schema',
        files: {
          'values.schema.json': JSON.stringify({
            type: 'object',
            required: ['host'],
            properties: {
              password: { type: 'string', pattern: '^x' },
              net: {
                type: 'object',
                additionalProperties: false,
                properties: {
                  port: { type: 'integer' },
                  'a.b': { type: 'string' },
                  hosts: { type: 'array', items: { type: 'object', required: ['name'] } },
                },
              },
            },
          }),
          'values.yaml': 'net:\n  port: 80\n  hosts:\n    - name: a\n    - nam: b\n',
          'prod.yaml': 'password: hunter2\nnet:\n  port: "80"\n  extra: 1\n  a.b: 2\n',
        },
        options: { values: ['app/prod.yaml'] },
        findings: [
          "app/prod.yaml render-failed: the values don't match values.schema.json: {v31}host is required{/}{v35}missing property 'host'{/}",
          "app/prod.yaml:1:11 render-failed: the values don't match values.schema.json: password: {v31}D{/}{v35}d{/}oes not match pattern '^x'",
          "app/prod.yaml:3:9 render-failed: the values don't match values.schema.json: net.port: {v31}Invalid type. Expected: integer, given: string{/}{v35}got string, want integer{/}",
          "app/prod.yaml:4:3 render-failed: the values don't match values.schema.json: net: {v31}Additional property extra is not allowed{/}{v35}additional properties 'extra' not allowed{/}",
          "app/prod.yaml:5:8 render-failed: the values don't match values.schema.json: net.a.b: {v31}Invalid type. Expected: string, given: integer{/}{v35}got number, want string{/}",
          "app/values.yaml:5:7 render-failed: the values don't match values.schema.json: net.hosts.1: {v31}name is required{/}{v35}missing property 'name'{/}",
        ],
      },
      {
        name: 'values that match none of the alternatives of their schema',
        files: {
          'values.schema.json':
            '{"properties":{"a":{"oneOf":[{"type":"string"},{"type":"integer"}]},"b":{"type":"string"}}}',
          'values.yaml': 'a: [1]\nb: 1\n',
        },
        findings: [
          "app/values.yaml:1:1 render-failed: the values don't match values.schema.json: a: {v31}Must validate one and only one schema (oneOf){/}{v35}'oneOf' failed, none matched{/}",
          "{v31}app/values.yaml:1:1 render-failed: the values don't match values.schema.json: a: Invalid type. Expected: string, given: array{/}",
          "app/values.yaml:2:4 render-failed: the values don't match values.schema.json: b: {v31}Invalid type. Expected: string, given: integer{/}{v35}got number, want string{/}",
        ],
      },
      {
        name: "a subchart's values that do not match its schema",
        files: {
          'charts/sub/Chart.yaml': 'apiVersion: v2\nname: sub\nversion: 0.1.0\n',
          'charts/sub/values.schema.json': '{"properties":{"port":{"type":"integer"}},"required":["host"]}',
          'values.yaml': 'sub:\n  port: a\n',
        },
        findings: [
          "app/values.yaml:1:1 render-failed: the values don't match values.schema.json of chart sub: sub: {v31}host is required{/}{v35}missing property 'host'{/}",
          "app/values.yaml:2:9 render-failed: the values don't match values.schema.json of chart sub: sub.port: {v31}Invalid type. Expected: integer, given: string{/}{v35}got string, want integer{/}",
        ],
      },
      {
        name: 'a schema that is no JSON',
        files: { 'values.schema.json': '{"type": ', 'values.yaml': 'a: 1\n' },
        findings: ["app/values.schema.json render-failed: values.schema.json can't be used: unexpected EOF"],
      },
      {
        name: 'a values file that is no YAML',
        files: { 'prod.yaml': 'a: b\n c: d\n' },
        options: { values: ['app/prod.yaml'] },
        findings: ['app/prod.yaml:2:3 render-failed: malformed values: mapping values are not allowed in this context'],
      },
      {
        name: 'a values file that is a list',
        files: { 'prod.yaml': '- a\n' },
        options: { values: ['app/prod.yaml'] },
        findings: ['app/prod.yaml:1:1 render-failed: malformed values: it must be a map'],
      },
      {
        name: 'a values file that is a directory',
        files: { 'prod/': '' },
        options: { values: ['app/prod'] },
        findings: ['k8s-lint.yaml:3:5 render-failed: the values file app/prod is no file'],
      },
      {
        name: 'a values file that does not exist',
        files: {},
        options: { values: ['app/prod.yaml'] },
        findings: ['k8s-lint.yaml:3:5 render-failed: the values file app/prod.yaml does not exist'],
      },
      {
        name: 'a chart that does not exist',
        files: {},
        options: { chart: 'nope' },
        findings: ['k8s-lint.yaml:3:5 render-failed: nope does not exist'],
      },
      {
        name: 'a directory that is no chart',
        files: { 'files/x.txt': '' },
        options: { chart: 'app/files' },
        findings: ['k8s-lint.yaml:3:5 render-failed: app/files is no chart: it has no Chart.yaml'],
      },
      {
        name: "the chart's own values, no YAML",
        files: { 'values.yaml': 'a: b\n c: d\n' },
        findings: [
          'app/values.yaml:2:3 render-failed: malformed values.yaml: mapping values are not allowed in this context',
        ],
      },
      {
        name: "a subchart's Chart.yaml, no YAML",
        files: { 'charts/sub/Chart.yaml': 'name: sub\n version: 1\n' },
        findings: [
          'app/charts/sub/Chart.yaml:2:9 render-failed: malformed Chart.yaml: mapping values are not allowed in this context',
        ],
      },
      {
        name: "a subchart's Chart.yaml of a type that there isn't",
        files: { 'charts/sub/Chart.yaml': 'apiVersion: v2\nname: sub\nversion: 0.1.0\ntype: tool\n' },
        findings: [
          'app/charts/sub/Chart.yaml:4:7 render-failed: validation: chart.metadata.type must be application or library',
        ],
      },
      {
        name: 'a Chart.yaml with a text for a list',
        files: { 'Chart.yaml': 'apiVersion: v2\nname: app\nversion: 0.1.0\nkeywords: x\n' },
        findings: [
          'app/Chart.yaml:4:11 render-failed: malformed Chart.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go struct field Metadata.keywords of type []string',
        ],
      },
      {
        name: 'a dependency twice',
        files: {
          'Chart.yaml':
            'apiVersion: v2\nname: app\nversion: 0.1.0\ndependencies:\n  - { name: sub, version: 0.1.0 }\n  - { name: sub, version: 0.2.0 }\n',
          'charts/sub/Chart.yaml': 'apiVersion: v2\nname: sub\nversion: 0.1.0\n',
        },
        findings: ['app/Chart.yaml:6:5 render-failed: validation: more than one dependency with name or alias "sub"'],
      },
      {
        name: 'a Chart.yaml without version',
        files: { 'Chart.yaml': 'apiVersion: v2\nname: app\n' },
        findings: ['app/Chart.yaml:1:1 render-failed: validation: chart.metadata.version is required'],
      },
      {
        name: 'a library chart',
        files: { 'Chart.yaml': 'apiVersion: v2\nname: app\nversion: 0.1.0\ntype: library\n' },
        findings: ['app/Chart.yaml:4:7 render-failed: library charts are not installable'],
      },
      {
        name: 'dependencies that charts/ lacks, disabled ones too',
        files: {
          'Chart.yaml':
            'apiVersion: v2\nname: app\nversion: 0.1.0\ndependencies:\n  - name: redis\n    version: 1.0.0\n    repository: https://charts.example.com\n  - name: kafka\n    alias: queue\n    version: 1.0.0\n    repository: https://charts.example.com\n    condition: queue.enabled\n',
          'values.yaml': 'queue:\n  enabled: false\n',
        },
        findings: [
          'app/Chart.yaml:5:11 render-failed: found in Chart.yaml, but missing in charts/ directory: redis; run `helm dependency build app`',
          'app/Chart.yaml:8:11 render-failed: found in Chart.yaml, but missing in charts/ directory: kafka; run `helm dependency build app`',
        ],
      },
      {
        name: 'the same in requirements.yaml',
        files: {
          'Chart.yaml': 'apiVersion: v1\nname: app\nversion: 0.1.0\n',
          'requirements.yaml':
            'dependencies:\n  - version: 1.0.0\n    name: redis\n    repository: https://charts.example.com\n',
        },
        findings: [
          'app/requirements.yaml:3:11 render-failed: found in Chart.yaml, but missing in charts/ directory: redis; run `helm dependency build app`',
        ],
      },
      {
        name: 'values of a subchart that are no map',
        files: {
          'charts/sub/Chart.yaml': 'apiVersion: v2\nname: sub\nversion: 0.1.0\n',
          'values.yaml': 'a: 1\nsub: 3\n',
        },
        findings: ['app/values.yaml:2:6 render-failed: the values of subchart sub must be a map'],
      },
      {
        name: 'a release name that helm refuses',
        files: {},
        options: { release: '-Rel' },
        findings: [
          'k8s-lint.yaml:3:5 render-failed: {v35}release name check failed: {/}release name "-Rel": invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than 53',
        ],
      },
      {
        name: 'a template that says which password it was given',
        files: {
          'values.yaml':
            'auth: { password: "hunter2-and-more", tokens: [hunter2], pinKey: 1234567, password2: password }\nname: hunter2\n',
          'templates/x.yaml':
            '{{ with .Values.auth }}{{ fail (printf "password %s, %s, %d of %s" .password (index .tokens 0) (int .pinKey) .password2) }}{{ end }}\n',
        },
        findings: ['app/templates/x.yaml:1:27 render-failed: password …, …, … of password'],
      },
      {
        name: 'a CRD that is no YAML, which helm does not read',
        files: { 'crds/x.yaml': 'a: b\n c: d\n' },
        findings: [
          'app/crds/x.yaml:2:3 render-failed: malformed YAML: a value that holds a colon and a space needs quotes',
        ],
      },
    ];

    it.each(failures)('$name', async ({ files, options = {}, findings }) => {
      const rendered = await renderIn(chart(files), layer, { ...CONFIGURED, ...options });
      const other = layer === 'v31' ? 'v35' : 'v31';
      const said = findings.map((finding) =>
        finding.replace(new RegExp(`\\{${other}\\}.*?\\{/\\}`, 'g'), '').replace(/\{v\d+\}|\{\/\}/g, ''),
      );
      expect(shownFindings(rendered).sort()).toEqual(said.filter((finding) => finding !== '').sort());
      expect(rendered.objects).toEqual([]);
      expect(rendered.unchecked).toEqual([]);
    });

    it("names the line of kubeVersion where it refuses the user's version", async () => {
      const root = chart({
        'Chart.yaml': 'apiVersion: v2\nname: app\nversion: 0.1.0\nkubeVersion: ">=1.30"\n',
        'templates/x.yaml': CONFIG_MAP,
      });
      const refused = await renderIn(root, layer, CONFIGURED, { kubernetesVersion: '1.29' });
      expect(shownFindings(refused)).toEqual([
        'app/Chart.yaml:4:14 render-failed: chart requires kubeVersion: >=1.30 which is incompatible with Kubernetes v1.29.0',
      ]);
      const accepted = await renderIn(root, layer, CONFIGURED, { kubernetesVersion: '1.30' });
      expect(shownFindings(accepted)).toEqual([]);
    });

    it("in a chart from elsewhere point at the configuration's line", async () => {
      const root = chart({
        'Chart.yaml':
          'apiVersion: v2\nname: app\nversion: 0.1.0\ndependencies:\n  - name: sub\n    version: 1.0.0\n    repository: https://charts.example.com\n',
        'charts/sub/Chart.yaml': 'apiVersion: v2\nname: sub\nversion: 1.0.0\n',
        'charts/sub/templates/x.yaml': `${CONFIG_MAP}data: {{ .Values.a.b }}\n`,
      });
      const rendered = await renderIn(root, layer, CONFIGURED);
      expect(shownFindings(rendered)).toEqual([
        'k8s-lint.yaml:3:5 render-failed: <.Values.a.b>: nil pointer evaluating interface {}.b (app/charts/sub/templates/x.yaml:5)',
      ]);
    });

    it('say how long helm was waited for', async () => {
      const root = chart({ 'templates/x.yaml': '{{ range until 100000000 }}{{ . }}{{ end }}' });
      const rendered = await renderIn(root, layer, CONFIGURED, { timeout: 500 });
      expect(shownFindings(rendered)).toEqual([
        'k8s-lint.yaml:3:5 render-failed: helm template did not finish within 0.5 s',
      ]);
    });
  });

  describe('charts that nobody has configured', () => {
    const bare = async (files: Record<string, string>, options: TargetOptions = {}) => {
      const { findings, unchecked, objects } = await renderIn(chart(files), layer, options);
      return { findings: shownFindings({ findings, unchecked, objects }), unchecked, objects: objects.length };
    };

    it.each([
      ['required', '{{ required "set a" .Values.a }}', 'set a (app/templates/x.yaml:5)'],
      ['fail', '{{ fail "set a" }}', 'set a (app/templates/x.yaml:5)'],
      ['nil', '{{ .Values.a.b }}', '<.Values.a.b>: nil pointer evaluating interface {}.b (app/templates/x.yaml:5)'],
      [
        'a string that is nil',
        '{{ .Values.a | b64enc }}',
        '<b64enc>: invalid value; expected string (app/templates/x.yaml:5)',
      ],
      [
        'output with a gap',
        'a: {{ .Values.b }}: c',
        'the template prints what is not valid YAML: mapping values are not allowed in this context (app/templates/x.yaml:5)',
      ],
    ])('are left unchecked when they need values: %s', async (_, line, reason) => {
      expect(await bare({ 'templates/x.yaml': `${CONFIG_MAP}${line}\n` })).toEqual({
        findings: [],
        unchecked: [
          {
            what: 'app',
            reason: `it needs values: ${reason}; add to the targets of an environment in k8s-lint.yaml: - helm: { chart: app, release: rel, namespace: NAMESPACE, values: [VALUES_FILE] }`,
          },
        ],
        objects: 0,
      });
    });

    it('are left unchecked when their schema requires values', async () => {
      const { findings, unchecked } = await bare({
        'values.schema.json': '{"required":["host"]}',
        'values.yaml': 'a: 1\n',
      });
      expect(findings).toEqual([]);
      const said = layer === 'v31' ? 'host is required' : "missing property 'host'";
      expect(unchecked.map(({ reason }) => reason.split(';')[0])).toEqual([
        `it needs values: the values don't match values.schema.json: ${said} (app/Chart.yaml)`,
      ]);
    });

    it('are left unchecked without their dependencies, and with a kubeVersion that helm only assumed', async () => {
      const dependency =
        'dependencies:\n  - name: redis\n    version: 1.0.0\n    repository: https://charts.example.com\n';
      const metadata = 'apiVersion: v2\nname: app\nversion: 0.1.0\n';
      const lacking = await bare({ 'Chart.yaml': metadata + dependency });
      expect(lacking).toEqual({
        findings: [],
        unchecked: [
          {
            what: 'app',
            reason:
              'found in Chart.yaml, but missing in charts/ directory: redis; run `helm dependency build app` (app/Chart.yaml:5)',
          },
        ],
        objects: 0,
      });
      const refusing = await bare({ 'Chart.yaml': `${metadata}kubeVersion: "<1.20"\n` }, CONFIGURED);
      const version = layer === 'v31' ? '1.32.0' : '1.35.0';
      expect(refusing).toEqual({
        findings: [],
        unchecked: [
          {
            what: 'app',
            reason: `chart requires kubeVersion: <1.20 which is incompatible with Kubernetes v${version} (app/Chart.yaml:4); set kubernetesVersion in k8s-lint.yaml, or --kubernetes-version`,
          },
        ],
        objects: 0,
      });
    });

    it.each([
      ['a: {{ foo }}', 'app/templates/x.yaml:5 render-failed: parse error: function "foo" not defined'],
      [
        'a: {{ include "nope" . }}',
        'app/templates/x.yaml:5:7 render-failed: <include "nope" .>: error calling include: template: no template "nope" associated with template "gotpl"',
      ],
      [
        'a: {{ .Chart.Name }}: b',
        'app/templates/x.yaml:5:21 render-failed: the template prints what is not valid YAML: mapping values are not allowed in this context',
      ],
    ])('are found out when their templates are wrong whatever the values: %s', async (line, finding) => {
      expect(await bare({ 'templates/x.yaml': `${CONFIG_MAP}${line}\n` })).toEqual({
        findings: [finding],
        unchecked: [],
        objects: 0,
      });
    });

    it('are rendered with the values they are given', async () => {
      const files = {
        'templates/x.yaml': `${CONFIG_MAP}data: {{ required "set a" .Values.a }}\n`,
        'ci/a-values.yaml': 'a: {}\n',
      };
      expect((await bare(files, { values: ['app/ci/a-values.yaml'] })).objects).toBe(1);
    });
  });

  it('does without a values.schema.json that refers to the network', async () => {
    const root = chart({
      'templates/x.yaml': CONFIG_MAP,
      'values.schema.json': '{"properties":{"a":{"$ref":"https://example.com/schema.json"}}}',
      'values.yaml': 'a: 1\n',
    });
    const rendered = await renderIn(root, layer);
    expect(rendered.findings).toEqual([]);
    expect(rendered.unchecked).toEqual([
      {
        what: 'the values of app',
        reason: 'its values.schema.json refers to one on the network, which is not fetched',
      },
    ]);
    const [object] = rendered.objects;
    expect(object && at(await object.locate(['metadata', 'name']))).toBe('app/templates/x.yaml:4:9');
  });

  it('leaves nothing behind: rendered, failed, traced, timed out or aborted', async () => {
    const root = tree({
      ...shopFiles(),
      'tmp/': '',
      'loop/Chart.yaml': 'apiVersion: v2\nname: loop\nversion: 0.1.0\n',
    });
    mkdirSync(join(root, 'loop/templates'));
    writeFileSync(join(root, 'loop/templates/x.yaml'), '{{ range until 100000000 }}{{ . }}{{ end }}');
    const set = { env: { TOKEN: 's3cret' } };
    // The tools are unpacked and asked for their versions before anything is counted.
    await renderIn(root, layer, { chart: 'shop' });
    vi.stubEnv('TMPDIR', join(root, 'tmp'));
    const rendered = await renderIn(root, layer, { chart: 'shop', set });
    for (const object of rendered.objects) await object.locate(['metadata', 'name']);
    await renderIn(root, layer, { chart: 'shop', set: { replicaCount: 'x' } });
    await renderIn(root, layer, { chart: 'loop', set }, { timeout: 300 });
    const controller = new AbortController();
    const aborted = renderIn(root, layer, { chart: 'loop', set }, { signal: controller.signal });
    setTimeout(() => controller.abort(), 300);
    await expect(aborted).rejects.toThrow('aborted');
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
  });

  it('follows symbolic links as helm does', async () => {
    const root = chart({
      'values.yaml': 'a: 1\n',
      'shared/x.yaml': `${CONFIG_MAP}data: { a: {{ .Values.a | quote }} }\n`,
    });
    symlinkSync(join(root, 'app/shared'), join(root, 'app/templates'));
    const { objects } = await renderIn(root, layer);
    const locations = await Promise.all(
      [
        ['metadata', 'name'],
        ['data', 'a'],
      ].map((path) => objects[0]?.locate(path)),
    );
    expect(locations.map((location) => location && at(location))).toEqual([
      'app/templates/x.yaml:4:9',
      'app/values.yaml:1:4',
    ]);
  });
});
