import { createRequire } from 'node:module';
import { gunzipSync } from 'node:zlib';
import type * as Tar from 'tar/parse';

const require = createRequire(import.meta.url);

/** Bytes that an archive may unpack to; helm takes 100 MB (pkg/chart/loader/archive: MaxDecompressedChartSize). */
const MAX_UNPACKED = 100 * 1024 * 1024;

/**
 * The regular files of a packed chart (.tgz), by their path below the chart's own directory, which is the first part of every
 * name in it; links are passed over. Undefined for what is no such archive, or is too large.
 */
export function unpackChart(packed: Uint8Array): Map<string, Buffer> | undefined {
  // Most runs meet no archive, and needn't wait for it.
  const { Parser } = require('tar/parse') as typeof Tar;
  const files = new Map<string, Buffer>();
  let broken = false;
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      const chunks: Buffer[] = [];
      entry.on('data', (chunk: Buffer) => chunks.push(chunk));
      entry.on('end', () => {
        const isFile = entry.type === 'File' || entry.type === 'OldFile' || entry.type === 'ContiguousFile';
        if (isFile) files.set(entry.path.replace(/^(?:\.?\/)*[^/]+\//, ''), Buffer.concat(chunks));
      });
    },
  });
  parser.on('error', () => {
    broken = true;
  });
  try {
    // All at once: then the parser is done when this returns.
    parser.end(gunzipSync(packed, { maxOutputLength: MAX_UNPACKED }));
  } catch {
    return undefined;
  }
  return broken || files.size === 0 ? undefined : files;
}
