import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type RunOptions, run } from '../src/render/run.ts';
import { tree } from './tree.ts';

/** A fake tool: a shell script. It may use `$DIR`, the directory that it stands in. */
function fakeTool(script: string): { command: string; directory: string } {
  const directory = tree({ 'fake-tool': `#!/bin/sh\nDIR=$(dirname "$0")\n${script}\n` });
  const command = join(directory, 'fake-tool');
  chmodSync(command, 0o755);
  return { command, directory };
}

function runFake(script: string, options: Partial<RunOptions> = {}, args: string[] = []) {
  const { command, directory } = fakeTool(script);
  return run(command, args, { cwd: directory, timeout: 10_000, ...options });
}

async function gone(pid: number): Promise<boolean> {
  for (let i = 0; i < 50; i++) {
    try {
      process.kill(pid, 0);
      // A zombie that nobody has waited for yet answers too.
      if (/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) return true;
    } catch {
      return true;
    }
    await sleep(50);
  }
  return false;
}

describe('run', () => {
  it('gives the output of a tool that succeeds, and takes arguments as they are', async () => {
    expect(await runFake('printf "%s|" "$@"; echo warning >&2', {}, ['a b', '$(id)', ';', ''])).toEqual({
      kind: 'ok',
      stdout: 'a b|$(id)|;||',
      stderr: 'warning\n',
    });
  });

  it('gives what a tool that fails said', async () => {
    expect(await runFake('echo partly; echo "Error: no" >&2; exit 3')).toEqual({
      kind: 'failed',
      code: 3,
      stdout: 'partly\n',
      stderr: 'Error: no\n',
    });
  });

  it('tells a tool that dies by a signal', async () => {
    expect(await runFake('echo oops >&2; kill -SEGV $$')).toEqual({
      kind: 'killed',
      signal: 'SIGSEGV',
      stderr: 'oops\n',
    });
  });

  it('tells what does not exist and what may not be executed', async () => {
    const cwd = tree({ 'no-tool': '' });
    const options = { cwd, timeout: 1000 };
    expect(await run(join(cwd, 'absent'), [], options)).toEqual({ kind: 'not-started', reason: 'it does not exist' });
    expect(await run(join(cwd, 'no-tool'), [], options)).toEqual({
      kind: 'not-started',
      reason: 'it may not be executed',
    });
  });

  it('stops a tool that takes too long, with all that it started', async () => {
    const { command, directory } = fakeTool('sleep 60 & echo $! > $DIR/child; echo $$ > $DIR/own; wait');
    const started = Date.now();
    expect(await run(command, [], { cwd: directory, timeout: 300 })).toEqual({ kind: 'timeout', stderr: '' });
    expect(Date.now() - started).toBeLessThan(5000);
    for (const file of ['own', 'child']) {
      expect(await gone(Number(readFileSync(join(directory, file), 'utf8')))).toBe(true);
    }
  });

  it('kills a tool that ignores SIGTERM', async () => {
    const { command, directory } = fakeTool('trap "" TERM; echo $$ > $DIR/own; while :; do sleep 1; done');
    expect(await run(command, [], { cwd: directory, timeout: 300 })).toEqual({ kind: 'timeout', stderr: '' });
    expect(await gone(Number(readFileSync(join(directory, 'own'), 'utf8')))).toBe(true);
  });

  it('stops a tool that closes its output and lives on', async () => {
    expect(await runFake('exec >&- 2>&-; sleep 60', { timeout: 300 })).toEqual({ kind: 'timeout', stderr: '' });
  });

  it('does not wait for children that hold the output of a tool that has ended', async () => {
    const started = Date.now();
    expect(await runFake('sleep 60 & echo done')).toEqual({ kind: 'ok', stdout: 'done\n', stderr: '' });
    expect(Date.now() - started).toBeLessThan(5000);
  });

  it('stops a tool that prints without end', async () => {
    expect(await runFake('yes', { maxOutput: 100_000 })).toEqual({ kind: 'output-limit', stderr: '' });
  });

  it('takes exactly the limit', async () => {
    const result = await runFake('head -c 1000 /dev/zero', { maxOutput: 1000 });
    expect(result).toEqual({ kind: 'ok', stdout: '\0'.repeat(1000), stderr: '' });
  });

  it('keeps head and tail of what a tool complains', async () => {
    const result = await runFake('echo first >&2; yes | head -c 3000000 >&2; echo last >&2; exit 1');
    if (result.kind !== 'failed') throw new Error(result.kind);
    expect(result.stderr.length).toBeLessThan(1024 * 1024 + 100_000);
    expect(result.stderr.startsWith('first\n')).toBe(true);
    expect(result.stderr).toContain('\n…\n');
    expect(result.stderr.endsWith('last\n')).toBe(true);
  });

  it('takes garbage for what it is', async () => {
    const result = await runFake(`printf '\\377\\376\\001'`);
    expect(result).toEqual({ kind: 'ok', stdout: '\ufffd\ufffd\u0001', stderr: '' });
  });

  it('gives input, also to a tool that does not read it', async () => {
    expect(await runFake('cat', { input: 'text' })).toEqual({ kind: 'ok', stdout: 'text', stderr: '' });
    expect(await runFake('exit 0', { input: 'x'.repeat(10_000_000) })).toEqual({ kind: 'ok', stdout: '', stderr: '' });
    expect(await runFake('cat')).toEqual({ kind: 'ok', stdout: '', stderr: '' });
  });

  it('keeps secrets out of the environment, and tools off network, clusters and plug-ins', async () => {
    const env = {
      PATH: process.env.PATH,
      HOME: '/home/somebody',
      AWS_SECRET_ACCESS_KEY: 'hunter2',
      KUBECONFIG: '/home/somebody/.kube/config',
      HELM_PLUGINS: '/home/somebody/plugins',
      HELM_KUBETOKEN: 'hunter2',
      HTTPS_PROXY: 'http://proxy:3128',
      NO_PROXY: '*',
      GIT_SSH_COMMAND: 'ssh -i key',
      LD_PRELOAD: '/evil.so',
    };
    const result = await runFake('env', { env });
    if (result.kind !== 'ok') throw new Error(result.kind);
    const seen = new Map(result.stdout.split('\n').map((line) => line.split('=', 2) as [string, string]));
    expect(result.stdout).not.toMatch(/hunter2|somebody\/|proxy:3128|evil|NO_PROXY/);
    expect(seen.get('HOME')).toBe('/home/somebody');
    expect(seen.get('KUBECONFIG')).toBe('/dev/null');
    expect(seen.get('GIT_ALLOW_PROTOCOL')).toBe('none');
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy']) {
      expect(seen.get(name)).toBe('http://127.0.0.1:9');
    }
    const scratch = seen.get('TMPDIR') ?? '';
    expect(scratch).toMatch(/k8s-lint-/);
    for (const name of ['HELM_PLUGINS', 'HELM_CONFIG_HOME', 'HELM_CACHE_HOME', 'HELM_DATA_HOME']) {
      expect(seen.get(name)?.startsWith(scratch)).toBe(true);
    }
    expect(existsSync(scratch)).toBe(false);
  });

  it('lets tools that are written in Go use memory rather than time', async () => {
    expect(await runFake('echo $GOGC $GOMEMLIMIT')).toEqual({ kind: 'ok', stdout: '400 1GiB\n', stderr: '' });
  });

  it('leaves nothing behind when it is aborted', async () => {
    const { command, directory } = fakeTool(
      'echo $$ > $DIR/own; echo $TMPDIR > $DIR/scratch; mkdir $TMPDIR/x; sleep 60',
    );
    const controller = new AbortController();
    const running = run(command, [], { cwd: directory, timeout: 30_000, signal: controller.signal });
    while (!existsSync(join(directory, 'scratch'))) await sleep(20);
    await sleep(100);
    const reason = new Error('interrupted');
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(await gone(Number(readFileSync(join(directory, 'own'), 'utf8')))).toBe(true);
    expect(existsSync(readFileSync(join(directory, 'scratch'), 'utf8').trim())).toBe(false);
    await expect(run(command, [], { cwd: directory, timeout: 1, signal: controller.signal })).rejects.toBe(reason);
  });

  it('takes its tools along when the process exits', async () => {
    const { command, directory } = fakeTool('echo $$ > $DIR/own; echo $TMPDIR > $DIR/scratch; sleep 60');
    const script = `
      const { run } = await import(process.argv[2]);
      void run(process.argv[3], [], { cwd: process.argv[4], timeout: 30000 });
      setTimeout(() => process.exit(0), 700);
    `;
    const file = join(directory, 'exits.mjs');
    writeFileSync(file, script);
    const built = await compiled(directory);
    const child = spawn(process.execPath, [file, pathToFileURL(built).href, command, directory], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    const code = await new Promise((resolve) => child.on('exit', resolve));
    expect(code).toBe(0);
    expect(await gone(Number(readFileSync(join(directory, 'own'), 'utf8')))).toBe(true);
    expect(existsSync(readFileSync(join(directory, 'scratch'), 'utf8').trim())).toBe(false);
  });
});

/** `run.ts` as JavaScript that plain node runs. */
async function compiled(directory: string): Promise<string> {
  const { default: typescript } = await import('typescript');
  const source = readFileSync(new URL('../src/render/run.ts', import.meta.url), 'utf8');
  const options = { module: typescript.ModuleKind.ESNext, target: typescript.ScriptTarget.ES2023 };
  const file = join(directory, 'run.mjs');
  writeFileSync(file, typescript.transpileModule(source, { compilerOptions: options }).outputText);
  return file;
}
