import { addressesIn } from '../addresses.ts';
import type { FileAddress } from './file-address.ts';

const SECTION = /^(?:global|defaults|(?:frontend|backend|listen|resolvers|peers|userlist)[ \t]+\S+)/m;

/** Whether a file is HAProxy's configuration. */
export function isHaproxy(text: string): boolean {
  return SECTION.test(text) && /^[ \t]+(?:server|server-template|bind|default_backend)[ \t]+\S/m.test(text);
}

/**
 * What HAProxy dials: the servers of its backends, which are alternatives (https://docs.haproxy.org/3.2/configuration.html, 5.).
 */
export function haproxyAddresses(text: string): FileAddress[] {
  const found: FileAddress[] = [];
  let section = '';
  let group = 0;
  let start = 0;
  for (const line of text.split('\n')) {
    const opened = /^([a-z]+)\b/.exec(line)?.[1];
    if (opened !== undefined) [section, group] = [opened, start];
    const server = /^\s+(?:server\s+\S+|server-template\s+\S+\s+\S+)\s+(?=\S)/.exec(line)?.[0].length;
    const isOff = /\sdisabled(?:\s|$)/.test(line.replace(/#.*/, ''));
    if (server !== undefined && !isOff && (section === 'backend' || section === 'listen')) {
      const [address = ''] = line.slice(server).split(/\s/, 1);
      // `_http._tcp.web.shop.svc` is a service record.
      for (const one of /^(?:unix@|_)/.test(address) ? [] : addressesIn(address.replace(/^ipv4@/, ''))) {
        const skipped = address.startsWith('ipv4@') ? 'ipv4@'.length : 0;
        found.push({ ...one, start: start + server + skipped + one.start, form: 'url', group, evident: true, key: '' });
      }
    }
    start += line.length + 1;
  }
  return found;
}
