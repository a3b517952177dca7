import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runRender } from '../src/commands/render.ts';
import { findTools, pinned, type Tools } from '../src/render/tools.ts';
import { yaml } from '../src/rule.ts';
import { lintFiles, reported } from './examples.ts';
import { build, SERVICE, said, TOOLCHAINS } from './kustomize-targets.ts';
import { readTree, tree } from './tree.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const pod = (name: string) => yaml`
  apiVersion: v1
  kind: Pod
  metadata: { name: ${name} }
  spec:
    containers:
      - name: app
        image: registry.example.com/app:latest
`;

const WEB = yaml`
  apiVersion: apps/v1
  kind: Deployment
  metadata: { name: web }
  spec:
    selector: { matchLabels: { app: web } }
    template:
      metadata: { labels: { app: web } }
      spec:
        containers:
          - name: web
            image: registry.example.com/web:1
            envFrom:
              - configMapRef: { name: settings }
`;

/** What was rendered, as `Kind/name`. */
function names({ objects }: Awaited<ReturnType<typeof build>>): string[] {
  return objects.map(({ value }) => {
    const { kind, metadata } = value as { kind: string; metadata: { name: string } };
    return `${kind}/${metadata.name.replace(/-[a-z0-9]{10}$/, '')}`;
  });
}

describe.each(TOOLCHAINS)('with %s: the rest of what kustomize refuses', { timeout: 120_000 }, (toolchain) => {
  it('is judged: forty manifests beside a missing file', async () => {
    const good = Array.from({ length: 40 }, (_, i) => `pod-${String(i).padStart(2, '0')}`);
    const report = await lintFiles(
      {
        'kustomization.yaml': `resources:\n${[...good, 'missing'].map((name) => `  - ${name}.yaml\n`).join('')}`,
        ...Object.fromEntries(good.map((name) => [`${name}.yaml`, pod(name)])),
      },
      { layer: toolchain, rules: ['image-tag-latest', 'kustomize-file-missing'] },
    );
    expect(report.failures).toEqual([]);
    expect(report.diagnostics.map(({ rule, location }) => `${rule} ${location.file}:${location.line}`).sort()).toEqual([
      ...good.map((name) => `image-tag-latest ${name}.yaml:7`),
      'kustomize-file-missing kustomization.yaml:42',
    ]);
    expect(report.unchecked).toEqual([
      {
        what: 'missing.yaml (kustomization.yaml:42)',
        reason: 'kustomize refuses it: the rest is judged without it',
        target: '.',
      },
    ]);
  });

  it('is not said to lack what is left out', async () => {
    const files = {
      'k8s-lint.yaml': 'environments: { prod: { targets: [{ kustomize: app }] } }\n',
      'app/kustomization.yaml': yaml`
        resources:
          - namespace.yaml
          - web.yaml
          - service.yaml
          - api.yaml
        configMapGenerator:
          - name: settings
            envs: [settings.env]
      `,
      'app/namespace.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: { name: app }\n',
      'app/web.yaml': WEB,
      'app/service.yaml': yaml`
        apiVersion: v1
        kind: Service
        metadata: { name: api }
        spec:
          selector: { app: api }
          ports: [{ port: 80 }]
      `,
    };
    const rules = ['reference-missing', 'service-selects-nothing', 'kustomize-file-missing'];
    expect(reported(await lintFiles(files, { layer: toolchain, rules }))).toEqual([
      'app/kustomization.yaml:5 api.yaml does not exist: kustomize refuses to build what lists it',
      'app/kustomization.yaml:8 settings.env does not exist: kustomize refuses to build what lists it',
    ]);
    // They would be said where nothing is left out.
    const kustomization = 'resources: [namespace.yaml, web.yaml, service.yaml]\n';
    const whole = await lintFiles({ ...files, 'app/kustomization.yaml': kustomization }, { layer: toolchain, rules });
    expect(whole.diagnostics.map(({ rule }) => rule).sort()).toEqual(['reference-missing', 'service-selects-nothing']);
  });

  it('leaves out what a patch that is left out could have changed', async () => {
    const kustomization = (patch: string) => `resources: [web.yaml, pod.yaml]\npatches:\n  - ${patch}\n`;
    const root = { 'web.yaml': WEB.replace('web:1', 'web:latest'), 'pod.yaml': pod('one') };
    const rules = ['image-tag-latest', 'kustomize-file-missing'];
    const lint = async (patch: string) =>
      lintFiles({ ...root, 'kustomization.yaml': kustomization(patch) }, { layer: toolchain, rules });
    const missing = 'kustomization.yaml:3 fix.yaml does not exist: kustomize refuses to build what lists it';
    const targeted = await lint('{ path: fix.yaml, target: { kind: Deployment, name: web } }');
    expect(reported(targeted)).toEqual([missing, expect.stringMatching(/^pod\.yaml:7 /)]);
    expect(targeted.unchecked.map(({ what, reason }) => [what, reason])).toEqual([
      ['Deployment/web', 'fix.yaml (kustomization.yaml:3) may change it, and is left out'],
    ]);
    // Nobody knows what it is for: nothing is judged.
    const unknown = await lint('path: fix.yaml');
    expect(reported(unknown)).toEqual([missing]);
    expect(unknown.unchecked.map(({ what }) => what)).toEqual(['Deployment/web, Pod/one']);
  });

  it('reports every broken entry at once, and nothing that follows from one', async () => {
    const patch = (name: string) =>
      `{ apiVersion: v1, kind: Service, metadata: { name: ${name} }, spec: { type: NodePort } }`;
    const built = await build(
      {
        'o/kustomization.yaml': yaml`
          resources: [../b, ../c, absent.yaml]
          configMapGenerator:
            - name: bad
              literals: [novalue]
          patches:
            - patch: '${patch('gone')}'
            - target: { kind: Service, name: web }
              patch: |-
                - op: remove
                  path: /spec/nowhere
          replicas:
            - { name: gone, count: 2 }
        `,
        'b/kustomization.yaml': yaml`
          resources: [web.yaml, broken.yaml]
          patches:
            - patch: '${patch('alone')}'
        `,
        'b/web.yaml': SERVICE,
        'b/broken.yaml': 'kind: [\n',
        'c/kustomization.yaml': yaml`
          resources: [other.yaml]
          patches:
            - patch: '${patch('unmatched')}'
        `,
        'c/other.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: { name: other }\n',
      },
      'o',
      { with: toolchain },
    );
    // In b and o, `broken.yaml` and `absent.yaml` may hold what is asked for; c is whole.
    expect(said(built).map((line) => line.replace(/ => .*/, ''))).toEqual([
      'kustomize-file-missing o/kustomization.yaml:1: absent.yaml]',
      'render-failed b/broken.yaml:2: ',
      "render-failed c/kustomization.yaml:3: '{ apiVersion: v1, kind: Service, metadata: { name: unmatched }, spec: { type: NodePort } }'",
      'render-failed o/kustomization.yaml:4: novalue]',
      'unchecked broken.yaml (b/kustomization.yaml:1)',
      'unchecked absent.yaml (o/kustomization.yaml:1)',
      'unchecked a patch (c/kustomization.yaml:3)',
      'unchecked ConfigMap/bad (o/kustomization.yaml:3)',
      'unchecked Service/web',
    ]);
    expect(names(built)).toEqual(['Pod/other']);
  });

  it('keeps the place of every value', async () => {
    const built = await build(
      {
        'o/kustomization.yaml': 'resources: [../b, absent.yaml]\nnamePrefix: x-\npatches: [{ path: p.yaml }]\n',
        'o/p.yaml': `${SERVICE}spec:\n  type: NodePort\n`,
        'b/kustomization.yaml': 'resources: [web.yaml]\n',
        'b/web.yaml': SERVICE,
      },
      'o',
      { with: toolchain },
    );
    const [service] = built.objects;
    expect(service?.value).toMatchObject({ metadata: { name: 'x-web' }, spec: { type: 'NodePort' } });
    expect(service && built.show(service.source)).toBe('b/web.yaml:1: apiVersion: v1');
    expect(service && built.show(await service.locate(['spec', 'type']))).toBe('o/p.yaml:5: NodePort');
  });

  it('is judged for what it asks for and does not get, but where something is left out', async () => {
    const unmatched =
      'patches: [{ target: { kind: Service, name: wbe }, path: p.yaml }]\nimages: [{ name: web, newTag: "1" }]\n';
    const built = await build(
      {
        'o/kustomization.yaml': `resources: [../b, absent.yaml]\n${unmatched}`,
        'o/p.yaml': `${SERVICE}spec:\n  type: NodePort\n`,
        'b/kustomization.yaml': `resources: [web.yaml]\n${unmatched}`,
        'b/p.yaml': `${SERVICE}spec:\n  type: NodePort\n`,
        'b/web.yaml': SERVICE,
      },
      'o',
      { with: toolchain },
    );
    expect(said(built)).toEqual([
      'kustomize-file-missing o/kustomization.yaml:1: absent.yaml] => absent.yaml does not exist: kustomize refuses to build what lists it',
      'kustomize-patch-unmatched b/kustomization.yaml:2: wbe }, path: p.yaml }] => no Service is called wbe: kustomize ignores this patch without a word; did you mean Service/web?',
      'kustomize-image-unmatched b/kustomization.yaml:3: web, newTag: "1" }] => no container has the image web: kustomize ignores this entry without a word',
      'unchecked absent.yaml (o/kustomization.yaml:1) => kustomize refuses it: the rest is judged without it',
    ]);
  });

  it('is what a patch that names nobody cannot mean', async () => {
    const strategic = (name: string) =>
      `patches: [{ patch: '{ apiVersion: v1, kind: Pod, metadata: { name: ${name} }, spec: {} }' }]\n`;
    const lint = async (fields: string) => {
      const kustomization = `resources: [near.yaml, far.yaml, service.yaml]\nnamePrefix: x-\n${fields}`;
      const files = { 'kustomization.yaml': kustomization, 'near.yaml': pod('near'), 'far.yaml': pod('far') };
      const built = await build({ ...files, 'service.yaml': SERVICE }, '.', { with: toolchain });
      return [...names(built), ...said(built).filter((line) => line.startsWith('unchecked'))];
    };
    const reason = 'kustomize refuses it: the rest is judged without it';
    const all = ['Service/x-web', 'Pod/x-far', 'Pod/x-near'];
    expect(await lint(strategic('somebody'))).toEqual([
      ...all,
      `unchecked a patch (kustomization.yaml:3) => ${reason}`,
    ]);
    // A slip of the keyboard, and the name of something else.
    expect(await lint(strategic('neer'))).toEqual([
      'Service/x-web',
      'Pod/x-far',
      'unchecked Pod/x-near => a patch (kustomization.yaml:3) may change it, and is left out',
    ]);
    expect(await lint(strategic('web'))).toEqual([
      'Pod/x-far',
      'Pod/x-near',
      'unchecked Service/x-web => a patch (kustomization.yaml:3) may change it, and is left out',
    ]);
    expect(await lint('replicas: [{ name: near, count: 2 }]\n')).toEqual([
      'Service/x-web',
      'Pod/x-far',
      'unchecked Pod/x-near => the replicas of near (kustomization.yaml:3) may change it, and is left out',
    ]);
    expect(await lint('replicas: [{ name: somebody, count: 2 }]\n')).toEqual([
      ...all,
      `unchecked the replicas of somebody (kustomization.yaml:3) => ${reason}`,
    ]);
  });

  it('knows its places where an object, a file or a generator is there twice', async () => {
    const built = await build(
      {
        'kustomization.yaml': yaml`
          resources: [web.yaml, again.yaml, web.yaml, ../nowhere]
          configMapGenerator:
            - { name: settings, literals: [a=b] }
            - { name: settings, literals: [a=c] }
        `,
        'web.yaml': SERVICE,
        'again.yaml': `# The same\n${SERVICE}`,
      },
      '.',
      { with: toolchain },
    );
    expect(built.objects.map(({ source }) => built.show(source))).toEqual([
      'kustomization.yaml:3: { name: settings, literals: [a=b] }',
      'web.yaml:1: apiVersion: v1',
    ]);
  });

  it('is all there is where a file lies outside', async () => {
    const built = await build(
      { 'o/kustomization.yaml': 'resources: [../x.yaml]\nnamePrefix: a-\n', 'x.yaml': SERVICE },
      'o',
      { with: toolchain },
    );
    expect(said(built)).toEqual([
      'kustomize-file-outside-root o/kustomization.yaml:1: ../x.yaml] => ../x.yaml is outside the directory of this kustomization: kustomize refuses it without --load-restrictor LoadRestrictionsNone',
    ]);
    expect(names(built)).toEqual(['Service/a-web']);
  });

  it('is nothing without a component, but for what it is not for', async () => {
    const built = await build(
      {
        'o/kustomization.yaml': 'resources: [../a, ../b]\n',
        'a/kustomization.yaml': 'resources: [x.yaml]\ncomponents: [gone]\n',
        'a/x.yaml': SERVICE,
        'b/kustomization.yaml': 'resources: [y.yaml]\n',
        'b/y.yaml': pod('other'),
      },
      'o',
      { with: toolchain },
    );
    expect(said(built)).toEqual([
      'kustomize-file-missing a/kustomization.yaml:2: gone] => gone does not exist: kustomize refuses to build what lists it',
      'unchecked Service/web => gone (a/kustomization.yaml:2) may change it, and is left out',
    ]);
    expect(names(built)).toEqual(['Pod/other']);
  });

  it('leaves the repository alone, and nothing behind', async () => {
    const cwd = tree({
      'kustomization.yaml':
        'resources: [web.yaml, absent.yaml]\nsecretGenerator: [{ name: login, literals: [PASSWORD=hunter22] }]\n',
      'web.yaml': SERVICE,
    });
    const scratch = tree({});
    vi.stubEnv('TMPDIR', scratch);
    const before = readTree(cwd);
    const built = await build(cwd, '.', { with: toolchain });
    expect(names(built)).toEqual(['Secret/login', 'Service/web']);
    expect(readTree(cwd)).toEqual(before);
    expect(readdirSync(scratch)).toEqual([]);
  });
});

describe('a kustomize that is slow with the rest', { timeout: 60_000 }, () => {
  /** A kustomize that refuses the repository, tells who can read what it gets instead, and then doesn't answer. */
  function slow(cwd: string, log: string): Tools {
    const directory = tree({
      kustomize: `#!/bin/sh
[ "$1" = version ] && echo v5.6.0 && exit
if [ "$2" = ${cwd} ]; then echo "Error: accumulating resources: lstat ${cwd}/absent.yaml: no such file" >&2; exit 1; fi
ls -l "$2"/kustomization.yaml | cut -c1-10 > ${log}/mode
ls -ld "$2"/.. | cut -c1-10 >> ${log}/mode
sleep 60
`,
    });
    chmodSync(join(directory, 'kustomize'), 0o755);
    return findTools({ kustomize: join(directory, 'kustomize') });
  }

  it('is stopped; nobody else could read what it was given, and nothing of it stays', async () => {
    const log = tree({});
    const scratch = tree({});
    const cwd = tree({
      'kustomization.yaml': 'resources: [absent.yaml]\nsecretGenerator: [{ name: a, literals: [a=b] }]\n',
    });
    const tools = slow(cwd, log);
    await tools.kustomize();
    vi.stubEnv('TMPDIR', scratch);
    const built = await build(cwd, '.', { tools, timeout: 1500 });
    expect(said(built)).toEqual([
      'kustomize-file-missing kustomization.yaml:1: absent.yaml] => absent.yaml does not exist: kustomize refuses to build what lists it',
    ]);
    expect(readFileSync(join(log, 'mode'), 'utf8').split('\n')[0]).toBe('-rw-------');
    expect(readdirSync(scratch)).toEqual([]);
  });
});

describe('k8s-lint render', { timeout: 60_000 }, () => {
  it('prints the rest, says what is missing, and fails', async () => {
    const cwd = tree({ 'app/kustomization.yaml': 'resources: [web.yaml, absent.yaml]\n', 'app/web.yaml': SERVICE });
    mkdirSync(join(cwd, '.git'));
    vi.spyOn(process, 'cwd').mockReturnValue(cwd);
    const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const { kubectl } = await pinned('v35');
    const status = await runRender('app', { kustomize: kubectl });
    const text = (spy: typeof out) => spy.mock.calls.map(([chunk]) => String(chunk)).join('');
    expect([status, text(out), text(err)]).toEqual([
      1,
      '# app\n---\n# Source: app/web.yaml:1\napiVersion: v1\nkind: Service\nmetadata:\n  name: web\n',
      'app/kustomization.yaml:1:23: absent.yaml does not exist: kustomize refuses to build what lists it\nabsent.yaml (app/kustomization.yaml:1): kustomize refuses it: the rest is judged without it\n',
    ]);
  });
});
