import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { pinned } from '../src/render/tools.ts';
import { readYaml } from '../src/yaml.ts';
import { pod } from './bad-projects.ts';
import { evaluate, faultsOf } from './github-actions.ts';
import { tree } from './tree.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const text = readFileSync(join(root, 'action.yml'), 'utf8');

interface Step {
  name: string;
  id?: string;
  if?: string;
  run?: string;
  uses?: string;
  shell?: string;
  env?: Record<string, string>;
  with?: Record<string, string>;
  'working-directory'?: string;
}
interface Action {
  inputs: Record<string, { description: string; default: string }>;
  outputs: Record<string, { description: string; value: string }>;
  runs: { using: string; steps: Step[] };
}
const action = readYaml(text)[0]?.value as Action;

let path: string;
beforeAll(async () => {
  const { kubectl, helm } = await pinned('v35');
  path = [dirname(kubectl), dirname(helm), dirname(process.execPath), process.env.PATH].join(':');
});

interface Ran {
  /** Of the first step that failed, else 0: what the job gets. */
  code: number | null;
  stdout: string;
  stderr: string;
  summary: string;
  outputs: Record<string, string>;
  /** Steps of other actions, with what they are given. */
  used: { uses: string; with: Record<string, string> }[];
}

/**
 * Runs the action in a workspace as GitHub's runner does, for which this stands: it evaluates the expressions of `env`, `if`,
 * `with` and `working-directory` with GitHub's evaluator, starts bash with the runner's options, and reads the files that steps
 * write. The scripts, k8s-lint and its tools are the real ones. A step that isn't told otherwise is skipped after a failure.
 */
function use(workspace: string, inputs: Record<string, string> = {}, github: Record<string, string> = {}): Ran {
  const temp = tree({ output: '', summary: '', 'runner/': '' });
  const given = Object.fromEntries(Object.entries(action.inputs).map(([name, input]) => [name, input.default]));
  const ran: Ran = { code: 0, stdout: '', stderr: '', summary: '', outputs: {}, used: [] };
  const steps: Record<string, { outputs: Record<string, string> }> = { lint: { outputs: {} } };
  const contexts = () => ({ inputs: { ...given, ...inputs }, steps });
  const values = (map: Record<string, string> = {}) =>
    Object.fromEntries(Object.entries(map).map(([name, value]) => [name, evaluate(value, contexts())]));
  for (const step of action.runs.steps) {
    const goesOn = step.if === undefined ? ran.code === 0 : evaluate(step.if, contexts()) === 'true';
    if (!goesOn) continue;
    if (step.uses !== undefined) {
      ran.used.push({ uses: step.uses, with: values(step.with) });
      continue;
    }
    expect(step.shell).toBe('bash');
    const script = join(temp, 'script.sh');
    writeFileSync(script, step.run ?? '');
    writeFileSync(join(temp, 'output'), '');
    const { status, stdout, stderr } = spawnSync('bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', script], {
      cwd: join(workspace, evaluate(step['working-directory'] ?? '.', contexts())),
      encoding: 'utf8',
      env: {
        PATH: path,
        HOME: temp,
        XDG_CACHE_HOME: join(temp, 'cache'),
        GIT_CONFIG_GLOBAL: '/dev/null',
        GITHUB_ACTION_PATH: root,
        GITHUB_OUTPUT: join(temp, 'output'),
        GITHUB_STEP_SUMMARY: join(temp, 'summary'),
        GITHUB_WORKSPACE: workspace,
        RUNNER_TEMP: join(temp, 'runner'),
        GITHUB_REF: 'refs/heads/main',
        GITHUB_BASE_REF: '',
        ...github,
        ...values(step.env),
      },
    });
    ran.code ||= status;
    ran.stdout += stdout;
    ran.stderr += stderr;
    const outputs = readFileSync(join(temp, 'output'), 'utf8').split('\n').filter(Boolean);
    if (step.id) steps[step.id] = { outputs: Object.fromEntries(outputs.map((line) => line.split(/=(.*)/s))) };
  }
  ran.summary = readFileSync(join(temp, 'summary'), 'utf8');
  ran.outputs = values(Object.fromEntries(Object.entries(action.outputs).map(([name, { value }]) => [name, value])));
  return ran;
}

function git(cwd: string, ...args: string[]): string {
  const config = ['-c', 'user.name=a', '-c', 'user.email=a@example.com', '-c', 'init.defaultBranch=main'];
  const env = { PATH: process.env.PATH, HOME: cwd, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const { status, stdout, stderr } = spawnSync('git', [...config, ...args], { cwd, encoding: 'utf8', env });
  expect([args, status, stderr]).toEqual([args, 0, expect.any(String)]);
  return stdout.trim();
}

function commit(cwd: string): void {
  git(cwd, 'add', '.');
  git(cwd, 'commit', '-q', '-m', 'Change');
}

/** A repository with one commit, on main. */
function repository(files: Record<string, string>): string {
  const cwd = tree(files);
  git(cwd, 'init', '-q');
  commit(cwd);
  return cwd;
}

const clean = pod('web').replace('hostPort: 80', 'hostPort: 8000');
const message = 'hostPort 80 must equal containerPort 8000 under hostNetwork: the API server refuses the pod';
const annotation = (file: string, target = '.') =>
  `::error file=${file},line=4,col=123,title=k8s-lint host-network-port-mismatch::${message}%0Ain ${target}\n`;

describe('action.yml', () => {
  it('is what GitHub reads', () => {
    expect(faultsOf('action', text)).toEqual([]);
    expect(faultsOf('action', text.replace('shell: bash', 'shel: bash'))).not.toEqual([]);
  });

  it('lets no input into a script, and hands all of them on', () => {
    for (const { run } of action.runs.steps) expect(run ?? '').not.toContain('${{');
    const used = [...text.matchAll(/\$\{\{.*?\binputs\.([\w-]+).*?\}\}/g)].map(([, name]) => name);
    expect(new Set(used)).toEqual(new Set(Object.keys(action.inputs)));
  });
});

describe('the action', () => {
  it('passes where nothing was found, and says so in the summary; it has tools where the runner has none', () => {
    const bin = tree({});
    for (const name of ['bash', 'cat', 'git', 'mktemp', 'node']) {
      const { stdout } = spawnSync('bash', ['-c', `command -v ${name}`], { encoding: 'utf8', env: { PATH: path } });
      symlinkSync(stdout.trim(), join(bin, name));
    }
    const workspace = tree({ 'kustomization.yaml': 'resources: [web.yaml]\n', 'web.yaml': clean });
    expect(use(workspace, {}, { PATH: bin })).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
      summary: expect.stringMatching(/^\*\*k8s-lint\*\*: nothing found in 1 target, 1 resource, \d+ rules\.\n$/),
      outputs: { 'exit-code': '0', errors: '0', warnings: '0', infos: '0', 'sarif-file': '' },
      used: [],
    });
  });

  it('fails by what it found, after annotations, summary and upload', () => {
    const workspace = repository({ 'deploy/web.yaml': pod('web') });
    // Where there is no pull request, everything is linted.
    const ran = use(workspace, { since: 'pull-request', 'upload-sarif': 'true', 'working-directory': 'deploy' });
    const sarif = ran.outputs['sarif-file'] ?? '';
    expect({ ...ran, summary: ran.summary.split('\n').slice(0, 5) }).toEqual({
      code: 1,
      stdout: annotation('deploy/web.yaml'),
      stderr: '',
      summary: [
        '### k8s-lint: 1 error',
        '',
        expect.stringMatching(/^1 target, 1 resource, \d+ rules\.$/),
        '',
        `- **error** \`deploy/web.yaml:4\` ${message} (\`host-network-port-mismatch\`)`,
      ],
      outputs: { 'exit-code': '1', errors: '1', warnings: '0', infos: '0', 'sarif-file': sarif },
      used: [{ uses: 'github/codeql-action/upload-sarif@v4', with: { sarif_file: sarif, category: 'k8s-lint' } }],
    });
    const { runs } = JSON.parse(readFileSync(sarif, 'utf8'));
    expect(runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri).toBe('deploy/web.yaml');
  });

  it('hands on what is shown, what fails, the configuration and the paths, one on each line', () => {
    const names = ['a b/[x]*.yaml', '-f.yaml', "$(id)'.yaml"];
    const workspace = tree({
      ...Object.fromEntries(names.map((name, i) => [name, pod(`p${i}`)])),
      'a b/x1.yaml': pod('unnamed'),
      'other.yml':
        'environments: { prod: { targets: [{ manifests: ["**/*.yaml"] }] } }\nrules: { host-network-port-mismatch: warning }\n',
    });
    const named = use(workspace, {
      paths: `${names.join('\r\n')}\n\n`,
      formats: 'annotations,\nsarif',
      'fail-on': 'never',
    });
    expect(named.stdout).toBe(
      `${annotation("$(id)'.yaml")}${annotation('-f.yaml')}${annotation('a b/[x]*.yaml', 'a b/[x]*.yaml')}`,
    );
    expect([named.code, named.summary, named.outputs.errors, named.used]).toEqual([0, '', '3', []]);
    expect(named.outputs['sarif-file']).not.toBe('');
    const configured = use(workspace, { config: 'other.yml', 'fail-on': 'warning', severity: 'error', formats: '' });
    expect(configured.stdout).toMatch(
      /^1 target, 4 resources, \d+ rules: 0 errors, 4 warnings \(4 below --severity\)\n$/,
    );
    expect([configured.code, configured.summary, configured.outputs.warnings]).toEqual([1, '', '4']);
  });

  it('says why it could not run', () => {
    const workspace = tree({ 'web.yaml': clean, 'k8s-lint.yaml': 'environment: {}\n' });
    const none = { errors: '', warnings: '', infos: '', 'sarif-file': '' };
    const broken = use(workspace, { 'upload-sarif': 'true' });
    expect(broken).toEqual({
      ...broken,
      code: 2,
      stdout: `::error title=k8s-lint could not run::${broken.stderr.trimEnd()}\n`,
      summary: `### k8s-lint could not run\n\n    ${broken.stderr}`,
      outputs: { 'exit-code': '2', ...none },
      used: [],
    });
    expect(broken.stderr).toMatch(/^k8s-lint: k8s-lint\.yaml:1[^\n]*\n$/);
    const unknown = use(workspace, { formats: 'sarif html' });
    expect([unknown.code, unknown.outputs]).toEqual([2, { 'exit-code': '2', ...none }]);
    expect(unknown.stdout).toBe('::error title=k8s-lint::The input formats takes annotations, summary and sarif.\n');
  });

  it('needs a Node that k8s-lint runs on', () => {
    const old = tree({ 'old.cjs': "Object.defineProperty(process.versions, 'node', { value: '20.18.3' });\n" });
    const ran = use(tree({ 'web.yaml': clean }), {}, { NODE_OPTIONS: `--require=${join(old, 'old.cjs')}` });
    expect(ran).toEqual({
      code: 2,
      stdout: '::error title=k8s-lint::k8s-lint needs Node 20.19 or later: put actions/setup-node before it\n',
      stderr: '',
      summary: '',
      outputs: { 'exit-code': '2', errors: '', warnings: '', infos: '', 'sarif-file': '' },
      used: [],
    });
  });

  it('does not take a base that is compared with itself for a pull request without findings', () => {
    const workspace = repository({ 'web.yaml': pod('web') });
    git(workspace, 'update-ref', 'refs/remotes/origin/main', 'HEAD');
    const ran = use(workspace, { since: 'pull-request' }, { GITHUB_BASE_REF: 'main' });
    const why = 'since: pull-request, and the base itself is checked out: nothing of the pull request is here.';
    expect([ran.code, ran.outputs['exit-code'], ran.stdout]).toEqual([2, '2', `::error title=k8s-lint::${why}\n`]);
  });

  it('executes nothing that an input holds', () => {
    const workspace = tree({ 'web.yaml': pod('web') });
    const hostile =
      '"; touch "pwned\n$(touch pwned) `touch pwned` \'; touch pwned; \' * && touch pwned # ${{ github.token }}';
    const others = Object.keys(action.inputs).filter((name) => name !== 'working-directory' && name !== 'formats');
    for (const inputs of [{ formats: hostile }, Object.fromEntries(others.map((name) => [name, hostile]))]) {
      expect(use(workspace, inputs).code).toBe(2);
      expect(readdirSync(workspace)).toEqual(['web.yaml']);
    }
  });

  it('takes the base of the pull request from the merge that GitHub checks out, else from its branch', () => {
    const origin = repository({ 'old.yaml': pod('old') });
    git(origin, 'checkout', '-q', '-b', 'feature');
    writeFileSync(join(origin, 'new.yaml'), pod('new'));
    commit(origin);
    git(origin, 'checkout', '-q', '--detach', 'main');
    git(origin, 'merge', '-q', '--no-ff', '-m', 'Merge feature into main', 'feature');
    git(origin, 'update-ref', 'refs/pull/1/merge', 'HEAD');
    const checkout = (depth: string) => {
      const workspace = tree({});
      git(workspace, 'init', '-q');
      git(workspace, 'remote', 'add', 'origin', `file://${origin}`);
      git(workspace, 'fetch', '-q', depth, 'origin', 'refs/pull/1/merge:refs/remotes/pull/1/merge');
      git(workspace, 'checkout', '-q', 'refs/remotes/pull/1/merge');
      return workspace;
    };
    const github = { GITHUB_REF: 'refs/pull/1/merge', GITHUB_BASE_REF: 'main' };
    const merge = { ...github, GITHUB_SHA: git(origin, 'rev-parse', 'refs/pull/1/merge') };
    const since = { since: 'pull-request' };

    const two = use(checkout('--depth=2'), since, merge);
    expect([two.code, two.stdout, two.stderr]).toEqual([1, annotation('new.yaml'), '']);
    expect(two.summary).toContain('### k8s-lint: 1 new error\n');
    expect(two.summary).toContain('Compared with `HEAD^1`');

    const whole = checkout('--depth=9');
    git(whole, 'fetch', '-q', 'origin', 'main:refs/remotes/origin/main');
    const branch = use(whole, { ...since, 'upload-sarif': 'true' }, { ...github, GITHUB_SHA: 'another' });
    const warning =
      'since and upload-sarif together: code scanning takes for fixed what is not new. Upload in a run without since.';
    expect([branch.code, branch.stdout]).toEqual([
      1,
      `::warning title=k8s-lint::${warning}\n${annotation('new.yaml')}`,
    ]);
    expect(branch.summary).toContain('Compared with `origin/main`');

    const one = use(checkout('--depth=1'), since, merge);
    expect([one.code, one.stdout.split('::', 2)]).toEqual([2, ['', 'error title=k8s-lint could not run']]);
    for (const text of [one.stderr, one.stdout, one.summary]) expect(text).toContain('origin/main');
  });
});
