import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pLimit from 'p-limit';
import { describe, expect, it, vi } from 'vitest';
import { RANDOM_VALUE } from '../src/cluster/unknown.ts';
import { valueAt } from '../src/cluster/workloads.ts';
import { readObjects, splitOutput } from '../src/render/helm/output.ts';
import type { Rendered, RenderedObject } from '../src/render/target.ts';
import { pinned } from '../src/render/tools.ts';
import type { At, Location, Path } from '../src/resource.ts';
import { at, CONFIGURED, chart, LAYERS, renderIn, shopFiles, type TargetOptions } from './helm-targets.ts';
import { tree } from './tree.ts';

vi.setConfig({ testTimeout: 60_000 });

const CONFIG_MAP = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n';

function objectOf({ objects }: Rendered, kind: string, name?: string): RenderedObject {
  const found = objects.find(({ value }) => {
    const object = value as { kind: string; metadata?: { name: string } };
    return object.kind === kind && (name === undefined || object.metadata?.name === name);
  });
  if (!found) throw new Error(`no ${kind}/${name}`);
  return found;
}

/** The paths of all scalars, and of empty maps and lists. */
function leavesOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.length === 0 ? [path] : entries.flatMap(([key, item]) => leavesOf(item, [...path, key]));
}

/** Other texts for a file, which differ in one place only: what stands at the location. */
function edits(text: string, { line = 0, column = 1 }: Location): string[] {
  const lines = text.split('\n');
  const own = lines[line - 1] ?? '';
  const before = own.slice(0, column - 1);
  const rest = own.slice(column - 1);
  const action = /^\{\{.*?\}\}/.exec(rest)?.[0];
  const indent = /n?indent (\d+)/.exec(action ?? '')?.[0];
  const replacements =
    action !== undefined
      ? ['{{ "edited" }}', '{{ 4711 }}', '{{ false }}', ...(indent ? [`{{ "edited: x" | ${indent} }}`] : [])].map(
          (other) => other + rest.slice(action.length),
        )
      : /^[|>]/.test(rest)
        ? [`${rest}\n${/^ */.exec(lines[line] ?? '')?.[0] || '    '}edited`]
        : scalarEdits(rest);
  return replacements.map((other) => [...lines.slice(0, line - 1), before + other, ...lines.slice(line)].join('\n'));
}

function scalarEdits(rest: string): string[] {
  const token = /^(?:"(?:[^"\\]|\\.)*"|'[^']*'|\{\}|\[\]|.*?(?=\s*(?:#|$|\{\{|,|\}|\]|\r)))/.exec(rest)?.[0] ?? '';
  const after = rest.slice(token.length);
  const key = /^[\w.-]+: /.exec(token)?.[0];
  if (key !== undefined) return scalarEdits(rest.slice(key.length)).map((other) => key + other);
  if (token === 'true' || token === 'false') return [(token === 'true' ? 'false' : 'true') + after];
  if (/^\d+$/.test(token)) return [`${Number(token) + 1}${after}`];
  if (token === '{}') return [`{ edited: x }${after}`];
  if (token === '[]') return [`[edited]${after}`];
  const quote = /^["']/.exec(token)?.[0] ?? '';
  return [`${quote}edited${quote}${after}`, `edited${rest}`, `${quote}edited${rest.slice(quote.length)}`];
}

type Said = (source: string, path: Path) => string;

/** What all objects of one source say at a path; undefined where the chart does not render. */
async function printed(helm: string, chart: string): Promise<Said | undefined> {
  try {
    const args = ['template', 'rel', chart, '--namespace', 'ns', '--include-crds'];
    const { stdout } = await promisify(execFile)(helm, args);
    const objects = readObjects(splitOutput(stdout, (name) => name.startsWith('shop/') && !name.includes('vouchers')));
    return (source, path) => {
      const own = objects.filter(({ piece }) => piece.source === source);
      return JSON.stringify(own.map(({ document }) => valueAt(document.value, path)));
    };
  } catch {
    return undefined;
  }
}

/** Whether an edit of what stands at a location changes what objects of a source say at a path. */
async function isProven(
  helm: string,
  root: string,
  original: Said | undefined,
  { source, path, location }: { source: string; path: Path; location: Location },
): Promise<boolean> {
  const copy = await mkdtemp(join(root, 'copy-'));
  await cp(join(root, 'shop'), join(copy, 'shop'), { recursive: true });
  const file = join(copy, location.file);
  for (const edited of edits(await readFile(file, 'utf8'), location)) {
    await writeFile(file, edited);
    const after = await printed(helm, join(copy, 'shop'));
    if (after && after(source, path) !== original?.(source, path)) return true;
  }
  return false;
}

describe.each(LAYERS)('with the helm of %s', (layer) => {
  /** Locations by `kind path`, or `kind/name path`; a path that starts with `key:` asks for the key's place. */
  const locate = async (root: string, wanted: readonly string[], options: TargetOptions = {}) => {
    const rendered = await renderIn(root, layer, options);
    expect(rendered.findings).toEqual([]);
    const locations = wanted.map(async (text) => {
      const [of = '', dotted = ''] = text.split(' ');
      const [kind = '', name] = of.split('/');
      const where: At = dotted.startsWith('key:') ? 'key' : 'value';
      const steps = dotted
        .replace('key:', '')
        .split('.')
        .filter((step) => step !== '');
      const path = steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step.replaceAll('~', '.')));
      return [text, at(await objectOf(rendered, kind, name).locate(path, where))] as const;
    });
    return Object.fromEntries(await Promise.all(locations));
  };
  const expectLocations = async (root: string, expected: Record<string, string>, options: TargetOptions = {}) => {
    expect(await locate(root, Object.keys(expected), options)).toEqual(expected);
  };

  it('points at the values file where the value stands, else at the template or the definition', async () => {
    await expectLocations(
      tree(shopFiles()),
      {
        'Deployment/rel-shop spec.replicas': 'shop/values.yaml:2:15',
        'Deployment/rel-shop key:spec.replicas': 'shop/templates/deployment.yaml:9:3',
        'Deployment/rel-shop metadata.name': 'shop/templates/deployment.yaml:4:9',
        'Deployment/rel-shop metadata.labels.app~kubernetes~io/name': 'shop/templates/_helpers.tpl:16:25',
        'Deployment/rel-shop metadata.labels.team': 'shop/values.yaml:15:9',
        'Deployment/rel-shop spec.template.spec.hostNetwork': 'shop/values.yaml:70:14',
        'Deployment/rel-shop spec.template.spec.automountServiceAccountToken': 'shop/values.yaml:71:17',
        'Deployment/rel-shop spec.template.spec.containers': 'shop/templates/deployment.yaml:36:7',
        'Deployment/rel-shop spec.template.spec.containers.0.image': 'shop/templates/deployment.yaml:39:18',
        'Deployment/rel-shop spec.template.spec.containers.0.securityContext': 'shop/values.yaml:22:1',
        'Deployment/rel-shop key:spec.template.spec.containers.0.securityContext':
          'shop/templates/deployment.yaml:38:11',
        'Deployment/rel-shop spec.template.spec.containers.0.env.0.name': 'shop/templates/deployment.yaml:47:21',
        'Deployment/rel-shop spec.template.spec.containers.0.env.0.value': 'shop/values.yaml:56:15',
        'Deployment/rel-shop spec.template.spec.containers.0.env.1.value': 'shop/values.yaml:57:18',
        'Deployment/rel-shop spec.template.spec.containers.0.env.3': 'shop/values.yaml:60:5',
        'Deployment/rel-shop spec.template.spec.containers.0.livenessProbe.periodSeconds':
          'shop/templates/_helpers.tpl:40:16',
        'Deployment/rel-shop spec.template.spec.containers.0.resources.limits.memory': 'shop/values.yaml:49:13',
        'Deployment/rel-shop key:spec.template.spec.containers.0.resources.limits': 'shop/values.yaml:47:3',
        'Deployment/rel-mailer spec.replicas': 'shop/values.yaml:90:13',
        'Deployment/rel-mailer spec.template.metadata.labels.app': 'shop/charts/worker/templates/deployment.yaml:9:12',
        'Deployment/rel-mailer spec.template.spec.containers.0.args.2': 'shop/values.yaml:87:11',
        'ConfigMap/rel-shop data.config~yaml': 'shop/values.yaml:73:9',
        'ConfigMap/rel-extra kind': 'shop/values.yaml:80:11',
        'ConfigMap/rel-extra metadata.name': 'shop/values.yaml:82:13',
        'Ingress spec.rules.0.http.paths.1.path': 'shop/values.yaml:39:17',
        'Secret data.password': 'shop/templates/secret.yaml:10:78',
        'List items.0.metadata.labels': 'shop/values.yaml:14:1',
        'CustomResourceDefinition/vouchers.shop.example.com spec.scope': 'shop/crds/coupons.yaml:30:10',
      },
      { chart: 'shop' },
    );
  });

  it('takes the source of values that decides: set, the last file, the chart, the subchart', async () => {
    const root = chart({
      'templates/x.yaml': `${CONFIG_MAP}data:\n  {{- toYaml .Values.data | nindent 2 }}\n  list: {{ .Values.list | toJson }}\n  mixed: {{ .Values.mixed | toJson }}\n`,
      'values.yaml':
        'data:\n  a: same\n  b: same\n  c: same\n  d: same\n  gone: "1"\nlist: [1]\nmixed: { w: same }\nsub:\n  why: from-parent\n',
      'zero.yaml': 'mixed: { z: hidden }\n',
      'one.yaml': 'data:\n  b: same\n  c: same\n  d: same\nlist: [same, 2]\nmixed: text\n',
      'two.yaml': 'data: { c: same, d: same, gone: null }\nglobal: { z: from-two }\nmixed: { x: 1 }\n',
      'charts/sub/Chart.yaml': 'apiVersion: v2\nname: sub\nversion: 0.1.0\n',
      'charts/sub/values.yaml': 'x: from-sub\nwhy: from-sub\n',
      'charts/sub/templates/x.yaml':
        'kind: Sub\napiVersion: v1\nx: {{ .Values.x }}\nwhy: {{ .Values.why }}\nz: {{ .Values.global.z }}\n',
    });
    writeFileSync(join(root, 'k8s-lint.yaml'), 'targets:\n  - helm:\n      set:\n        data: { d: same }\n');
    await expectLocations(
      root,
      {
        'ConfigMap data.a': 'app/values.yaml:2:6',
        'ConfigMap data.b': 'app/one.yaml:2:6',
        'ConfigMap data.c': 'app/two.yaml:1:12',
        'ConfigMap data.d': 'k8s-lint.yaml:4:20',
        'ConfigMap data.list': 'app/one.yaml:5:1',
        'ConfigMap data.list.0': 'app/one.yaml:5:8',
        'ConfigMap data.mixed': 'app/two.yaml:3:1',
        'ConfigMap data.mixed.x': 'app/two.yaml:3:13',
        'ConfigMap data.mixed.w': 'app/values.yaml:8:13',
        'Sub x': 'app/charts/sub/values.yaml:1:4',
        'Sub why': 'app/values.yaml:10:8',
        'Sub z': 'app/two.yaml:2:14',
      },
      {
        values: ['app/zero.yaml', 'app/one.yaml', 'app/two.yaml'],
        set: { data: { d: 'same' } },
        setLocation: { file: 'k8s-lint.yaml', path: ['targets', 0, 'helm', 'set'] },
      },
    );
  });

  it('does not take a value that only looks like the one that was rendered', async () => {
    const root = chart({
      'templates/x.yaml': [
        `${CONFIG_MAP}data:`,
        '  upper: {{ .Values.name | upper }}',
        '  fixed: {{ printf "%d" 8080 | quote }}',
        '  computed: {{ add .Values.base 1 | quote }}',
        '  chosen: {{ ternary .Values.left .Values.right .Values.goLeft }}',
        '  defaulted: {{ .Values.missing | default "web" }}',
        '  joined: {{ .Values.name }}-{{ .Values.name }}',
        '  plain: web',
      ].join('\n'),
      'values.yaml': 'name: web\nWEB: WEB\nport: 8080\nbase: 80\nnext: 81\nright: same\nleft: same\ngoLeft: true\n',
    });
    await expectLocations(root, {
      'ConfigMap data.upper': 'app/templates/x.yaml:6:10',
      'ConfigMap data.fixed': 'app/templates/x.yaml:7:10',
      'ConfigMap data.computed': 'app/templates/x.yaml:8:13',
      'ConfigMap data.chosen': 'app/values.yaml:7:7',
      'ConfigMap data.defaulted': 'app/templates/x.yaml:10:14',
      'ConfigMap data.joined': 'app/templates/x.yaml:11:11',
      'ConfigMap data.plain': 'app/templates/x.yaml:12:10',
    });
  });

  it('finds values where others decide whether, and as what, anything is printed', async () => {
    const root = chart({
      // More of one value than are tried one by one
      'values.yaml': 'same: [x, x, x, x, x, x]\nmode: standalone\nkindOf: Deployment\nreplicas: 3\nlimit: 5\n',
      'templates/a.yaml':
        '{{- if eq .Values.mode "standalone" }}\nkind: A\nspec: {{ index .Values.same 5 }}\n{{- end }}\n',
      'templates/b.yaml': 'kind: {{ .Values.kindOf }}\nspec: {{ index .Values.same 5 }}\n---\nkind: B\n',
      'templates/c.yaml': '{{- if lt (int .Values.limit) 6 }}\nkind: C\nspec: {{ .Values.replicas }}\n{{- end }}\n',
    });
    await expectLocations(root, {
      'A spec': 'app/values.yaml:1:23',
      'Deployment spec': 'app/values.yaml:1:23',
      'C spec': 'app/values.yaml:4:11',
    });
  });

  it('follows trim markers, nested definitions, variables, template, block and comments', async () => {
    const root = chart({
      'templates/_helpers.tpl': [
        '{{- /* a comment with {{ braces }} in it */ -}}',
        '{{- define "app.outer" -}}',
        'outer: 1',
        '{{ include "app.inner" . -}}',
        '{{- end -}}',
        '{{- define "app.inner" -}}',
        'inner: "}}"',
        'deep:',
        '  {{- include "app.deep" . | nindent 2 }}',
        '{{ end -}}',
        '{{- define "app.deep" -}}',
        'value: {{ .Release.Name }}',
        '{{- end -}}',
        '{{- define "app.quoted" -}}',
        'say: "hi"',
        '{{- end -}}',
      ].join('\n'),
      'templates/x.yaml': [
        '{{- $data := dict "key" "from-dict" -}}',
        '{{- /*',
        '  several lines',
        '*/}}',
        'apiVersion: v1',
        'kind: ConfigMap',
        'metadata: {name: x, labels: {',
        '  a: {{ "b" }}, c: d}}',
        'data:',
        '  {{- template "app.outer" . | nindent 2 }}',
        '  {{- if',
        '    .Values.on',
        '  }}',
        '  on: {{ `raw }} text` }}',
        '  {{- else }}',
        '  else: {{ $data.key',
        '    | quote }}',
        '  {{- end }}',
        '  {{ "computed" }}-key: literal',
        '  {{- block "app.block" . }}',
        '  blocked: true',
        '  {{- end }}',
        '  text: {{ include "app.quoted" . | quote }}',
        '  list: [one, {{ "two" }},',
        '    three]',
        '  multi: one',
        '    two',
        '  folded: >-',
        '    {{ .Release.Name }}',
        '    end',
        '  items:',
        '    - {{ include "app.quoted" . }}',
      ]
        .join('\n')
        .replace('{{- template "app.outer" . | nindent 2 }}', '{{- include "app.outer" . | nindent 2 }}'),
    });
    await expectLocations(root, {
      'ConfigMap ': 'app/templates/x.yaml:5:1',
      'ConfigMap metadata.labels.a': 'app/templates/x.yaml:8:6',
      'ConfigMap metadata.labels.c': 'app/templates/x.yaml:8:20',
      'ConfigMap data.outer': 'app/templates/_helpers.tpl:3:8',
      'ConfigMap data.inner': 'app/templates/_helpers.tpl:7:8',
      'ConfigMap data.deep': 'app/templates/_helpers.tpl:8:1',
      'ConfigMap data.deep.value': 'app/templates/_helpers.tpl:12:8',
      'ConfigMap data.else': 'app/templates/x.yaml:16:9',
      'ConfigMap data.computed-key': 'app/templates/x.yaml:19:25',
      'ConfigMap key:data.computed-key': 'app/templates/x.yaml:19:3',
      'ConfigMap data.blocked': 'app/templates/x.yaml:21:12',
      'ConfigMap data.text': 'app/templates/x.yaml:23:9',
      'ConfigMap data.list': 'app/templates/x.yaml:24:3',
      'ConfigMap data.list.0': 'app/templates/x.yaml:24:10',
      'ConfigMap data.list.1': 'app/templates/x.yaml:24:15',
      'ConfigMap data.list.2': 'app/templates/x.yaml:25:5',
      'ConfigMap data.multi': 'app/templates/x.yaml:26:10',
      'ConfigMap data.folded': 'app/templates/x.yaml:28:11',
      'ConfigMap data.items.0': 'app/templates/x.yaml:32:7',
      'ConfigMap data.items.0.say': 'app/templates/_helpers.tpl:15:6',
    });
  });

  it('falls back to the including line where a definition is compared, parsed or cut', async () => {
    const root = chart({
      'templates/_helpers.tpl': [
        '{{- define "app.map" }}',
        'a: one',
        'b: two',
        '{{- end }}',
        '{{- define "app.flag" }}',
        'on: true',
        '{{- end }}',
      ].join('\n'),
      'templates/x.yaml': [
        `${CONFIG_MAP}data:`,
        '  {{- if eq (include "app.flag" . | trim) "on: true" }}',
        '  compared: yes it is',
        '  {{- end }}',
        '  parsed: {{ get (include "app.map" . | fromYaml) "b" }}',
        '  {{- include "app.map" . | trunc 7 | nindent 2 }}',
      ].join('\n'),
    });
    await expectLocations(root, {
      'ConfigMap data.compared': 'app/templates/x.yaml:7:13',
      'ConfigMap data.parsed': 'app/templates/x.yaml:9:11',
      'ConfigMap data.a': 'app/templates/x.yaml:10:3',
    });
  });

  it('says only the file where marks would change what is printed', async () => {
    const root = chart({
      'templates/other.yaml': CONFIG_MAP.replace('name: x', 'name: other'),
      'templates/x.yaml': `${CONFIG_MAP}data:\n{{- range until (include (print $.Template.BasePath "/other.yaml") . | len) }}\n  k{{ . }}: "1"\n{{- end }}\n`,
    });
    await expectLocations(root, {
      'ConfigMap/x data.k1': 'app/templates/x.yaml',
      'ConfigMap/x metadata.name': 'app/templates/x.yaml',
      'ConfigMap/other metadata.name': 'app/templates/other.yaml:4:9',
      'ConfigMap/other metadata.labels': 'app/templates/other.yaml',
    });
  });

  describe('in a chart from elsewhere', () => {
    const files = {
      'Chart.yaml':
        'apiVersion: v2\nname: app\nversion: 0.1.0\ndependencies:\n  - name: sub\n    version: 1.0.0\n    alias: cache\n    repository: https://charts.example.com\n',
      'values.yaml': 'tag: unrelated-1.2\ncache:\n  host: true\n  image: { tag: "9.9" }\n',
      'prod.yaml': 'cache:\n  port: 6379\nglobal:\n  level: debug\n',
      'charts/sub/Chart.yaml': 'apiVersion: v2\nname: sub\nversion: 1.0.0\n',
      'charts/sub/values.yaml': 'image: { name: redis, tag: "7.2" }\nport: 1\n',
      'charts/sub/templates/x.yaml':
        'apiVersion: v1\nkind: Sub\nspec:\n  hostNetwork: {{ .Values.host }}\n  port: {{ .Values.port }}\n  image: {{ .Values.image.name }}:{{ .Values.image.tag }}\n  level: {{ .Values.global.level }}\n  fixed: true\n',
    };
    const expected = (elsewhere: string) => ({
      'Sub spec.hostNetwork': 'app/values.yaml:3:9',
      'Sub spec.port': 'app/prod.yaml:2:9',
      'Sub spec.image': 'app/values.yaml:4:17',
      'Sub spec.level': 'app/prod.yaml:4:10',
      'Sub spec.fixed': elsewhere,
      'Sub spec': elsewhere,
    });

    it("points at the user's value, else at the configuration", async () => {
      await expectLocations(chart(files), expected('k8s-lint.yaml:3:5'), { ...CONFIGURED, values: ['app/prod.yaml'] });
    });

    it("points at the dependency's line without a configuration", async () => {
      await expectLocations(chart(files), expected('app/Chart.yaml:5:11'), { values: ['app/prod.yaml'] });
    });

    it('names none of two values that make up one text', async () => {
      const both = { ...files, 'prod.yaml': 'cache: { image: { name: mine } }\nglobal: { level: x }\n' };
      await expectLocations(
        chart(both),
        { 'Sub spec.image': 'k8s-lint.yaml:3:5' },
        { ...CONFIGURED, values: ['app/prod.yaml'] },
      );
    });

    it('does the same for archives in charts/, and for an archive as the target', async () => {
      const root = chart({ ...files, 'values-sub.yaml': 'port: 2\nglobal: { level: info }\n' });
      const { helm } = await pinned(layer);
      await promisify(execFile)(helm, ['package', join(root, 'app/charts/sub'), '-d', join(root, 'app/charts')]);
      await rm(join(root, 'app/charts/sub'), { recursive: true });
      await expectLocations(root, expected('k8s-lint.yaml:3:5'), { ...CONFIGURED, values: ['app/prod.yaml'] });
      await expectLocations(
        root,
        { 'Sub spec.port': 'app/values-sub.yaml:1:7', 'Sub spec.hostNetwork': 'k8s-lint.yaml:3:5' },
        { ...CONFIGURED, chart: 'app/charts/sub-1.0.0.tgz', values: ['app/values-sub.yaml'] },
      );
    });
  });

  it('every located line of a chart changes its value when it is edited', { timeout: 300_000 }, async () => {
    const root = tree(shopFiles());
    const { helm } = await pinned(layer);
    const { objects } = await renderIn(root, layer, { chart: 'shop', ...CONFIGURED });
    const wanted = objects.flatMap((object) => leavesOf(object.value).map((path) => ({ object, path })));
    const located = new Map<string, { object: RenderedObject; path: Path; location: Location }>();
    for (const [i, location] of (await Promise.all(wanted.map((one) => one.object.locate(one.path)))).entries()) {
      const { object, path } = wanted[i] ?? {};
      if (object && path) located.set(at(location), { object, path, location });
    }
    // What is random changes without an edit, and of a chart from elsewhere the line is that of the configuration.
    const all = [...located.values()].filter(
      ({ object, path, location }) =>
        valueAt(object.value, path) !== RANDOM_VALUE && location.file !== CONFIGURED.location.file,
    );
    // An edit takes a render: each version takes a third of them, another one.
    const provable = all.filter((_, i) => i % 3 === LAYERS.indexOf(layer));
    const original = await printed(helm, join(root, 'shop'));
    expect(original).toBeDefined();
    const limit = pLimit(4);
    const unproven = await Promise.all(
      provable.map(({ object, path, location }) =>
        limit(async () => {
          const source = object.source.file.replace('/worker/', '/mailer/');
          const proven = await isProven(helm, root, original, { source, path, location });
          return proven ? [] : [`${object.source.file} ${path.join('.')}: ${at(location)}`];
        }),
      ),
    );
    expect(unproven.flat()).toEqual([]);
    expect(provable.length).toBeGreaterThan(40);
  });
});
