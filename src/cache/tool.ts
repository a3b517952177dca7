import { createHash } from 'node:crypto';
import { realpathSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** A tool as it lies there, unread. */
export interface ToolFile {
  /** Absolute, without links. */
  path: string;
  /** Another one wherever the file is replaced or written to, even by what has its size and time: images are built with one time for all. */
  signature: readonly string[];
}

/** The file of a tool, undefined where it can't be looked at. */
export function toolFile(command: string): ToolFile | undefined {
  try {
    const path = realpathSync(command);
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return { path, signature: [path, ...[ino, size, mtimeNs, ctimeNs].map(String)] };
  } catch {
    return undefined;
  }
}

/** What Go writes into its programs, and the modules that make one of the tools. */
const GO = Buffer.from('\xff Go buildinf:', 'latin1');
const MODULES = ['helm.sh/helm/v', 'sigs.k8s.io/kustomize/'];
/** How programs start: ELF, Mach-O (also for several processors), PE. */
const PROGRAM = /^(?:\x7fELF|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba\xbe|MZ)/;

/**
 * The SHA-256 of a file that is the tool itself; undefined for what starts one (the shims of version managers choose by the
 * directory that they are called in), and for what is replaced meanwhile.
 */
export async function digestOfTool({ path, signature }: ToolFile): Promise<string | undefined> {
  try {
    const content = await readFile(path);
    if (!PROGRAM.test(content.toString('latin1', 0, 4)) || !content.includes(GO)) return undefined;
    if (!MODULES.some((module) => content.includes(module))) return undefined;
    const now = toolFile(path);
    return String(now?.signature) === String(signature)
      ? createHash('sha256').update(content).digest('hex')
      : undefined;
  } catch {
    return undefined;
  }
}
