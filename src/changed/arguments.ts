import { resolve } from 'node:path';
import { isThere } from '../below.ts';
import { UsageError } from '../usage-error.ts';

/**
 * pre-commit puts the names of changed files behind the options: one that reads like an option would be taken for it, and a pull
 * request may bring any file (`--fail-on=never`). Throws UsageError for an argument that may be either.
 */
export function refuseFilesNamedLikeOptions(argv: readonly string[], cwd: string): void {
  const end = argv.indexOf('--');
  for (const argument of end === -1 ? argv : argv.slice(0, end)) {
    if (argument.startsWith('-') && argument !== '-' && isThere(resolve(cwd, argument))) {
      throw new UsageError(
        `${argument} reads like an option, and is a file here: rename it, or name it as ./${argument}`,
      );
    }
  }
}
