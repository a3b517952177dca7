import { asMap } from '../../workloads.ts';
import { type Address, addressesIn, urlsIn } from '../addresses.ts';
import { mayBeDialled, namesHost, portNamesOf, wordsOf } from '../dial-names.ts';
import type { FileAddress } from './file-address.ts';
import { leavesOf, type Structured } from './structured.ts';

/** A named text of a file: `url` of `[database]`, `spring.redis.host`. */
export interface Setting {
  /** With the names of what it stands in, `spring.redis.host`. */
  readonly name: string;
  readonly value: string;
  /** Settings of one group are alternatives: the items of a list. */
  readonly group: number;
  /** Where the character at an offset of the value stands in the file. */
  at(offset: number): number;
  /** What stands beside it, by its own name: its port may. */
  beside(name: string): string | undefined;
  /** Its own name, by which its port is found. */
  readonly key: string;
  /** Whether a file of this format says that a bare word is a host by its name alone, as a variable does. */
  readonly plain: boolean;
}

/** What is spoken between programs only; an `http://` in a file may be a link. */
const MACHINE = /^(?!https?$|wss?$|dns$|ftp$|ssh$)/;

/** Last words of names whose URL is dialled, besides those that say so of a host. */
const DIALLED = new Set([
  'backend',
  'target',
  'remote',
  'proxy',
  'gateway',
  'collector',
  'upstream',
  'forward',
  'connection',
]);

/** First words of names that say where the program itself listens. */
const OWN_ROOTS = new Set(['server', 'listen', 'listener', 'management', 'bind', 'http', 'https', 'entrypoints']);

/** The addresses that settings name, by the names of the settings. */
export function settingAddresses(settings: readonly Setting[]): FileAddress[] {
  return settings.flatMap((setting) => {
    const { name, value, group } = setting;
    if (value === '' || !mayBeDialled(name)) return [];
    const isHostName = namesHost(name);
    const isOwn = OWN_ROOTS.has(wordsOf(name)[0] ?? '');
    // A text that holds an address somewhere: only what programs speak counts, and no link.
    const addresses = isProse(value) ? urlsIn(value).filter(isMachine) : addressesIn(value);
    return addresses.flatMap((address) => {
      const isHost = isHostName && (address.form === 'url' || !isOwn);
      const port = address.written ? undefined : portBeside(setting);
      const isPaired = port !== undefined;
      const isDialled =
        address.form === 'url'
          ? isMachine(address) || isHost || DIALLED.has(wordsOf(name).at(-1) ?? '')
          : address.form === 'port' || (isHost && (isPaired || (setting.plain && wordsOf(name).length > 1)));
      if (!isDialled) return [];
      const isEvident = address.form === 'url' || (isHost && (address.form === 'port' || isPaired));
      return [
        {
          ...address,
          ...(isPaired ? { port, written: true } : {}),
          form: isHost || address.form === 'url' ? ('url' as const) : address.form,
          start: setting.at(address.start),
          group,
          evident: isEvident,
          key: name,
        },
      ];
    });
  });
}

/** Words, not a list (`[ "a", "b" ]`) and not `host=db port=5432`. */
function isProse(value: string): boolean {
  return /[^\s,[\]]\s+[^\s,[\]]/.test(value.trim()) && !/^[^=]*[\w)]=/.test(value);
}

function isMachine({ scheme }: Address): boolean {
  return scheme === undefined || MACHINE.test(scheme);
}

/** What `port` says beside `host`. */
function portBeside({ key, beside }: Setting): number | 'unknown' | undefined {
  for (const name of portNamesOf(key)) {
    const value = beside(name)?.trim();
    if (value === undefined || value === '') continue;
    return /^\d{1,5}$/.test(value) ? Number(value) : 'unknown';
  }
  return undefined;
}

const OFF = /^(?:false|no|off|0)$/i;

/** The settings of a YAML or JSON document; what is switched off (`enabled: false`) is left out. */
export function settingsOf(document: Structured): Setting[] {
  const isOn = (map: Record<string, unknown>) => !OFF.test(String(map.enabled)) && map.disabled !== true;
  return leavesOf(document.value, isOn).flatMap(({ path, value }) => {
    if (typeof value !== 'string') return [];
    const names = path.filter((step) => typeof step === 'string');
    const isItem = typeof path.at(-1) === 'number';
    const parent = asMap(path.slice(0, -1).reduce<unknown>(childOf, document.value)) ?? {};
    const first = isItem ? [...path.slice(0, -1), 0] : path;
    return [
      {
        name: names.join('.'),
        key: isItem ? '' : String(path.at(-1)),
        value,
        group: document.offset(first, 0),
        at: (offset) => document.offset(path, offset),
        beside: (name) => {
          const found = Object.hasOwn(parent, name) ? parent[name] : undefined;
          return typeof found === 'string' || typeof found === 'number' ? String(found) : undefined;
        },
        plain: false,
      },
    ];
  });
}

function childOf(value: unknown, key: string | number): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[key] : undefined;
}
