import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rules } from '../../src/rules/index.ts';
import { readYaml } from '../../src/yaml.ts';
import { readExample } from '../examples.ts';
import { readTree } from '../tree.ts';
import type { HelmCase } from './prove-helm.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));

/** The repositories of the fixtures that hold a chart. */
export function fixtureCases(): HelmCase[] {
  const directories = [
    ...readdirSync(join(fixtures, 'projects')).flatMap((name) =>
      ['broken', 'fixed'].map((state) => join('projects', name, state)),
    ),
    ...readdirSync(join(fixtures, 'fine')).map((name) => join('fine', name)),
    'charts',
  ];
  return directories.map((name) => ({ name, files: readTree(join(fixtures, name)) })).filter(holdsChart);
}

function holdsChart({ files }: { files: Record<string, string> }): boolean {
  return Object.keys(files).some((file) => /(?:^|\/)Chart\.yaml$/.test(file));
}

/** The rules' examples that hold a chart. */
export function exampleCases(): HelmCase[] {
  return rules.flatMap(({ id, examples }) =>
    [...examples.bad, ...examples.good]
      .map((example, i) => ({ name: `${id} ${i}`, files: readExample(example).files }))
      .filter(holdsChart),
  );
}

/** A bad example of a rule that is a stream. */
export interface Stream {
  name: string;
  manifest: string;
  existing: string | undefined;
}

/** Every bad example that is a stream. */
export function streams(): Stream[] {
  return rules.flatMap(({ id, examples }) =>
    examples.bad.flatMap((example, i) => {
      if (typeof example !== 'string') return [];
      const { 'manifest.yaml': manifest = '', 'existing.yaml': existing } = readExample(example).files;
      return [{ name: `${id} ${i}`, manifest, existing }];
    }),
  );
}

/** As many streams as one chart holds. */
const TOGETHER = 4;

/** Streams, some of them joined: those without facts, of one namespace, in which no object is twice. */
export function joined(all: readonly Stream[]): Stream[] {
  const groups: { streams: Stream[]; namespace: string; objects: Set<string> }[] = [];
  for (const stream of all) {
    const namespace = namespaceOf(stream.manifest);
    const objects = objectsOf(stream.manifest);
    const group = groups.find((other) => {
      const isFree = other.streams.length < TOGETHER && other.streams.every(({ existing }) => existing === undefined);
      const isNew = objects.every((object) => !other.objects.has(object));
      return stream.existing === undefined && isFree && other.namespace === namespace && isNew;
    });
    if (group) {
      group.streams.push(stream);
      for (const object of objects) group.objects.add(object);
    } else groups.push({ streams: [stream], namespace, objects: new Set(objects) });
  }
  return groups.map(({ streams }) => ({
    name: streams.map(({ name }) => name).join(', '),
    manifest: streams.map(({ manifest }) => manifest).join('---\n'),
    existing: streams[0]?.existing,
  }));
}

/** The kinds and names of a stream's objects. */
function objectsOf(manifest: string): string[] {
  return readYaml(manifest).map(({ value }) => {
    const { kind, metadata } = (value ?? {}) as { kind?: unknown; metadata?: { name?: unknown } | null };
    return `${kind}/${metadata?.name}`;
  });
}

/** The namespace of the first object that names one: that of the release. */
export function namespaceOf(manifest: string): string {
  return (
    /^ {2}namespace: ["']?([a-z0-9-]+)/m.exec(manifest)?.[1] ??
    /namespace: ["']?([a-z0-9-]+)/.exec(manifest)?.[1] ??
    'shop'
  );
}

/** Streams as the templates of charts, word for word, each in an environment of its own. */
export function literalCase(all: readonly Stream[]): HelmCase {
  const files: Record<string, string> = {};
  const environments: string[] = [];
  for (const [i, { manifest, existing }] of all.entries()) {
    const directory = `c${i}`;
    files[`${directory}/app/Chart.yaml`] = 'apiVersion: v2\nname: app\nversion: 0.1.0\n';
    files[`${directory}/${LITERAL}`] = manifest.replaceAll('{{', '{{ "{{" }}');
    if (existing !== undefined) files[`${directory}/existing.yaml`] = existing;
    const facts = existing === undefined ? '' : `, existing: [${directory}/existing.yaml]`;
    const helm = `{ chart: ${directory}/app, release: rel, namespace: ${namespaceOf(manifest)} }`;
    environments.push(`  ${directory}: { targets: [{ helm: ${helm} }]${facts} }\n`);
  }
  files['k8s-lint.yaml'] = `environments:\n${environments.join('')}`;
  files['all/Chart.yaml'] = 'apiVersion: v2\nname: all\nversion: 0.1.0\n';
  return {
    name: 'literal',
    files,
    together: 'all',
    prepare: async (cwd) => {
      await mkdir(join(cwd, 'all/templates'));
      for (const i of all.keys()) {
        await symlink(join(cwd, `c${i}`, LITERAL), join(cwd, `all/templates/c${i}.yaml`));
      }
    },
  };
}

const LITERAL = 'app/templates/all.yaml';

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-{{ .Chart.Name }}
  namespace: {{ .Release.Namespace }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: { app: {{ .Chart.Name }} }
  template:
    metadata:
      labels: { app: {{ .Chart.Name }} }
    spec:
      hostNetwork: true
      containers:
        - name: {{ .Chart.Name }}
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"
          ports:
            - name: http
              containerPort: {{ .Values.port }}
              hostPort: {{ .Values.hostPort }}
          readinessProbe:
            httpGet: { path: /, port: {{ .Values.probePort | default "http" }} }
          env:
            {{- range $name, $value := .Values.env }}
            - name: {{ $name }}
              value: {{ $value | quote }}
            {{- end }}
            - name: MODE
              value: {{ .Values.global.mode | quote }}
          securityContext:
            {{- toYaml .Values.securityContext | nindent 12 }}
`;

const CACHE: Record<string, string> = {
  'Chart.yaml': 'apiVersion: v2\nname: cache\nversion: 1.0.0\n',
  'templates/deployment.yaml': DEPLOYMENT,
  'values.yaml':
    'replicas: 1\nimage: { repository: cache, tag: "1.0" }\nport: 8000\nhostPort: 8000\nenv: {}\nsecurityContext: { runAsNonRoot: true, runAsUser: 1000 }\n',
};

/** What is wrong with each release of the cache: values at every level that counts. */
const CACHE_VALUES: Record<string, string> = {
  'values.yaml': 'NAME:\n  hostPort: 80\n  image: { tag: latest }\nglobal: { mode: fast }\n',
  'one.yaml': 'NAME:\n  securityContext:\n    runAsUser: 0\n  probePort: admin\n',
  'two.yaml': 'NAME:\n  env:\n    DB_PASSWORD: hunter2hunter2\n',
  'three.yaml': 'NAME:\n  image: { repository: "Cache" }\n',
};

/** Charts in charts: written there by hand, under other names, from a repository, as archives. */
export function subchartCases(): HelmCase[] {
  const chart = (dependencies: string, names: readonly string[]): Record<string, string> => ({
    'app/Chart.yaml': `apiVersion: v2\nname: app\nversion: 0.1.0\n${dependencies}`,
    ...Object.fromEntries(
      Object.entries(CACHE_VALUES).map(([file, text]) => [
        file === 'values.yaml' ? 'app/values.yaml' : file,
        names
          .map((name) => text.replace('NAME', name))
          .join('')
          .replace(/(global: .*\n)[\s\S]*\1/, (all, global) => all.replace(global, '')),
      ]),
    ),
    'k8s-lint.yaml': `environments:
  production:
    targets:
      - helm:
          chart: app
          release: rel
          namespace: shop
          values: [one.yaml, two.yaml, three.yaml]
          set:
            ${names[0]}:
              port: 8443
`,
  });
  const below = (directory: string) =>
    Object.fromEntries(Object.entries(CACHE).map(([file, text]) => [`${directory}/${file}`, text]));
  const dependency = (repository: string, alias: string) =>
    `  - name: cache\n    version: 1.0.0\n    repository: ${repository}\n    alias: ${alias}\n`;
  const local = `dependencies:\n${dependency('file://../cache', 'blue')}`;
  const remote = `dependencies:\n${dependency('https://charts.example.com', 'blue')}`;
  const archive = async (cwd: string, helm: string) => {
    await promisify(execFile)(helm, ['package', join(cwd, 'cache'), '-d', join(cwd, 'app/charts')]);
  };
  return [
    { name: 'a subchart', files: { ...chart('', ['cache']), ...below('app/charts/cache') } },
    { name: 'a subchart under another name', files: { ...chart(local, ['blue']), ...below('app/charts/cache') } },
    { name: 'a subchart from elsewhere', files: { ...chart(remote, ['blue']), ...below('app/charts/cache') } },
    { name: 'an archive', files: { ...chart(remote, ['blue']), ...below('cache') }, prepare: archive },
    { name: 'an archive of a chart beside', files: { ...chart(local, ['blue']), ...below('cache') }, prepare: archive },
  ];
}
