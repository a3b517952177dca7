import { accessSync, constants, statSync } from 'node:fs';
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
  if (flags.context === '') throw new UsageError('--context: a name is needed, not an empty one');
  const file = output === undefined || output === '-' ? undefined : resolve(output);
  // Before the cluster is asked for minutes.
  const refusal = file === undefined ? undefined : whyNotWritten(file);
  if (refusal !== undefined) throw new UsageError(`--output ${output}: ${refusal}`);
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
    const isIncomplete = unread.some(({ forbidden }) => !forbidden);
    if (isIncomplete && snapshot.objects.length === 0) {
      tell(unread);
      say(`nothing could be read, so nothing is written: see what kubectl${inContext(flags)} get namespaces says`);
      return EXIT.failed;
    }
    if (file === undefined) process.stdout.write(text);
    else if (!replaced(file, text, output)) return EXIT.failed;
    tell(unread);
    if (file !== undefined) say(`${counted(snapshot.objects.length, 'object')} written to ${output}`);
    return isIncomplete ? EXIT.failed : EXIT.clean;
  } catch (error) {
    if (controller.signal.aborted) return EXIT.interrupted;
    if (!(error instanceof ClusterError)) throw error;
    say(`the cluster can't be asked: ${error.message}`);
    const advice = 'kubectl config get-contexts lists the clusters that --context can name';
    say(`kubectl${inContext(flags)} get namespaces must work first; ${advice}`);
    return EXIT.failed;
  } finally {
    process.removeListener('SIGINT', interrupt);
    process.removeListener('SIGTERM', interrupt);
  }
}

/** What goes between `kubectl` and what it is to do. */
function inContext({ context }: SnapshotFlags): string {
  return context === undefined ? '' : ` --context ${context}`;
}

/** Why a file can't be written there, as far as that can be told before; undefined where nothing speaks against it. */
function whyNotWritten(file: string): string | undefined {
  try {
    if (statSync(dirname(file), { throwIfNoEntry: false })?.isDirectory() !== true)
      return 'its directory does not exist';
    const old = statSync(file, { throwIfNoEntry: false });
    if (old?.isDirectory()) return 'it is a directory';
    // A device is written to as it is, a file is replaced.
    if (!old || old.isFile()) accessSync(dirname(file), constants.W_OK);
    return undefined;
  } catch (error) {
    return `nothing can be written there: ${describeFailure(error)}`;
  }
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
