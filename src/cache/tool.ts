import { realpathSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** What a tool's version and renders are kept by; undefined for what can't be told apart by its file. */
export interface ToolFile {
  /** The real path, the size in bytes, and the time of its last change in nanoseconds. */
  identity: readonly string[];
  /** Absolute, without links. */
  path: string;
}

/** The file of a tool, undefined where it can't be looked at. */
export function toolFile(command: string): ToolFile | undefined {
  try {
    const path = realpathSync(command);
    const { size, mtimeNs } = statSync(path, { bigint: true });
    return { path, identity: [path, String(size), String(mtimeNs)] };
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
 * Whether a file is the tool itself, and not something that starts one: the shims of version managers choose by the directory
 * that they are called in.
 */
export async function isToolItself(path: string): Promise<boolean> {
  try {
    const content = await readFile(path);
    if (!PROGRAM.test(content.toString('latin1', 0, 4)) || !content.includes(GO)) return false;
    return MODULES.some((module) => content.includes(module));
  } catch {
    return false;
  }
}
