import { execFile } from 'node:child_process';

export interface GitOptions {
  /** Absolute path of a directory in the repository. */
  cwd: string;
  /** What it reads from standard input, which is closed otherwise. */
  input?: string | Uint8Array;
  /** Milliseconds; two minutes unless told. */
  timeout?: number;
  /** Aborting kills it; `git` then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** The environment to start from; that of this process unless told. */
  env?: NodeJS.ProcessEnv;
}

/** How a run of git ended. File names are bytes to git: what it prints is decoded by whoever knows what it is. */
export type GitResult =
  | { kind: 'ok'; stdout: Buffer }
  | { kind: 'failed'; code: number | undefined; stderr: string }
  /** There is no git on PATH. */
  | { kind: 'missing' };

const TIMEOUT = 120_000;
const MAX_OUTPUT = 1024 * 1024 * 1024;

/** Settings of a repository that start programs, or change what is printed. They come with a checkout that nobody has vetted. */
const SETTINGS = [
  'core.fsmonitor=false',
  'core.hooksPath=/dev/null',
  'core.quotePath=false',
  'diff.relative=false',
  'log.showSignature=false',
  'protocol.allow=never',
];

/**
 * Runs git without a shell, pager, hooks, filters of its settings, prompt or network. Where a hook runs, git says by variables
 * which repository, work tree and index it means: those are kept. Rejects only when aborted.
 */
export function git(args: readonly string[], options: GitOptions): Promise<GitResult> {
  const { cwd, input, timeout = TIMEOUT, signal, env = process.env } = options;
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = execFile(
      'git',
      ['--no-pager', ...SETTINGS.flatMap((setting) => ['-c', setting]), ...args],
      { cwd, env: quiet(env), timeout, maxBuffer: MAX_OUTPUT, encoding: 'buffer', windowsHide: true, signal },
      (error, stdout, stderr) => {
        if (signal?.aborted) reject(signal.reason);
        else if (!error) resolve({ kind: 'ok', stdout });
        else if (error.code === 'ENOENT') resolve({ kind: 'missing' });
        else {
          const said = stderr.toString('utf8').trim();
          const code = typeof error.code === 'number' ? error.code : undefined;
          resolve({ kind: 'failed', code, stderr: said === '' ? error.message : said });
        }
      },
    );
    // A git that doesn't read its input closes the pipe; what it makes of that is in its exit code.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/** Variables that start programs, trace into files, or override settings stay out. */
function quiet(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(
    ([name]) =>
      !/^(GIT_TRACE.*|GIT_EXTERNAL_DIFF|GIT_DIFF_OPTS|GIT_PAGER|GIT_LITERAL_PATHSPECS|LC_ALL|LANGUAGE)$/.test(name),
  );
  return {
    ...Object.fromEntries(kept),
    LC_ALL: 'C',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_NO_LAZY_FETCH: '1',
  };
}
