import type { Path } from '../../../resource.ts';
import { type Address, addressesIn } from '../addresses.ts';
import type { Structured } from './structured.ts';

/** An address in a file, its `start` and `group` counted in the file's text. */
export interface FileAddress extends Address {
  /** The format says that the program dials it; else it only looks like what is dialled. */
  evident: boolean;
  /** What the address is the value of, as far as there is a name: `spring.redis.host`. */
  key: string;
}

/** What the text at a path of a document names for dialling: a URL or `host:port`, with the port that counts without one. */
export function dialAt(
  document: Structured,
  path: Path,
  { own, group }: { own?: number | undefined; group?: number } = {},
): FileAddress[] {
  const text = document.string(path);
  if (text === undefined) return [];
  return addressesIn(text.trim()).map((address) => {
    const start = document.offset(path, address.start + text.length - text.trimStart().length);
    return {
      ...address,
      start,
      port: address.port ?? own,
      form: 'url',
      group: group ?? document.offset(path, 0),
      evident: true,
      key: path.filter((step) => typeof step === 'string').join('.'),
    };
  });
}
