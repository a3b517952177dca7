import { type Address, addressesIn, urlsIn } from './addresses.ts';
import { mayBeDialled, namesHost, portNamesOf, wordsOf } from './dial-names.ts';

/** A word of a command line, and where its first character stands in the text that it comes from. */
export interface Word {
  text: string;
  start: number;
}

/** An address that a command line gives a program, its `start` counted in the text of the word. */
export interface Given extends Address {
  word: Word;
  /** The flag or variable that takes it, empty for what stands alone. */
  name: string;
}

const SHELLS = new Set(['sh', 'bash', 'ash', 'dash', 'zsh', 'ksh', 'busybox']);
const KEYWORDS = new Set([
  'if',
  'then',
  'else',
  'elif',
  'while',
  'until',
  'do',
  'time',
  '!',
  'exec',
  'sudo',
  'nohup',
  'env',
  'busybox',
]);

/** Programs that show, change or look up text, or ask a name server or a daemon: they dial nothing of what they are given. */
const NOT_DIALLING = new Set([
  ...[
    'echo',
    'printf',
    ':',
    'true',
    'sed',
    'grep',
    'egrep',
    'awk',
    'tr',
    'cut',
    'test',
    '[',
    '[[',
    'case',
    'for',
    'fi',
  ],
  ...[
    'nslookup',
    'dig',
    'host',
    'getent',
    'ping',
    'docker',
    'podman',
    'kubectl',
    'oc',
    'helm',
    'done',
    'esac',
    'alias',
  ],
]);

interface Client {
  programs: RegExp;
  host: RegExp;
  port: RegExp;
  own: number | undefined;
}

/** Clients that take a host and a port by short flags, and where they dial without a port. */
const CLIENTS: readonly Client[] = [
  {
    programs: /^(?:psql|pg_isready|pg_dump|pg_dumpall|pg_restore|pg_basebackup|pgbench|createdb|dropdb|vacuumdb)$/,
    host: /^(?:-h|--host)$/,
    port: /^(?:-p|--port)$/,
    own: 5432,
  },
  {
    programs: /^(?:mysql|mysqladmin|mysqldump|mysqlcheck|mariadb|mariadb-admin|mariadb-dump)$/,
    host: /^(?:-h|--host)$/,
    port: /^(?:-P|--port)$/,
    own: 3306,
  },
  { programs: /^(?:redis-cli|valkey-cli)$/, host: /^-h$/, port: /^-p$/, own: 6379 },
  { programs: /^(?:mongo|mongosh|mongodump|mongorestore)$/, host: /^(?:-h|--host)$/, port: /^--port$/, own: 27017 },
  { programs: /^wait-for/, host: /^(?:-h|--host)$/, port: /^(?:-p|--port)$/, own: undefined },
];

/** Clients that take a host and a port one after the other. */
const PAIRED = /^(?:nc|ncat|netcat|telnet|cqlsh)$/;

/** What curl and wget take that is sent, or said, and not dialled. */
const SENT =
  /^(?:-H|--header|-e|--referer|-A|--user-agent|-d|--data(?:-\w+)?|-u|--user|-F|--form(?:-\w+)?|--post-data|--body-data|--resolve|--connect-to)$/;

/** The addresses that a container's command line gives its program, and the scripts that it gives a shell. */
export function addressesOfCommand(words: readonly Word[]): Given[] {
  const script = scriptOf(words);
  return script === undefined ? ofProgram(words) : ofScript(script);
}

/** The text that `sh -c` runs. */
function scriptOf(words: readonly Word[]): Word | undefined {
  const shell = words.findIndex(({ text }) => SHELLS.has(baseName(text)));
  if (shell === -1 || words.slice(0, shell).some(({ text }) => /\s/.test(text))) return undefined;
  const flag = words.findIndex(({ text }, i) => i > shell && /^-[a-z]*c$/.test(text));
  return flag === -1 ? undefined : words[flag + 1];
}

function ofScript(script: Word): Given[] {
  return commandsOf(script.text).flatMap((words) =>
    addressesOfCommand(words).map((given) => ({
      ...given,
      word: script,
      start: given.word.start + given.start,
    })),
  );
}

function ofProgram(all: readonly Word[]): Given[] {
  const words = withoutPrefix(all);
  const found = [...all.filter(({ text }) => isAssignment(text)).flatMap(assigned), ...words.flatMap(redirected)];
  const program = baseName(words[0]?.text ?? '');
  if (NOT_DIALLING.has(program)) return found;
  if (PAIRED.test(program)) return [...found, ...paired(words)];
  const client = CLIENTS.find(({ programs }) => programs.test(program));
  const ofClient = client ? clientAddress(words, client) : [];
  return [...found, ...(ofClient.length > 0 ? ofClient : flagged(words, program === 'curl' || program === 'wget'))];
}

/** The command behind `until`, `timeout 30`, `env A=b` and assignments. */
function withoutPrefix(words: readonly Word[]): readonly Word[] {
  let first = 0;
  while (first < words.length) {
    const text = words[first]?.text ?? '';
    if (baseName(text) === 'timeout') {
      first++;
      while (/^-|^\d/.test(words[first]?.text ?? '')) first++;
    } else if (/^(?:gosu|su-exec)$/.test(baseName(text))) first += 2;
    else if (KEYWORDS.has(text) || isAssignment(text) || /^(?:export|declare|local|readonly)$/.test(text)) first++;
    else break;
  }
  return words.slice(first);
}

function isAssignment(text: string): boolean {
  return /^[A-Za-z_]\w*=/.test(text);
}

function assigned(word: Word): Given[] {
  const split = word.text.indexOf('=');
  const name = word.text.slice(0, split);
  return named(name, word, split + 1).filter(({ form }) => form !== 'word' || namesHost(name));
}

/** `</dev/tcp/host/port`, as bash opens it. */
function redirected(word: Word): Given[] {
  const match = /\/dev\/(tcp|udp)\/([A-Za-z0-9._-]+)\/(\d{1,5})$/.exec(word.text);
  if (!match) return [];
  const [, kind, host = '', port] = match;
  const protocol = kind === 'udp' ? 'UDP' : 'TCP';
  return [{ ...plain(host, match.index + '/dev/tcp/'.length, Number(port)), protocol, word, name: '' }];
}

/** `nc -z host port`. */
function paired(words: readonly Word[]): Given[] {
  const isNetcat = baseName(words[0]?.text ?? '').startsWith('n');
  if (isNetcat && words.some(({ text }) => /^-[a-z]*l/.test(text) || text === '--listen')) return [];
  const isUdp = isNetcat && words.some(({ text }) => /^-[a-z]*u/.test(text) || text === '--udp');
  const protocol = isUdp ? 'UDP' : 'TCP';
  for (let i = words.length - 1; i > 1; i--) {
    const [host, port] = [words[i - 1], words[i]];
    if (!host || !port || !/^\d{1,5}$/.test(port.text) || !/^[A-Za-z]/.test(host.text)) continue;
    return addressesIn(host.text).map((address) => ({
      ...address,
      port: Number(port.text),
      written: true,
      form: 'url',
      protocol,
      word: host,
      name: '',
    }));
  }
  return [];
}

function clientAddress(words: readonly Word[], { host, port, own }: Client): Given[] {
  const at = valueOfFlag(words, (flag) => host.test(flag));
  if (!at) return [];
  const given = valueOfFlag(words, (flag) => port.test(flag))?.text;
  const number = given === undefined ? own : /^\d{1,5}$/.test(given) ? Number(given) : ('unknown' as const);
  return addressesIn(at.text).map((address) => ({
    ...address,
    port: address.port ?? number,
    written: given !== undefined,
    form: 'url',
    word: at,
    name: '',
  }));
}

/** The word that a flag takes: the next one, or what is behind `=`, or behind a short flag's letter. */
function valueOfFlag(words: readonly Word[], isFlag: (flag: string) => boolean): Word | undefined {
  for (const [i, { text, start }] of words.entries()) {
    if (isFlag(text)) return words[i + 1];
    const split = text.startsWith('--') ? text.indexOf('=') : text.startsWith('-') ? 2 : -1;
    if (split < 2 || split >= text.length || !isFlag(text.slice(0, split))) continue;
    const skipped = text[split] === '=' ? split + 1 : split;
    return { text: text.slice(skipped), start: start + skipped };
  }
  return undefined;
}

/** Flags with their values, URLs, and what stands alone. */
function flagged(all: readonly Word[], isCurl: boolean): Given[] {
  const words = isCurl ? all.filter(({ text }, i) => !SENT.test(text) && !SENT.test(all[i - 1]?.text ?? '')) : all;
  // What is fetched through a proxy is dialled by the proxy.
  const proxy = isCurl ? valueOfFlag(words, (flag) => flag === '-x' || flag === '--proxy') : undefined;
  if (proxy) return named('proxy', proxy, 0);
  return words.flatMap((word, i) => {
    const { text } = word;
    // The program, or the first argument of one that the image names.
    if (i === 0 && !/^-|[:=]/.test(text)) return [];
    const split = text.indexOf('=');
    // Not `"host=db port=5432"`, which is one value.
    const isNamed = text.startsWith('-') || !/\s/.test(text);
    if (isNamed && split > 0 && /^-{0,2}[A-Za-z][\w.-]*$/.test(text.slice(0, split))) {
      return withPort(named(text.slice(0, split), word, split + 1), words);
    }
    if (text.startsWith('-')) return [];
    const before = words[i - 1]?.text ?? '';
    const flag = i > 0 && before.startsWith('-') && !before.includes('=') ? before : '';
    return withPort(named(flag, word, 0), words);
  });
}

/** What a name takes from there on: addresses that look like it, and hosts where the name says so. */
function named(name: string, word: Word, from: number): Given[] {
  if (!mayBeDialled(name)) return [];
  const isQuoted = /^["'].*["']$/.test(word.text.slice(from));
  const start = isQuoted ? from + 1 : from;
  const text = word.text.slice(start, isQuoted ? -1 : undefined);
  // A text, unless it is a connection string: `host=db port=5432`.
  const addresses = /^[^=]*\s/.test(text) ? urlsIn(text) : addressesIn(text);
  return addresses
    .filter(({ form }) => form !== 'word' || (name !== '' && namesHost(`given ${wordsOf(name).join(' ')}`)))
    .map((address) => ({ ...address, start: address.start + start, word, name: name.replace(/^-+/, '') }));
}

/** `--db-host postgres --db-port 5432`. */
function withPort(given: readonly Given[], words: readonly Word[]): Given[] {
  return given.map((address) => {
    if (address.port !== undefined || address.name === '') return address;
    for (const name of portNamesOf(address.name)) {
      const port = valueOfFlag(words, (flag) => flag.replace(/^-+/, '') === name)?.text;
      if (port !== undefined)
        return { ...address, port: /^\d{1,5}$/.test(port) ? Number(port) : 'unknown', written: true };
    }
    return address;
  });
}

function plain(host: string, start: number, port: number): Address {
  return { host, start, port, written: true, protocol: 'TCP', scheme: undefined, form: 'url', group: 0 };
}

function baseName(text: string): string {
  return text.slice(text.lastIndexOf('/') + 1);
}

/** The simple commands of a shell script, as lists of words: no comments, no expansion. */
function commandsOf(script: string): Word[][] {
  const commands: Word[][] = [];
  let words: Word[] = [];
  let at = 0;
  const finish = () => {
    if (words.length > 0) commands.push(words);
    words = [];
  };
  while (at < script.length) {
    const character = script[at] ?? '';
    if (character === '#') {
      const line = script.indexOf('\n', at);
      at = line === -1 ? script.length : line;
    } else if (character === '\\' && script[at + 1] === '\n') at += 2;
    else if (/[;&|\n(){}`]/.test(character) || script.startsWith('$(', at)) {
      finish();
      at++;
    } else if (/\s/.test(character)) at++;
    else {
      const word = wordAt(script, at);
      if (word.word.text !== '') words.push(word.word);
      at = word.end;
    }
  }
  finish();
  return commands;
}

/** A word of a script, up to what separates it. Quotes around the whole of it are taken off, others stay where they are. */
function wordAt(script: string, start: number): { word: Word; end: number } {
  let end = start;
  let quote = '';
  while (end < script.length) {
    const character = script[end] ?? '';
    if (character === '\\') end++;
    else if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (/[\s;&|()`]/.test(character)) break;
    end++;
  }
  end = Math.min(end, script.length);
  const text = script.slice(start, end);
  const quoted = /^(?:"([^"]*)"|'([^']*)')$/.exec(text);
  if (!quoted) return { word: { text, start }, end };
  return { word: { text: quoted[1] ?? quoted[2] ?? '', start: start + 1 }, end };
}
