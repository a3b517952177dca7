import { devNull } from 'node:os';
import { run } from '../render/run.ts';
import { UsageError } from '../usage-error.ts';

export interface GitOptions {
  /** Absolute: a directory of the repository. */
  cwd: string;
  /** Milliseconds for one run. */
  timeout: number;
  signal?: AbortSignal | undefined;
}

export interface GitRun extends GitOptions {
  input?: string;
  /** Takes the output as it comes; `stdout` of the answer is then empty. */
  onOutput?(chunk: Buffer): void;
  /** Variables beside those of `gitEnvironment`. */
  env?: NodeJS.ProcessEnv;
}

export interface GitAnswer {
  code: number;
  stdout: Buffer;
  stderr: string;
}

/**
 * Settings of a repository that have git run programs or reach out, all switched off. What is asked of git here reads objects, refs
 * and the index: that needs neither filters nor hooks.
 */
const SETTINGS = [
  'core.fsmonitor=false',
  `core.hooksPath=${devNull}`,
  'protocol.allow=never',
  'submodule.recurse=false',
  'advice.graftFileDeprecated=false',
].flatMap((setting) => ['-c', setting]);

/** A user's own variables that say how git may be used, not which repository: that is the one of the working directory. */
const KEPT = /^GIT_(?:CONFIG_.*|EXEC_PATH|CEILING_DIRECTORIES|DISCOVERY_ACROSS_FILESYSTEM)$/;

/** The environment that git gets: no network, no prompts, no locks, nothing that a hook points at another index. */
function gitEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([key]) => !key.startsWith('GIT_') || KEPT.test(key));
  return {
    ...Object.fromEntries(own),
    LC_ALL: 'C',
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_NO_LAZY_FETCH: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    // What was pushed counts, not what somebody has it look like here.
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_GRAFT_FILE: devNull,
    GIT_LITERAL_PATHSPECS: '1',
  };
}

/** Asks git something. Throws UsageError where it can't be started or doesn't end; how it exits is in the answer. */
export async function askGit(args: readonly string[], options: GitRun): Promise<GitAnswer> {
  const { cwd, timeout, signal, input, onOutput } = options;
  const chunks: Buffer[] = [];
  const result = await run('git', [...SETTINGS, ...args], {
    cwd,
    timeout,
    signal,
    ...(input === undefined ? {} : { input }),
    onOutput: onOutput ?? ((chunk) => chunks.push(chunk)),
    asUser: true,
    env: { ...gitEnvironment(), ...options.env },
  });
  switch (result.kind) {
    case 'ok':
      return { code: 0, stdout: Buffer.concat(chunks), stderr: result.stderr };
    case 'failed':
      return { code: result.code, stdout: Buffer.concat(chunks), stderr: result.stderr };
    case 'not-started':
      throw new UsageError(`--since needs git, which can't be started: ${result.reason}`);
    case 'killed':
      throw new UsageError(`--since: git ${args[0]} died by ${result.signal}`);
    case 'timeout':
    case 'output-limit':
      throw new UsageError(`--since: git ${args[0]} did not finish within ${timeout / 1000} s: raise --timeout`);
  }
}

/** What git prints. Throws UsageError with what it says where it fails. */
export async function gitOutput(args: readonly string[], options: GitRun): Promise<Buffer> {
  const { code, stdout, stderr } = await askGit(args, options);
  if (code !== 0) throw new UsageError(`--since: git ${args[0]} failed: ${firstError(stderr)}`);
  return stdout;
}

/** The line of git's messages that says what is wrong, with what it advises. */
export function firstError(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('hint:'));
  const at = lines.findIndex((line) => /^(?:fatal|error): /.test(line));
  return (at === -1 ? lines : lines.slice(at)).join('\n').replace(/^(?:fatal|error): /, '') || 'it says nothing';
}

/** The parts of an output that `-z` has end in NUL. */
export function* zeroTerminated(output: Buffer): Generator<Buffer> {
  for (let start = 0; start < output.length; ) {
    const end = output.indexOf(0, start);
    yield output.subarray(start, end === -1 ? undefined : end);
    if (end === -1) return;
    start = end + 1;
  }
}
