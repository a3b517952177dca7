import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pinned } from '../src/render/tools.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const found = spawnSync('pre-commit', ['--version'], { encoding: 'utf8' }).stdout ?? '';

/** The environment of somebody at a terminal: nothing of the test's own npm and git, and npm asks its cache first. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) =>
      !/^(GIT_|PRE_COMMIT|NODE_|VITEST|INIT_CWD|npm_)/i.test(name) ||
      /^npm_config_(registry|cache|(https?_|no)?proxy|cafile|ca)$/i.test(name),
  );
  return {
    ...Object.fromEntries(own),
    PATH: [
      join(home, 'bin'),
      ...(process.env.PATH ?? '').split(':').filter((path) => !path.includes('node_modules')),
    ].join(':'),
    PRE_COMMIT_HOME: join(home, 'pre-commit'),
    XDG_CACHE_HOME: join(home, 'cache'),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@example.com',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@example.com',
    npm_config_prefer_offline: 'true',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
  };
}

let home: string;
/** Where the hook is tried, with the sources that its hook is installed from beside it. */
const repository = () => join(home, 'repository');

function run(command: string, args: readonly string[], cwd = repository()) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env: environment(), encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: repository(), env: environment(), encoding: 'utf8' }).trim();
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(repository(), path)), { recursive: true });
  writeFileSync(join(repository(), path), text);
}

/** What a command that runs the hook says, and what was rendered for it. */
function hooked(command: string, args: readonly string[], cwd = repository()) {
  rmSync(join(home, 'started'), { force: true });
  const { status, output } = run(command, args, cwd);
  const log = existsSync(join(home, 'started')) ? readFileSync(join(home, 'started'), 'utf8').trim().split('\n') : [];
  const said = output
    .trim()
    .replace(/ \d+ rules: /, ' N rules: ')
    .split('\n');
  const prefix = `kustomize ${repository()}/`;
  const rendered = log.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
  return { status, output: said, rendered: rendered.sort(), started: log.length > 0 };
}

/** `git commit` of all that was changed. */
function commit(...args: string[]) {
  git('add', '--all');
  const head = git('rev-parse', 'HEAD');
  const { started: _, ...result } = hooked('git', ['commit', '--quiet', '-m', 'a change', ...args]);
  return { ...result, committed: git('rev-parse', 'HEAD') !== head };
}

const FAILED = [
  'k8s-lint.................................................................Failed',
  '- hook id: k8s-lint',
  '- exit code: 1',
  '',
];
const PASSED = ['k8s-lint.................................................................Passed'];

const FILES = {
  'README.md': '# Our deployments\n',
  'base/kustomization.yaml': 'resources: [web.yaml, settings.yaml]\n',
  'base/web.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: "registry.example.com/web:1.0.0" }] }
`,
  'base/settings.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { a: "1" }\n',
  'overlays/dev/kustomization.yaml': 'resources: [../../base]\nnamespace: dev\n',
  'overlays/prod/kustomization.yaml': 'resources: [../../base]\nnamespace: prod\npatches: [{ path: patch.yaml }]\n',
  'overlays/prod/patch.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec: { replicas: 3 }\n',
};
const BROKEN_PATCH = FILES['overlays/prod/patch.yaml'].replace('replicas: 3', 'replicas: many');
const BROKEN_FINDING = [
  'overlays/prod/patch.yaml',
  '  4:19  error  replicas is the string "many", not an integer (json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32)  schema-invalid',
  '      3 │ metadata: { name: web }',
  '    > 4 │ spec: { replicas: many }',
  '        │                   ^',
  '      overlays/prod/kustomization.yaml:3:19: the patch is listed here',
];
const MISSING_FINDING = [
  'base/kustomization.yaml',
  '  1:23  error  settings.yaml does not exist: kustomize refuses to build what lists it  kustomize-file-missing',
  '    > 1 │ resources: [web.yaml, settings.yaml]',
  '        │                       ^',
  '      in overlays/dev, overlays/prod',
];
const MISSING = ['', '2 targets, 2 resources, N rules: 1 error, 0 warnings'];

/** A repository with what passes, and the hook installed as a configuration has it. */
function start(config: string): void {
  rmSync(repository(), { recursive: true, force: true });
  for (const [path, text] of Object.entries(FILES)) write(path, text);
  write('.pre-commit-config.yaml', config);
  git('-c', 'init.defaultBranch=main', 'init', '--quiet');
  git('add', '--all');
  git('commit', '--quiet', '-m', 'what there is');
  const { status, output } = run('pre-commit', ['install', '--install-hooks']);
  expect(status, output).toBe(0);
}

/** The repository as it was at first, with nothing known of what was rendered. */
function startOver(): void {
  git('reset', '--quiet', '--hard', git('rev-list', '--max-parents=0', 'HEAD'));
  git('clean', '--quiet', '-d', '--force');
  rmSync(join(home, 'cache'), { recursive: true, force: true });
}

/**
 * A git repository with what this one holds now, committed or not, but for the dev dependencies that only tests need: they are
 * most of what an install takes. Returns its revision.
 */
function copySources(to: string): string {
  const names = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  for (const name of names.toString('utf8').split('\0')) {
    if (name !== '' && existsSync(join(root, name))) cpSync(join(root, name), join(to, name));
  }
  const manifest = JSON.parse(readFileSync(join(to, 'package.json'), 'utf8'));
  const needed = Object.entries(manifest.devDependencies).filter(([name]) => /^(typescript|@types\/.*)$/.test(name));
  const trimmed = { ...manifest, devDependencies: Object.fromEntries(needed) };
  writeFileSync(join(to, 'package.json'), JSON.stringify(trimmed));
  const here = (...args: string[]) => execFileSync('git', args, { cwd: to, env: environment(), encoding: 'utf8' });
  here('-c', 'init.defaultBranch=main', 'init', '--quiet');
  here('add', '--all');
  here('commit', '--quiet', '-m', 'the sources');
  return here('rev-parse', 'HEAD').trim();
}

it('is tested with the real pre-commit', (context) => {
  if (found === '' && !process.env.CI) context.skip('there is no pre-commit on PATH: the hook was not tried');
  expect(found).toMatch(/^pre-commit [3-9]\./);
});

describe.runIf(found !== '')('the hook', () => {
  beforeAll(async () => {
    home = realpathSync(mkdtempSync(join(tmpdir(), 'k8s-lint-pre-commit-')));
    const { kubectl, helm } = await pinned('v35');
    mkdirSync(join(home, 'bin'));
    for (const [name, tool] of Object.entries({ kubectl, helm })) {
      writeFileSync(join(home, 'bin', name), `#!/bin/sh\necho "$*" >> "${home}/started"\nexec "${tool}" "$@"\n`);
      chmodSync(join(home, 'bin', name), 0o755);
    }
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  describe('of a git checkout, which builds itself', () => {
    beforeAll(() => {
      const sources = join(home, 'sources');
      start(`repos:\n  - repo: ${sources}\n    rev: ${copySources(sources)}\n    hooks: [{ id: k8s-lint }]\n`);
    }, 600_000);
    beforeEach(startOver);

    it('refuses a commit that breaks an overlay, with the finding, and renders nothing else', () => {
      write('overlays/prod/patch.yaml', BROKEN_PATCH);
      expect(commit()).toEqual({
        status: 1,
        committed: false,
        output: [
          ...FAILED,
          ...BROKEN_FINDING,
          '',
          '1 target, 2 resources, N rules: 1 error, 0 warnings',
          'not checked:',
          '  Deployment/web by the other rules: its fields have wrong types, or lack what is required: see schema-invalid (overlays/prod)',
        ],
        rendered: ['overlays/prod'],
      });
    });

    it('starts no tool for a commit that only documents, and says that it selects nothing', () => {
      write('README.md', '# How we deploy\n');
      write('docs/new.md', '# New\n');
      git('add', '--all');
      const { output, started } = hooked('pre-commit', ['run', '--verbose']);
      expect({ output, started }).toEqual({
        output: [
          ...PASSED,
          '- hook id: k8s-lint',
          expect.stringMatching(/^- duration: /),
          '',
          'nothing selected: no environment reads README.md, docs/new.md',
        ],
        started: false,
      });
      expect(commit()).toEqual({ status: 0, committed: true, output: PASSED, rendered: [] });
    });

    it('takes a commit that is fine, and renders what it affects', () => {
      write('base/settings.yaml', FILES['base/settings.yaml'].replace('"1"', '"2"'));
      const rendered = ['overlays/dev', 'overlays/prod'];
      expect(commit()).toEqual({ status: 0, committed: true, output: PASSED, rendered });
    });

    it('notices a file of a base that is deleted, and nothing else', () => {
      rmSync(join(repository(), 'base/settings.yaml'));
      const result = commit();
      expect(result).toMatchObject({ status: 1, committed: false });
      expect(result.output.slice(0, -2)).toEqual([...FAILED, ...MISSING_FINDING, ...MISSING]);
    });

    it('notices a base that was moved', () => {
      renameSync(join(repository(), 'base'), join(repository(), 'common'));
      const result = commit();
      expect(result).toMatchObject({ status: 1, committed: false });
      const errors = result.output.filter((line) => line.includes(' error '));
      expect(errors).toEqual([
        '  1:13  error  ../../base does not exist: kustomize refuses to build what lists it  kustomize-file-missing',
        '  1:13  error  ../../base does not exist: kustomize refuses to build what lists it  kustomize-file-missing',
      ]);
    });

    it('goes by what is committed: a deletion that stays behind is none', () => {
      git('rm', '--quiet', 'base/settings.yaml');
      write('README.md', '# How we deploy\n');
      const { status, output } = hooked('git', ['commit', '--quiet', '-m', 'a change', 'README.md']);
      expect(status).toBe(0);
      expect(output).toContain(PASSED[0]);
      expect(git('diff', '--cached', '--name-status')).toBe('D\tbase/settings.yaml');
    });

    it('looks at the index of the work tree that it runs in', () => {
      const other = join(home, 'other');
      git('worktree', 'add', '--quiet', '-B', 'other', other);
      rmSync(join(other, 'base/settings.yaml'));
      const { status, output } = hooked('git', ['commit', '--quiet', '-a', '-m', 'a change'], other);
      git('worktree', 'remove', '--force', other);
      expect(status).toBe(1);
      expect(output.slice(0, FAILED.length + MISSING_FINDING.length)).toEqual([...FAILED, ...MISSING_FINDING]);
    });

    it('notices what was deleted between two revisions, as on a push', () => {
      rmSync(join(repository(), 'base/settings.yaml'));
      commit('--no-verify');
      const { status, output } = hooked('pre-commit', ['run', '--from-ref', 'HEAD~1', '--to-ref', 'HEAD']);
      expect(status).toBe(1);
      expect(output.slice(0, FAILED.length + MISSING_FINDING.length)).toEqual([...FAILED, ...MISSING_FINDING]);
    });
  });

  describe('of the npm package', () => {
    beforeAll(() => {
      // As npm prepares a checkout that is installed for everybody, without any dev dependency: pre-commit has it so from 4.7 on.
      const env = { ...environment(), npm_config_global: 'true', npm_config_prefix: join(home, 'global') };
      execFileSync(process.execPath, ['scripts/prepare.mjs'], { cwd: join(home, 'sources'), env, stdio: 'pipe' });
      expect(existsSync(join(home, 'global'))).toBe(false);
      const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', home];
      const { output } = run('npm', pack, join(home, 'sources'));
      start(`repos:
  - repo: local
    hooks:
      - id: k8s-lint
        name: k8s-lint
        entry: k8s-lint --changed
        language: node
        additional_dependencies: ['${join(home, output.trim().split('\n').at(-1) ?? '')}']
        args: [--severity, error]
        types: []
        always_run: true
        require_serial: true
`);
    }, 300_000);
    beforeEach(startOver);

    it('refuses a commit that breaks an overlay', () => {
      write('overlays/prod/patch.yaml', BROKEN_PATCH);
      const result = commit();
      expect(result).toMatchObject({ status: 1, committed: false, rendered: ['overlays/prod'] });
      expect(result.output.slice(0, FAILED.length + BROKEN_FINDING.length)).toEqual([...FAILED, ...BROKEN_FINDING]);
    });
  });
});
