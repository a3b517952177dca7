import { addressesIn } from '../addresses.ts';
import type { FileAddress } from './file-address.ts';

interface Word {
  text: string;
  start: number;
}

interface Directive {
  words: readonly Word[];
  /** The blocks that it stands in by their words, the innermost last. */
  within: readonly Word[];
}

const BLOCK = /^[ \t]*(?:http|stream|events|server|upstream[ \t]+[\w.-]+|location[ \t][^{};\n]*)[ \t]*\{/m;
const PASS = /^(?:proxy|fastcgi|grpc|uwsgi|scgi|memcached)_pass$/;

/** Whether a file is nginx's configuration, or a part of it. */
export function isNginx(name: string, text: string): boolean {
  return BLOCK.test(text) || (/(?:^|\.)conf(?:\.|$)/.test(name) && /^[ \t]*\w+_pass[ \t]+[^\s;]+;/m.test(text));
}

/** The upstreams that a file defines, in lower case: names that no name server is asked for. */
export function nginxUpstreams(text: string): string[] {
  return [...text.matchAll(/^[ \t]*upstream[ \t]+([\w.-]+)/gm)].map(([, name = '']) => name.toLowerCase());
}

/**
 * What nginx dials: the servers of its upstreams, and what requests are passed to (https://nginx.org/en/docs/http/ngx_http_proxy_module.html).
 * A variable stands for what `set` says of it, if that is one thing. `upstreams` are those of the other files.
 */
export function nginxAddresses(text: string, upstreams: ReadonlySet<string>): FileAddress[] {
  const directives = directivesOf(text);
  const groups = new Set([...upstreams, ...nginxUpstreams(text)]);
  const variables = new Map<string, Word | undefined>();
  for (const { words } of directives) {
    const [name, variable, value] = words;
    if (name?.text !== 'set' || !variable || !value) continue;
    variables.set(variable.text, variables.has(variable.text) ? undefined : value);
  }
  const used = new Set<Word>();
  return directives.flatMap(({ words, within }) => {
    const [name, first, ...parameters] = words;
    if (!name || !first) return [];
    const block = within.at(-1);
    if (name.text === 'server' && block?.text.startsWith('upstream')) {
      if (parameters.some((parameter) => parameter.text === 'down')) return [];
      const isStream = within.some((outer) => outer.text === 'stream');
      // The servers of an upstream are alternatives.
      return dialled(first, isStream ? undefined : 80, block.start);
    }
    if (!PASS.test(name.text)) return [];
    const [, variable, rest = ''] = /^(?:https?:\/\/)?(\$\w+)(.*)$/.exec(first.text) ?? [];
    const value = variable === undefined ? first : variables.get(variable);
    if (!value || (variable !== undefined && used.has(value)) || /^:\$/.test(rest)) return [];
    if (variable !== undefined) used.add(value);
    return dialled(withPort(value, rest), undefined, value.start).filter(({ host }) => !groups.has(host.toLowerCase()));
  });
}

/** `$backend:3100$request_uri`, where the variable names no port of its own. */
function withPort({ text, start }: Word, rest: string): Word {
  const port = /^:\d+/.exec(rest)?.[0];
  return { text: port !== undefined && /^(?:[a-z]+:\/\/)?[\w.-]+$/.test(text) ? text + port : text, start };
}

function dialled({ text, start }: Word, own: number | undefined, group: number): FileAddress[] {
  if (text.startsWith('unix:')) return [];
  // `http://api:80$request_uri`: what follows the authority isn't part of it.
  const address = /^(?:[a-z]+:\/\/)?[\w.-]+(?::\d+)?(?=\$)/.exec(text)?.[0] ?? text;
  return addressesIn(address).map((found) => ({
    ...found,
    start: found.start + start,
    port: found.port ?? own,
    form: 'url',
    group,
    evident: true,
    key: '',
  }));
}

/** The directives of a configuration: words up to `;` or `{`, quotes taken off, comments left out. Reads on over mistakes. */
function directivesOf(text: string): Directive[] {
  const directives: Directive[] = [];
  const blocks: Word[] = [];
  let words: Word[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text[at] ?? '';
    if (character === '#') {
      const end = text.indexOf('\n', at);
      at = end === -1 ? text.length : end;
    } else if (/\s/.test(character)) at++;
    else if (character === ';' || character === '{' || character === '}') {
      if (words.length > 0 && character !== '}') directives.push({ words, within: blocks.slice(-4) });
      if (character === '{')
        blocks.push({ text: words.map((word) => word.text).join(' '), start: words[0]?.start ?? at });
      if (character === '}') blocks.pop();
      words = [];
      at++;
    } else {
      const quote = character === '"' || character === "'" ? character : '';
      const start = quote === '' ? at : at + 1;
      let end = start;
      while (end < text.length && !(quote === '' ? /[\s;{}]/ : /["'\n]/).test(text[end] ?? '')) {
        end++;
      }
      words.push({ text: text.slice(start, end), start });
      at = quote === '' ? end : end + 1;
    }
  }
  return directives;
}
