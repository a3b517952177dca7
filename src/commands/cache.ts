import { clear } from '../cache/entries.ts';
import { cacheDirectory } from '../cache/place.ts';
import { EXIT } from '../cli.ts';
import { printable } from '../report/harmless.ts';

/** Removes what was kept of renders, and says how much that was. Returns the exit code. */
export function runCacheClear(): number {
  const directory = cacheDirectory();
  if (directory === undefined) {
    process.stdout.write('nothing to remove: there is no home directory to keep a cache in\n');
    return EXIT.clean;
  }
  const { entries, bytes, failures } = clear(directory);
  const [first] = failures;
  const size = (bytes / 1e6).toFixed(1);
  const what = `removed ${entries} ${entries === 1 ? 'entry' : 'entries'} (${size} MB) from ${directory}`;
  const isEmpty = entries === 0 && first === undefined;
  process.stdout.write(`${printable(isEmpty ? `nothing to remove: ${directory} holds no entries` : what)}\n`);
  if (first === undefined) return EXIT.clean;
  const more = failures.length > 1 ? `, and ${failures.length - 1} more` : '';
  process.stderr.write(`${printable(`k8s-lint: not everything could be removed: ${first}${more}`)}\n`);
  return EXIT.failed;
}
