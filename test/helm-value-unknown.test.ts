import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { create } from 'tar';
import { describe, expect, it, vi } from 'vitest';
import { readKnownValues } from '../src/render/helm/known-values.ts';
import { pinned } from '../src/render/tools.ts';
import { at, CONFIGURED, LAYERS, renderIn, type TargetOptions } from './helm-targets.ts';
import { tree } from './tree.ts';

vi.setConfig({ testTimeout: 60_000 });

const configMap = (data: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\ndata: ${data}\n`;
const chartYaml = (name: string, rest = '') => `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n${rest}`;

const FILES = {
  'app/Chart.yaml': chartYaml('app', 'dependencies: [{ name: db, version: 1.0.0, alias: store, tags: [backend] }]\n'),
  'app/values.yaml': 'color: red\n',
  'app/templates/x.yaml': configMap('{ color: "{{ .Values.color }}" }'),
  'app/charts/db/Chart.yaml': chartYaml('db'),
  'app/charts/db/values.yaml': 'user: app\n',
  'app/charts/db/templates/x.yaml': configMap('{ host: "{{ .Values.host }}" }'),
  'prod.yaml': 'colour: blue\nstore:\n  hots: db.example.com\n  user: shop\n  owner: shop\ndb: { user: app }\n',
};
const UNKNOWN = [
  "prod.yaml:1:1 the chart app doesn't know colour: helm passes it over without a word; did you mean color?",
  "prod.yaml:3:3 the chart db doesn't know store.hots: helm passes it over without a word; did you mean store.host?",
  "prod.yaml:5:3 the chart db doesn't know store.owner: helm passes it over without a word",
  "prod.yaml:6:1 the chart app doesn't know db: helm passes it over without a word",
];

describe.each(LAYERS)('unknownValues with the helm of %s', (layer) => {
  const unknownIn = async (root: string, options: TargetOptions = {}) => {
    const { findings } = await renderIn(root, layer, { values: ['prod.yaml'], ...options });
    return findings.map(({ rule, location, message }) =>
      rule === 'helm-value-unknown' ? `${at(location)} ${message}` : `${rule} ${message}`,
    );
  };
  const pack = async (root: string, chart: string, into: string) => {
    await promisify(execFile)((await pinned(layer)).helm, ['package', join(root, chart), '-d', join(root, into)]);
    rmSync(join(root, chart), { recursive: true });
  };

  it('judges subcharts by their own templates and values', async () => {
    expect(await unknownIn(tree(FILES))).toEqual(UNKNOWN);
  });

  it('looks into archives', async () => {
    const root = tree(FILES);
    await pack(root, 'app/charts/db', 'app/charts');
    expect(await unknownIn(root)).toEqual(UNKNOWN);
    await pack(root, 'app', '.');
    expect(await unknownIn(root, { chart: 'app-1.0.0.tgz' })).toEqual(UNKNOWN);
  });

  it('leaves a subchart alone that its tags disable', async () => {
    const root = tree({ ...FILES, 'prod.yaml': `${FILES['prod.yaml']}tags: { backend: false }\n` });
    expect(await unknownIn(root)).toEqual(UNKNOWN.filter((text) => !text.includes('chart db')));
  });

  it('lets through what parent and subchart exchange', async () => {
    const imports = 'import-values: [data, { child: net.out, parent: net }]';
    const root = tree({
      ...FILES,
      'app/Chart.yaml': chartYaml('app', `dependencies: [{ name: db, version: 1.0.0, ${imports} }]\n`),
      'app/charts/db/values.yaml': 'exports: { data: { size: 1 } }\nnet: { out: { port: 1 } }\n',
      'prod.yaml':
        'size: 2\nnet: { port: 2, host: x }\ndb: { exports: { data: { size: 3 } }, net: { out: { port: 4 } } }\nsizes: 1\n',
    });
    expect(await unknownIn(root)).toEqual([
      "prod.yaml:4:1 the chart app doesn't know sizes: helm passes it over without a word; did you mean size?",
    ]);
  });

  it('tells of a key next to the failure that it may explain, and nothing that a schema refuses', async () => {
    const required = {
      ...FILES,
      'app/templates/x.yaml': configMap('{ color: "{{ required "no colour" .Values.hue }}" }'),
      'prod.yaml': 'hew: blue\n',
    };
    expect(await unknownIn(tree(required), CONFIGURED)).toEqual([
      expect.stringMatching(/^render-failed .*no colour/),
      "prod.yaml:1:1 the chart app doesn't know hew: helm passes it over without a word",
    ]);
    const schema = '{ "properties": { "color": {}, "store": {} }, "additionalProperties": false }';
    const refused = await unknownIn(tree({ ...required, 'app/values.schema.json': schema }), CONFIGURED);
    expect(refused).toEqual([expect.stringMatching(/^render-failed .*hew/)]);
  });

  it('knows what a schema defines that refers to itself, and takes what is further down for open', async () => {
    const node = '{ "properties": { "left": { "$ref": "#" }, "right": { "$ref": "#" }, "up": { "$ref": "#" } } }';
    const values = 'left: { right: { up: {}, down: {} }, low: {} }\nlow: {}\n';
    const root = tree({ ...FILES, 'app/values.schema.json': node, 'prod.yaml': values });
    const unread = '{ left: "{{ .Values.left.x }} {{ .Values.left.right.x }}" }';
    writeFileSync(join(root, 'app/templates/x.yaml'), configMap(unread));
    expect(await unknownIn(root)).toEqual([
      "prod.yaml:1:38 the chart app doesn't know left.low: helm passes it over without a word",
      "prod.yaml:2:1 the chart app doesn't know low: helm passes it over without a word",
    ]);
  });

  it('says nothing of keys that stand in an anchor for aliases', async () => {
    const values = 'base: &base\n  color: red\n  shade: dark\nstore:\n  <<: *base\n  host: x\n';
    expect(await unknownIn(tree({ ...FILES, 'prod.yaml': values }))).toEqual([]);
  });
});

describe('readKnownValues', () => {
  it('takes for open what a schema names in more ways than anybody can follow', () => {
    const part = (i: number) => ({ allOf: [{ $ref: `#/$defs/p${i + 1}` }, { $ref: `#/$defs/p${i + 1}` }] });
    const parts = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`p${i}`, part(i)]));
    const schema = { $ref: '#/$defs/p0', $defs: parts };
    const root = tree({ 'app/Chart.yaml': chartYaml('app'), 'app/values.schema.json': JSON.stringify(schema) });
    expect(readKnownValues(join(root, 'app'), [])?.defined.open).toBe(true);
  });

  it('gives up on archives that unpack to more than a chart holds', () => {
    const root = tree({ 'app/Chart.yaml': chartYaml('app'), 'app/charts/.keep': '' });
    const unpacking = (name: string, megabytes: number) => {
      const cwd = tree({
        [`${name}/Chart.yaml`]: chartYaml(name),
        [`${name}/zeros`]: '\0'.repeat(megabytes * 1024 ** 2),
      });
      create({ sync: true, gzip: true, cwd, file: join(root, `app/charts/${name}-1.0.0.tgz`) }, [name]);
    };
    unpacking('small', 45);
    expect(readKnownValues(join(root, 'app'), [])?.chart).toBe('app');
    unpacking('large', 60);
    expect(readKnownValues(join(root, 'app'), [])).toBeUndefined();
  });
});
