import { vi } from 'vitest';
import { main } from '../src/cli.ts';

export interface Said {
  status: number;
  stdout: string;
  stderr: string;
}

/** What the command line says and returns in a directory. It runs in this process: most of a short command is its start. */
export async function commandLine(cwd: string, ...args: string[]): Promise<Said> {
  const said = { stdout: '', stderr: '' };
  const streams = ['stdout', 'stderr'] as const;
  const restore = streams.map((name) => {
    const stream = process[name];
    const listeners = new Set(stream.listeners('error'));
    const spy = vi.spyOn(stream, 'write').mockImplementation((text) => {
      said[name] += String(text);
      return true;
    });
    return () => {
      spy.mockRestore();
      for (const listener of stream.listeners('error')) {
        if (!listeners.has(listener)) stream.off('error', listener as () => void);
      }
    };
  });
  const before = process.cwd();
  process.chdir(cwd);
  try {
    return { status: await main(args), ...said };
  } finally {
    process.chdir(before);
    for (const undo of restore) undo();
  }
}
