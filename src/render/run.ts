import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface RunOptions {
  /** Absolute path. */
  cwd: string;
  /** Milliseconds until the tool and all that it started are killed. */
  timeout: number;
  /** What it reads from standard input, which is closed otherwise. */
  input?: string;
  /** Bytes of standard output above which it is killed; 256 MB unless told. */
  maxOutput?: number;
  /** Takes standard output as it comes, however long it is; `stdout` of the result is then empty. It must not throw. */
  onOutput?(chunk: Buffer): void;
  /** Aborting kills the tool; `run` then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** The environment to reduce; that of this process unless told. */
  env?: NodeJS.ProcessEnv | undefined;
  /** It gets the environment as it is: it is meant to reach the user's cluster, as whoever the user is there. */
  asUser?: boolean;
}

/** How a run of a tool ended. `stderr` is its head and tail where it is longer than 1 MB. */
export type RunResult =
  | { kind: 'ok'; stdout: string; stderr: string }
  | { kind: 'failed'; code: number; stdout: string; stderr: string }
  /** It died by a signal that did not come from here: out of memory, a crash. */
  | { kind: 'killed'; signal: string; stderr: string }
  | { kind: 'timeout'; stderr: string }
  | { kind: 'output-limit'; stderr: string }
  | { kind: 'not-started'; reason: string };

/** Whether what a tool says is no text: it has bytes that aren't UTF-8, and no message that starts like one. */
export function isGarbage(stderr: string): boolean {
  return stderr.includes('\ufffd') && !/^error: /im.test(stderr);
}

const MAX_STDOUT = 256 * 1024 * 1024;
const MAX_STDERR = 1024 * 1024;
/** How long a tool may take to end after SIGTERM, and its children to let go of its output after it has ended. */
const GRACE = 1000;

/**
 * Variables that a tool needs to start at all: those of version managers' shims (asdf, mise, nix) among them. Everything else
 * stays out, since an `envs` file of a kustomize generator copies any variable that it names into a manifest.
 */
const KEPT =
  /^(PATH|HOME|USER|LOGNAME|TZ|LD_LIBRARY_PATH|SYSTEMROOT|WINDIR|PATHEXT|COMSPEC|APPDATA|LOCALAPPDATA|USERPROFILE|(ASDF|MISE|NIX|XDG)_.*)$/i;

/** Nothing listens there: what would go through a proxy fails at once. */
export const NOWHERE = 'http://127.0.0.1:9';

/** What runs and what lies about now, so that nothing outlives this process. */
const running = new Set<ChildProcess>();
const scratches = new Set<string>();

process.on('exit', () => {
  for (const child of running) killGroup(child, 'SIGKILL');
  for (const scratch of scratches) rmSync(scratch, { recursive: true, force: true });
});

/**
 * Runs a tool without a shell, in a process group of its own, with a reduced environment that keeps it off the network and
 * away from the user's clusters, plugins and repositories, unless it runs `asUser`. Rejects only when aborted; everything else is in the result.
 */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const scratch = makeScratch();
  try {
    return await runIn(scratch, command, args, options);
  } finally {
    // What a killed tool's children still write there is not worth failing for.
    if (scratch) await rm(scratch, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
    if (scratch) scratches.delete(scratch);
  }
}

/** A directory for what a tool writes. A read-only file system is no reason to fail: only charts inside kustomizations need it. */
function makeScratch(): string | undefined {
  try {
    const scratch = mkdtempSync(join(tmpdir(), 'k8s-lint-'));
    scratches.add(scratch);
    return scratch;
  } catch {
    return undefined;
  }
}

function runIn(
  scratch: string | undefined,
  command: string,
  args: readonly string[],
  { cwd, timeout, input, maxOutput = MAX_STDOUT, onOutput, signal, env = process.env, asUser = false }: RunOptions,
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    let child: ChildProcess;
    try {
      child = spawn(command, args, {
        cwd,
        env: asUser ? env : toolEnvironment(env, scratch),
        stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
        detached: process.platform !== 'win32',
        windowsHide: true,
      });
    } catch (error) {
      resolve({ kind: 'not-started', reason: reasonOf(error) });
      return;
    }
    running.add(child);

    const stdout: Buffer[] = [];
    const stderr = new HeadAndTail(MAX_STDERR);
    let size = 0;
    /** Why it was told to end, where that came from here. */
    let ended: 'timeout' | 'output-limit' | 'aborted' | undefined;
    const timers: NodeJS.Timeout[] = [];

    const end = (why: NonNullable<typeof ended>) => {
      if (ended) return;
      ended = why;
      stdout.length = 0;
      killGroup(child, 'SIGTERM');
      timers.push(setTimeout(() => letGo(), GRACE));
    };
    const letGo = () => {
      killGroup(child, 'SIGKILL');
      child.stdout?.destroy();
      child.stderr?.destroy();
    };
    const onAbort = () => end('aborted');
    signal?.addEventListener('abort', onAbort, { once: true });
    timers.push(setTimeout(() => end('timeout'), timeout));

    child.stdout?.on('data', (chunk: Buffer) => {
      if (ended) return;
      if (onOutput) return onOutput(chunk);
      size += chunk.length;
      if (size > maxOutput) end('output-limit');
      else stdout.push(chunk);
    });
    child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
    // A tool that doesn't read its input closes the pipe; what it makes of that is in its exit code.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);

    const settle = (result: () => RunResult) => {
      for (const timer of timers) clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      running.delete(child);
      if (ended === 'aborted') reject(signal?.reason);
      else resolve(result());
    };
    child.on('error', (error) => {
      // An error without a process is the only one that no `close` follows.
      if (child.pid === undefined) settle(() => ({ kind: 'not-started', reason: reasonOf(error) }));
    });
    // Something that it started may hold its output open for ever.
    child.on('exit', () => timers.push(setTimeout(letGo, GRACE)));
    child.on('close', (code, killedBy) => {
      settle(() => {
        const text = stderr.toString();
        if (ended === 'timeout' || ended === 'output-limit') return { kind: ended, stderr: text };
        if (killedBy) return { kind: 'killed', signal: killedBy, stderr: text };
        const output = Buffer.concat(stdout).toString('utf8');
        return code === 0
          ? { kind: 'ok', stdout: output, stderr: text }
          : { kind: 'failed', code: code ?? -1, stdout: output, stderr: text };
      });
    });
  });
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // The whole group has ended already.
  }
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'it does not exist';
  if (code === 'EACCES') return 'it may not be executed';
  return (error as Error).message;
}

/** The environment that a tool gets: what `KEPT` says, and settings that keep it local and its messages English. */
export function toolEnvironment(env: NodeJS.ProcessEnv, scratch: string | undefined): NodeJS.ProcessEnv {
  const home = scratch ?? join(tmpdir(), 'k8s-lint-absent');
  const kept = Object.fromEntries(Object.entries(env).filter(([key]) => KEPT.test(key)));
  return {
    ...kept,
    LC_ALL: 'C',
    // Go collects garbage whenever memory has doubled: a third of a render's time, in a process that ends at once.
    GOGC: '400',
    GOMEMLIMIT: '1GiB',
    ...(scratch && { TMPDIR: scratch, TMP: scratch, TEMP: scratch }),
    HTTP_PROXY: NOWHERE,
    HTTPS_PROXY: NOWHERE,
    ALL_PROXY: NOWHERE,
    http_proxy: NOWHERE,
    https_proxy: NOWHERE,
    all_proxy: NOWHERE,
    // kustomize fetches remote bases with git: no protocol, no prompt, no settings that bring a proxy or an alias.
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_SSH_COMMAND: 'false',
    // Neither clusters nor the default flags and aliases of a kuberc.
    KUBECONFIG: '/dev/null',
    KUBERC: 'off',
    HELM_CONFIG_HOME: join(home, 'config'),
    HELM_CACHE_HOME: join(home, 'cache'),
    HELM_DATA_HOME: join(home, 'data'),
    HELM_PLUGINS: join(home, 'plugins'),
    HELM_REGISTRY_CONFIG: join(home, 'registry.json'),
    HELM_REPOSITORY_CONFIG: join(home, 'repositories.yaml'),
    HELM_REPOSITORY_CACHE: join(home, 'repository'),
    HELM_CONTENT_CACHE: join(home, 'content'),
  };
}

/** Keeps the first and the last half of a limit of bytes. */
class HeadAndTail {
  readonly #half: number;
  readonly #head: Buffer[] = [];
  readonly #tail: Buffer[] = [];
  #headSize = 0;
  #tailSize = 0;
  #dropped = false;

  constructor(limit: number) {
    this.#half = limit / 2;
  }

  push(chunk: Buffer): void {
    const room = this.#half - this.#headSize;
    const head = chunk.subarray(0, room);
    this.#headSize += head.length;
    if (head.length > 0) this.#head.push(head);
    if (head.length === chunk.length) return;
    this.#tail.push(chunk.subarray(head.length));
    this.#tailSize += chunk.length - head.length;
    for (let first = this.#tail[0]; first && this.#tailSize - first.length >= this.#half; first = this.#tail[0]) {
      this.#tail.shift();
      this.#tailSize -= first.length;
      this.#dropped = true;
    }
  }

  toString(): string {
    const head = Buffer.concat(this.#head).toString('utf8');
    const tail = Buffer.concat(this.#tail).toString('utf8');
    return this.#dropped ? `${head}\n…\n${tail}` : head + tail;
  }
}
