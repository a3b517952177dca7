import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { isMap, isScalar, isSeq, type Node, type ParsedNode, parseDocument } from 'yaml';
import type { At, Path } from '../src/resource.ts';
import { SourceError, SourceFiles } from '../src/source.ts';
import { readYaml } from '../src/yaml.ts';
import { anyData, written } from './yaml-data.ts';

/** A file whose marks `«name»` are taken out, and where they stood. */
function marked(text: string): {
  sources: SourceFiles;
  marks: Map<string, { file: string; line: number; column: number }>;
} {
  const marks = new Map<string, { file: string; line: number; column: number }>();
  const lines = text.split('\n').map((line, i) => {
    let rest = line;
    for (let match = /«(.+?)»/.exec(rest); match; match = /«(.+?)»/.exec(rest)) {
      marks.set(match[1] ?? '', { file: 'a.yaml', line: i + 1, column: match.index + 1 });
      rest = rest.replace(match[0], '');
    }
    return rest;
  });
  const sources = new SourceFiles('/project');
  sources.add('a.yaml', lines.join('\n'));
  return { sources, marks };
}

/** Looks up each mark under the path that its name spells: `a.0.b`, with `key ` before it for the key. */
function expectMarks(text: string, document = 0): void {
  const { sources, marks } = marked(text);
  const found = new Map(
    [...marks.keys()].map((name) => {
      const at: At = name.startsWith('key ') ? 'key' : 'value';
      const path = name.replace('key ', '').split('.');
      const steps = path[0] === '(root)' ? [] : path.map((step) => (/^\d+$/.test(step) ? Number(step) : step));
      const { location, exact } = sources.find('a.yaml', document, steps, at);
      return [name, exact ? location : 'not found'];
    }),
  );
  expect(found).toEqual(marks);
  expect(marks.size).toBeGreaterThan(0);
}

describe('locating', () => {
  it('points at scalars, and at the keys of everything else', () => {
    expectMarks(`# comment

«(root)»«key a»a: «a»1   # comment
«b»«key b»b:
  «key b.c»c: «b.c»"quoted # text"
  «b.d»«key b.d»d:
  «b.e»e: # nothing
  «b.f»f: ~
  «b.g»g: null
  «b.h»h: {«key b.h.x»x: «b.h.x»'a', «b.h.k»k: [«b.h.k.0»1, «b.h.k.1»{z: «b.h.k.1.z»2}]}
  i: «b.i»"i"
`);
  });

  it('points at the items of sequences', () => {
    expectMarks(`
list:
  - «list.0»one
  - «list.1»name: «list.1.name»x
    «list.1.ports»ports:
    - «list.1.ports.0»80
    - «list.1.ports.1»- «list.1.ports.1.0»[«list.1.ports.1.0.0»"a"]
      - «list.1.ports.1.1»b
  «list.2»-
  «list.3»- # nothing here either
  -
    «list.4»a: 1
  - &anchor
    «list.5»a: 1
  - !tag «list.6»"x"
`);
  });

  it('points at block scalars where their header stands', () => {
    expectMarks(`
«key a»a: «a»|
  text: 1
b: «b»>-  # with | a comment
  text
c:
  «c»|+
  text

d: !!str &d «d»|2
    text
e:
  - «e.0»|
    text
  - x: «e.1.x»>
      text
f: # > no
  # | no
  «f»|
  text
g: «g»|
`);
  });

  it('follows aliases, and points at the alias where the path ends', () => {
    expectMarks(`
base: &base
  name: «base.name»«copy.name»x
  list:
    - «copy.list.0»1
    - &inner {k: «copy.list.1.k»«again.0.k»2}
text: &text hello
copy: «copy»*base
again: [«again.0»*inner, «again.1»*text]
`);
  });

  it('points at merged keys where they stand', () => {
    expectMarks(`
one: &one
  «key m.a»a: «m.a»1
  b: 2
two: &two {«key m.c»c: «m.c»3, b: «m.b»4}
m:
  <<: [*two, *one]
  d: «m.d»5
o: {a: 6, <<: {a: «o.a»7}}
`);
  });

  it('points at the last of duplicate keys', () => {
    expectMarks('a: 1\nb: {c: 1, c: «b.c»2}\n«key a»a: «a»3\n');
  });

  it('compares keys as the strings that kubectl makes of them', () => {
    expectMarks(`
8080: «8080»a
yes: «true»b
0x1F: «31»c
"quoted\\x41": «quotedA»d
? «key explicit»explicit
: «explicit»e
«__proto__»__proto__: {constructor: «__proto__.constructor»f}
`);
  });

  it('finds its way in Windows line breaks, byte order marks and several documents', () => {
    const text = '# one\r\n---\r\na: [\r\n---\r\n\r\nb: "x"\r\nc: |\r\n  y\r\n  z\r\n';
    const sources = new SourceFiles('/project');
    sources.add('a.yaml', `\ufeff${text}`);
    expect(sources.locate('a.yaml', 0, [])).toEqual({ file: 'a.yaml' });
    expect(sources.locate('a.yaml', 1, ['a'])).toEqual({ file: 'a.yaml' });
    expect(sources.locate('a.yaml', 2, [])).toEqual({ file: 'a.yaml', line: 6, column: 1 });
    expect(sources.locate('a.yaml', 2, ['b'])).toEqual({ file: 'a.yaml', line: 6, column: 4 });
    expect(sources.locate('a.yaml', 2, ['c'])).toEqual({ file: 'a.yaml', line: 7, column: 4 });
    expect(sources.locateWithin('a.yaml', 2, ['c'], 3)).toEqual({ file: 'a.yaml', line: 9, column: 4 });
    expect(sources.locate('a.yaml', 3, ['c'])).toEqual({ file: 'a.yaml' });
  });

  it('reads JSON, one line or many, one object or several', () => {
    expectMarks('{"a":«a»1,"b":{«key b.c»"c":[«b.c.0»"x",«b.c.1»{«b.c.1.d»"d":null}]}}');
    expectMarks('{\n\t"a": {\n\t\t«key a.b»"b": «a.b»"x"\n\t}\n}\n');
    expectMarks('{"a":1}\n{"b":«b»2}', 1);
  });

  it('keeps its place in what only kubectl reads', () => {
    expectMarks(`
a: [
«a.0»"x",#comment
  {
«key a.1.b»b: «a.1.b»2
}
]
c: «c»"it\\'s
over" # ok
«d»d: {e: [«d.e.0»fe80::, «d.e.1»g]}
f:\t{«key f.g»g: «f.g»1}
h: «h»after
`);
  });

  it('gives the nearest existing parent of what is missing, and says so', () => {
    const { sources } = marked('a:\n  b: 1\n  c:\n    - d: 2\n');
    const find = (...path: Path) => {
      const { location, exact } = sources.find('a.yaml', 0, path);
      return [location.line, location.column, exact];
    };
    expect(find('a', 'x')).toEqual([1, 1, false]);
    expect(find('a', 'b', 'x', 'y')).toEqual([2, 3, false]);
    expect(find('a', 'c', 7)).toEqual([3, 3, false]);
    expect(find('a', 'c', 'length')).toEqual([3, 3, false]);
    expect(find('a', 'c', 0, 'x')).toEqual([4, 7, false]);
    expect(find('x', 'y')).toEqual([1, 1, false]);
    expect(find('constructor')).toEqual([1, 1, false]);
    expect(sources.find('none.yaml', 0, ['a'])).toEqual({ location: { file: 'none.yaml' }, exact: false });
  });

  it('passes over empty items at once, whatever comments say', () => {
    const { sources } = marked(
      `a: [!!str , #${' #'.repeat(200)}\n  b]\nc:\n  - !!str\n  # - #${' #'.repeat(200)}\n  - d\n`,
    );
    expect(sources.find('a.yaml', 0, ['a', 1])).toEqual({
      location: { file: 'a.yaml', line: 2, column: 3 },
      exact: true,
    });
    expect(sources.find('a.yaml', 0, ['c', 0])).toEqual({
      location: { file: 'a.yaml', line: 4, column: 3 },
      exact: true,
    });
    expect(sources.find('a.yaml', 0, ['c', 1])).toEqual({
      location: { file: 'a.yaml', line: 6, column: 5 },
      exact: true,
    });
  });

  it('agrees with another reader on every place of any data', () => {
    fc.assert(
      fc.property(anyData, fc.infiniteStream(fc.nat()), (json, choices) => {
        const text = written(json, choices);
        const sources = new SourceFiles('/project');
        sources.add('a.yaml', text);
        const lines = text.split('\n');
        for (const { path, key, value } of placesOf(parseDocument(text, { version: '1.1' }).contents)) {
          const expected = { key: place(text, key), value: place(text, value) };
          const at = (what: At) => sources.find('a.yaml', 0, path, what);
          expect(at('value'), text).toEqual({ location: { file: 'a.yaml', ...expected.value }, exact: true });
          expect(at('key'), text).toEqual({ location: { file: 'a.yaml', ...expected.key }, exact: true });
          const written = valueAt(json, path);
          const { line, column } = expected.value;
          if (typeof written === 'number')
            expect(lines[line - 1]?.slice(column - 1)).toMatch(new RegExp(`^${written}\\b`));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('places 10,000 paths in a file of 5 MB in no time', () => {
    const item = (i: number) =>
      `- name: n${i}\n  spec: {replicas: ${i}, text: "${'x'.repeat(200)}"}\n  list: [a, b, c]\n`;
    const text = `items:\n${Array.from({ length: 20_000 }, (_, i) => item(i)).join('')}`;
    expect(text.length).toBeGreaterThan(5_000_000);
    const sources = new SourceFiles('/project');
    sources.add('a.yaml', text);
    sources.locate('a.yaml', 0, []);
    const started = performance.now();
    for (let i = 0; i < 10_000; i++) {
      const { line } = sources.locate('a.yaml', 0, ['items', i * 2, 'spec', 'replicas']);
      if (line !== i * 6 + 3) expect(line).toBe(i * 6 + 3);
    }
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('locateWithin', () => {
  const text =
    'lit: |-\n    first\n      second\n\n    third\nplain: some text # c\nq: "quoted text"\nesc: "a\\tb"\nfold: >\n  a\n  b\nmulti: a\n  b\nnum: 8080\nalias: &x abc\nuse: *x\n';
  const sources = new SourceFiles('/project');
  sources.add('a.yaml', text);
  const within = (key: string, offset: number) => {
    const { line, column } = sources.locateWithin('a.yaml', 0, [key], offset);
    return [line, column];
  };

  it('is exact in literal block scalars', () => {
    const value = valueAt(readYaml(text)[0]?.value, ['lit']) as string;
    expect(value).toBe('first\n  second\n\nthird');
    expect(within('lit', 0)).toEqual([2, 5]);
    expect(within('lit', value.indexOf('rst'))).toEqual([2, 7]);
    expect(within('lit', value.indexOf('  sec'))).toEqual([3, 5]);
    expect(within('lit', value.indexOf('second'))).toEqual([3, 7]);
    expect(within('lit', value.indexOf('\nthird'))).toEqual([4, 1]);
    expect(within('lit', value.indexOf('third'))).toEqual([5, 5]);
    expect(within('lit', 1000)).toEqual([5, 10]);
  });

  it('is exact in what is written on one line without escapes', () => {
    expect(within('plain', 5)).toEqual([6, 13]);
    expect(within('plain', 1000)).toEqual([6, 17]);
    expect(within('q', 7)).toEqual([7, 12]);
    expect(within('num', 2)).toEqual([14, 8]);
  });

  it('gives the start of everything else', () => {
    expect(within('esc', 2)).toEqual([8, 6]);
    expect(within('fold', 2)).toEqual([9, 7]);
    expect(within('multi', 2)).toEqual([12, 8]);
    expect(within('use', 1)).toEqual([16, 6]);
    expect(within('none', 1)).toEqual([1, 1]);
  });

  it('points at the very character, wherever a literal line stands', () => {
    const line = fc.array(fc.constantFrom('a', 'b', ' ', '#', ':', 'é'), { maxLength: 6 }).map((part) => part.join(''));
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(),
        (lines, indent, n) => {
          const content = ['x', ...lines].map((part) => `${' '.repeat(indent)}${part}\n`).join('');
          const files = new SourceFiles('/project');
          files.add('a.yaml', `a:\n- ? k\n  : |\n${content.replace(/^/gm, '  ').replace(/ +$/, '')}`);
          const value = valueAt(readYaml(files.text('a.yaml'))[0]?.value, ['a', 0, 'k']) as string;
          const offset = n % value.length;
          const place = files.locateWithin('a.yaml', 0, ['a', 0, 'k'], offset);
          if (value[offset] === '\n') return;
          expect(files.lines('a.yaml')[(place.line ?? 0) - 1]?.[(place.column ?? 0) - 1]).toBe(value[offset]);
        },
      ),
    );
  });
});

describe('comments', () => {
  const comments = (text: string) => {
    const sources = new SourceFiles('/project');
    sources.add('a.yaml', text);
    return Object.fromEntries(sources.commentsByLine('a.yaml'));
  };

  it('are what starts with # outside of text', () => {
    expect(
      comments(`# top
a: 1 # k8s-lint-ignore rule: reason
b: "x # no" # yes
c: 'it''s # no'
d: a#no # yes, too
e: | # header
  # no
  text # no
   # no
  # deep
f: >-
    # no
# between
g: {a: 1, # in flow
  b: [x, # again
    "y # no
     # no"]} # end
h: plain
  over # lines
i: "\\" # no"
--- # separator
j: &anchor # anchored
  - !tag # tagged
  - *anchor # alias
  -   # nothing
`),
    ).toEqual({
      1: '# top',
      2: '# k8s-lint-ignore rule: reason',
      3: '# yes',
      5: '# yes, too',
      6: '# header',
      13: '# between',
      14: '# in flow',
      15: '# again',
      17: '# end',
      19: '# lines',
      21: '# separator',
      22: '# anchored',
      23: '# tagged',
      24: '# alias',
      25: '# nothing',
    });
  });

  it('are found in Windows line breaks and in what only kubectl reads', () => {
    expect(comments('a: 1 # b\r\n# c\r\nd: [\r\n"e # no",#f\r\n]#g\r\n')).toEqual({
      1: '# b',
      2: '# c',
      4: '#f',
      5: '#g',
    });
  });

  it('are found in text that does not parse', () => {
    expect(comments('a: 1 # one\n  b: } # two\n\tc: "x # no" # three\n - d: [ # four\n')).toEqual({
      1: '# one',
      2: '# two',
      3: '# three',
      4: '# four',
    });
  });

  it('are found in Helm templates', () => {
    expect(
      comments(`{{- if .Values.enabled }} # after if
# k8s-lint-ignore rule: reason {{ .Release.Name }}
apiVersion: v1
metadata:
  name: {{ include "chart.name" . | quote }} # named
  labels: {{- include "chart.labels" . | nindent 4 }}
  {{ .Values.key }}: "{{ printf "%s # no" .Values.text }}" # keyed
  {{- with .Values.it }}
  # don't {{/* care */}}
  note: {{ . }}#no
  {{- end }}
data:
  config: |
    # no
{{ .Files.Get "x" | indent 4 }}
    # no
    {{- /* a # comment
      over lines */}}
    # no
  other: 1 # yes
{{- end }}
`),
    ).toEqual({
      1: '# after if',
      2: '# k8s-lint-ignore rule: reason {{ .Release.Name }}',
      5: '# named',
      7: '# keyed',
      9: "# don't {{/* care */}}",
      20: '# yes',
    });
  });

  it('are none in a file without', () => {
    expect(comments('a: 1\n')).toEqual({});
  });
});

describe('files', () => {
  const directory = mkdtempSync(join(tmpdir(), 'k8s-lint-source-'));
  mkdirSync(join(directory, 'work', 'sub'), { recursive: true });
  afterAll(() => rmSync(directory, { recursive: true }));
  const cwd = join(directory, 'work');
  const sources = new SourceFiles(cwd);
  const failure = (file: string) => {
    try {
      return sources.text(file);
    } catch (error) {
      return error instanceof SourceError ? error.message : `not a SourceError: ${error}`;
    }
  };

  it('are named relative to the working directory', () => {
    writeFileSync(join(cwd, 'sub', 'a.yaml'), '\ufeffa: 1\r\nb: 2\r\n');
    writeFileSync(join(directory, 'b.yaml'), 'b: 1\n');
    expect(sources.text('sub/a.yaml')).toBe('a: 1\r\nb: 2\r\n');
    expect(sources.lines(join(cwd, 'sub', 'a.yaml'))).toEqual(['a: 1', 'b: 2', '']);
    expect(sources.locate(join(cwd, 'sub', 'a.yaml'), 0, ['b'])).toEqual({ file: 'sub/a.yaml', line: 2, column: 4 });
    expect(sources.locate('sub/../../b.yaml', 0, ['b'])).toEqual({ file: '../b.yaml', line: 1, column: 4 });
  });

  it('may be given as text', () => {
    sources.add('<stdin>', '\ufeffa: 1');
    expect(sources.text('<stdin>')).toBe('a: 1');
    expect(sources.locate('<stdin>', 0, ['a'])).toEqual({ file: '<stdin>', line: 1, column: 4 });
  });

  it('are read once', () => {
    writeFileSync(join(cwd, 'once.yaml'), 'a: 1');
    expect(sources.text('once.yaml')).toBe('a: 1');
    writeFileSync(join(cwd, 'once.yaml'), 'a: 2');
    expect(sources.text('once.yaml')).toBe('a: 1');
  });

  it('are refused where they are none, at once', () => {
    execFileSync('mkfifo', [join(cwd, 'pipe.yaml')]);
    symlinkSync('loop.yaml', join(cwd, 'loop.yaml'));
    writeFileSync(join(cwd, 'huge.yaml'), '');
    truncateSync(join(cwd, 'huge.yaml'), 200e6);
    expect(failure('sub')).toBe('sub: a directory, not a file');
    expect(failure('none/a.yaml')).toBe('none/a.yaml: no such file');
    expect(failure('once.yaml/a')).toBe('once.yaml/a: no such file');
    expect(failure('pipe.yaml')).toBe('pipe.yaml: not a regular file (a pipe, socket or device)');
    expect(failure('/dev/zero')).toMatch(/zero: not a regular file \(a pipe, socket or device\)$/);
    expect(failure('loop.yaml')).toBe('loop.yaml: a symbolic link that leads back to itself');
    expect(failure('huge.yaml')).toBe('huge.yaml: 200 MB, more than the 50 MB that are read');
    expect(failure(`${'x'.repeat(300)}.yaml`)).toMatch(/^x+\.yaml: the name is too long$/);
    expect(sources.locate('pipe.yaml', 0, ['a'])).toEqual({ file: 'pipe.yaml' });
  });

  it('are refused in UTF-16, and read with odd bytes', () => {
    writeFileSync(join(cwd, 'bom16.yaml'), Buffer.from('\ufeffa: 1\n', 'utf16le'));
    writeFileSync(join(cwd, 'big16.yaml'), Buffer.from('\ufeffa: 1\n', 'utf16le').swap16());
    writeFileSync(join(cwd, 'plain16.yaml'), Buffer.from('a: 1\n', 'utf16le'));
    writeFileSync(join(cwd, 'latin1.yaml'), Buffer.from('a: caf\xe9 # x\n', 'latin1'));
    for (const file of ['bom16.yaml', 'big16.yaml', 'plain16.yaml']) {
      expect(failure(file)).toBe(`${file}: UTF-16 text; save it as UTF-8`);
    }
    expect(sources.text('latin1.yaml')).toBe('a: caf\ufffd # x\n');
  });

  it('have no places where they hold NUL bytes', () => {
    sources.add('nul.yaml', 'a: 1\n---\nb: \0\n');
    expect(sources.find('nul.yaml', 0, ['a'])).toEqual({ location: { file: 'nul.yaml' }, exact: false });
  });
});

interface Place {
  path: Path;
  key: number;
  value: number;
}

/** The offsets of every key and value, by the `yaml` package: a scalar's own, the key's of everything else. */
function placesOf(node: Node | null, path: Path = [], key = node?.range?.[0] ?? 0): Place[] {
  const own = node?.range?.[0] ?? 0;
  const places: Place[] = [];
  if (path.length > 0) places.push({ path, key, value: isScalar(node) && node.value !== null ? own : key });
  if (isMap<ParsedNode, ParsedNode>(node)) {
    for (const { key: name, value } of node.items) {
      places.push(...placesOf(value, [...path, String(isScalar(name) ? name.value : name)], name.range[0]));
    }
  }
  if (isSeq<ParsedNode>(node))
    for (const [i, item] of node.items.entries()) places.push(...placesOf(item, [...path, i]));
  return places;
}

function place(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function valueAt(json: unknown, path: Path): unknown {
  let value = json;
  for (const step of path) value = (value as Record<string | number, unknown>)[step];
  return value;
}
