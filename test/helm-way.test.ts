import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { pinned } from '../src/render/tools.ts';
import type { Path } from '../src/resource.ts';
import { at, CONFIGURED, chart, LAYERS, renderIn, type TargetOptions } from './helm-targets.ts';
import { tree } from './tree.ts';

vi.setConfig({ testTimeout: 60_000 });

describe.each(LAYERS)('with the helm of %s', (layer) => {
  /** Where a path of the only object of a kind is written, and what else is told of it: `place message`. */
  const wayOf = async (root: string, kind: string, path: Path, options: TargetOptions = {}) => {
    const { objects } = await renderIn(root, layer, options);
    const object = objects.find(({ value }) => (value as { kind: string }).kind === kind);
    if (!object?.way) throw new Error(`no ${kind}`);
    const location = at(await object.locate(path));
    return [location, ...(await object.way(path)).map(({ message, location }) => `${at(location)} ${message}`)];
  };

  it('tells the line that writes a value, and what the value overrides', async () => {
    const root = chart({
      'templates/_helpers.tpl': '{{- define "app.spec" -}}\nport: {{ .Values.port }}\n{{- end -}}\n',
      'templates/x.yaml':
        'apiVersion: v1\nkind: Web\nreplicas: {{ .Values.replicas }}\nspec:\n  {{- include "app.spec" . | nindent 2 }}\n',
      'values.yaml': 'replicas: 1\nport: 80\n',
      'base.yaml': 'replicas: 2\n',
      'prod.yaml': 'replicas: 3\nport: 8080\n',
    });
    const options = { values: ['app/base.yaml', 'app/prod.yaml'] };
    expect(await wayOf(root, 'Web', ['replicas'], options)).toEqual([
      'app/prod.yaml:1:11',
      'app/templates/x.yaml:3:11 the template writes it here',
      'app/base.yaml:1:11 set here, too, and overridden',
      "app/values.yaml:1:11 the chart's default, overridden",
    ]);
    expect(await wayOf(root, 'Web', ['spec', 'port'], options)).toEqual([
      'app/prod.yaml:2:7',
      'app/templates/_helpers.tpl:2:7 the template writes it here',
      'app/templates/x.yaml:5:3 included here',
      "app/values.yaml:2:7 the chart's default, overridden",
    ]);
  });

  describe('names the values that a computed one depends on', () => {
    const files = {
      'templates/_helpers.tpl': [
        '{{- define "app.image" -}}',
        '{{- $tag := .root.Values.image.tag | default .root.Chart.AppVersion -}}',
        '{{ .image.repository }}:{{ $tag }}',
        '{{- end -}}',
        '{{- define "app.name" -}}',
        '{{ .Values.nameOverride | default .Chart.Name | trunc 63 }}',
        '{{- end -}}',
      ].join('\n'),
      'templates/x.yaml': [
        'apiVersion: v1',
        'kind: Web',
        'metadata:',
        '  name: {{ include "app.name" . }}',
        'plain: {{ .Values.image.repository }}:{{ .Values.image.tag }}',
        'helped: {{ include "app.image" (dict "root" . "image" .Values.image) }}',
        'printed: {{ printf "%s-%d" .Values.host (int .Values.port) | quote }}',
        'chosen: {{ ternary "a" "b" .Values.first }}',
        'encoded: {{ .Values.host | b64enc }}',
        'sum: {{ add .Values.port 1 }}',
        '{{- if .Values.first }}',
        'guarded: "yes"',
        '{{- end }}',
        '{{- with .Values.ingress }}',
        'inside: {{ .host | upper | sha256sum }}',
        '{{- range $i, $tls := .tls }}',
        'tls{{ $i }}: {{ $tls | upper }}!',
        '{{- end }}',
        '{{- end }}',
        'fixed: {{ "web" | upper }}',
        'size: {{ .Values.sizes | toJson | sha256sum }}',
        'quoted: "{{ .Values.image.repository }}:{{ .Values.image.tag }}" # {{ .Values.host }}',
        'begun: x-{{ .Values.host }}!',
        'either: "http{{ if .Values.first }}s{{ end }}://{{ .Values.host }}"',
      ].join('\n'),
      'values.yaml': [
        'image:',
        '  repository: nginx',
        '  tag: "1.27"',
        'host: db',
        'port: 5432',
        'next: 5433',
        'first: true',
        'nameOverride: ""',
        'ingress:',
        '  host: example.com',
        '  tls: [one]',
        'sizes: {small: 1, large: 2}',
        'unrelated: 1.27',
      ].join('\n'),
    };
    const image = [
      'app/values.yaml:2:15 it depends on image.repository, set here',
      'app/values.yaml:3:8 it depends on image.tag, set here',
    ];
    const cases: Record<string, [path: Path, ...expected: string[]]> = {
      'next to each other': [['plain'], 'app/templates/x.yaml:5:8', ...image],
      'in a definition': [['helped'], 'app/templates/x.yaml:6:9', ...image],
      'with printf and int': [
        ['printed'],
        'app/templates/x.yaml:7:10',
        'app/values.yaml:4:7 it depends on host, set here',
        'app/values.yaml:5:7 it depends on port, set here',
      ],
      'by a condition': [['chosen'], 'app/templates/x.yaml:8:9', 'app/values.yaml:7:8 it depends on first, set here'],
      'in another form': [['encoded'], 'app/templates/x.yaml:9:10', 'app/values.yaml:4:7 it depends on host, set here'],
      'by arithmetic': [['sum'], 'app/templates/x.yaml:10:6', 'app/values.yaml:5:7 it depends on port, set here'],
      'around it': [['guarded'], 'app/templates/x.yaml:12:10', 'app/values.yaml:7:8 it depends on first, set here'],
      'below the dot': [
        ['inside'],
        'app/templates/x.yaml:15:9',
        'app/values.yaml:10:9 it depends on ingress.host, set here',
      ],
      'in a list': [
        ['tls0'],
        'app/templates/x.yaml:17:14',
        'app/values.yaml:11:9 it depends on ingress.tls[0], set here',
      ],
      'with a default of its own': [
        ['metadata', 'name'],
        'app/templates/x.yaml:4:9',
        'app/values.yaml:8:15 it depends on nameOverride, set here',
      ],
      'of a map as a whole': [
        ['size'],
        'app/templates/x.yaml:21:7',
        'app/values.yaml:12:16 it depends on sizes.small, set here',
        'app/values.yaml:12:26 it depends on sizes.large, set here',
      ],
      'in quotes': [['quoted'], 'app/templates/x.yaml:22:9', ...image],
      'behind words of the template': [
        ['begun'],
        'app/templates/x.yaml:23:8',
        'app/values.yaml:4:7 it depends on host, set here',
      ],
      'by a condition inside of it': [
        ['either'],
        'app/templates/x.yaml:24:9',
        'app/values.yaml:4:7 it depends on host, set here',
        'app/values.yaml:7:8 it depends on first, set here',
      ],
      'none where there is none': [['fixed'], 'app/templates/x.yaml:20:8'],
      'not of what is only mentioned nearby': [['kind'], 'app/templates/x.yaml:2:7'],
    };

    it.each(Object.entries(cases))('%s', async (_, [path, ...expected]) => {
      expect(await wayOf(chart(files), 'Web', path)).toEqual(expected);
    });

    it('of a chart that refuses what it does not know', async () => {
      const strict = {
        ...files,
        'templates/strict.yaml':
          '{{- if ne .Values.host "db" }}{{ fail (printf "unknown host %s" .Values.host) }}{{ end }}\n{{- if not (kindIs "bool" .Values.first) }}{{ fail "first: not a bool" }}{{ end }}\n',
        'templates/NOTES.txt': '{{- if ne .Values.image.repository "nginx" }}{{ fail "an unknown image" }}{{ end }}\n',
      };
      expect(await wayOf(chart(strict), 'Web', ['plain'])).toEqual(['app/templates/x.yaml:5:8', ...image]);
    });
  });

  it('never tells a value, and follows what a Secret encodes', async () => {
    const root = chart({
      'templates/x.yaml':
        'apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\ndata:\n  url: {{ printf "redis://:%s@cache" .Values.password | b64enc }}\n',
      'values.yaml': 'password: hunter2\n',
    });
    expect(await wayOf(root, 'Secret', ['data', 'url'])).toEqual([
      'app/templates/x.yaml:6:8',
      'app/values.yaml:1:11 it depends on password, set here',
    ]);
  });

  it('says nothing of random values', async () => {
    const root = chart({
      'templates/x.yaml': 'apiVersion: v1\nkind: Web\nkey: {{ .Values.prefix }}{{ randAlphaNum 8 }}\n',
      'values.yaml': 'prefix: x\n',
    });
    expect(await wayOf(root, 'Web', ['key'])).toEqual(['app/templates/x.yaml:3:6']);
  });

  describe('in a chart from elsewhere', () => {
    const files = {
      'Chart.yaml':
        'apiVersion: v2\nname: app\nversion: 0.1.0\ndependencies:\n  - name: sub\n    version: 1.0.0\n    alias: cache\n    repository: https://charts.example.com\n',
      'values.yaml': 'cache:\n  port: 6379\n  name: redis\n',
      'charts/sub/Chart.yaml': 'apiVersion: v2\nname: sub\nversion: 1.0.0\n',
      'charts/sub/values.yaml': 'port: 1\nlevel: low\n',
      'charts/sub/templates/_helpers.tpl': '{{- define "sub.spec" -}}\nfixed: true\n{{- end -}}\n',
      'charts/sub/templates/deeply/nested/x.yaml':
        'apiVersion: v1\nkind: Sub\nport: {{ .Values.port }}\naddress: {{ .Values.name | upper }}\nspec:\n  {{- include "sub.spec" . | nindent 2 }}\n',
    };
    const template = 'charts/sub/templates/deeply/nested/x.yaml';

    it('tells the line inside, in a directory', async () => {
      const root = chart(files);
      expect(await wayOf(root, 'Sub', ['port'], CONFIGURED)).toEqual([
        'app/values.yaml:2:9',
        `app/${template}:3:7 the template writes it here`,
        "app/charts/sub/values.yaml:1:7 the chart's default, overridden",
      ]);
      expect(await wayOf(root, 'Sub', ['spec', 'fixed'], CONFIGURED)).toEqual([
        'k8s-lint.yaml:3:5',
        'app/charts/sub/templates/_helpers.tpl:2:8 the template writes it here',
        `app/${template}:6:3 included here`,
      ]);
      expect(await wayOf(root, 'Sub', ['address'], CONFIGURED)).toEqual([
        'k8s-lint.yaml:3:5',
        `app/${template}:4:10 the template writes it here`,
        'app/values.yaml:3:9 it depends on cache.name, set here',
      ]);
    });

    it('that git ignores', async () => {
      const own = Object.fromEntries(Object.entries(files).map(([file, text]) => [`fetched/app/${file}`, text]));
      const web = 'apiVersion: v1\nkind: Web\nport: {{ .Values.cache.port }}\nfixed: true\n';
      const root = tree({
        ...own,
        '.gitignore': 'fetched/\n',
        'fetched/app/templates/x.yaml': web,
        'own/app/Chart.yaml': 'apiVersion: v2\nname: own\nversion: 0.1.0\n',
        'own/app/.gitignore': 'charts\n',
        'own/app/charts/sub/Chart.yaml': 'apiVersion: v2\nname: sub\nversion: 1.0.0\n',
        'own/app/charts/sub/templates/x.yaml': 'apiVersion: v1\nkind: Sub\nfixed: true\n',
        'own/app/templates/x.yaml': 'apiVersion: v1\nkind: Web\nfixed: true\n',
        'prod.yaml': 'cache: { port: 2 }\n',
      });
      const fetched = { ...CONFIGURED, chart: 'fetched/app', values: ['prod.yaml'] };
      expect(await wayOf(root, 'Web', ['fixed'], fetched)).toEqual([
        'k8s-lint.yaml:3:5',
        'fetched/app/templates/x.yaml:4:8 the template writes it here',
      ]);
      expect(await wayOf(root, 'Web', ['port'], fetched)).toEqual([
        'prod.yaml:1:16',
        'fetched/app/templates/x.yaml:3:7 the template writes it here',
        "fetched/app/values.yaml:2:9 the chart's default, overridden",
        "fetched/app/charts/sub/values.yaml:1:7 the chart's default, overridden",
      ]);
      expect(await wayOf(root, 'Web', ['fixed'], { chart: 'fetched/app', values: ['prod.yaml'] })).toEqual([
        'fetched/app/templates/x.yaml:4:8',
        'fetched/app/templates/x.yaml:4:8 the template writes it here',
      ]);
      const { objects } = await renderIn(root, layer, { ...CONFIGURED, chart: 'own/app' });
      const thirdParties = objects.map(({ source, thirdParty }) => [source.file, thirdParty]);
      expect(thirdParties.sort()).toEqual([
        ['own/app/charts/sub/templates/x.yaml', true],
        ['own/app/templates/x.yaml', undefined],
      ]);
      const asked = await renderIn(join(root, 'fetched'), layer, { chart: 'app' }, { root });
      expect(asked.objects.map(({ source, thirdParty }) => [source.file, thirdParty]).sort()).toEqual([
        ['app/charts/sub/templates/deeply/nested/x.yaml', true],
        ['app/templates/x.yaml', undefined],
      ]);
    });

    it('tells the line inside, in an archive', async () => {
      const root = chart({ ...files, 'sub.yaml': 'name: redis\n' });
      const { helm } = await pinned(layer);
      await promisify(execFile)(helm, ['package', join(root, 'app/charts/sub'), '-d', join(root, 'app/charts')]);
      await rm(join(root, 'app/charts/sub'), { recursive: true });
      const archive = 'app/charts/sub-1.0.0.tgz';
      expect(await wayOf(root, 'Sub', ['port'], CONFIGURED)).toEqual([
        'app/values.yaml:2:9',
        `${archive} templates/deeply/nested/x.yaml:3 in this archive writes it`,
      ]);
      expect(await wayOf(root, 'Sub', ['spec', 'fixed'])).toEqual([
        'app/Chart.yaml:5:11',
        `${archive} templates/_helpers.tpl:2 in this archive writes it`,
        `${archive} templates/deeply/nested/x.yaml:6 in this archive includes it`,
      ]);
      expect(await wayOf(root, 'Sub', ['port'], { ...CONFIGURED, chart: archive, values: ['app/sub.yaml'] })).toEqual([
        'k8s-lint.yaml:3:5',
        `${archive} templates/deeply/nested/x.yaml:3 in this archive writes it`,
      ]);
    });
  });
});
