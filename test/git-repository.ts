import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tree } from './tree.ts';

/** What keeps git from the settings of whoever runs the tests, and from the repository that a hook runs in. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
  return { ...Object.fromEntries(own), GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
}

const SETTINGS = [
  'user.name=Test',
  'user.email=test@example.com',
  'init.defaultBranch=main',
  'commit.gpgSign=false',
  'gc.auto=0',
  'protocol.file.allow=always',
].flatMap((setting) => ['-c', setting]);

/** Runs git in a directory, and returns what it prints. */
export function gitIn(cwd: string, args: readonly string[], input?: string | Buffer): string {
  return execFileSync('git', [...SETTINGS, ...args], {
    cwd,
    env: environment(),
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(input === undefined ? {} : { input }),
  }).trimEnd();
}

/** A repository in a directory of its own that is gone when the test is over, with these files committed. */
export class GitRepository {
  readonly directory: string;

  constructor(files: Record<string, string>, { init = [] }: { init?: readonly string[] } = {}) {
    this.directory = tree(files);
    this.git('init', '-q', ...init);
    if (Object.keys(files).length > 0) this.commit();
  }

  git(...args: string[]): string {
    return gitIn(this.directory, args);
  }

  /** Writes files; what is undefined is removed. */
  write(files: Record<string, string | undefined>): this {
    for (const [file, text] of Object.entries(files)) {
      const path = join(this.directory, file);
      if (text === undefined) rmSync(path, { recursive: true });
      else {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, text);
      }
    }
    return this;
  }

  /** Commits all that is there, and returns the commit's id. */
  commit(): string {
    this.git('add', '-A');
    this.git('commit', '-q', '--allow-empty', '-m', 'A change');
    return this.git('rev-parse', 'HEAD');
  }
}
