// Times a cold run over 50 overlays of about 100 resources against rendering alone with the same tool at the same
// concurrency, a warm one against it, one with six findings in each overlay against one without, and start-up against an
// empty Node program. Prints medians, the ratios, and the limits that they must keep.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pLimit from 'p-limit';
import { findTools } from '../dist/render/tools.js';

const OVERLAYS = 50;
const APPS = 20;
const RUNS = 3;
const bin = fileURLToPath(new URL('../bin/k8s-lint.js', import.meta.url));
const concurrency = availableParallelism();

/** Faults of the base, and in each overlay: what is found must be traced to where it is written. */
const FAULTS = 4;
const OVERLAY_FAULTS = 2;

const app = (i, port) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: app-${i}, labels: { app: app-${i} } }
spec:
  replicas: 2
  selector: { matchLabels: { app: app-${i} } }
  template:
    metadata: { labels: { app: app-${i} } }
    spec:
      serviceAccountName: app-${i}
      containers:
        - name: app
          image: registry.example.com/app-${i}:1.4.${i}
          ports: [{ name: http, containerPort: 8080 }]
          env:
            - { name: DATABASE_HOST, value: app-${(i + 1) % APPS} }
            - name: LOG_LEVEL
              valueFrom: { configMapKeyRef: { name: app-${i}, key: LOG_LEVEL } }
          resources: { requests: { cpu: 50m, memory: 64Mi }, limits: { memory: 128Mi } }
          readinessProbe: { httpGet: { path: /health, port: http } }
---
apiVersion: v1
kind: Service
metadata: { name: app-${i} }
spec:
  selector: { app: app-${i} }
  ports: [{ name: http, port: 80, targetPort: ${port} }]
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: app-${i} }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: app-${i} }
data: { LOG_LEVEL: info }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: app-${i} }
spec:
  podSelector: { matchLabels: { app: app-${i} } }
  ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 8080 }] }]
`;

function writeProject(directory, faulty) {
  const base = join(directory, 'base');
  mkdirSync(base, { recursive: true });
  const files = Array.from({ length: APPS }, (_, i) => `app-${i}.yaml`);
  for (const [i, file] of files.entries()) {
    writeFileSync(join(base, file), app(i, faulty && i < FAULTS ? 'unnamed' : 'http'));
  }
  writeFileSync(join(base, 'kustomization.yaml'), `resources: [${files.join(', ')}]\n`);
  return Array.from({ length: OVERLAYS }, (_, i) => {
    const overlay = join(directory, `overlay-${i}`);
    mkdirSync(overlay);
    const patch = `  - target: { kind: Deployment, name: app-${i % APPS} }\n    patch: |-\n      - { op: replace, path: /spec/replicas, value: ${i % 5} }\n`;
    const latest = (n) => `  - { name: registry.example.com/app-${(i + n) % APPS}, newTag: latest }\n`;
    const images = faulty ? `images:\n${Array.from({ length: OVERLAY_FAULTS }, (_, n) => latest(n)).join('')}` : '';
    const kustomization = `namespace: env-${i}\nresources: [../base]\npatches:\n${patch}${images}`;
    writeFileSync(join(overlay, 'kustomization.yaml'), kustomization);
    return overlay;
  });
}

function run(command, args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      out += chunk;
    });
    child.on('error', reject).on('close', (code) => resolve({ code, out }));
  });
}

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const directory = mkdtempSync(join(tmpdir(), 'k8s-lint-bench-'));
process.env.XDG_CACHE_HOME = join(directory, 'caches');
try {
  const clean = join(directory, 'clean');
  const faulty = join(directory, 'faulty');
  const overlays = writeProject(clean, false);
  writeProject(faulty, true);
  const kustomize = await findTools({}).kustomize();
  const renderAll = async () => {
    const limit = pLimit(concurrency);
    await Promise.all(
      overlays.map((overlay) =>
        limit(async () => {
          const { code } = await run(kustomize.command, [...kustomize.args, overlay], clean);
          if (code !== 0) throw new Error(`${overlay} does not render`);
        }),
      ),
    );
  };
  let report;
  const lintAll = async (project, ...more) => {
    const { code, out } = await run(
      process.execPath,
      [bin, '--format', 'json', '--fail-on', 'never', ...more],
      project,
    );
    if (code !== 0) throw new Error(`k8s-lint ended with ${code}`);
    report = JSON.parse(out);
  };
  await renderAll();
  const render = [];
  const whole = [];
  const traced = [];
  const warm = [];
  const found = (expected) => {
    const targets = report.diagnostics.reduce((sum, diagnostic) => sum + diagnostic.targets.length, 0);
    if (targets !== expected) throw new Error(`${targets} findings instead of ${expected}`);
  };
  for (let i = 0; i < RUNS; i++) {
    render.push(await timed(renderAll));
    whole.push(await timed(() => lintAll(clean, '--no-cache')));
    found(0);
    await lintAll(clean);
    warm.push(await timed(() => lintAll(clean)));
    found(0);
    traced.push(await timed(() => lintAll(faulty, '--no-cache')));
    found(OVERLAYS * (FAULTS + OVERLAY_FAULTS));
  }
  if (report.summary.targets !== OVERLAYS) throw new Error(`linted ${report.summary.targets} of ${OVERLAYS} overlays`);

  const empty = join(directory, 'empty.mjs');
  writeFileSync(empty, '');
  const start = (args) => timed(() => spawnSync(process.execPath, args, { stdio: 'ignore' }));
  const node = [];
  const version = [];
  for (let i = 0; i < 15; i++) {
    node.push(await start([empty]));
    version.push(await start([bin, '--version']));
  }
  const lines = [
    [`rendering ${OVERLAYS} overlays of ${report.summary.resources / OVERLAYS} resources`, median(render)],
    ['the whole run, cold', median(whole), median(whole) / median(render), 1.35],
    ['the whole run, warm', median(warm), median(warm) / median(whole), 0.8],
    [
      `the same with ${OVERLAYS * (FAULTS + OVERLAY_FAULTS)} findings`,
      median(traced),
      median(traced) / median(whole),
      1.1,
    ],
    ['an empty Node program', median(node)],
    ['k8s-lint --version', median(version), median(version) / median(node), 2],
  ];
  for (const [what, ms, ratio, limit] of lines) {
    const verdict = ratio === undefined ? '' : `  ratio ${ratio.toFixed(2)} (at most ${limit})`;
    process.stdout.write(`${what.padEnd(48)} ${ms.toFixed(0).padStart(6)} ms${verdict}\n`);
  }
  if (lines.some(([, , ratio, limit]) => ratio > limit)) process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
