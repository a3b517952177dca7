import type { Path, Resource } from '../../resource.ts';
import { derived } from '../cluster.ts';
import { hostOf } from '../routes/routes.ts';
import { asList, asMap, valueAt } from '../workloads.ts';

/** An address that DNS gives for a name. */
export interface DnsAddress {
  address: string;
  /** The DNSEndpoint, and the path of the address there. */
  resource: Resource;
  path: Path;
}

interface Records {
  readonly addresses: ReadonlyMap<string, readonly DnsAddress[]>;
  readonly aliases: ReadonlyMap<string, string>;
}

/** The A, AAAA and CNAME records of every DNSEndpoint (https://kubernetes-sigs.github.io/external-dns/latest/docs/sources/crd/). */
const recordsOf = derived((cluster): Records => {
  const addresses = new Map<string, DnsAddress[]>();
  const aliases = new Map<string, string>();
  for (const resource of cluster.list('externaldns.k8s.io', 'DNSEndpoint')) {
    for (const [i, item] of asList(valueAt(resource.object, ['spec', 'endpoints'])).entries()) {
      const { dnsName, recordType, targets } = asMap(item) ?? {};
      const name = hostOf(dnsName);
      if (name === undefined) continue;
      const at = ['spec', 'endpoints', i, 'targets'];
      if (recordType === 'A' || recordType === 'AAAA') {
        const found = asList(targets).flatMap((target, j) =>
          typeof target === 'string' ? [{ address: target.toLowerCase(), resource, path: [...at, j] }] : [],
        );
        addresses.set(name, [...(addresses.get(name) ?? []), ...found]);
      } else if (recordType === 'CNAME') {
        const alias = hostOf(asList(targets)[0]);
        if (alias !== undefined) aliases.set(name, alias);
      }
    }
  }
  return { addresses, aliases };
});

const MOST_ALIASES = 8;

/** The addresses that DNS gives for a host: of its own record, of its alias, else of the nearest wildcard above it. Empty where none is known. */
export function addressesOf(cluster: Parameters<typeof recordsOf>[0], host: string): readonly DnsAddress[] {
  const { addresses, aliases } = recordsOf(cluster);
  let name: string | undefined = host;
  for (let i = 0; name !== undefined && i < MOST_ALIASES; i++) {
    const found = nameIn(name, addresses, aliases);
    if (found === undefined) return [];
    const own = addresses.get(found);
    if (own) return own;
    name = aliases.get(found);
  }
  return [];
}

/**
 * The name under which a host is found: its own, or the wildcard that stands in for it, of any number of labels. A name that is there
 * keeps those below it from the wildcards above it (RFC 4592).
 */
function nameIn(host: string, ...maps: readonly ReadonlyMap<string, unknown>[]): string | undefined {
  const isIn = (name: string) => maps.some((map) => map.has(name));
  if (isIn(host)) return host;
  for (let rest = host; rest.includes('.'); ) {
    rest = rest.slice(rest.indexOf('.') + 1);
    if (isIn(`*.${rest}`)) return `*.${rest}`;
    if (isIn(rest)) return undefined;
  }
  return undefined;
}
