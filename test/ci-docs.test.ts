import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { formats } from '../src/report/index.ts';
import { readYaml } from '../src/yaml.ts';
import { pod } from './bad-projects.ts';
import { commandLine } from './command-line.ts';
import { evaluate, faultsOf } from './github-actions.ts';
import { tree } from './tree.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(join(root, 'docs/ci.md'), 'utf8');
const action = readYaml(readFileSync(join(root, 'action.yml'), 'utf8'))[0]?.value as {
  inputs: Record<string, { default: string }>;
  outputs: Record<string, unknown>;
};

interface Block {
  /** The file that its first line names, else its language. */
  kind: string;
  text: string;
  line: number;
}
const blocks: Block[] = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(
  ({ 1: language = '', 2: text = '', index }) => ({
    kind: /^(?:#|\/\/) (\S+)\n/.exec(text)?.[1]?.replace(/^\.github\/workflows\/.*/, 'workflow') ?? language,
    text,
    line: page.slice(0, index).split('\n').length,
  }),
);
const of = (kind: string) => blocks.filter((block) => block.kind === kind);

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
  env?: Record<string, string>;
}
interface Job {
  needs?: string;
  if?: string;
  strategy?: { matrix: { shard: number[] } };
  steps: Step[];
}

/** A command of an example with what its CI sets, once for each job of a matrix. */
interface Command {
  text: string;
  env: Record<string, string>;
}

/** What an example runs of k8s-lint, in its order. */
function commandsOf({ kind, text }: Block): Command[] {
  const plain = (lines: readonly string[], env: Record<string, string> = {}) =>
    lines.map((line) => ({ text: line, env }));
  const all = (): Command[] => {
    const value = readYaml(text)[0]?.value;
    switch (kind) {
      case 'workflow':
        return Object.values((value as { jobs: Record<string, Job> }).jobs).flatMap(({ strategy, steps }) =>
          (strategy?.matrix.shard ?? [0]).flatMap((shard) =>
            steps.map(({ run = '', env = {} }) => ({
              text: run,
              env: Object.fromEntries(
                Object.entries(env).map(([name, from]) => [
                  name,
                  evaluate(from, { matrix: { shard: String(shard) }, github: { token: 't', event: { number: '1' } } }),
                ]),
              ),
            })),
          ),
        );
      case '.gitlab-ci.yml':
        return Object.values(value as Record<string, { script: string[]; parallel?: number }>).flatMap(
          ({ script, parallel = 1 }) =>
            Array.from({ length: parallel }, (_, i) =>
              plain(script, { CI_NODE_INDEX: String(i + 1), CI_NODE_TOTAL: String(parallel) }),
            ).flat(),
        );
      case 'azure-pipelines.yml':
        return plain((value as { steps: { script?: string }[] }).steps.map(({ script = '' }) => script));
      case 'Jenkinsfile':
        return plain([...text.matchAll(/\bsh '(.*)'$/gm)].map(([, command = '']) => command));
      default:
        return plain(text.split('\n'));
    }
  };
  return all().filter((command) => command.text.includes('k8s-lint'));
}

/** Files that an example hands on: they must be there when its commands have run. */
function filesOf({ kind, text }: Block): string[] {
  const named = kind === 'Jenkinsfile' ? /\bjunit '(.*)'/g : /(?:codequality|junit|testResultsFiles): ([\w.-]+)/g;
  return [...text.matchAll(named)].map(([, file = '']) => file);
}

describe('docs/ci.md', () => {
  /** The command line of an example, as bash makes it of the text; only `npx` is ours. It runs in this process. */
  async function runIn(cwd: string, command: Command, env: Record<string, string>) {
    const { status } = spawnSync('bash', ['-c', command.text], { cwd, env: { ...env, ...command.env } });
    expect([command.text, status]).toEqual([command.text, 0]);
    const file = env.ARGUMENTS ?? '';
    const given = readFileSync(file, 'utf8').split('\0').slice(0, -1);
    rmSync(file);
    return commandLine(cwd, ...given);
  }

  /** What a pull request is checked out as: its merge into main, on whose side there is one error. It brings another one. */
  function checkout(): { cwd: string; env: Record<string, string> } {
    const cwd = tree({
      'old/web.yaml': pod('old'),
      'bin/npx': '#!/bin/sh\nshift\nprintf "%s\\\\0" "$@" > "$ARGUMENTS"\n',
      'home/': '',
    });
    chmodSync(join(cwd, 'bin/npx'), 0o755);
    writeFileSync(join(cwd, '.gitignore'), '/bin\n/home\n');
    const env = {
      PATH: `${join(cwd, 'bin')}:${process.env.PATH}`,
      HOME: join(cwd, 'home'),
      ARGUMENTS: join(cwd, 'home/arguments'),
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
    };
    const git = (...args: string[]) => {
      const config = ['-c', 'user.name=a', '-c', 'user.email=a@example.com', '-c', 'init.defaultBranch=main'];
      const { status, stdout } = spawnSync('git', [...config, ...args], { cwd, encoding: 'utf8', env });
      expect([args, status]).toEqual([args, 0]);
      return stdout.trim();
    };
    git('init', '-q');
    git('add', '.');
    git('commit', '-q', '-m', 'Begin');
    git('checkout', '-q', '-b', 'feature');
    mkdirSync(join(cwd, 'new'));
    writeFileSync(join(cwd, 'new/web.yaml'), pod('new'));
    git('add', '.');
    git('commit', '-q', '-m', 'Change');
    git('checkout', '-q', '--detach', 'main');
    git('merge', '-q', '--no-ff', '-m', 'Merge', 'feature');
    git('update-ref', 'refs/remotes/origin/main', 'main');
    return {
      cwd,
      env: {
        ...env,
        CI_MERGE_REQUEST_DIFF_BASE_SHA: git('rev-parse', 'main'),
        GITHUB_STEP_SUMMARY: join(cwd, 'home/summary.md'),
      },
    };
  }

  it('has an example for everything that it promises', () => {
    expect(blocks.map(({ kind }) => kind)).toEqual([
      'workflow',
      'workflow',
      'workflow',
      '.gitlab-ci.yml',
      '.gitlab-ci.yml',
      'Jenkinsfile',
      'azure-pipelines.yml',
      'sh',
      'sh',
      'workflow',
      '.gitlab-ci.yml',
    ]);
  });

  it('has workflows that GitHub takes, with inputs that the action has', () => {
    let uses = 0;
    for (const { text, line } of of('workflow')) {
      expect([line, faultsOf('workflow', text)]).toEqual([line, []]);
      const workflow = readYaml(text)[0]?.value as { jobs: Record<string, Job> };
      for (const step of Object.values(workflow.jobs).flatMap(({ steps }) => steps)) {
        if (step.uses !== 'OWNER/k8s-lint@v0') continue;
        uses++;
        for (const name of Object.keys(step.with ?? {})) expect(Object.keys(action.inputs)).toContain(name);
      }
    }
    expect(uses).toBe(2);
  });

  it('has no job that is skipped, which GitHub takes for passed, where one that it needs fails', () => {
    const workflows = of('workflow').map(({ text }) => readYaml(text)[0]?.value as { jobs: Record<string, Job> });
    const jobs = workflows.flatMap((workflow) => Object.values(workflow.jobs));
    expect(jobs.flatMap((job) => (job.needs ? [[job.needs, job.if]] : []))).toEqual([
      ['shard', expect.stringMatching(/^\$\{\{ !cancelled\(\) \}\}$/)],
    ]);
  });

  it('lists the formats, and the inputs and outputs of the action', () => {
    const rows = [...page.matchAll(/^\| `([\w-]+)` \| (?:`(.*?)`)?.* \|$/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]);
    const inputs = Object.entries(action.inputs).map(([name, input]) => [name, input.default]);
    expect(rows.slice(-inputs.length)).toEqual(inputs);
    expect(new Set(rows.slice(0, formats.length).map(([name]) => name))).toEqual(new Set(formats));
    const outputs = /^Outputs: (.*)\.$/m.exec(page)?.[1]?.replaceAll('`', '').split(', ');
    expect(outputs).toEqual(Object.keys(action.outputs));
  });

  it.each(
    blocks.filter((block) => commandsOf(block).length > 0).map((block) => [block.line, block.kind, block] as const),
  )('line %i, %s: its commands run, and write what it hands on', async (_line, _kind, block) => {
    const { cwd, env } = checkout();
    for (const command of commandsOf(block)) {
      const { status, stdout, stderr } = await runIn(cwd, command, env);
      const gate = !/--fail-on never|baseline/.test(command.text);
      expect([command.text, status, stderr]).toEqual([command.text, gate ? 1 : 0, expect.any(String)]);
      if (command.text.includes('--since')) {
        expect([stdout.includes('new/web.yaml'), stdout.includes('old/web.yaml')]).toEqual([true, false]);
      }
      for (const [, file = ''] of command.text.matchAll(/--output ([\w.-]+)/g)) {
        expect([file, existsSync(join(cwd, file))]).toEqual([file, true]);
      }
    }
    for (const file of filesOf(block)) expect([file, existsSync(join(cwd, file))]).toEqual([file, true]);
  });
});
