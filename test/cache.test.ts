import { createHook } from 'node:async_hooks';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import { create } from 'tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Digests, UnknownInput } from '../src/cache/digests.ts';
import { clear, sweep } from '../src/cache/entries.ts';
import { Inputs } from '../src/cache/inputs.ts';
import { cacheDirectory } from '../src/cache/place.ts';
import { RenderCache } from '../src/cache/render-cache.ts';
import { Store } from '../src/cache/store.ts';
import { lint } from '../src/lint.ts';
import { addInputs } from '../src/render/kustomize/inputs.ts';
import { readGraph } from '../src/render/kustomize/kustomization.ts';
import { render } from '../src/render/render.ts';
import type { Target } from '../src/render/target.ts';
import { findTools, pinned } from '../src/render/tools.ts';
import { SourceFiles } from '../src/source.ts';
import { tree } from './tree.ts';

const bin = fileURLToPath(new URL('../bin/k8s-lint.js', import.meta.url));
/** kustomize of one layer, helm 3 of the other, which it can drive. */
let home: string;
let tools: { kustomize: string; helm: string };

beforeAll(async () => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'k8s-lint-cache-tools-')));
  tools = { kustomize: (await pinned('v35')).kubectl, helm: (await pinned('v31')).helm };
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** What something returns that starts no process. */
async function withoutTools<T>(use: () => Promise<T>): Promise<T> {
  let started = 0;
  const hook = createHook({
    init: (_, type) => {
      if (type === 'PROCESSWRAP') started++;
    },
  }).enable();
  try {
    const result = await use();
    expect(started, 'processes').toBe(0);
    return result;
  } finally {
    hook.disable();
  }
}

const warnings: string[] = [];

function cacheIn(directory: string): RenderCache {
  return new RenderCache(new Store(directory, (message) => warnings.push(message)), '1.0.0');
}

/** What a directory is reported to hold, with or without a cache. */
function report(cwd: string, directory?: string) {
  const cache = directory === undefined ? {} : { cache: cacheIn(directory) };
  return lint({ cwd, ...tools, ...cache, today: '2026-01-31' });
}

/** What a target renders, as plain data: objects, where they come from, and what is said of them. */
async function rendered(root: string, target: Target, directory?: string) {
  const cache = directory === undefined ? undefined : cacheIn(directory);
  const context = { cwd: root, root, sources: new SourceFiles(root), timeout: 60_000 };
  const found = findTools({ ...tools, cache });
  const { objects, findings, unchecked } = await render(target, { ...context, tools: found, ...(cache && { cache }) });
  return { objects: objects.map(({ value, source }) => ({ value, source })), findings, unchecked };
}

function entries(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'swept')
    .map((entry) => join(entry.parentPath, entry.name));
}

const CONFIG_MAP = (name: string, value = 'one') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { value: ${value} }\n`;
const CHART = (name: string) => `apiVersion: v2\nname: ${name}\nversion: 0.1.0\ndescription: one\n`;
const PASSWORD = 'correct-horse-battery-staple';

/** Faults of every sort: what is traced, rendered again, refused, or random. */
const REPOSITORY = {
  '.git/HEAD': '',
  'base/kustomization.yaml': 'resources: [web.yaml]\n',
  'base/web.yaml':
    'apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec:\n  hostNetwork: true\n  containers:\n    - { name: web, image: web, ports: [{ containerPort: 80 }] }\n',
  'overlay/kustomization.yaml': `resources: [../base]\npatches: [{ path: patch.yaml }]\nsecretGenerator: [{ name: db, literals: [password=${PASSWORD}] }]\n`,
  'overlay/patch.yaml':
    'apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec:\n  containers:\n    - { name: web, ports: [{ containerPort: 80, hostPort: 8080 }] }\n',
  'lacking/kustomization.yaml': 'resources: [there.yaml, missing.yaml]\n',
  'lacking/there.yaml': CONFIG_MAP('there'),
  'refused/kustomization.yaml':
    'resources: [there.yaml]\npatches:\n  - patch: |-\n      { apiVersion: v1, kind: ConfigMap, metadata: { name: gone }, data: { a: b } }\n',
  'refused/there.yaml': CONFIG_MAP('there'),
  'chart/Chart.yaml': CHART('chart'),
  'chart/values.yaml': 'port: 8080\n',
  'chart/templates/pod.yaml':
    'apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec:\n  hostNetwork: true\n  containers:\n    - { name: web, image: web, ports: [{ containerPort: 80, hostPort: {{ .Values.port }} }] }\n',
  'chart/templates/secret.yaml': `apiVersion: v1\nkind: Secret\nmetadata: { name: made }\nstringData: { password: {{ randAlphaNum 12 }}, fixed: ${PASSWORD} }\n`,
  'offline/Chart.yaml': CHART('offline'),
  'offline/values.schema.json': '{ "$ref": "https://example.com/schema.json" }\n',
  'offline/templates/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: offline }\n',
  'needy/Chart.yaml': CHART('needy'),
  'needy/templates/a.yaml': '{{ required "a value is needed" .Values.needed }}\n',
};

describe('a second run', () => {
  it('starts no tool, and says the same', async () => {
    const cwd = tree(REPOSITORY);
    const cache = join(tree({}), 'renders');
    const fresh = await report(cwd);
    expect(fresh.summary.errors).toBeGreaterThan(2);
    expect(fresh.failures).toEqual([]);
    expect(await report(cwd, cache)).toEqual(fresh);
    expect(await withoutTools(() => report(cwd, cache))).toEqual(fresh);
    expectPrivate(cache);
    // Without what was kept, tools are started, and that is noticed.
    const base: Target = { type: 'kustomize', name: 'base', directory: join(cwd, 'base') };
    await expect(withoutTools(() => rendered(cwd, base))).rejects.toThrow('processes');
  });

  it('in a copy of the repository starts none either', async () => {
    const [cwd, copy] = [tree({ ...REPOSITORY }), tree({ ...REPOSITORY })];
    for (const root of [cwd, copy]) {
      for (const failing of ['lacking', 'refused', 'needy', 'offline'])
        rmSync(join(root, failing), { recursive: true });
    }
    const cache = join(tree({}), 'renders');
    const fresh = await report(cwd, cache);
    expect(await withoutTools(() => report(copy, cache))).toEqual(fresh);
  });

  it('renders anew with another version of k8s-lint, and with another tool', async () => {
    const cwd = tree({ 'kustomization.yaml': 'resources: [a.yaml]\n', 'a.yaml': CONFIG_MAP('a') });
    const directory = join(tree({}), 'renders');
    const kustomize = join(home, 'other');
    const become = (last: string) => {
      copyFileSync(tools.kustomize, kustomize);
      appendFileSync(kustomize, last);
      utimesSync(kustomize, 1_700_000_000, 1_700_000_000);
    };
    const kept = async (version = '1.0.0') => {
      await lint({ cwd, kustomize, cache: new RenderCache(new Store(directory, () => {}), version) });
      return entries(directory).length;
    };
    become('a');
    expect(await kept()).toBe(2);
    // Of the same size and time.
    become('b');
    expect(await kept()).toBe(4);
    expect(await kept('1.0.1')).toBe(6);
    // The same in another place: only that is news.
    utimesSync(kustomize, 1_600_000_000, 1_600_000_000);
    expect(await kept('1.0.1')).toBe(7);
  });

  it('asks what only starts a tool each time', async () => {
    const cwd = tree({ 'kustomization.yaml': 'resources: [a.yaml]\n', 'a.yaml': CONFIG_MAP('a') });
    const shim = join(tree({ kubectl: `#!/bin/sh\necho >> "$0.log"\nexec ${tools.kustomize} "$@"\n` }), 'kubectl');
    chmodSync(shim, 0o755);
    const directory = join(tree({}), 'renders');
    const starts = () => readFileSync(`${shim}.log`, 'utf8').length;
    const first = await lint({ cwd, kustomize: shim, cache: cacheIn(directory) });
    const once = starts();
    expect(await lint({ cwd, kustomize: shim, cache: cacheIn(directory) })).toEqual(first);
    expect(starts()).toBe(2 * once);
    expect(entries(directory)).toEqual([]);
  });
});

/** Every way in which a kustomization reads a file: `one` in it is what changes. */
const KUSTOMIZATION = {
  'overlay/kustomization.yaml': `resources: [extra.yaml, ../base, linked]
components: [../component]
configurations: [names.yaml]
crds: [crd.json]
openapi: { path: schema.json }
configMapGenerator:
  - { name: made, envs: [a.env], files: [data.txt, key=other.txt, link.txt] }
  - { name: old, env: b.env }
secretGenerator: [{ name: secret, envs: [secret.env] }]
patches: [{ path: patch.yaml }, { path: json.yaml, target: { kind: ConfigMap, name: extra } }]
patchesStrategicMerge: [merge.yaml]
patchesJson6902: [{ path: json6902.yaml, target: { version: v1, kind: ConfigMap, name: extra } }]
replacements: [{ path: replacement.yaml }]
generators: [generator.yaml]
transformers: [transformer.yaml, ../transformers]
commonAnnotations: { of: one }
`,
  'overlay/extra.yaml': CONFIG_MAP('extra'),
  'overlay/names.yaml': 'nameReference: []\n# one\n',
  'overlay/crd.json': '{ "one": {} }\n',
  'overlay/schema.json': '{ "definitions": {}, "one": true }\n',
  'overlay/a.env': 'A=one\n',
  'overlay/b.env': 'B=one\nHOME\n',
  'overlay/data.txt': 'one\n',
  'overlay/other.txt': 'one\n',
  'overlay/real.txt': 'one\n',
  'overlay/secret.env': 'PASSWORD=one\n',
  'overlay/patch.yaml': CONFIG_MAP('base', 'patched-one'),
  'overlay/json.yaml': '- { op: add, path: /data/json, value: one }\n',
  'overlay/merge.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: extra }\ndata: { merged: one }\n',
  'overlay/json6902.yaml': '- { op: add, path: /data/json6902, value: one }\n',
  'overlay/replacement.yaml':
    '- source: { kind: ConfigMap, name: extra, fieldPath: data.value }\n  targets: [{ select: { name: base }, fieldPaths: [data.one], options: { create: true } }]\n',
  'overlay/generator.yaml':
    'apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: { name: generated }\nenvs: [generated.env]\nliterals: [a=one]\n',
  'overlay/generated.env': 'G=one\n',
  'overlay/transformer.yaml':
    'apiVersion: builtin\nkind: PatchTransformer\nmetadata: { name: patch }\npath: transformed.yaml\ntarget: { name: extra }\n# one\n',
  'overlay/transformed.yaml': '- { op: add, path: /data/transformed, value: one }\n',
  'transformers/kustomization.yaml': 'resources: [value.yaml]\n# one\n',
  'transformers/value.yaml':
    'apiVersion: builtin\nkind: AnnotationsTransformer\nmetadata: { name: a }\nannotations: { by: one }\nfieldSpecs: [{ path: metadata/annotations, create: true }]\n',
  'base/kustomization.yaml': 'resources: [base.yaml]\nnamePrefix: ""\n# one\n',
  'base/base.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: base }\ndata: { value: one, kept: one }\n',
  'component/kustomization.yaml':
    'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [in.yaml]\nlabels: [{ pairs: { by: one } }]\n',
  'component/in.yaml': CONFIG_MAP('in'),
  'real/kustomization.yaml': 'resources: [linked.yaml]\n# one\n',
  'real/linked.yaml': CONFIG_MAP('linked'),
};
const KUSTOMIZATION_LINKS = { 'overlay/linked': '../real', 'overlay/link.txt': 'real.txt' };

/** Every way in which a chart in a kustomization reads a file. */
const INFLATED = {
  'overlay/kustomization.yaml': `generators: [generator.yaml]
helmGlobals: { chartHome: ../charts }
helmCharts: [{ name: app, releaseName: app, valuesFile: values.yaml, additionalValuesFiles: [more.yaml] }]
commonAnnotations: { of: one }
`,
  'overlay/generator.yaml':
    'apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: { name: other }\nname: other\nreleaseName: one\nvaluesFile: other.yaml\n',
  'overlay/other.yaml': 'a: one\n',
  'overlay/charts/other/Chart.yaml': CHART('other'),
  'overlay/charts/other/templates/a.yaml': CONFIG_MAP('other', '{{ .Values.a }}-{{ .Release.Name }}-one'),
  'overlay/values.yaml': 'a: one\n',
  'overlay/more.yaml': 'b: one\n',
  'charts/app/Chart.yaml': CHART('app'),
  'charts/app/values.yaml': 'c: one\n',
  'charts/app/templates/a.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: app }\ndata: { values: {{ print .Values.a .Values.b .Values.c }}, of: one }\n',
};

/** Every way in which a chart reads a file. */
const HELM = {
  'app/Chart.yaml': `${CHART('app')}dependencies: [{ name: sub, version: 0.1.0 }, { name: packed, version: 0.1.0 }]\n`,
  'app/Chart.lock': '# one\n',
  'app/.helmignore': 'ignored.txt\n# one\n',
  'app/values.yaml': 'value: one\n',
  'app/values.schema.json': '{ "description": "one" }\n',
  'app/templates/_helpers.tpl': '{{ define "app.value" }}one{{ end }}\n',
  'app/templates/NOTES.txt': 'one\n',
  'app/templates/a.yaml': `apiVersion: v1
kind: ConfigMap
metadata: { name: a, labels: { by: {{ include "app.value" . }} } }
data:
  own: {{ .Values.value }}
  given: {{ print .Values.a .Values.b }}
  description: {{ .Chart.Description }}
  file: {{ .Files.Get "files/one.txt" | quote }}
  linked: {{ .Files.Get "linked/one.txt" | quote }}
  all: {{ range $path, $_ := .Files.Glob "**" }}{{ $path }}-{{ end }}
  readme: {{ .Files.Get "README.md" | quote }}
`,
  'app/crds/crd.yaml':
    'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: a.example.com, annotations: { by: one } }\n',
  'app/files/one.txt': 'one\n',
  'app/README.md': 'one\n',
  'app/charts/sub/Chart.yaml': CHART('sub'),
  'app/charts/sub/values.yaml': 'value: one\n',
  'app/charts/sub/templates/sub.yaml': CONFIG_MAP('sub', '{{ .Values.value }}-{{ .Chart.Description }}-one'),
  'shared/one.txt': 'one\n',
  'a.yaml': 'a: one\n',
  'b.yaml': 'b: one\n',
};
const HELM_LINKS = { 'app/linked': '../shared' };
/** Packed into `app/charts/packed-0.1.0.tgz`. */
const PACKED = {
  'packed/Chart.yaml': CHART('packed'),
  'packed/templates/packed.yaml': CONFIG_MAP('packed', '{{ .Chart.Description }}'),
};

function pack(root: string, description = 'one'): void {
  const from = tree({ ...PACKED, 'packed/Chart.yaml': CHART('packed').replace('one', description) });
  mkdirSync(join(root, 'app/charts'), { recursive: true });
  create(
    {
      file: join(root, 'app/charts/packed-0.1.0.tgz'),
      gzip: true,
      portable: true,
      mtime: new Date(0),
      cwd: from,
      sync: true,
    },
    ['packed'],
  );
}

interface Subject {
  files: Record<string, string>;
  links: Record<string, string>;
  /** What else lies there. */
  add?(root: string): void;
  target(root: string): Target;
  /** Changes of other kinds than another text in a file. */
  changes: Record<string, (root: string) => void>;
}

const SUBJECTS: Record<string, Subject> = {
  kustomization: {
    files: KUSTOMIZATION,
    links: KUSTOMIZATION_LINKS,
    target: overlay,
    changes: {
      'a second kustomization file': (root) => writeFileSync(join(root, 'base/Kustomization'), 'resources: []\n'),
      'a link that leads elsewhere': (root) => relink(root, 'overlay/linked', '../other', { linked: 'two' }),
    },
  },
  'chart in a kustomization': {
    files: INFLATED,
    links: {},
    target: overlay,
    changes: {
      'a file of the chart that is new': (root) =>
        writeFileSync(join(root, 'charts/app/templates/b.yaml'), CONFIG_MAP('new')),
      'what helm ignores': (root) => writeFileSync(join(root, 'charts/app/.helmignore'), 'templates/a.yaml\n'),
    },
  },
  chart: {
    files: HELM,
    links: HELM_LINKS,
    add: pack,
    target: (root) => ({
      type: 'helm',
      name: 'app',
      chart: join(root, 'app'),
      release: 'rel',
      values: [join(root, 'a.yaml'), join(root, 'b.yaml')],
    }),
    changes: {
      'an archive with other content': (root) => pack(root, 'two'),
      'a file that is new': (root) => writeFileSync(join(root, 'app/files/new.txt'), ''),
      'a template that is ignored now': (root) =>
        writeFileSync(join(root, 'app/.helmignore'), 'crds\ntemplates/a.yaml\n'),
      'a link that leads elsewhere': (root) => {
        rmSync(join(root, 'app/linked'));
        mkdirSync(join(root, 'other'));
        writeFileSync(join(root, 'other/one.txt'), 'two\n');
        symlinkSync('../other', join(root, 'app/linked'));
      },
    },
  },
};

function overlay(root: string): Target {
  return { type: 'kustomize', name: 'overlay', directory: join(root, 'overlay'), enableHelm: true };
}

function relink(root: string, link: string, to: string, objects: Record<string, string>): void {
  rmSync(join(root, link));
  const directory = join(root, dirname(link), to);
  mkdirSync(directory);
  writeFileSync(join(directory, 'kustomization.yaml'), 'resources: [linked.yaml]\n# one\n');
  for (const [name, value] of Object.entries(objects)) {
    writeFileSync(join(directory, `${name}.yaml`), CONFIG_MAP(name, value));
  }
  symlinkSync(to, join(root, link));
}

describe.each(Object.entries(SUBJECTS))('what a %s reads', (_, { files, links, add, target, changes }) => {
  const write = () => {
    const root = tree(files);
    for (const [link, to] of Object.entries(links)) symlinkSync(to, join(root, link));
    add?.(root);
    return root;
  };

  it('is rendered anew when it changes, and only then', async () => {
    const cache = join(tree({}), 'renders');
    const before = write();
    const first = await rendered(before, target(before), cache);
    expect(first.findings).toEqual([]);
    expect(first.objects.length).toBeGreaterThan(1);
    for (const [name, change] of Object.entries(changes)) {
      const root = write();
      change(root);
      expect(await rendered(root, target(root), cache), name).not.toEqual(first);
    }
    const same = write();
    expect(await withoutTools(() => rendered(same, target(same), cache))).toEqual(first);
  });

  it('is told from what has any of it otherwise', () => {
    const root = write();
    const all = materialOf(root, target(root));
    for (const file of Object.keys(files)) {
      const text = readFileSync(join(root, file), 'utf8');
      expect(text).toContain('one');
      writeFileSync(join(root, file), text.replaceAll('one', 'two'));
      expect(materialOf(root, target(root)), file).not.toBe(all);
      writeFileSync(join(root, file), text);
    }
    expect(materialOf(root, target(root))).toBe(all);
  });

  it('is told from what lacks any of it', () => {
    const root = write();
    const all = materialOf(root, target(root));
    for (const file of Object.keys(files)) {
      const text = readFileSync(join(root, file));
      rmSync(join(root, file));
      expect(materialOf(root, target(root)), file).not.toBe(all);
      writeFileSync(join(root, file), text);
    }
    expect(materialOf(root, target(root))).toBe(all);
  });
});

/** What the render of a target is kept by, but for the tool and its arguments; undefined where that isn't known. */
function materialOf(root: string, target: Target): string | undefined {
  const directory = target.type === 'kustomize' ? target.directory : root;
  const inputs = new Inputs(root, directory, new Digests());
  const sources = new SourceFiles(root);
  try {
    if (target.type === 'kustomize') addInputs(inputs, readGraph(directory, sources), sources);
    if (target.type === 'helm') {
      for (const file of target.values) inputs.addFile(file);
      inputs.addChart(target.chart);
    }
  } catch (error) {
    if (error instanceof UnknownInput) return undefined;
    throw error;
  }
  return inputs.material();
}

describe('what a chart makes of random numbers', () => {
  it('is as unknown the second time', async () => {
    const root = tree({
      'app/Chart.yaml': CHART('app'),
      'app/templates/a.yaml':
        'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { value: {{ randAlphaNum 8 }}, fixed: here }\n',
    });
    const target: Target = { type: 'helm', name: 'app', chart: join(root, 'app'), release: 'rel', values: [] };
    const cache = join(tree({}), 'renders');
    const fresh = await rendered(root, target);
    expect(JSON.stringify(fresh.objects)).toContain('"fixed":"here"');
    expect(await rendered(root, target, cache)).toEqual(fresh);
    expect(await withoutTools(() => rendered(root, target, cache))).toEqual(fresh);
  });
});

describe('the time', () => {
  it('lets a chart be rendered anew each day, where it asks for it', () => {
    const root = tree({
      'app/templates/a.yaml': 'a: {{ .Values.a }}\n',
      'late/templates/a.yaml': 'a: {{ lt now .Values.a }}\n',
      'plain.yaml': 'a: now\n',
      'late.yaml': "a: '{{ now }}'\n",
    });
    const on = (day: string, add: (inputs: Inputs) => void) => {
      const inputs = new Inputs(root, root, new Digests());
      add(inputs);
      return inputs.material(new Date(day));
    };
    const isSame = (add: (inputs: Inputs) => void) => on('2026-01-31', add) === on('2026-02-01', add);
    expect(isSame((inputs) => inputs.addChart(join(root, 'app')))).toBe(true);
    expect(isSame((inputs) => inputs.addChart(join(root, 'late')))).toBe(false);
    // Values may hold templates too.
    expect(isSame((inputs) => inputs.addFile(join(root, 'plain.yaml')))).toBe(true);
    expect(isSame((inputs) => inputs.addFile(join(root, 'late.yaml')))).toBe(false);
  });
});

describe('an env file', () => {
  it('with names alone depends on the variables of these names that kustomize gets', () => {
    const root = tree({
      'kustomization.yaml': 'configMapGenerator: [{ name: a, envs: [a.env] }]\n',
      'a.env': 'USER\nK8S_LINT_TEST\n',
    });
    const target: Target = { type: 'kustomize', name: '.', directory: root };
    const { USER } = process.env;
    try {
      const [first, second, third] = ['me', 'me', 'you'].map((user, i) => {
        process.env.USER = user;
        process.env.K8S_LINT_TEST = String(i);
        return materialOf(root, target);
      });
      expect(second).toBe(first);
      expect(third).not.toBe(first);
      writeFileSync(join(root, 'a.env'), 'TMPDIR\n');
      expect(materialOf(root, target)).toBeUndefined();
    } finally {
      process.env.USER = USER ?? '';
      delete process.env.K8S_LINT_TEST;
    }
  });
});

describe('what is not known', () => {
  it.each([
    ['a remote base', { 'kustomization.yaml': 'resources: ["https://example.com/a.yaml"]\n' }],
    [
      'a plug-in that is no part of kustomize',
      { 'kustomization.yaml': 'generators: ["{ apiVersion: a/v1, kind: B }"]\n' },
    ],
    ['a field in two spellings', { 'kustomization.yaml': 'resources: [a.yaml]\nResources: [b.yaml]\n' }],
    [
      'configurations of plug-ins that are transformed themselves',
      {
        'kustomization.yaml': 'transformers: [plugins]\n',
        'plugins/kustomization.yaml': 'resources: [a.yaml]\npatches: [{ path: b.yaml }]\n',
        'plugins/a.yaml': 'apiVersion: builtin\nkind: PatchTransformer\nmetadata: { name: a }\npath: x.yaml\n',
      },
    ],
    [
      "directories of helm's own",
      {
        'kustomization.yaml': 'helmGlobals: { configHome: ../helm }\nhelmCharts: [{ name: a }]\n',
        'charts/a/Chart.yaml': CHART('a'),
      },
    ],
    [
      'a schema that lies elsewhere',
      {
        'kustomization.yaml': 'helmCharts: [{ name: a }]\n',
        'charts/a/values.schema.json': '{ "$ref": "../../shared.json" }\n',
      },
    ],
    [
      'a repository that a template can list',
      {
        'kustomization.yaml': 'helmCharts: [{ name: a }]\n',
        'charts/a/.git/HEAD': '',
        'charts/a/templates/a.yaml': '{{ .Files.Glob "**" }}',
      },
    ],
  ])('is not kept: %s', (_, files: Record<string, string>) => {
    const root = tree(files);
    expect(materialOf(root, { type: 'kustomize', name: '.', directory: root })).toBeUndefined();
  });
});

/** A project, and the command line on it with caches of its own. */
function project(files: Record<string, string>) {
  const [cwd, caches] = [tree(files), tree({})];
  const args = [bin, '--kustomize', tools.kustomize, '--helm', tools.helm];
  const env = { ...process.env, XDG_CACHE_HOME: caches };
  const directory = join(caches, 'k8s-lint/renders');
  const start = (...own: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, own, { cwd, env, encoding: 'utf8' });
    return { status, stdout, stderr };
  };
  const run = (...more: string[]) => start(...args, ...more);
  return { cwd, caches, directory, args, env, run, clearCache: () => start(bin, 'cache', 'clear') };
}

const SMALL = {
  'kustomization.yaml': `resources: [web.yaml]\nsecretGenerator: [{ name: db, literals: [password=${PASSWORD}] }]\n`,
  'web.yaml': REPOSITORY['base/web.yaml'],
};

describe('the command line', () => {
  it('keeps nothing, and brings nothing back, with --no-cache', () => {
    const { directory, run } = project(SMALL);
    const fresh = run('--no-cache');
    expect(existsSync(directory)).toBe(false);
    expect(run()).toEqual(fresh);
    expect(entries(directory).length).toBeGreaterThan(1);
  });

  it('may run twice at once', async () => {
    const { directory, args, env, cwd, run } = project(SMALL);
    const outputs = await Promise.all(
      [1, 2].map(async () => {
        const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
        return text(child.stdout);
      }),
    );
    const { stdout } = run();
    expect(stdout).toContain('web.yaml');
    expect(outputs).toEqual([stdout, stdout]);
    expect(entries(directory).filter((file) => file.endsWith('.tmp'))).toEqual([]);
  });

  it('goes on where the disk is full, and leaves nothing half-written', () => {
    const literals = Array.from(
      { length: 200 },
      (_, i) => `k${i}=${createHash('sha256').update(String(i)).digest('hex')}`,
    );
    const { args, cwd, env, directory, run } = project({
      'kustomization.yaml': `configMapGenerator: [{ name: a, literals: [${literals.join(', ')}] }]\n`,
    });
    const limited = ['-c', 'ulimit -f 8; exec "$@"', 'sh', process.execPath, ...args];
    const { status, stdout, stderr } = spawnSync('sh', limited, { cwd, env, encoding: 'utf8' });
    expect(stderr).toBe(
      `k8s-lint: the cache in ${directory} can't be written (the file would be too large): what is rendered is not kept\n`,
    );
    expect(entries(directory).filter((file) => file.endsWith('.tmp') || statSync(file).size > 4096)).toEqual([]);
    expect(run()).toEqual({ status, stdout, stderr: '' });
  });

  it('clears its own files, and only those', async () => {
    const { directory, caches, clearCache } = project(SMALL);
    const root = tree(SMALL);
    await rendered(root, { type: 'kustomize', name: '.', directory: root }, directory);
    const all = entries(directory);
    const megabytes = (all.reduce((sum, file) => sum + statSync(file).size, 0) / 1e6).toFixed(1);
    const elsewhere = tree({ [`${'a'.repeat(62)}`]: 'mine' });
    symlinkSync(elsewhere, join(directory, 'zz'));
    symlinkSync(elsewhere, join(directory, 'ff0'));
    if (!existsSync(join(directory, '00'))) symlinkSync(elsewhere, join(directory, '00'));
    writeFileSync(join(directory, 'notes.txt'), 'mine');
    expect(clearCache()).toEqual({
      status: 0,
      stdout: `removed ${all.length} entries (${megabytes} MB) from ${directory}\n`,
      stderr: '',
    });
    expect(readFileSync(join(directory, 'notes.txt'), 'utf8')).toBe('mine');
    expect(readdirSync(elsewhere)).toEqual(['a'.repeat(62)]);
    rmSync(directory, { recursive: true });
    expect(clearCache().stdout).toBe(`nothing to remove: ${directory} holds no entries\n`);
    expect(readdirSync(caches)).toEqual(['k8s-lint']);
  });
});

describe('the cache', () => {
  const target = (root: string): Target => ({ type: 'kustomize', name: '.', directory: root });

  it.each([
    ['cut short', (file: string) => truncateSync(file, 20)],
    ['empty', (file: string) => truncateSync(file, 0)],
    [
      'changed',
      (file: string) =>
        writeFileSync(
          file,
          readFileSync(file).map((byte, i) => (i === 40 ? byte ^ 1 : byte)),
        ),
    ],
    ['from elsewhere', (file: string) => writeFileSync(file, 'apiVersion: v1\n')],
  ])('renders anew, and keeps again, what is %s', async (_, damage) => {
    const [root, directory] = [tree(SMALL), join(tree({}), 'renders')];
    const fresh = await rendered(root, target(root), directory);
    const all = entries(directory);
    expect(all).toHaveLength(2);
    for (const file of all) damage(file);
    expect(await rendered(root, target(root), directory)).toEqual(fresh);
    expect(entries(directory)).toEqual(all);
    expect(await withoutTools(() => rendered(root, target(root), directory))).toEqual(fresh);
  });

  it('is not used where other users can write to it', async () => {
    const [root, directory] = [tree(SMALL), join(tree({}), 'renders')];
    mkdirSync(directory);
    chmodSync(directory, 0o777);
    warnings.length = 0;
    expect(await rendered(root, target(root), directory)).toEqual(await rendered(root, target(root)));
    expect(warnings).toEqual([`the cache in ${directory} is not used: other users may write to it`]);
    expect(entries(directory)).toEqual([]);
  });

  it('goes on where nothing can be written, and says so in one line', async () => {
    const [root, place] = [tree(SMALL), tree({ 'k8s-lint': '' })];
    const directory = join(place, 'k8s-lint', 'renders');
    warnings.length = 0;
    expect(await rendered(root, target(root), directory)).toEqual(await rendered(root, target(root)));
    expect(warnings).toEqual([
      `the cache in ${directory} can't be written (a part of its path is a file): what is rendered is not kept`,
    ]);
  });

  const DAY = 24 * 3_600_000;
  const now = Date.UTC(2026, 5, 15);

  it('drops what nobody has used for a month, and what is too much, once an hour', () => {
    const sized = (size: number, days: number, name: string) => {
      const file = join(directory, name.slice(0, 2), name.slice(2).padEnd(62, '0'));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, '');
      truncateSync(file, size);
      utimesSync(file, (now - days * DAY) / 1000, (now - days * DAY) / 1000);
    };
    const names = () =>
      entries(directory)
        .map((file) => file.slice(directory.length + 1).replace(/[/0]/g, ''))
        .sort();
    const directory = tree({ 'keep.txt': '' });
    rmSync(join(directory, 'keep.txt'));
    sized(10, 1, 'aa1');
    sized(10, 29, 'aa2');
    sized(10, 31, 'bb3');
    writeFileSync(join(directory, 'aa', `.${'1'.repeat(16)}.tmp`), '');
    utimesSync(join(directory, 'aa', `.${'1'.repeat(16)}.tmp`), (now - DAY) / 1000, (now - DAY) / 1000);
    sweep(directory, now);
    expect(names()).toEqual(['aa1', 'aa2']);
    for (const i of [1, 2, 3]) sized(80e6, i, `cc${i}`);
    sweep(directory, now + 60_000);
    expect(names()).toEqual(['aa1', 'aa2', 'cc1', 'cc2', 'cc3']);
    sweep(directory, now + DAY);
    expect(names()).toEqual(['aa1', 'cc1']);
    expect(clear(directory)).toEqual({ entries: 2, bytes: 80e6 + 10, failures: [] });
  });

  it('lies where the system keeps caches', () => {
    const at = (env: NodeJS.ProcessEnv, platform: NodeJS.Platform = 'linux') => cacheDirectory(env, platform);
    expect(at({ HOME: '/home/me', XDG_CACHE_HOME: '/caches' })).toBe('/caches/k8s-lint/renders');
    expect(at({ HOME: '/home/me', XDG_CACHE_HOME: 'caches' })).toBe('/home/me/.cache/k8s-lint/renders');
    expect(at({ HOME: '/home/me', XDG_CACHE_HOME: '' })).toBe('/home/me/.cache/k8s-lint/renders');
    expect(at({ HOME: '/Users/me' }, 'darwin')).toBe('/Users/me/Library/Caches/k8s-lint/renders');
    expect(at({ LOCALAPPDATA: '/Users/me/AppData/Local' }, 'win32')).toBe('/Users/me/AppData/Local/k8s-lint/renders');
    expect(at({}, 'win32')).toBeUndefined();
  });
});

/** Only the user can read what is kept, and nobody the value of a Secret. */
function expectPrivate(directory: string): void {
  const all = entries(directory);
  expect(all.length).toBeGreaterThan(5);
  expect(all.filter((file) => (statSync(file).mode & 0o777) !== 0o600)).toEqual([]);
  const directories = [directory, ...all.map((file) => dirname(file))];
  expect(directories.filter((path) => (statSync(path).mode & 0o777) !== 0o700)).toEqual([]);
  const encoded = [0, 1, 2].map((skip) => Buffer.from(PASSWORD.slice(skip)).toString('base64').slice(0, 20));
  for (const file of all) {
    const content = readFileSync(file);
    const inflated = [inflateRawSync, inflateSync, gunzipSync].flatMap((inflate) => [
      ...attempt(() => inflate(content)),
      ...attempt(() => inflate(content.subarray(28))),
    ]);
    for (const found of [content, ...inflated]) {
      for (const secret of [PASSWORD, ...encoded]) expect(found.includes(secret)).toBe(false);
    }
  }
}

function attempt(inflate: () => Buffer): Buffer[] {
  try {
    return [inflate()];
  } catch {
    return [];
  }
}
