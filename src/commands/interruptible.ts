import { setMaxListeners } from 'node:events';
import { EXIT } from '../cli.ts';
import type { LintOptions } from '../lint.ts';

/** Does what renders, until it is done or Ctrl-C: then the result is undefined. On a terminal, one line says how far it is. */
export async function interruptible<T>(
  work: (options: Pick<LintOptions, 'signal' | 'onProgress'>) => Promise<T>,
): Promise<T | undefined> {
  const controller = new AbortController();
  const { signal } = controller;
  // Every tool that runs listens, and Node warns of more than ten.
  setMaxListeners(0, signal);
  const interrupt = () => {
    // The second time nobody waits any longer; what lies about is removed on the way out.
    if (signal.aborted) process.exit(EXIT.interrupted);
    controller.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  // pre-commit gives a terminal of its own, and shows what was printed there when all is over.
  const isTerminal = process.stderr.isTTY && !process.env.PRE_COMMIT;
  const onProgress = (done: number, total: number) => process.stderr.write(`\r\x1b[Krendering ${done}/${total}`);
  try {
    const result = await work({ signal, ...(isTerminal ? { onProgress } : {}) });
    return signal.aborted ? undefined : result;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    if (isTerminal) process.stderr.write('\r\x1b[K');
    process.removeListener('SIGINT', interrupt);
    process.removeListener('SIGTERM', interrupt);
  }
}
