import { execFile } from 'node:child_process';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { isCollection, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments, parseDocument } from 'yaml';
import { pinned } from '../src/render/tools.ts';
import type { Location } from '../src/resource.ts';
import type { Rule } from '../src/rule.ts';
import imageUnmatched from '../src/rules/kustomize/kustomize-image-unmatched.ts';
import listKept from '../src/rules/kustomize/kustomize-list-kept.ts';
import patchUnmatched from '../src/rules/kustomize/kustomize-patch-unmatched.ts';
import { lintFiles, readExample } from './examples.ts';
import { tree } from './tree.ts';

/** What kustomize passes over changes nothing when it is gone: the examples are held to that with the real tool. */

const execFileAsync = promisify(execFile);
const TOOLCHAINS = ['v31', 'v35'] as const;
const kubectl = new Map<string, string>();

beforeAll(async () => {
  for (const toolchain of TOOLCHAINS) kubectl.set(toolchain, (await pinned(toolchain)).kubectl);
}, 60_000);

type Files = Record<string, string>;

const LISTS = ['patches', 'patchesJson6902', 'patchesStrategicMerge', 'images', 'replacements', 'transformers'];

/** What every kustomization of some files builds, but for Components, sorted; none may fail. */
async function build(files: Files, toolchain: string): Promise<[string, string][]> {
  const root = tree(files);
  const directories = kustomizationsOf(files)
    .filter((file) => !/kind: Component/.test(files[file] ?? ''))
    .map(dirname);
  return Promise.all(
    directories.map(async (directory): Promise<[string, string]> => {
      const { stdout } = await execFileAsync(kubectl.get(toolchain) ?? '', ['kustomize', join(root, directory)]);
      return [directory, stdout];
    }),
  );
}

function kustomizationsOf(files: Files): string[] {
  return Object.keys(files)
    .filter((file) => file.endsWith('kustomization.yaml'))
    .sort();
}

/** An entry of a list of a kustomization. */
interface Entry {
  file: string;
  list: string;
  index: number;
}

/** The entries of a kustomization, each with the lines that it stands on. */
function entriesOf(files: Files, file: string): (Entry & { from: number; to: number; value: unknown })[] {
  const lines = new LineCounter();
  const document = parseDocument(files[file] ?? '', { lineCounter: lines });
  return LISTS.flatMap((list) => {
    const items = document.get(list);
    if (!isSeq(items)) return [];
    return items.items.map((item, index) => {
      const [start = 0, end = 0] = (item as Node).range ?? [];
      const value = isScalar(item) ? item.value : undefined;
      return { file, list, index, value, from: lines.linePos(start).line, to: lines.linePos(end - 1).line };
    });
  });
}

/** The entry that stands at a line, or that lists the file where it is no kustomization. */
function entryAt(files: Files, { file, line = 0 }: Location): Entry {
  const found = kustomizationsOf(files)
    .flatMap((kustomization) => entriesOf(files, kustomization))
    .find((entry) => {
      const lists = entry.list === 'transformers' && relative(dirname(entry.file), file) === entry.value;
      return lists || (entry.file === file && entry.from <= line && line <= entry.to);
    });
  if (!found) throw new Error(`no entry at ${file}:${line}`);
  return found;
}

function without(files: Files, entries: readonly Entry[]): Files {
  const left = { ...files };
  for (const { file, list, index } of entries.toSorted((a, b) => b.index - a.index)) {
    const document = parseDocument(left[file] ?? '');
    document.deleteIn([list, index]);
    left[file] = String(document);
  }
  return left;
}

const unmatched: Rule[] = [patchUnmatched, imageUnmatched];

describe.each(TOOLCHAINS)('with %s', (toolchain) => {
  for (const rule of unmatched) {
    it.each(rule.examples.bad.map((example, i) => [i, example] as const))(
      `${rule.id}: what is reported in bad example %i can go`,
      async (_, example) => {
        const { files, expected } = readExample(example);
        const { diagnostics } = await lintFiles(files, { rules: [rule.id], layer: toolchain });
        const entries = diagnostics.map(({ location }) => entryAt(files, location));
        expect(entries.length).toBe(expected.length);
        expect(await build(without(files, entries), toolchain)).toEqual(await build(files, toolchain));
      },
      60_000,
    );

    const known = rule.examples.good
      .map((example) => readExample(example).files)
      .filter((files) => !Object.values(files).some((text) => /later\.yaml|^(?:vars|generators):/m.test(text)));
    it.each(known.map((files, i) => [i, files] as const))(
      `${rule.id}: nothing can go in good example %i`,
      async (_, files) => {
        const before = JSON.stringify(await build(files, toolchain));
        const entries = kustomizationsOf(files).flatMap((file) => entriesOf(files, file));
        const idle = await Promise.all(
          entries.map(async (entry) => JSON.stringify(await build(without(files, [entry]), toolchain)) === before),
        );
        expect(entries.filter((_, i) => idle[i])).toEqual([]);
      },
      60_000,
    );
  }

  it('is as severe as what is sure: a name, a pattern, a Component', async () => {
    const severities = await Promise.all(
      patchUnmatched.examples.bad.map(async (example) => {
        const { files } = readExample(example);
        const { diagnostics } = await lintFiles(files, { rules: [patchUnmatched.id], layer: toolchain });
        return diagnostics.map(({ location, severity }) => `${location.file}:${location.line} ${severity}`);
      }),
    );
    expect(severities).toEqual([
      [
        'overlays/dev/kustomization.yaml:5 error',
        'overlays/dev/kustomization.yaml:8 error',
        'overlays/dev/kustomization.yaml:13 error',
        'overlays/dev/kustomization.yaml:17 error',
      ],
      [
        'overlays/dev/kustomization.yaml:5 warning',
        'overlays/dev/kustomization.yaml:9 warning',
        'overlays/dev/kustomization.yaml:12 warning',
        'overlays/dev/kustomization.yaml:16 error',
        'overlays/dev/kustomization.yaml:21 error',
      ],
      [
        'component/kustomization.yaml:6 info',
        'overlays/kustomization.yaml:10 error',
        'overlays/kustomization.yaml:17 warning',
        'overlays/replacements/kustomization.yaml:9 warning',
        'overlays/transformers/kustomization.yaml:8 error',
        'overlays/transformers/scale.yaml:4 error',
      ],
    ]);
  }, 60_000);

  it('kustomize-list-kept: what is reported can go', async () => {
    for (const example of listKept.examples.bad) {
      const { files } = readExample(example);
      const { diagnostics } = await lintFiles(files, { rules: [listKept.id], layer: toolchain });
      const left = { ...files };
      // The last first, so that the lines of the others stay.
      for (const { location } of diagnostics.toReversed()) {
        left[location.file] = withoutListAt(left[location.file] ?? '', location.line ?? 0);
      }
      const after = await build(left, toolchain);
      expect(after.map(unordered)).toEqual((await build(files, toolchain)).map(unordered));
    }
  }, 60_000);
});

/** A text without the key, and its list, that stand at a line. */
function withoutListAt(text: string, line: number): string {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const remove = (node: unknown): boolean => {
    if (isMap(node)) {
      const i = node.items.findIndex(({ key, value }) => {
        return isScalar(key) && isSeq(value) && lines.linePos(key.range?.[0] ?? 0).line === line;
      });
      if (i !== -1) node.items.splice(i, 1);
      return i !== -1 || node.items.some(({ value }) => remove(value));
    }
    return isCollection(node) && node.items.some(remove);
  };
  if (!remove(document.contents)) throw new Error(`no list at line ${line}`);
  return String(document);
}

/** Objects with their lists sorted: what a patch repeats comes first in a list. */
function unordered([directory, text]: [string, string]): [string, unknown] {
  const sort = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sort).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, sort(item)]));
  };
  return [directory, parseAllDocuments(text).map((document) => sort(document.toJS()))];
}
