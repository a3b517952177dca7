interface Range {
  bits: 32 | 128;
  first: bigint;
  last: bigint;
}

/**
 * Where pods get their addresses from: the private ranges (RFC 1918), 100.64.0.0/10 (Scaleway Kapsule, EKS), 198.18.0.0/15 and
 * 240.0.0.0/4 (GKE allows them), and the IPv6 unicast ranges.
 */
const POD_RANGES: readonly Range[] = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '240.0.0.0/4',
  '2000::/3',
  'fc00::/7',
].map((cidr) => parseCidr(cidr) as Range);

/**
 * Whether some pod may have an address in a NetworkPolicy's ipBlock, outside its `except`: nobody knows the addresses, only the
 * ranges that they come from. True for a block that can't be read.
 */
export function mayHoldPods(cidr: unknown, except: unknown): boolean {
  const block = parseCidr(cidr);
  if (block === undefined) return true;
  const all = parseHoles(except);
  if (all === undefined) return true;
  const holes = all.filter((hole) => hole.bits === block.bits);
  return POD_RANGES.some((pods) => {
    // Of two CIDR ranges, one holds the other, or they share nothing.
    const common = contains(pods, block) ? block : pods;
    return (contains(pods, block) || contains(block, pods)) && !covers(holes, common);
  });
}

/** Whether a NetworkPolicy's ipBlock surely holds all addresses of another, the `except` of both considered. */
export function blockHolds(
  outer: { readonly cidr?: unknown; readonly except?: unknown },
  inner: { readonly cidr?: unknown; readonly except?: unknown },
): boolean {
  const [wide, narrow] = [parseCidr(outer.cidr), parseCidr(inner.cidr)];
  if (wide === undefined || narrow === undefined || !contains(wide, narrow)) return false;
  const gaps = parseHoles(inner.except)?.filter((gap) => gap.bits === narrow.bits);
  return (
    parseHoles(outer.except)?.every((hole) => {
      if (contains(hole, narrow)) return false;
      return !contains(narrow, hole) || (gaps !== undefined && covers(gaps, hole));
    }) ?? false
  );
}

/** An ipBlock's `except`, sorted; undefined where one of them can't be read. */
function parseHoles(except: unknown): Range[] | undefined {
  const holes = (Array.isArray(except) ? except : []).map(parseCidr);
  if (!holes.every((hole) => hole !== undefined)) return undefined;
  return holes.sort((a, b) => (a.first < b.first ? -1 : 1));
}

function contains(outer: Range, inner: Range): boolean {
  return outer.bits === inner.bits && outer.first <= inner.first && inner.last <= outer.last;
}

/** Whether ranges, sorted by their starts, leave nothing of another. */
function covers(ranges: readonly Range[], { first, last }: Range): boolean {
  let next = first;
  for (const range of ranges) {
    if (range.first > next) break;
    if (range.last >= next) next = range.last + 1n;
  }
  return next > last;
}

function parseCidr(cidr: unknown): Range | undefined {
  if (typeof cidr !== 'string' || cidr.length > 64) return undefined;
  const match = /^([^/]+)\/(\d{1,3})$/.exec(cidr.trim());
  if (!match) return undefined;
  const [, address = '', length = ''] = match;
  const bits = address.includes(':') ? 128 : 32;
  const value = bits === 128 ? parseIpv6(address) : parseIpv4(address);
  const prefix = Number(length);
  if (value === undefined || prefix > bits) return undefined;
  const size = 1n << BigInt(bits - prefix);
  const first = value - (value % size);
  return { bits, first, last: first + size - 1n };
}

function parseIpv4(address: string): bigint | undefined {
  const parts = address.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function parseIpv6(address: string): bigint | undefined {
  const halves = address.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<string>(missing).fill('0'), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}
