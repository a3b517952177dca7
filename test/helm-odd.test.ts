import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Rendered } from '../src/render/target.ts';
import type { Path } from '../src/resource.ts';
import { at, chart, LAYERS, renderIn, type TargetOptions } from './helm-targets.ts';

const HEAD = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n';

/** A template that prints some values one by one, each quoted. */
function printing(...values: string[]): string {
  return `${HEAD}data:\n${values.map((value, i) => `  v${i}: {{ ${value} | quote }}\n`).join('')}`;
}

const OTHER = `${HEAD.replace('name: x', 'name: other')}data:\n  a: x1\n`;
const OTHER_HASH = createHash('sha256').update(OTHER).digest('hex');

const SUBCHART = 'apiVersion: v2\nname: sub\nversion: 0.1.0\n';

/** Where what the objects of a chart hold below `data` is written, by kind and path. */
async function locations(root: string, layer: 'v31' | 'v35', options: TargetOptions = {}): Promise<string[]> {
  const rendered = await renderIn(root, layer, options);
  expect(rendered.findings).toEqual([]);
  return located(rendered);
}

async function located({ objects }: Rendered): Promise<string[]> {
  const leaves = objects.flatMap((object) => {
    const { kind, data } = object.value as { kind: string; data: unknown };
    return leavesOf(data, ['data']).map(({ path, value }) => ({ object, kind, path, value }));
  });
  return Promise.all(
    leaves.map(async ({ object, kind, path, value }) => {
      const name = kind === 'ConfigMap' ? '' : `${kind} `;
      return `${name}${path.slice(1).join(' ')} = ${value} ${at(await object.locate(path))}`;
    }),
  );
}

function leavesOf(value: unknown, path: Path): { path: Path; value: unknown }[] {
  if (typeof value !== 'object' || value === null) return [{ path, value }];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, item]) => leavesOf(item, [...path, key]));
}

describe.each(LAYERS)('with the helm of %s, values point where they are set', (layer) => {
  const expectLocations = async (files: Record<string, string>, expected: string[], options: TargetOptions = {}) => {
    expect(await locations(chart(files), layer, options)).toEqual(expected);
  };

  it('in files with anchors and merge keys', async () => {
    await expectLocations(
      {
        'templates/x.yaml': printing('.Values.one.host', '.Values.two.host', '.Values.two.port', '.Values.three'),
        'values.yaml':
          'base: &base\n  host: a.example\n  port: 8080\none: *base\ntwo:\n  <<: *base\n  port: 9090\nthree: &own text\n',
      },
      [
        'v0 = a.example app/values.yaml:2:9',
        'v1 = a.example app/values.yaml:2:9',
        'v2 = 9090 app/values.yaml:7:9',
        'v3 = text app/values.yaml:8:13',
      ],
    );
  });

  it('in files with Windows line ends, a byte order mark, or both', async () => {
    await expectLocations(
      {
        'templates/x.yaml': printing('.Values.a', '.Values.b.c', '.Values.d', '.Values.e').replaceAll('\n', '\r\n'),
        'values.yaml': 'a: one\r\nb:\r\n  c: two\r\n',
        'bom.yaml': '\ufeffd: three\n',
        'both.yaml': '\ufeff# both\r\ne: four\r\n',
      },
      [
        'v0 = one app/values.yaml:1:4',
        'v1 = two app/values.yaml:3:6',
        'v2 = three app/bom.yaml:1:4',
        'v3 = four app/both.yaml:2:4',
      ],
      { values: ['app/bom.yaml', 'app/both.yaml'] },
    );
  });

  it('beside files of comments only, empty ones, and a chart without values.yaml', async () => {
    await expectLocations(
      {
        'templates/x.yaml': printing('.Values.a', '.Values.b | default "none"'),
        'comments.yaml': '# a: hidden\n# b: hidden\n',
        'empty.yaml': '',
        'separator.yaml': '---\n',
        'one.yaml': '# a: hidden\na: one\n',
      },
      ['v0 = one app/one.yaml:2:4', 'v1 = none app/templates/x.yaml:7:7'],
      { values: ['app/comments.yaml', 'app/one.yaml', 'app/empty.yaml', 'app/separator.yaml'] },
    );
  });

  it('in files with several documents: helm 3 reads the first, helm 4 merges them', async () => {
    await expectLocations(
      {
        'templates/x.yaml': printing('.Values.a', '.Values.b', '.Values.c'),
        'values.yaml': '# first\n---\na: one\nb: two\nc: three\n---\na: other\nc: four\n',
        'one.yaml': 'a: mine\n---\nb: other\n',
        'nothing.yaml': '---\n# nothing\n---\nc: five\n',
      },
      layer === 'v31'
        ? ['v0 = mine app/one.yaml:1:4', 'v1 = two app/values.yaml:4:4', 'v2 = three app/values.yaml:5:4']
        : ['v0 = mine app/one.yaml:1:4', 'v1 = other app/one.yaml:3:4', 'v2 = five app/nothing.yaml:4:4'],
      { values: ['app/one.yaml', 'app/nothing.yaml'] },
    );
  });

  it('at the later one of two equal keys', async () => {
    await expectLocations(
      {
        'templates/x.yaml': printing('.Values.a', '.Values.b.c'),
        'values.yaml': 'a: one\nb:\n  c: one\n  c: two\na: two\n',
      },
      ['v0 = two app/values.yaml:5:4', 'v1 = two app/values.yaml:4:6'],
    );
  });

  it('of a map of which null removes a default, and of a list that replaces another one', async () => {
    await expectLocations(
      {
        'templates/x.yaml': `${HEAD}data:\n  {{- toYaml .Values.map | nindent 2 }}\n  list:\n    {{- toYaml .Values.list | nindent 4 }}\n`,
        'values.yaml': 'map:\n  gone: a\n  kept: b\nlist:\n  - a\n  - b\n',
        'one.yaml': 'map:\n  gone: null\n  more: c\nlist: [b]\n',
      },
      ['kept = b app/values.yaml:3:9', 'more = c app/one.yaml:3:9', 'list 0 = b app/one.yaml:4:8'],
      { values: ['app/one.yaml'] },
    );
  });

  it('that are templates themselves', async () => {
    await expectLocations(
      {
        'templates/x.yaml': `${HEAD}data:\n  plain: {{ tpl .Values.plain . }}\n  named: {{ tpl .Values.named . | quote }}\n  {{- tpl (toYaml .Values.map) . | nindent 2 }}\n`,
        'values.yaml':
          'plain: "{{ .Values.other }}"\nnamed: "{{ .Release.Name }}-{{ .Values.other }}"\nother: text\nmap:\n  inner: "{{ .Values.other }}s"\n',
      },
      [
        'plain = text app/values.yaml:1:8',
        'named = rel-text app/values.yaml:2:8',
        'inner = texts app/values.yaml:5:10',
      ],
    );
  });

  it('under keys with dots, slashes and spaces, and numbers for keys', async () => {
    await expectLocations(
      {
        'templates/x.yaml': `${HEAD}data:\n  {{- toYaml .Values.annotations | nindent 2 }}\n  one: {{ index .Values "a.b" "c/d" | quote }}\n  two: {{ get .Values.ports "80" | quote }}\n`,
        'values.yaml': 'annotations:\n  example.com/a: "yes"\n  "b c": x1\na.b:\n  c/d: here\nports:\n  "80": web\n',
        'one.yaml': 'annotations:\n  example.com/a: "no"\n',
      },
      [
        'b c = x1 app/values.yaml:3:10',
        'example.com/a = no app/one.yaml:2:18',
        'one = here app/values.yaml:5:8',
        'two = web app/values.yaml:7:9',
      ],
      { values: ['app/one.yaml'] },
    );
  });

  it('in the last of three files that set the same key', async () => {
    await expectLocations(
      {
        'templates/x.yaml': printing('.Values.a', '.Values.b', '.Values.c.d', '.Values.c.e'),
        'values.yaml': 'a: same\nb: same\nc: { d: same, e: same }\n',
        'one.yaml': 'a: same\nb: same\nc: { d: same }\n',
        'two.yaml': 'c: { d: same, e: same }\nb: same\na: same\n',
        'three.yaml': '\na: same\nc: { e: same }\n',
      },
      [
        'v0 = same app/three.yaml:2:4',
        'v1 = same app/two.yaml:2:4',
        'v2 = same app/two.yaml:1:9',
        'v3 = same app/three.yaml:3:9',
      ],
      { values: ['app/one.yaml', 'app/two.yaml', 'app/three.yaml'] },
    );
  });

  it('of a map that the template walks through', async () => {
    await expectLocations(
      {
        'templates/x.yaml': `${HEAD}data:\n  {{- range $name, $service := .Values.services }}\n  {{ $name }}: "{{ $service.host }}"\n  {{ $name }}-port: {{ $service.port | quote }}\n  {{- end }}\n`,
        'values.yaml':
          'services:\n  web:\n    host: web.example\n    port: 80\n  api:\n    host: api.example\n    port: 80\n',
        'one.yaml': 'services: { api: { port: 8080 }, db: { host: db.example, port: 80 } }\n',
      },
      [
        'api = api.example app/values.yaml:6:11',
        'api-port = 8080 app/one.yaml:1:26',
        'db = db.example app/one.yaml:1:46',
        'db-port = 80 app/one.yaml:1:64',
        'web = web.example app/values.yaml:3:11',
        'web-port = 80 app/values.yaml:4:11',
      ],
      { values: ['app/one.yaml'] },
    );
  });

  it('of objects that a loop prints nearly alike, with a hash of another template', async () => {
    await expectLocations(
      {
        'templates/other.yaml': OTHER,
        'templates/x.yaml': `{{- range $i := until 3 }}\n---\n${HEAD.replace('name: x', 'name: x{{ $i }}')}data:\n  hash: {{ include (print $.Template.BasePath "/other.yaml") $ | sha256sum }}\n  index: "{{ $i }}"\n  host: {{ $.Values.host }}\n  {{- if eq $i 1 }}\n  one: "1"\n  {{- else }}\n  other: text\n  {{- end }}\n{{- end }}\n`,
        'values.yaml': 'host: web.example\n',
      },
      [
        'a = x1 app/templates/other.yaml:6:6',
        ...[0, 1, 2].flatMap((i) => [
          `hash = ${OTHER_HASH} app/templates/x.yaml:8:9`,
          `index = ${i} app/templates/x.yaml:9:10`,
          'host = web.example app/values.yaml:1:7',
          i === 1 ? 'one = 1 app/templates/x.yaml:12:8' : 'other = text app/templates/x.yaml:14:10',
        ]),
      ],
    );
  });

  it('through definitions three deep, and those of a subchart', async () => {
    await expectLocations(
      {
        'templates/_one.tpl': '{{- define "one" -}}\n{{ include "two" . }}\none: 1x\n{{- end -}}\n',
        'templates/_two.tpl': '{{- define "two" -}}\nnested:\n  {{- include "three" . | nindent 2 }}\n{{- end -}}\n',
        'templates/_three.tpl':
          '{{- define "three" -}}\nhost: {{ .Values.host }}\nport: {{ .Values.port | quote }}\nthree: 3x\n{{- end -}}\n',
        'templates/x.yaml': `${HEAD}data:\n  {{- include "one" . | nindent 2 }}\n  sub: {{ include "sub.name" . | quote }}\n  {{- include "sub.lines" . | nindent 2 }}\n`,
        'values.yaml': 'host: a.example\nport: 8080\nname: from-parent\n',
        'charts/sub/Chart.yaml': SUBCHART,
        'charts/sub/templates/_helpers.tpl':
          '{{- define "sub.name" -}}\n{{ .Values.name }}\n{{- end -}}\n{{- define "sub.lines" -}}\nline: {{ .Values.name }}s\nfixed: sub\n{{- end -}}\n',
      },
      [
        'nested host = a.example app/values.yaml:1:7',
        'nested port = 8080 app/values.yaml:2:7',
        'nested three = 3x app/templates/_three.tpl:4:8',
        'one = 1x app/templates/_one.tpl:3:6',
        'sub = from-parent app/values.yaml:3:7',
        'line = from-parents app/charts/sub/templates/_helpers.tpl:5:7',
        'fixed = sub app/charts/sub/templates/_helpers.tpl:6:8',
      ],
    );
  });

  it('of globals that a subchart reads, and of its own that the parent sets', async () => {
    await expectLocations(
      {
        'values.yaml': 'global:\n  zone: a\n  tier: gold\nsub:\n  size: 3\n  global: { zone: hidden }\n',
        'one.yaml': 'global: { zone: b }\n',
        'charts/sub/Chart.yaml': SUBCHART,
        'charts/sub/values.yaml': 'size: 1\nname: sub\nglobal: { tier: silver, place: sea }\n',
        'charts/sub/templates/x.yaml': printing(
          '.Values.global.zone',
          '.Values.global.tier',
          '.Values.size',
          '.Values.name',
          '.Values.global.place',
        ),
      },
      [
        'v0 = b app/one.yaml:1:17',
        'v1 = gold app/values.yaml:3:9',
        'v2 = 3 app/values.yaml:5:9',
        'v3 = sub app/charts/sub/values.yaml:2:7',
        'v4 = sea app/charts/sub/values.yaml:3:32',
      ],
      { values: ['app/one.yaml'] },
    );
  });

  it('where the template makes text of numbers and booleans, or numbers of text', async () => {
    await expectLocations(
      {
        'templates/x.yaml': `${HEAD}data:\n  int: {{ .Values.int | quote }}\n  float: {{ .Values.float | quote }}\n  absent: {{ .Values.absent | quote }}\n  active: {{ .Values.active | quote }}\n  text: {{ .Values.text | int }}\n  bool: {{ .Values.bool }}\n  octal: {{ .Values.octal | quote }}\n  large: {{ .Values.large | int64 | quote }}\n  zero: {{ .Values.zero | quote }}\n  empty: {{ .Values.empty | quote }}\n`,
        'values.yaml':
          'int: 8080\nfloat: 1.50\nabsent: false\nactive: true\ntext: "17"\nbool: "true"\noctal: 0644\nlarge: 12345678\nzero: 0\nempty: ""\n',
      },
      [
        'int = 8080 app/values.yaml:1:6',
        'float = 1.5 app/values.yaml:2:8',
        'absent = false app/values.yaml:3:9',
        'active = true app/values.yaml:4:9',
        'text = 17 app/values.yaml:5:7',
        'bool = true app/values.yaml:6:7',
        'octal = 420 app/values.yaml:7:8',
        'large = 12345678 app/values.yaml:8:8',
        'zero = 0 app/values.yaml:9:7',
        'empty =  app/values.yaml:10:8',
      ],
    );
  });

  it('in templates with Windows line ends', async () => {
    await expectLocations(
      {
        'templates/x.yaml':
          `${HEAD}data:\n  fixed: here\n  {{- with .Values.map }}\n  a: {{ .a }}\n  {{- end }}\n  block: |\n    {{ .Values.text }}\n  last: there\n`.replaceAll(
            '\n',
            '\r\n',
          ),
        'values.yaml': 'map: { a: b1 }\ntext: c1\n',
      },
      [
        'fixed = here app/templates/x.yaml:6:10',
        'a = b1 app/values.yaml:1:11',
        'block = c1\n app/values.yaml:2:7',
        'last = there app/templates/x.yaml:12:9',
      ],
    );
  });
});
