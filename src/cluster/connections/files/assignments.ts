import type { Setting } from './settings.ts';

/** One `key = value` of a file, and where the value stands. */
interface Assignment {
  section: string;
  key: string;
  value: string;
  start: number;
  group: number;
}

const PROPERTIES = /(?:^|\.)(?:env|properties|ini|cfg|cnf|conf)$/i;

/** Whether a file is one of `KEY=value` lines: `.env`, `.properties`, `.ini`. */
export function isAssignments(name: string): boolean {
  return PROPERTIES.test(name);
}

/** Whether a file is TOML. */
export function isToml(name: string): boolean {
  return /\.toml$/i.test(name);
}

/** The settings of an `.env`, `.properties` or `.ini` file: `[section]`, `key = value` and `key: value`. */
export function propertySettings(text: string): Setting[] {
  const found: Assignment[] = [];
  let section = '';
  let start = 0;
  for (const line of text.split('\n')) {
    const opened = /^\s*\[\s*([^\]]*?)\s*\]\s*$/.exec(line)?.[1];
    const match = /^\s*(?:export\s+)?([\w.-]+)\s*[:=]\s*/.exec(line);
    if (opened !== undefined) section = opened;
    else if (match) {
      const [all, key = ''] = match;
      const written = line.slice(all.length).trimEnd();
      const isQuoted = /^(["']).*\1$/.test(written);
      const value = isQuoted ? written.slice(1, -1) : written;
      // Java's properties escape colons in values: `jdbc\:postgresql\://`.
      if (!value.includes('\\:')) {
        const from = start + all.length + (isQuoted ? 1 : 0);
        found.push({ section, key, value, start: from, group: start });
      }
    }
    start += line.length + 1;
  }
  return settingsOfAssignments(found, true);
}

/** The settings of a TOML file: what stands between quotes in tables, arrays and inline tables; no multi-line strings. */
export function tomlSettings(text: string): Setting[] {
  const found: Assignment[] = [];
  let section = '';
  let start = 0;
  let open: { key: string; group: number } | undefined;
  for (const line of withoutLongStrings(text).split('\n')) {
    const code = line.replace(/^((?:[^#"']|"(?:[^"\\]|\\.)*"|'[^']*')*)#.*$/, '$1');
    const table = /^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*$/.exec(code)?.[1];
    const match = /^\s*([\w.-]+|"[^"]*"|'[^']*')\s*=\s*/.exec(code);
    if (!open && table !== undefined) section = table.replace(/["']/g, '');
    else if (!open && match) {
      open = { key: (match[1] ?? '').replace(/["']/g, ''), group: start };
      addStrings(found, section, open, code.slice(match[0].length), start + match[0].length);
      if (!/^\s*\[/.test(code.slice(match[0].length)) || isClosed(code)) open = undefined;
    } else if (open) {
      addStrings(found, section, open, code, start);
      if (code.includes(']')) open = undefined;
    }
    start += line.length + 1;
  }
  return settingsOfAssignments(found, false);
}

/** The text with what stands between `"""` or `'''` blanked out. */
function withoutLongStrings(text: string): string {
  return text.replace(/("""|''')[\s\S]*?(?:\1|$)/g, (long) => long.replace(/[^\n]/g, ' '));
}

function isClosed(code: string): boolean {
  return code.split('[').length <= code.split(']').length;
}

/** The strings of a value: each is one of the key, or of the key before it in an inline table. */
function addStrings(
  found: Assignment[],
  section: string,
  { key, group }: { key: string; group: number },
  text: string,
  start: number,
): void {
  const value = /^\s*(\d+)\s*$/.exec(text)?.[1];
  if (value !== undefined) found.push({ section, key, value, start: start + text.indexOf(value), group });
  for (const match of text.matchAll(/(?:([\w-]+)\s*=\s*)?(?:"([^"\\]*)"|'([^']*)')/g)) {
    const [all, inner, double, single] = match;
    const string = double ?? single ?? '';
    const from = start + match.index + all.length - 1 - string.length;
    found.push({ section, key: inner === undefined ? key : `${key}.${inner}`, value: string, start: from, group });
  }
}

function settingsOfAssignments(assignments: readonly Assignment[], plain: boolean): Setting[] {
  const sections = new Map<string, Map<string, string>>();
  for (const { section, key, value } of assignments) {
    const settings = sections.get(section) ?? new Map<string, string>();
    sections.set(section, settings);
    settings.set(key, value);
  }
  return assignments.map(({ section, key, value, start, group }) => ({
    name: section === '' ? key : `${section}.${key}`,
    key,
    value,
    group,
    at: (offset) => start + offset,
    beside: (name) => sections.get(section)?.get(name),
    plain,
  }));
}

/** Whether a file is Fluent Bit's configuration in its own format. */
export function isFluentBit(text: string): boolean {
  return /^\[OUTPUT\]/im.test(text);
}

/** The settings of Fluent Bit's outputs: `Host` and `Port` (https://docs.fluentbit.io/manual/administration/configuring-fluent-bit/classic-mode). */
export function fluentBitSettings(text: string): Setting[] {
  const found: Assignment[] = [];
  let section = '';
  let start = 0;
  for (const line of text.split('\n')) {
    const opened = /^\[(\w+)\]/.exec(line)?.[1];
    if (opened !== undefined) section = `${opened.toLowerCase()} ${start}`;
    const match = /^\s+(\w+)\s+(?=\S)/.exec(line);
    if (match && section.startsWith('output')) {
      const value = line.slice(match[0].length).trimEnd();
      found.push({ section, key: (match[1] ?? '').toLowerCase(), value, start: start + match[0].length, group: start });
    }
    start += line.length + 1;
  }
  return settingsOfAssignments(found, true);
}

/** Whether a file is Fluentd's configuration. */
export function isFluentd(text: string): boolean {
  return /^[ \t]*<match\b[^>\n]*>/m.test(text);
}

/** The settings of what Fluentd sends to: `host` and `port` in `<match>` and below it (https://docs.fluentd.org/configuration/config-file). */
export function fluentdSettings(text: string): Setting[] {
  const found: Assignment[] = [];
  const open: string[] = [];
  let start = 0;
  for (const line of text.split('\n')) {
    const tag = /^[ \t]*<(\/?)(\w+)/.exec(line);
    if (tag?.[1] === '/') open.pop();
    else if (tag) open.push(`${tag[2]} ${start}`);
    const match = /^[ \t]*(\w+)[ \t]+(?=\S)/.exec(line);
    if (match && open[0]?.startsWith('match')) {
      const section = `output ${open.at(-1)}`;
      const value = line.slice(match[0].length).trimEnd();
      found.push({ section, key: match[1] ?? '', value, start: start + match[0].length, group: start });
    }
    start += line.length + 1;
  }
  return settingsOfAssignments(found, true);
}
