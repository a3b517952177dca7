import { relativePath } from '../below.ts';
import type { SourceFinding } from '../cluster/cluster.ts';
import { SourceError, type SourceFiles } from '../source.ts';
import { readYaml } from '../yaml.ts';
import { isEncoded, type ManifestsTarget, type RenderContext, type Rendered, type RenderedObject } from './target.ts';

/** What stands for standard input in locations and among a target's files. */
export const STDIN = '<stdin>';

/** A path as locations show it: relative to the working directory, with `/`. */
export function shownPath(file: string, cwd: string): string {
  if (file === STDIN) return file;
  return relativePath(cwd, file) || '.';
}

/** The objects of plain manifest files, where they stand. What can't be read is a finding at its line; the rest goes on. */
export function renderManifests(target: ManifestsTarget, context: RenderContext): Rendered {
  const rendered: Rendered & { emptyFiles: string[] } = { objects: [], findings: [], unchecked: [], emptyFiles: [] };
  for (const path of target.files) {
    const file = shownPath(path, context.cwd);
    const { objects, findings } = readManifests(file, context.sources);
    rendered.objects.push(...objects);
    rendered.findings.push(...findings);
    if (objects.length === 0 && findings.length === 0) rendered.emptyFiles.push(file);
  }
  return rendered;
}

/** Reads one file of manifests: its objects in order, and what is wrong with its YAML, as kubectl would refuse it. */
export function readManifests(
  file: string,
  sources: SourceFiles,
): { objects: RenderedObject[]; findings: SourceFinding[] } {
  const objects: RenderedObject[] = [];
  const findings: SourceFinding[] = [];
  let text: string;
  try {
    text = sources.text(file);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return { objects, findings: [{ rule: 'render-failed', message: error.reason, location: { file } }] };
  }
  for (const document of readYaml(text)) {
    if (document.error) {
      const { message, line, column } = document.error;
      findings.push({
        rule: 'render-failed',
        message,
        location: { file, line, ...(column === undefined ? {} : { column }) },
      });
      continue;
    }
    if (document.empty) continue;
    for (const { path, line, column } of document.duplicateKeys) {
      findings.push({
        rule: 'schema-invalid',
        message: `duplicate key "${String(path.at(-1))}": kubectl takes the last one and drops the other without a word`,
        location: { file, line, column },
      });
    }
    objects.push({
      value: document.value,
      source: { file, line: document.line },
      locate: async (path, at, offset) =>
        offset === undefined || isEncoded(document.value, path)
          ? sources.locate(file, document.index, path, at)
          : sources.locateWithin(file, document.index, path, offset),
    });
  }
  return { objects, findings };
}
