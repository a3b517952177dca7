import { describe, expect, it } from 'vitest';
import { parseTemplate } from '../src/render/helm/template-tree.ts';
import { followValues, type Scope, ValueUse } from '../src/render/helm/value-use.ts';

function scopeOf(templates: readonly string[], texts: readonly string[] = []): Scope {
  return { values: new ValueUse(), templates, texts, library: false, subcharts: [] };
}

/** What is done with values: `a.b*` is used whole. What is only looked into isn't listed. */
function shown(use: ValueUse, path = ''): string[] {
  if (use.whole) return [`${path}*`];
  const below = [...use.children].flatMap(([name, child]) => shown(child, path === '' ? name : `${path}.${name}`));
  return below.length > 0 ? below.sort() : [path];
}

function usesIn(template: string, ...texts: string[]): string[] {
  const scope = scopeOf([template], texts);
  followValues(scope);
  return shown(scope.values);
}

describe('followValues', () => {
  it.each<[string, string[]]>([
    // Fields
    ['{{ .Values.a.b }} {{ $.Values.c }} {{ (.Values.d).e }} {{- .Values.f -}}', ['a.b*', 'c*', 'd.e*', 'f*']],
    ['{{ if .Values.a }}{{ if not .Values.a.b }}{{ else if .Values.a.c }}{{ end }}{{ end }}', ['a.b', 'a.c']],
    ['{{ if.Values.a }}{{ end }}{{ range.Values.b }}{{ end }}{{ with(.Values.c) }}{{ end }}', ['a', 'b*', 'c*']],
    ['{{ default print ("x" .Values.a) .Values.b }}', ['a*', 'b*']],
    ['{{ if and .Values.a (eq .Values.b "x") (or .Values.c .Values.d) }}{{ end }}', ['a', 'b*', 'c', 'd']],
    ['{{/* .Values.a */}} {{ "{ .Values.b" }} .Values.c', ['']],
    // Variables
    ['{{ $x := .Values.a }}{{ $x.b }}', ['a.b*']],
    ['{{ $x := .Values.a }}{{ if .Values.n }}{{ $x = .Values.b }}{{ end }}{{ $x.c }}', ['a.c*', 'b.c*', 'n']],
    ['{{ $x := 1 }}{{ range list 1 2 }}{{ $x.c }}{{ $x = $.Values.a }}{{ end }}', ['a.c*']],
    ['{{ $x := .Values.a }}{{ with .Values.b }}{{ $x := . }}{{ $x.c }}{{ end }}{{ $x.d }}', ['a.d*', 'b*']],
    ['{{ $values := .Values }}{{ $values.a }}', ['a*']],
    // with, range
    ['{{ with .Values.a }}{{ .b }}{{ $.Values.c }}{{ else }}{{ .Values.d }}{{ end }}', ['a*', 'c*', 'd*']],
    ['{{ with $x := .Values.a }}{{ $x.b }}{{ else with .Values.c }}{{ .d }}{{ end }}', ['a*', 'c*']],
    ['{{ with .Values.a.b }}{{ .c }}{{ end }}{{ with $ }}{{ .Values.d }}{{ end }}', ['a.b*', 'd*']],
    ['{{ with dict "v" .Values.a }}{{ .v.b }}{{ end }}{{ with .Values }}{{ .c.d }}{{ end }}', ['a*', 'c.d*']],
    ['{{ range .Values.a }}{{ .b }}{{ else }}{{ .Values.c }}{{ end }}', ['a*', 'c*']],
    ['{{ range $k, $v := .Values.a.b }}{{ $k }}{{ $v.c }}{{ end }}', ['a.b*']],
    ['{{ range $v := .Values.a }}{{ break }}{{ $v.b }}{{ end }}', ['a*']],
    ['{{ range .Values }}{{ end }}', ['*']],
    ['{{ range tuple "a" "b" }}{{ (index $.Values .).c }}{{ end }}', ['a.c*', 'b.c*']],
    ['{{ range $k, $v := dict "a" .Values.b }}{{ index $.Values $k }}{{ $v.c }}{{ end }}', ['a*', 'b.c*']],
    // Used whole
    ['{{ toYaml .Values.a | nindent 2 }}', ['a*']],
    ['{{ .Values | toYaml }}', ['*']],
    ['{{ toYaml . }}', ['*']],
    ['{{ .Values.a.b | default .Values.c | quote }}', ['a.b*', 'c*']],
    ['{{ someFunction .Values.a }}', ['a*']],
    ['{{ .Values.AsMap | toYaml }}', ['*']],
    ['{{ .Values.Table "a" }}', ['*']],
    ['{{ .Files.Get .Values.a }}', ['a*']],
    // Keys by name
    ['{{ index .Values "a" "b" }} {{ (index .Values "c").d }}', ['a*', 'c.d*']],
    ['{{ index .Values.a "b" }}', ['a*']],
    ['{{ (index .Values.a.list 0).b }}', ['a.list*']],
    ['{{ (index .Values .Values.key).a }}', ['*']],
    ['{{ get .Values.a.b "c" }} {{ get (get .Values "d") "e" }} {{ get .Values "f" }}', ['a.b*', 'd*', 'f*']],
    ['{{ dig "b" "c" 0 .Values.a }}', ['a*']],
    ['{{ if hasKey .Values.a "b" }}{{ end }}', ['a.b']],
    ['{{ dig "a" "b" .Values.c .Values.AsMap }}', ['a*', 'c*']],
    ['{{ first (pluck .Values.env .Values.a) }}', ['a*', 'env']],
    ['{{ first (pluck "k" .Values.a .Values.b) }}', ['a.k*', 'b.k*']],
    ['{{ $p := pick .Values.a "b" "c" }}{{ $p.b.d }}', ['a.b.d*', 'a.c']],
    ['{{ omit .Values.a "b" | toYaml }}', ['a*']],
    ['{{ if keys .Values.a }}{{ end }}', ['a*']],
    ['{{ range values .Values.a }}{{ .b }}{{ end }}', ['a*']],
    // What comes through
    ['{{ (default .Values.a .Values.b).c }}', ['a.c*', 'b.c*']],
    ['{{ (ternary .Values.a .Values.b .Values.c).d }}', ['a.d*', 'b.d*', 'c']],
    ['{{ (required "a is required" .Values.a).b }}', ['a.b*']],
    ['{{ (coalesce .Values.a .Values.b).c }} {{ (first .Values.l).d }}', ['a.c*', 'b.c*', 'l*']],
    ['{{ range concat .Values.a .Values.b | uniq }}{{ .c }}{{ end }}', ['a*', 'b*']],
    ['{{ range append .Values.a .Values.b }}{{ .c }}{{ end }}', ['a*', 'b.c*']],
    ['{{ if kindIs "map" .Values.a }}{{ .Values.a.b }}{{ end }}', ['a.b*']],
    // Maps that templates make and change
    ['{{ $d := dict "a" .Values.b }}{{ $d.a.c }}', ['b.c*']],
    ['{{ $d := dict }}{{ $_ := set $d "a" .Values.b }}{{ $d.a.c }}', ['b.c*']],
    ['{{ $d := dict }}{{ $_ := set $d .Values.k .Values.b }}{{ $d.a.c }}', ['b.c*', 'k']],
    ['{{ $d := dict "a" .Values.b }}{{ $e := dict "d" $d }}{{ toYaml $e }}', ['b*']],
    ['{{ $_ := set .Values.a "b" .Values.c }}{{ .Values.a.b.d }}', ['a.b.d*', 'c.d*']],
    ['{{ $_ := set . "x" .Values.a }}{{ .x.b }}', ['a.b*']],
    ['{{ $m := merge (dict) .Values.a .Values.b }}{{ $m.c }}', ['a.c*', 'b.c*']],
    ['{{ $_ := mustMergeOverwrite .Values.a .Values.b }}{{ .Values.a.c }}', ['a.c*', 'b.c*']],
    ['{{ $m := deepCopy .Values.a }}{{ $m.b }}', ['a.b*']],
    ['{{ $d := dict }}{{ toYaml $d }}{{ $_ := set $d "a" .Values.b }}', ['b*']],
    // Definitions
    ['{{ define "x" }}{{ .Values.a }}{{ end }}{{ include "x" . }}', ['a*']],
    ['{{ define "x" }}{{ .b }}{{ $.c }}{{ end }}{{ template "x" .Values.a.b }}', ['a.b*']],
    [
      '{{ define "x" }}{{ .v.b }}{{ .root.Values.c }}{{ end }}{{ include "x" (dict "root" $ "v" (list .Values.a)) }}',
      ['a*', 'c*'],
    ],
    ['{{ define "x" }}{{ .a }}{{ end }}{{ .Values | include "x" | nindent 2 }}', ['a*']],
    [
      '{{ define "x" }}{{ $root := index . 0 }}{{ $root.Values.a }}{{ index . 1 }}{{ end }}{{ include "x" (list $ "b") }}',
      ['a*'],
    ],
    ['{{ block "x" .Values.a }}{{ .b }}{{ end }}', ['a*']],
    ['{{ define "x" }}{{ .a }}{{ end }}{{ include .Values.name .Values.b }}', ['b*', 'name*']],
    ['{{ define "x" }}{{ .v.b.c }}{{ end }}{{ include "x" (merge (dict "v" .Values) $) }}', ['b.c*']],
    ['{{ define "x" }}{{ .Values.a }}{{ end }}', ['']],
    // Names that templates put together
    ['{{ define "n" }}{{ print "a" }}{{ end }}{{ (index .Values (include "n" .)).b }}', ['a.b*']],
    ['{{ define "n" }}a{{ end }}{{ (index .Values (include "n" . | trim)).b }}', ['a.b*']],
    ['{{ define "n" }}{{ .Values.k }}x{{ end }}{{ (index .Values (include "n" .)).b }}', ['*']],
    ['{{ $k := printf "%s-%s" "a" "b" | replace "-" "_" | upper | lower }}{{ index .Values $k }}', ['a_b*']],
    ['{{ index .Values ("query-frontend" | camelcase | untitle) }}', ['queryFrontend*']],
    ['{{ index .Values ("a.x" | trimSuffix ".x" | trimPrefix "-" | toString) }}', ['a*']],
    ['{{ index .Values (printf "%d" 1) }}', ['*']],
    [
      '{{ $v := .Values }}{{ range splitList "." "a.b.c" }}{{ $v = index $v . }}{{ end }}{{ $v.d }}',
      ['a*', 'b*', 'c*', 'd*'],
    ],
    [
      '{{ $v := .Values }}{{ range splitList "." .Values.path }}{{ $v = get $v . }}{{ end }}{{ if $v }}{{ end }}',
      ['*'],
    ],
    // tpl
    ['{{ tpl "{{ .Values.a }}" . }}', ['a*']],
    ['{{ tpl (printf "{{ .Values.%s }}" "a") . }}', ['*']],
  ])('%s', (template, expected) => {
    expect(usesIn(template)).toEqual(expected);
  });

  it('runs the texts of values with what tpl is given, and only then', () => {
    const text = '{{ .Values.a }}{{ .extra }}';
    expect(usesIn('{{ tpl .Values.text . }}', text)).toEqual(['a*', 'text*']);
    expect(usesIn('{{ tpl .Values.text (dict "extra" .Values.b "Values" .Values) }}', text)).toEqual([
      'a*',
      'b*',
      'text*',
    ]);
    expect(usesIn('{{ .Values.text }}', text)).toEqual(['text*']);
  });

  it('reads what it can tell from a text that is no template', () => {
    expect(usesIn('{{ .Values.a')).toEqual(['a*']);
    expect(usesIn('{{ tpl (print "{{ .Values.a" .Values.b) . }}')).toEqual(['a*', 'b*']);
    expect(usesIn('{{ .Values. }}')).toEqual(['*']);
    expect(usesIn('{{ tpl (printf "{{ %s }}" .Values.a) . }}')).toEqual(['*']);
    // What stands in the values or another file, helm would refuse.
    expect(usesIn('{{ .Values.a }}{{ tpl .Values.b . }}', '{{ .Values.c')).toEqual(['a*', 'b*']);
  });

  it('gives a subchart its part of the values, under each of its names, and lets both use all definitions', () => {
    const root = scopeOf(['{{ .Values.db.a }}{{ .Subcharts.db.Values.b }}{{ include "common" .Values.own }}']);
    const below = scopeOf(['{{ .Values.c }}{{ include "common" .Values.d }}{{ include "own" . }}']);
    const library = {
      ...scopeOf(['{{ define "common" }}{{ .e }}{{ end }}{{ define "own" }}{{ .Values.f }}{{ end }}{{ .Values.g }}']),
      library: true,
    };
    for (const name of ['db', 'lib']) root.values.children.set(name, new ValueUse(1));
    const valuesOf = (name: string) => root.values.children.get(name) ?? new ValueUse();
    followValues({
      ...root,
      subcharts: [
        { name: 'db', scope: { ...below, values: valuesOf('db') } },
        { name: 'lib', scope: { ...library, values: valuesOf('lib') } },
      ],
    });
    expect(shown(root.values)).toEqual(['db.a*', 'db.b*', 'db.c*', 'db.d*', 'db.f*', 'lib', 'own*']);
  });

  it('ends where templates call themselves with ever deeper values', () => {
    const walk = '{{ $x := .Values.a }}{{ range list 1 2 }}{{ $x = $x.b }}{{ end }}';
    expect(usesIn(walk)).toEqual([`a${'.b'.repeat(23)}*`]);
  });
});

describe('parseTemplate', () => {
  it('refuses what text/template refuses', () => {
    const broken = [
      '{{ if }}{{ end }}',
      '{{ if .a }}',
      '{{ end }}',
      '{{ else }}',
      '{{ .a | }}',
      '{{ (.a }}',
      '{{ .a) }}',
    ];
    const odd = ['{{ define x }}{{ end }}', '{{ template }}', '{{ .a % .b }}', '{{ .a := 1 }}'];
    expect([...broken, ...odd].filter((source) => parseTemplate(source) !== undefined)).toEqual([]);
  });

  it('refuses what would overflow stacks', () => {
    const fields = (count: number) => `{{ .Values${'.a'.repeat(count)} }}`;
    const pipes = (count: number) => `{{ .Values.a ${'| quote'.repeat(count)} }}`;
    const parentheses = (count: number) => `{{ ${'('.repeat(count)}.a${')'.repeat(count)} }}`;
    for (const nested of [fields, pipes, parentheses]) {
      expect([50, 20_000].map((count) => parseTemplate(nested(count)) !== undefined)).toEqual([true, false]);
    }
  });

  it('reads a pipeline', () => {
    expect(parseTemplate('a {{- $x := f (g "\\"b" `c`).d -1 true | h $.e . -}} ')?.body).toEqual([
      { type: 'output', text: 'a' },
      {
        type: 'assign',
        names: ['$x'],
        declares: true,
        expr: {
          type: 'call',
          name: 'h',
          args: [
            { type: 'field', of: { type: 'variable', name: '$' }, name: 'e' },
            { type: 'dot' },
            {
              type: 'call',
              name: 'f',
              args: [
                {
                  type: 'field',
                  of: {
                    type: 'call',
                    name: 'g',
                    args: [
                      { type: 'text', text: '"b' },
                      { type: 'text', text: 'c' },
                    ],
                  },
                  name: 'd',
                },
                { type: 'number', text: '-1' },
                { type: 'constant' },
              ],
            },
          ],
        },
      },
    ]);
  });
});
