import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { EXIT } from '../cli.ts';
import { findKubectl } from '../render/tools.ts';
import { printable } from '../report/harmless.ts';
import { replaceOutput } from '../report/output.ts';
import { counted } from '../report/shown.ts';
import { repositoryRoot } from '../repository.ts';
import { ClusterError } from '../snapshot/kubectl.ts';
import { takeSnapshot, type Unread } from '../snapshot/snapshot.ts';
import { snapshotText } from '../snapshot/text.ts';
import { UsageError } from '../usage-error.ts';
import { describeFailure } from '../walk.ts';

/** The flags of `snapshot`, as commander gives them. */
export interface SnapshotFlags {
  context?: string;
  output?: string;
  kubectl?: string;
  timeout?: string;
}

const SECONDS = 120;

/**
 * Writes down what is in a cluster, for `existing`. Returns the exit code: what the user may not read is told and is no failure; a kind
 * that can't be read for any other reason is one, once the rest is written. Throws UsageError and MissingToolError.
 */
export async function runSnapshot(flags: SnapshotFlags): Promise<number> {
  const { output, timeout } = flags;
  if (timeout !== undefined && !/^[1-9]\d{0,5}$/.test(timeout)) {
    throw new UsageError(`--timeout ${timeout}: a whole number from 1 on is needed`);
  }
  const file = output === undefined || output === '-' ? undefined : resolve(output);
  if (file !== undefined && !isDirectory(dirname(file))) {
    throw new UsageError(`--output ${output}: its directory does not exist`);
  }
  const controller = new AbortController();
  const interrupt = () => controller.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    const command = await findKubectl(flags.kubectl);
    const { snapshot, unread } = await takeSnapshot({
      command,
      cwd: process.cwd(),
      context: flags.context,
      deadline: Date.now() + Number(timeout ?? SECONDS) * 1000,
      signal: controller.signal,
    });
    const text = snapshotText(snapshot);
    if (file === undefined) process.stdout.write(text);
    else if (!replaced(file, text, output)) return EXIT.failed;
    tell(unread);
    if (file !== undefined) say(`${counted(snapshot.objects.length, 'object')} written to ${output}`);
    return unread.some(({ forbidden }) => !forbidden) ? EXIT.failed : EXIT.clean;
  } catch (error) {
    if (controller.signal.aborted) return EXIT.interrupted;
    if (!(error instanceof ClusterError)) throw error;
    say(`the cluster can't be asked: ${error.message}`);
    return EXIT.failed;
  } finally {
    process.removeListener('SIGINT', interrupt);
    process.removeListener('SIGTERM', interrupt);
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Writes the file, or says why that can't be done. */
function replaced(file: string, text: string, output: string | undefined): boolean {
  try {
    replaceOutput(file, text, repositoryRoot(process.cwd()));
    return true;
  } catch (error) {
    say(`--output ${output}: ${describeFailure(error)}`);
    return false;
  }
}

function tell(unread: readonly Unread[]): void {
  for (const { kind, message } of unread) say(`${kind} was not read, nothing will be known of it: ${message}`);
}

function say(message: string): void {
  process.stderr.write(`${printable(`k8s-lint: ${message}`)}\n`);
}
