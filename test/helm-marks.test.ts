import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { functionsOf, openActions, splitTemplate } from '../src/render/helm/go-template.ts';
import { Marks } from '../src/render/helm/marks.ts';
import { pinned } from '../src/render/tools.ts';
import { chart, LAYERS } from './helm-targets.ts';

vi.setConfig({ testTimeout: 60_000 });

const text = fc.constantFrom(
  'a: b',
  ' ',
  '\n',
  '\t',
  '\r\n',
  '"',
  "'",
  '# c',
  '}}',
  '{ x }',
  '- ',
  'é',
  '〔o1〕',
  '`',
  '-',
);
const action = fc.constantFrom(
  '{{ "x" }}',
  '{{- "y" -}}',
  '{{- "z" }}',
  '{{ "w" -}}',
  '{{ "}}" }}',
  '{{"{{"}}',
  '{{ `{{ raw\n}}` }}',
  '{{ -3 }}',
  '{{-3}}',
  '{{/* comment */}}',
  '{{- /* {{ comment }} "\n */ -}}',
  '{{ printf "%c" \'}\' }}',
  '{{ $x := "set" }}{{ $x }}',
  '{{ include "yaml" . | nindent 2 }}',
  '{{ template "yaml" . }}',
  '{{\n  "lines"\n  | quote\n}}',
  '{{ " \\" }} " }}',
  '{{ "" }}',
);
const { body } = fc.letrec<{ body: string; part: string; block: string }>((tie) => ({
  body: fc.array(tie('part'), { maxLength: 8 }).map((parts) => parts.join('')),
  part: fc.oneof({ weight: 3, arbitrary: text }, { weight: 3, arbitrary: action }, tie('block')),
  block: fc
    .tuple(
      fc.constantFrom(
        '{{ if true }}',
        '{{- if false -}}',
        '{{ range list 1 2 }}',
        '{{- with "v" }}',
        '{{ range $i, $e := list "a" "b" -}}',
      ),
      tie('body'),
      fc.constantFrom('', '{{ else }}', '{{- else -}}'),
      tie('body'),
      fc.constantFrom('{{ end }}', '{{- end -}}', '{{- end }}'),
    )
    .map(([open, first, otherwise, second, end]) => open + first + (otherwise && otherwise + second) + end),
}));

/** What `t0.txt`, `t1.txt` … print, between the brackets that they start and end with. */
function printed(output: string, count: number): (string | undefined)[] {
  return Array.from({ length: count }, (_, i) => output.split(`T${i}[`)[1]?.split(`]T${i}`)[0]);
}

describe.each(LAYERS)('with the helm of %s', (layer) => {
  it('marks change nothing of what templates print', async () => {
    const { helm } = await pinned(layer);
    const bodies = fc.sample(body, { numRuns: 300, seed: 7 });
    const definition = '{{ define "yaml" }}\nk: {{ "v" }}\n  - x\n{{ end }}';
    const sources = bodies.map((source, i) => `${i === 0 ? definition : ''}T${i}[${source}]T${i}`);
    const render = async (texts: readonly string[]) => {
      const root = chart({});
      await mkdir(join(root, 'app/templates'));
      await Promise.all(texts.map((own, i) => writeFile(join(root, `app/templates/t${i}.txt`), own)));
      // None of it is YAML: helm prints it all the same, and fails.
      return new Promise<string>((resolve) => {
        execFile(helm, ['template', 'rel', join(root, 'app'), '--debug'], { maxBuffer: 2 ** 28 }, (_, stdout) =>
          resolve(stdout),
        );
      });
    };
    const plain = printed(await render(sources), sources.length);
    expect(plain.filter((own) => own === undefined)).toEqual([]);
    const marks = new Marks('01234567');
    const marked = sources.map((source, i) => marks.write(source, `t${i}.txt`, true) ?? 'not split');
    const outputs = marks.read(await render(marked));
    const stripped = sources.map((_, i) => outputs.get(`app/templates/t${i}.txt`)?.text);
    expect(stripped.map((own, i) => printed(own ?? '', sources.length)[i])).toEqual(plain);
  });
});

describe('splitTemplate', () => {
  it('splits text and actions, trimmed, with the definitions they stand in', () => {
    const source =
      'a {{- /* gone */ -}} b {{- .x | quote }}\n{{ define "d" -}} in {{ if $y }}{{ $z = 1 }}{{ end }}{{ end }}';
    expect(splitTemplate(source)).toEqual([
      { type: 'text', text: 'a', start: 0, definition: undefined },
      { type: 'text', text: 'b', start: 21, definition: undefined },
      { type: 'action', code: '.x | quote', start: 23, prints: true, definition: undefined },
      { type: 'text', text: '\n', start: 40, definition: undefined },
      { type: 'action', code: 'define "d"', start: 41, prints: false, definition: undefined },
      { type: 'text', text: 'in ', start: 59, definition: 0 },
      { type: 'action', code: 'if $y', start: 62, prints: false, definition: 0 },
      { type: 'action', code: '$z = 1', start: 73, prints: false, definition: 0 },
      { type: 'action', code: 'end', start: 85, prints: false, definition: 0 },
      { type: 'action', code: 'end', start: 94, prints: false, definition: undefined },
    ]);
  });

  it.each(['{{ if x }}', '{{ end }}', '{{ "open }}', '{{ `open }}', '{{ x', '{{/* open }}', '{{/* c */ x }}'])(
    'leaves what helm refuses: %s',
    (source) => {
      expect(splitTemplate(source)).toBeUndefined();
    },
  );

  it('splits deeply nested and very long templates in no time', () => {
    const depth = 100_000;
    const nested = '{{ if x }}'.repeat(depth) + '{{ end }}'.repeat(depth);
    expect(splitTemplate(nested)?.length).toBe(2 * depth);
    expect(openActions('{{ with x }}'.repeat(depth)).length).toBe(depth);
    expect(splitTemplate('{{'.repeat(depth))).toBeUndefined();
  });
});

it('functionsOf leaves out strings, fields and variables', () => {
  expect(
    functionsOf('now | date "now" | printf `%s now` .now $now (now) \'n\'').map(({ name, start }) => [name, start]),
  ).toEqual([
    ['now', 0],
    ['date', 6],
    ['printf', 19],
    ['now', 46],
  ]);
});
