import { spawn } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { type LintOptions, lint } from '../src/lint.ts';
import { pinned } from '../src/render/tools.ts';
import { GitRepository, gitIn } from './git-repository.ts';
import { tree } from './tree.ts';

let tools: { kubectl: string; helm: string };
beforeAll(async () => {
  tools = await pinned('v35');
});

function since(directory: string, ref: string, options: Partial<LintOptions> = {}) {
  const { kubectl: kustomize, helm } = tools;
  return lint({ cwd: directory, since: ref, kustomize, helm, today: '2026-06-01', ...options });
}

/** What a run says, as short as it can be told apart. */
async function told(directory: string, ref = 'HEAD', options: Partial<LintOptions> = {}) {
  const report = await since(directory, ref, options);
  expect(report.failures).toEqual([]);
  const short = ({ rule, location, targets }: (typeof report.diagnostics)[number]) =>
    `${location.file}:${location.line ?? '?'} ${rule} [${targets.map(({ target }) => target)}]`;
  const { before, fixed = [], notes } = report.since ?? {};
  return {
    found: report.diagnostics.map(short),
    before: before && before.errors + before.warnings + before.infos,
    fixed: fixed.map(short),
    ...(notes && { notes }),
  };
}

const pod = (name: string, tag: string, before = '') => `${before}apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec: { containers: [{ name: app, image: "registry.example.com/app:${tag}" }] }
`;

describe('what is new', () => {
  it('is shown alone, at the lines of today, with what was fixed at the lines of then', async () => {
    const repository = new GitRepository({
      'a.yaml': pod('a', 'latest'),
      'b/b.yaml': pod('b', 'latest', '# one\n'),
      'c/c.yaml': pod('c', '1'),
    });
    repository.write({
      'a.yaml': pod('a', 'latest', '# moved\n# down\n'),
      'b/b.yaml': pod('b', '1'),
      'c/c.yaml': pod('c', 'latest'),
      'd/d.yaml': pod('d', 'latest'),
    });
    expect(await told(repository.directory)).toEqual({
      found: ['c/c.yaml:4 image-tag-latest [c]', 'd/d.yaml:4 image-tag-latest [d]'],
      before: 1,
      fixed: ['b/b.yaml:5 image-tag-latest [b]'],
    });
  });
});

const overlay = (lines = '') => `resources: [../../base]\n${lines}`;
const overlays = {
  'base/kustomization.yaml': 'resources: [pod.yaml]\n',
  'base/pod.yaml': pod('web', 'latest'),
  'overlays/dev/kustomization.yaml': overlay('namespace: dev\n'),
  'overlays/prod/kustomization.yaml': overlay(
    'namespace: prod\nimages: [{ name: registry.example.com/app, newTag: "1" }]\n',
  ),
};

describe('an overlay', () => {
  it('has what its base had, and new is what it alone has now', async () => {
    const repository = new GitRepository(overlays);
    repository.write({ 'overlays/prod/kustomization.yaml': overlay('namespace: prod\n') });
    expect(await told(repository.directory)).toEqual({
      found: ['base/pod.yaml:4 image-tag-latest [overlays/prod]'],
      before: 1,
      fixed: [],
    });
  });

  it('may get another name, with its files: nothing is new, and nothing is fixed', async () => {
    const patch = (tag: string) => `apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec:
  containers:
    - name: app
      image: registry.example.com/app:${tag}
`;
    const repository = new GitRepository({
      ...overlays,
      'overlays/prod/kustomization.yaml': overlay('namespace: prod\npatches: [{ path: patch.yaml }]\n'),
      'overlays/prod/patch.yaml': patch('latest'),
    });
    repository.write({
      'overlays/prod': undefined,
      'overlays/production/kustomization.yaml': overlay('namespace: production\npatches: [{ path: patch.yaml }]\n'),
      'overlays/production/patch.yaml': `# of the new cluster\n${patch('latest')}`,
      'base/pod.yaml': undefined,
      'base/web.yaml': `${pod('web', 'latest')}# moved\n`,
      'base/kustomization.yaml': 'resources: [web.yaml]\n',
    });
    expect(await told(repository.directory)).toEqual({ found: [], before: 2, fixed: [] });
    // What a run of one overlay is compared with is that overlay.
    expect(await told(repository.directory, 'HEAD', { paths: ['overlays/production'] })).toEqual({
      found: [],
      before: 1,
      fixed: [],
    });
  });

  it('that is deleted has nothing any more', async () => {
    const repository = new GitRepository(overlays);
    repository.write({ 'overlays/dev': undefined });
    expect(await told(repository.directory)).toEqual({
      found: [],
      before: 0,
      fixed: ['base/pod.yaml:4 image-tag-latest [overlays/dev]'],
    });
    expect(await told(repository.directory, 'HEAD', { paths: ['overlays/prod'] })).toMatchObject({ fixed: [] });
  });

  it('that does not render has nothing that is fixed', async () => {
    const repository = new GitRepository(overlays);
    repository.write({
      'overlays/dev/kustomization.yaml': overlay('patches: [{ path: absent.yaml }]\nnamePrefix: [1]\n'),
    });
    const { found, before, fixed } = await told(repository.directory);
    expect(found.every((finding) => finding.startsWith('overlays/dev/'))).toBe(true);
    expect({ before, fixed }).toEqual({ before: 0, fixed: [] });
  });

  it('that did not render has nothing that was there before', async () => {
    const repository = new GitRepository({
      ...overlays,
      'overlays/dev/kustomization.yaml': overlay('namePrefix: [1]\n'),
    });
    repository.write({ 'overlays/dev/kustomization.yaml': overlay() });
    const { found, before, fixed } = await told(repository.directory);
    expect({ found, before }).toEqual({ found: ['base/pod.yaml:4 image-tag-latest [overlays/dev]'], before: 0 });
    expect(fixed).toEqual([expect.stringContaining('overlays/dev/kustomization.yaml:2 render-failed')]);
  });
});

describe('k8s-lint.yaml', () => {
  const config = (lines: string) => `environments:\n  prod:\n    targets: [{ manifests: [apps] }]\n${lines}`;

  it('is that of each side: what an exception covers now, or a rule that is off now would find, is not fixed', async () => {
    const files = {
      'k8s-lint.yaml': config(''),
      'apps/a.yaml': pod('a', 'latest'),
      'apps/b.yaml': pod('b', 'latest'),
    };
    const repository = new GitRepository(files);
    const ignore = 'ignore: [{ rule: image-tag-latest, resource: Pod/a, reason: it is rebuilt }]\n';
    repository.write({ 'k8s-lint.yaml': config(ignore) });
    expect(await told(repository.directory)).toEqual({ found: [], before: 1, fixed: [] });
    repository.write({ 'k8s-lint.yaml': config('rules: { image-tag-latest: off }\n') });
    expect(await told(repository.directory)).toEqual({ found: [], before: 0, fixed: [] });
    repository.write({ 'k8s-lint.yaml': config(ignore), 'apps/a.yaml': pod('a', '1') }).commit();
    const unused = 'k8s-lint.yaml:4 ignore-unused []';
    expect(await told(repository.directory)).toEqual({ found: [], before: 2, fixed: [] });
    expect(await told(repository.directory, 'HEAD~1')).toEqual({
      found: [unused],
      before: 1,
      fixed: ['apps/a.yaml:4 image-tag-latest [apps]'],
    });
  });

  it('of today is for both where there was none', async () => {
    const repository = new GitRepository({ 'apps/a.yaml': pod('a', 'latest') });
    const more = '  test:\n    targets: [{ kustomize: test }]\n';
    repository.write({
      'k8s-lint.yaml': config(more),
      'test/kustomization.yaml': 'resources: [pod.yaml]\n',
      'test/pod.yaml': pod('t', 'latest'),
    });
    expect(await told(repository.directory)).toEqual({
      found: ['test/pod.yaml:4 image-tag-latest [test]'],
      before: 1,
      fixed: [],
    });
  });

  it('that was invalid says nothing: all counts as new', async () => {
    const repository = new GitRepository({ 'k8s-lint.yaml': config('rule: 1\n'), 'apps/a.yaml': pod('a', 'latest') });
    repository.write({ 'k8s-lint.yaml': config('') });
    expect(await told(repository.directory)).toEqual({
      found: ['apps/a.yaml:4 image-tag-latest [apps]'],
      before: 0,
      fixed: [],
      notes: [
        expect.stringMatching(/^everything counts as new: at HEAD, its k8s-lint\.yaml is invalid: k8s-lint\.yaml:4/),
      ],
    });
  });

  it('may call an environment by another name', async () => {
    const repository = new GitRepository({ 'k8s-lint.yaml': config(''), 'apps/a.yaml': pod('a', 'latest') });
    repository.write({ 'k8s-lint.yaml': config('').replace('prod:', 'production:') });
    expect(await told(repository.directory)).toEqual({ found: [], before: 1, fixed: [] });
  });

  it('that no longer names a fact fixes nothing: nobody knows any more', async () => {
    const files = {
      'k8s-lint.yaml': config('    existing: [facts.yaml]\n'),
      'facts.yaml': 'apiVersion: v1\nkind: Node\nmetadata: { name: a, labels: { pool: web } }\n',
      'apps/a.yaml': `${pod('a', '1').replace('spec: {', 'spec: { nodeSelector: { pool: db },')}`,
    };
    const repository = new GitRepository(files);
    expect(await told(repository.directory)).toMatchObject({ found: [], before: 1 });
    repository.write({ 'k8s-lint.yaml': config('') });
    expect(await told(repository.directory)).toEqual({ found: [], before: 0, fixed: [] });
  });
});

describe('what is the same', () => {
  const kustomization = (resources: string, more = '') => `resources: [${resources}]\n${more}`;
  const pin = 'images: [{ name: registry.example.com/app, newTag: "1" }]\n';
  const chart = 'apiVersion: v2\nname: app\nversion: 1.0.0\n';
  const policy = (...ports: string[]) => `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web, namespace: web }
spec:
  rules:
    - http:
        paths:
${ports.map((name) => `          - { path: /, pathType: Prefix, backend: { service: { name: ${name}, port: { number: 80 } } } }\n`).join('')}`;
  const config = (release: string, values: string, more = '') => `environments:
  swapped: { targets: [{ kustomize: swap/a }, { kustomize: swap/b }] }
  variants: { targets: [{ kustomize: variants }] }
  release: { targets: [{ helm: { chart: app, release: ${release}, values: [${values}] } }] }
  plain: { targets: [{ manifests: [plain] }] }
${more}`;

  it('is told from what only looks like it', async () => {
    const repository = new GitRepository({
      'k8s-lint.yaml': config('one', 'values/a.yaml', '  dropped: { targets: [{ manifests: [dropped] }] }\n'),
      'base/kustomization.yaml': kustomization('pod.yaml'),
      'base/pod.yaml': pod('web', 'latest'),
      'swap/a/kustomization.yaml': kustomization('../../base'),
      'swap/b/kustomization.yaml': kustomization('../../base', pin),
      'variants/kustomization.yaml': kustomization('a, b'),
      'variants/a/kustomization.yaml': kustomization('../../base', 'namePrefix: a-\n'),
      'variants/b/kustomization.yaml': kustomization('../../base', `namePrefix: b-\n${pin}`),
      'app/Chart.yaml': chart,
      'app/templates/pod.yaml': pod('{{ .Release.Name }}-web', '{{ .Values.tag }}'),
      'values/a.yaml': 'tag: latest\n',
      'plain/moved.yaml': pod('moved', 'latest'),
      'plain/renamed.yaml': pod('renamed', 'latest'),
      'plain/touched.yaml': pod('touched', 'latest'),
      'plain/list.yaml': policy('none'),
      'plain/namespace.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: { name: web }\n',
      'dropped/pod.yaml': pod('dropped', 'latest'),
    });
    repository.write({
      'k8s-lint.yaml': config('two', 'values/a.yaml, values/b.yaml'),
      'swap/a/kustomization.yaml': kustomization('../../base', pin),
      'swap/b/kustomization.yaml': kustomization('../../base'),
      'variants/a/kustomization.yaml': kustomization('../../base', `namePrefix: a-\n${pin}`),
      'variants/b/kustomization.yaml': kustomization('../../base', 'namePrefix: b-\n'),
      'values/a.yaml': '# See b.yaml.\n',
      'values/b.yaml': '# images\ntag: latest\n',
      'plain/moved.yaml': undefined,
      'plain/web/workload.yaml': `# All is new.\n---\n${JSON.stringify({
        kind: 'Pod',
        apiVersion: 'v1',
        metadata: { name: 'moved' },
        spec: { containers: [{ image: 'registry.example.com/app:latest', name: 'app' }] },
      })}\n`,
      'plain/renamed.yaml': pod('called', 'latest'),
      'plain/touched.yaml': pod('touched', 'latest').replace('/app:', '/other:'),
      'plain/list.yaml': policy('new', 'none'),
    });
    const { found, before, fixed } = await told(repository.directory);
    expect(found).toEqual([
      // What it was fixed in stands beside it: neither has taken the other's place.
      'base/pod.yaml:4 image-tag-latest [swap/b,variants]',
      'plain/list.yaml:8 reference-missing [plain]',
      'plain/touched.yaml:4 image-tag-latest [plain]',
    ]);
    expect(before).toBe(4);
    // Nobody knows of what is judged no more.
    expect(fixed).toEqual([
      'base/pod.yaml:4 image-tag-latest [swap/a,variants]',
      'plain/touched.yaml:4 image-tag-latest [plain]',
    ]);
  });

  it('may be found in another environment where these are only directories', async () => {
    const repository = new GitRepository({
      'k8s-lint.yaml': 'environments:\n  prod: { targets: [{ manifests: [a] }, { manifests: [b] }] }\n',
      'root.yaml': pod('root', 'latest'),
      'a/a.yaml': pod('a', 'latest'),
      'b/b.yaml': pod('b', 'latest'),
    });
    repository.write({ 'k8s-lint.yaml': undefined });
    expect(await told(repository.directory)).toEqual({
      found: ['root.yaml:4 image-tag-latest [.]'],
      before: 2,
      fixed: [],
    });
    repository.commit();
    repository.write({ 'kustomization.yaml': 'resources: [root.yaml, a/a.yaml, b/b.yaml]\n' });
    expect(await told(repository.directory)).toEqual({ found: [], before: 3, fixed: [] });
  });

  it('may be what is said of an ignore, in a file that has moved, and as often as it was', async () => {
    const unused = '# k8s-lint-ignore image-tag-latest: x\n';
    const repository = new GitRepository({ 'a/a.yaml': pod('a', '1', unused) });
    repository.write({ a: undefined, 'b/b.yaml': pod('a', '1', unused) });
    expect(await told(repository.directory)).toEqual({ found: [], before: 1, fixed: [] });
    repository.write({ 'b/b.yaml': pod('a', '1', unused).replace('metadata', `${unused}metadata`) });
    expect(await told(repository.directory)).toEqual({
      found: ['b/b.yaml:4 ignore-unused []'],
      before: 1,
      fixed: [],
    });
  });

  it('is not known where the tool came to no end at the other side', async () => {
    const repository = new GitRepository({
      'a/kustomization.yaml': kustomization('pod.yaml'),
      'a/pod.yaml': pod('a', 'latest'),
      'a/slow': '',
      'b/pod.yaml': pod('b', '1'),
    });
    repository.write({ 'a/slow': undefined, 'b/pod.yaml': pod('b', 'latest') });
    // A fake that hangs: no real kustomize can be made to.
    const slow = tree({ kubectl: `#!/bin/sh\n[ -e "$2/slow" ] && exec sleep 60\nexec ${tools.kubectl} "$@"\n` });
    chmodSync(join(slow, 'kubectl'), 0o755);
    const report = await since(repository.directory, 'HEAD', { kustomize: join(slow, 'kubectl'), timeout: 3000 });
    expect(report.diagnostics.map(({ location }) => location.file)).toEqual(['b/pod.yaml']);
    expect(report.since?.fixed).toEqual([]);
    expect(report.unchecked.filter(({ target }) => target === 'a')).toEqual([
      {
        what: 'whether 1 finding of a were there before',
        reason: 'a: kustomize did not finish within 3 s and was stopped',
        target: 'a',
      },
    ]);
  });

  it('may be outside of the repository, where both sides have what stands there', async () => {
    const around = tree({
      'shared/kustomization.yaml': kustomization('pod.yaml'),
      'shared/pod.yaml': pod('s', 'latest'),
    });
    gitIn(around, ['init', '-q', 'inner']);
    const inner = join(around, 'inner');
    writeFileSync(join(inner, 'kustomization.yaml'), kustomization('../shared'));
    gitIn(inner, ['add', '.']);
    gitIn(inner, ['commit', '-q', '-m', 'A change']);
    expect(await told(inner)).toEqual({ found: [], before: 1, fixed: [] });
  });
});

describe('a revision', () => {
  it.each(['--output=x', '-x', 'a..b', ''])('%j is none', async (ref) => {
    const repository = new GitRepository({ 'a.yaml': pod('a', '1') });
    await expect(since(repository.directory, ref)).rejects.toThrow(`--since ${ref}: there is no such commit`);
  });

  it('is compared with where the branch left it', async () => {
    const repository = new GitRepository({ 'a.yaml': pod('a', 'latest'), 'b.yaml': pod('b', '1') });
    repository.git('checkout', '-q', '-b', 'feature');
    repository.write({ 'b.yaml': pod('b', 'latest') }).commit();
    repository.git('checkout', '-q', 'main');
    repository.write({ 'a.yaml': pod('a', '1') }).commit();
    repository.git('checkout', '-q', '--detach', 'feature');
    const left = { found: ['b.yaml:4 image-tag-latest [.]'], before: 1, fixed: [] };
    expect(await told(repository.directory, 'main')).toEqual(left);
    // Today is the work tree, staged or not.
    repository.write({ 'b.yaml': pod('b', '1'), 'c.yaml': pod('c', 'latest') });
    repository.git('add', 'b.yaml');
    expect(await told(repository.directory, 'main')).toEqual({ ...left, found: ['c.yaml:4 image-tag-latest [.]'] });
  });

  it('is compared with itself where nobody knows where the branch left it', async () => {
    const repository = new GitRepository({ 'a.yaml': pod('a', 'latest') });
    repository.git('checkout', '-q', '-b', 'feature');
    repository.write({ 'b/b.yaml': pod('b', 'latest') }).commit();
    const clone = tree({});
    gitIn(clone, ['clone', '-q', '--depth=1', '--branch=feature', `file://${repository.directory}`, 'clone']);
    const there = `${clone}/clone`;
    await expect(since(there, 'origin/main')).rejects.toThrow(
      '--since origin/main: there is no such commit in this clone, which is shallow\n' +
        'to get it: git fetch --depth=1 origin main:refs/remotes/origin/main (with actions/checkout: fetch-depth: 0)',
    );
    gitIn(there, ['fetch', '-q', '--depth=1', 'origin', 'main:refs/remotes/origin/main']);
    await expect(since(there, 'main')).rejects.toThrow(
      'there is no such commit in this clone, which is shallow; did you mean origin/main?',
    );
    expect(await told(there, 'origin/main')).toEqual({
      found: ['b/b.yaml:4 image-tag-latest [b]'],
      before: 1,
      fixed: [],
      notes: ['compared with origin/main itself: this clone is shallow, so that nobody knows where HEAD left it'],
    });
  });

  it('of another history is compared with itself', async () => {
    const repository = new GitRepository({ 'a.yaml': pod('a', 'latest') });
    repository.git('checkout', '-q', '--orphan', 'other');
    repository.write({ 'README.md': '# Another\n' }).commit();
    expect(await told(repository.directory, 'main')).toEqual({
      found: [],
      before: 1,
      fixed: [],
      notes: ['compared with main itself: HEAD and main have no commit in common'],
    });
  });

  it('needs a repository with a work tree and a commit', async () => {
    const none = new GitRepository({}).write({ 'a.yaml': pod('a', '1') });
    await expect(since(none.directory, 'main')).rejects.toThrow(
      '--since main: this repository has no commits yet: there is nothing to compare with',
    );
    await expect(since(tree({ 'a.yaml': pod('a', '1') }), 'main')).rejects.toThrow(
      '--since: this directory is in no git repository: there is no other side to compare with',
    );
    const bare = tree({ 'a.yaml': pod('a', '1') });
    gitIn(bare, ['init', '-q', '--bare']);
    await expect(since(bare, 'main')).rejects.toThrow('--since: this git repository has no work tree here');
  });
});

/** Everything below a directory with what would change if anybody wrote there; the object that git makes of time is left out. */
function stateOf(directory: string, prefix = ''): string[] {
  return readdirSync(join(directory, prefix)).flatMap((name) => {
    const path = join(prefix, name);
    const stats = lstatSync(join(directory, path));
    const line = `${path} ${stats.mode} ${stats.size} ${stats.mtimeMs} ${stats.ctimeMs} ${stats.ino}`;
    return stats.isDirectory() ? [line, ...stateOf(directory, path)] : [line];
  });
}

describe('the repository', () => {
  it('is not touched, neither work tree nor index nor refs, and nothing in its settings is run', async () => {
    const repository = new GitRepository({
      '.gitattributes': '*.yaml filter=evil diff=evil merge=evil\n',
      'a.yaml': pod('a', 'latest'),
      'old/b.yaml': pod('b', 'latest'),
    });
    const marker = join(tree({}), 'ran');
    const script = join(tree({ 'evil.sh': `#!/bin/sh\necho "$0 $*" >> ${marker}\ncat\n` }), 'evil.sh');
    chmodSync(script, 0o755);
    const settings = [
      'core.fsmonitor',
      'core.sshCommand',
      'core.gitProxy',
      'core.pager',
      'core.editor',
      'core.askPass',
      'core.alternateRefsCommand',
      'diff.external',
      'diff.evil.textconv',
      'diff.evil.command',
      'filter.evil.clean',
      'filter.evil.smudge',
      'filter.evil.process',
      'credential.helper',
      'gpg.program',
      'uploadpack.packObjectsHook',
      'pager.ls-files',
    ];
    const hooks = ['post-index-change', 'reference-transaction', 'post-checkout', 'fsmonitor-watchman', 'pre-auto-gc'];
    repository.write(Object.fromEntries(hooks.map((hook) => [`.git/hooks/${hook}`, readFileSync(script, 'utf8')])));
    for (const hook of hooks) chmodSync(join(repository.directory, '.git/hooks', hook), 0o755);
    // Renamed, changed and untracked: git has reason to look into all of them.
    repository.write({
      'a.yaml': pod('a', '1'),
      'old/b.yaml': undefined,
      'new/b.yaml': `${pod('b', 'latest')}# renamed\n`,
      'c/c.yaml': pod('c', 'latest'),
    });
    repository.git('add', 'new');
    for (const setting of settings) repository.git('config', setting, script);
    repository.git('config', 'filter.evil.required', 'true');
    rmSync(marker, { force: true });
    const before = stateOf(repository.directory);
    expect(await told(repository.directory)).toEqual({
      found: ['c/c.yaml:4 image-tag-latest [c]'],
      before: 1,
      fixed: ['a.yaml:4 image-tag-latest [.]'],
    });
    expect(stateOf(repository.directory)).toEqual(before);
    expect(existsSync(marker)).toBe(false);
  });

  it('may be a linked work tree, and the run may stand in a directory that was not there', async () => {
    const repository = new GitRepository({ 'apps/a/a.yaml': pod('a', 'latest'), 'other/b.yaml': pod('b', 'latest') });
    const linked = join(tree({}), 'linked');
    repository.git('worktree', 'add', '-q', '-b', 'feature', linked);
    repository.git('checkout', '-q', '--detach');
    gitIn(linked, ['mv', 'apps', 'apps2']);
    expect(await told(linked, 'main')).toEqual({ found: [], before: 2, fixed: [] });
    expect(await told(join(linked, 'other'), 'main')).toEqual({ found: [], before: 1, fixed: [] });
    expect(await told(join(linked, 'apps2'), 'main')).toEqual({ found: [], before: 1, fixed: [] });
  });
});

describe('what is in no commit', () => {
  it('stands at both sides where git ignores it and the other side needs it: charts that helm fetched', async () => {
    const chart = (name: string, more = '') => `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n${more}`;
    const dependency = 'dependencies: [{ name: dep, version: 1.0.0, repository: https://charts.example.com }]\n';
    const repository = new GitRepository({
      '.gitignore': 'charts/\n*.local.yaml\n',
      'app/Chart.yaml': chart('app', dependency),
      'app/templates/pod.yaml': pod('{{ .Release.Name }}', 'latest'),
      'k8s-lint.yaml':
        'environments:\n  prod:\n    targets: [{ helm: { chart: app, release: app } }]\n    existing: [facts.local.yaml]\n',
    });
    repository.write({
      'app/charts/dep/Chart.yaml': chart('dep'),
      'app/charts/dep/templates/pod.yaml': pod('dep', '1'),
      'facts.local.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: { name: default }\n',
      'app/templates/more.yaml': pod('more', 'latest'),
    });
    const found = ['app/templates/more.yaml:4 image-tag-latest [app (release app)]'];
    expect(await told(repository.directory)).toEqual({ found, before: 1, fixed: [] });
    // The chart has moved since, with what helm put below it.
    repository.git('mv', 'app', 'web');
    repository.write({
      'k8s-lint.yaml': readFileSync(join(repository.directory, 'k8s-lint.yaml'), 'utf8').replace(
        'chart: app',
        'chart: web',
      ),
    });
    expect(await told(repository.directory)).toEqual({
      found: ['web/templates/more.yaml:4 image-tag-latest [web (release app)]'],
      before: 1,
      fixed: [],
    });
  });

  it('keeps nobody from saying what is new elsewhere: a submodule whose commit is not here', async () => {
    const inner = new GitRepository({
      'kustomization.yaml': 'resources: [pod.yaml]\n',
      'pod.yaml': pod('in', 'latest'),
    });
    const repository = new GitRepository({
      'k8s-lint.yaml':
        'environments:\n  prod:\n    targets: [{ kustomize: prod }]\n  test:\n    targets: [{ manifests: [test] }]\n',
      'prod/kustomization.yaml': 'resources: [../vendor]\n',
      'test/pod.yaml': pod('t', '1'),
    });
    repository.git('submodule', '--quiet', 'add', inner.directory, 'vendor');
    repository.commit();
    // The work tree has the files without the submodule's repository, as an archive would.
    repository.write({ 'vendor/.git': undefined, '.git/modules': undefined, 'test/pod.yaml': pod('t', 'latest') });
    const report = await since(repository.directory, 'HEAD');
    expect(report.diagnostics.map(({ location }) => location.file)).toEqual(['test/pod.yaml']);
    expect(report.since).toMatchObject({ before: { errors: 0, warnings: 0 }, fixed: [] });
    expect(report.unchecked.filter(({ what }) => what.startsWith('whether 1 finding'))).toEqual([
      {
        what: 'whether 1 finding of prod were there before',
        reason: expect.stringMatching(/^vendor: the commit [0-9a-f]{12} of this submodule is not here/),
        target: 'prod',
      },
    ]);
  });

  it('is gone after Ctrl-C', async () => {
    const repository = new GitRepository({
      'base/kustomization.yaml': 'resources: [pod.yaml]\n',
      'base/pod.yaml': pod('a', '1'),
    });
    const directory = tree({
      // A fake that hangs: no real kustomize can be made to.
      hang: '#!/bin/sh\ncase "$*" in *version*) echo v5.7.1; exit 0;; esac\necho started > "$0.pid"; exec sleep 300\n',
      'tmp/': '',
    });
    chmodSync(join(directory, 'hang'), 0o755);
    const bin = fileURLToPath(new URL('../bin/k8s-lint.js', import.meta.url));
    const args = [bin, 'base', '--since', 'HEAD', '--no-cache', '--kustomize', join(directory, 'hang')];
    const child = spawn(process.execPath, args, {
      cwd: repository.directory,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: join(directory, 'tmp') },
    });
    const closed = new Promise((resolve) => child.on('close', resolve));
    for (let i = 0; i < 200 && !existsSync(join(directory, 'hang.pid')); i++)
      await new Promise((done) => setTimeout(done, 50));
    expect(readdirSync(join(directory, 'tmp')).some((name) => name.startsWith('k8s-lint-since-'))).toBe(true);
    child.kill('SIGINT');
    expect(await closed).toBe(130);
    expect(readdirSync(join(directory, 'tmp'))).toEqual([]);
  });
});

describe('what holds data', () => {
  const claim = (name: string) => `apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: ${name} }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`;
  const kustomization = (...files: string[]) => `namespace: apps\nresources: [${files.join(', ')}]\n`;

  it('is missed where it is gone, its environment too, and not where it has moved', async () => {
    const repository = new GitRepository({
      'a/kustomization.yaml': kustomization('pod.yaml', 'one.yaml', 'two.yaml'),
      'a/pod.yaml': pod('a', '1'),
      'a/one.yaml': claim('one'),
      'a/two.yaml': claim('two'),
      'b/kustomization.yaml': kustomization('pod.yaml'),
      'b/pod.yaml': pod('b', '1'),
      'c/kustomization.yaml': kustomization('three.yaml'),
      'c/three.yaml': claim('three'),
    });
    repository.write({
      'a/kustomization.yaml': kustomization('pod.yaml'),
      'a/one.yaml': undefined,
      'a/two.yaml': undefined,
      'b/kustomization.yaml': kustomization('pod.yaml', 'two.yaml'),
      'b/two.yaml': claim('two'),
      c: undefined,
    });
    const gone = async (options: Partial<LintOptions> = {}) =>
      (await since(repository.directory, 'HEAD', options)).diagnostics.map(
        ({ rule, location, message }) => `${location.file} ${rule} ${message.replace(/[:,].*/s, '')}`,
      );
    expect(await gone()).toEqual([
      'a/kustomization.yaml change-destroys-data PersistentVolumeClaim/one is no longer rendered',
      'c/three.yaml change-destroys-data PersistentVolumeClaim/three is no longer rendered',
    ]);
    // Where other environments are left out, it may have gone there.
    expect(await gone({ paths: ['a'] })).toEqual([]);
  });
});
