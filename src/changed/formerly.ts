import { basename, dirname } from 'node:path';
import { asMap } from '../cluster/workloads.ts';
import { isKustomizationName } from '../config/paths.ts';
import { contentsBefore } from '../git/commit.ts';
import { entriesOf } from '../render/kustomize/entries.ts';
import { realPath } from '../render/kustomize/files.ts';
import { readYaml } from '../yaml.ts';

/**
 * Absolute paths of what the kustomizations among changed files listed before the commit: a base that no overlay uses any more is
 * found by itself, and so is a manifest. Without git there is nothing.
 */
export async function formerlyListed(paths: readonly string[], cwd: string, signal?: AbortSignal): Promise<string[]> {
  const kustomizations = paths.filter((path) => isKustomizationName(basename(path)));
  if (kustomizations.length === 0) return [];
  const texts = await contentsBefore(kustomizations, { cwd, signal });
  return [...texts].flatMap(([path, text]) => {
    const value = asMap(readYaml(text)[0]?.value) ?? {};
    const entries = entriesOf(dirname(path), realPath(dirname(path)), value);
    return entries.filter(({ what }) => what === 'directory' || what === 'file').map(({ absolute }) => absolute);
  });
}
