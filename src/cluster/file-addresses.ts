import { type Address, addressesIn, urlsIn } from './addresses.ts';
import { mayBeDialled } from './dial-names.ts';

/** Files of `KEY=value` lines. */
const ASSIGNMENTS = /(?:^|\.)(?:env|properties|ini|cfg)$/i;
/** Texts that people or browsers read. */
const SHOWN = /\.(?:md|txt|html?|js|mjs|ts|css|svg|sql|rules|tmpl|crt|pem|csv)$/i;
/** What is spoken between programs only; an `http://` in a file may be a link. */
const MACHINE = /^(?!https?$|wss?$|dns$|ftp$|ssh$)/;
const COMMENT = /^\s*(?:#|\/\/|;|--|<!--|\*|\/\*)/;
/** nginx's directives that dial. */
const PASS = /^\s*(?:proxy|fastcgi|grpc|uwsgi|scgi)_pass\s+/;

const LONGEST = 1024 * 1024;

/**
 * The addresses in a file that are unmistakable: a file that is one address as a whole, values of `.env` and `.properties` files, nginx's
 * `proxy_pass` and `upstream`, and elsewhere the URLs of databases, brokers and the like. Each line has a group of its own.
 */
export function addressesInFile(name: string, text: string): Address[] {
  if (text.length > LONGEST || SHOWN.test(name)) return [];
  if (/^[^\s"'<>{}]+$/.test(text.trim())) {
    const start = text.length - text.trimStart().length;
    const whole = mayBeDialled(name) ? moved(addressesIn(text.trim()), start, 0) : [];
    if (whole.length > 0) return unmistakable(whole);
  }
  const upstreams = new Set([...text.matchAll(/^\s*upstream\s+([\w.-]+)/gm)].map((match) => match[1]));
  const found: Address[] = [];
  let start = 0;
  for (const line of text.split('\n')) {
    if (!COMMENT.test(line)) {
      const addresses = inLine(name, line).filter(({ host }) => !upstreams.has(host) || !PASS.test(line));
      found.push(...moved(unmistakable(addresses), start, start));
    }
    start += line.length + 1;
  }
  return found;
}

function inLine(name: string, line: string): Address[] {
  const passed = PASS.exec(line)?.[0].length ?? /^\s*server\s+(?=[\w.-]+:\d+[\s;])/.exec(line)?.[0].length;
  if (passed !== undefined) return moved(addressesIn(line.slice(passed).replace(/;.*$/, '')), passed, 0);
  const key = /^\s*(?:-\s+)?["']?([\w.-]+)["']?\s*[:=]\s*/.exec(line);
  if (key && !mayBeDialled(key[1] ?? '')) return [];
  if (ASSIGNMENTS.test(name) && key) {
    const value = line.slice(key[0].length).replace(/^["']|["']?\s*$/g, '');
    const skipped = line.indexOf(value, key[0].length);
    return moved(addressesIn(value), skipped, 0);
  }
  return urlsIn(line).filter(({ scheme }) => scheme !== undefined && MACHINE.test(scheme));
}

function unmistakable(addresses: readonly Address[]): Address[] {
  return addresses.filter(({ form }) => form !== 'word');
}

function moved(addresses: readonly Address[], by: number, group: number): Address[] {
  return addresses.map((address) => ({ ...address, start: address.start + by, group: address.group + group }));
}
