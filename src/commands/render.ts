import { EXIT } from '../cli.ts';
import { renderTargets } from '../render-targets.ts';
import { oneLine, printable } from '../report/harmless.ts';
import { showLocation, showTarget } from '../report/shown.ts';
import type { Location } from '../resource.ts';
import { UsageError } from '../usage-error.ts';
import { toYaml } from '../yaml/print.ts';
import { type LintFlags, lintOptions } from './lint.ts';

/**
 * Prints the objects of every target that the argument names, each under the file it came from. Values of Secrets are left
 * out. Throws UsageError where nothing is named so; a target that fails to render is told on stderr, exit 1.
 */
export async function runRender(name: string, flags: LintFlags): Promise<number> {
  const targets = await renderTargets(await lintOptions([name], flags));
  if (targets.length === 0) throw new UsageError(`${name}: nothing to render there`);
  let failed = false;
  for (const { ref, objects, findings, unchecked } of targets) {
    process.stdout.write(`# ${oneLine(showTarget(ref))}\n`);
    for (const { value, source } of objects) {
      process.stdout.write(
        `---\n# Source: ${oneLine(showLocation(withoutColumn(source)))}\n${toYaml(withoutSecrets(value))}`,
      );
    }
    for (const { message, location } of findings) {
      failed = true;
      process.stderr.write(`${printable(`${showLocation(location)}: ${message}`)}\n`);
    }
    for (const { what, reason } of unchecked) {
      failed = true;
      process.stderr.write(`${printable(`${what}: ${reason}`)}\n`);
    }
  }
  return failed ? EXIT.findings : EXIT.clean;
}

/** Whole documents have no column. */
function withoutColumn({ file, line }: Location): Location {
  return line === undefined ? { file } : { file, line };
}

const HIDDEN = '<hidden>';

/** A copy of a Secret, also one inside a List, that has its keys but not its values. Other objects are returned as they are. */
function withoutSecrets(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { kind, items, data, stringData, metadata } = value as Record<string, unknown>;
  // Items of a typed list may leave out what its own kind says.
  const own = kind === 'SecretList' ? { kind: 'Secret' } : {};
  if (Array.isArray(items)) return { ...value, items: items.map((item) => withoutSecrets(asItem(item, own))) };
  if (kind !== 'Secret') return value;
  const hide = (map: unknown) =>
    typeof map === 'object' && map !== null ? Object.fromEntries(Object.keys(map).map((key) => [key, HIDDEN])) : HIDDEN;
  return {
    ...value,
    metadata: withoutLastApplied(metadata),
    ...(data === undefined ? {} : { data: hide(data) }),
    ...(stringData === undefined ? {} : { stringData: hide(stringData) }),
  };
}

function asItem(item: unknown, own: Record<string, unknown>): unknown {
  return typeof item === 'object' && item !== null && !Array.isArray(item) ? { ...own, ...item } : item;
}

/** kubectl keeps the whole object, values included, in an annotation. */
function withoutLastApplied(metadata: unknown): unknown {
  if (typeof metadata !== 'object' || metadata === null) return metadata;
  const { annotations } = metadata as { annotations?: unknown };
  if (typeof annotations !== 'object' || annotations === null) return metadata;
  const { 'kubectl.kubernetes.io/last-applied-configuration': _, ...rest } = annotations as Record<string, unknown>;
  return { ...metadata, annotations: rest };
}
