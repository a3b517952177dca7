import type { Path } from '../../resource.ts';
import { LineTable } from '../../yaml/lines.ts';
import { type Chart, templatesOf } from './chart.ts';
import { splitTemplate, type TemplatePart } from './go-template.ts';
import type { HelmChart } from './target-chart.ts';
import type { TemplateSpot } from './trace.ts';
import { isSamePath, type ValuesEntry } from './values.ts';

/** The values that a place in a template mentions. */
export interface Mentioned {
  /** By what computes the text there, the nearest first. */
  used: ValuesEntry[];
  /** By the control structures around it. */
  conditions: ValuesEntry[];
  /** It may be made of values, these or others. */
  computed: boolean;
}

/** Codes of actions, each with those around it that say what its dot may be. */
interface Code {
  code: string;
  around: readonly string[];
}

/** Names of definitions, what `tpl` renders and variables may be made of anything. */
const OPEN = /\b(?:include|template|tpl)\b|\$\w|(?:^|[\s(|])\.(?!(?:Chart|Release|Capabilities|Template|Files)\b)/;

/** How deep definitions and variables are followed into each other. */
const MAX_DEPTH = 6;
/** How many values one place may mention before only the first ones count. */
const MAX_ENTRIES = 60;

/**
 * Reads off templates which values a place may depend on. Only a guess, for what is to be tried: it knows no types, follows
 * every variable of that name, and takes all below a map that is mentioned.
 */
export class References {
  private readonly helm: HelmChart;
  private definitions: Map<string, Code[]> | undefined;

  constructor(helm: HelmChart) {
    this.helm = helm;
  }

  at(source: string, place: TemplateSpot | undefined): Mentioned {
    const text = place && this.helm.text(place.file);
    const parts = text === undefined ? undefined : splitTemplate(text);
    if (!place || text === undefined || !parts) return { used: [], conditions: [], computed: true };
    const lines = new LineTable(text);
    const index = parts.findIndex(({ start }, i) => {
      const { line, column } = lines.at(start);
      const next = parts[i + 1];
      const end = next ? lines.at(next.start) : { line: Number.POSITIVE_INFINITY, column: 0 };
      const isBehind = line < place.line || (line === place.line && column <= (place.column ?? column));
      return isBehind && (end.line > place.line || (end.line === place.line && end.column > (place.column ?? 0)));
    });
    const part = parts[index];
    if (!part) return { used: [], conditions: [], computed: true };
    const around = controlsAround(parts, index);
    const prefix = valuesPrefix(source);
    const variables = variablesIn(parts.slice(0, index));
    // A text in quotes, or one that begins with words of the template, goes on with what stands behind it on its line.
    const last = parts.findLastIndex(({ start }) => lines.at(start).line <= place.line);
    const actions = parts.flatMap((other, i) =>
      i >= index && i <= last && other.type === 'action'
        ? [{ code: other.code, around: controlsAround(parts, i) }]
        : [],
    );
    const used = this.entries(actions, variables, prefix);
    const conditions = this.entries(
      around.map((code, i) => ({ code, around: around.slice(i + 1) })),
      variables,
      prefix,
    );
    return {
      used,
      conditions: conditions.filter((entry) => !used.includes(entry)),
      computed: used.length > 0 || actions.some(({ code }) => OPEN.test(code)),
    };
  }

  private entries(codes: readonly Code[], variables: ReadonlyMap<string, string[]>, prefix: Path): ValuesEntry[] {
    const found = new Set<ValuesEntry>();
    const seen = new Set<string>();
    let wave: readonly Code[] = codes;
    for (let depth = 0; depth < MAX_DEPTH && wave.length > 0; depth++) {
      const next: Code[] = [];
      for (const { code, around } of wave) {
        for (const path of mentionedPaths(code, around)) {
          for (const entry of this.entriesAt(path, prefix)) if (found.size < MAX_ENTRIES) found.add(entry);
        }
        for (const [, name = ''] of code.matchAll(/(\$[A-Za-z_]\w*)/g)) {
          if (seen.has(name)) continue;
          seen.add(name);
          next.push(...(variables.get(name) ?? []).map((other) => ({ code: other, around })));
        }
        for (const [, name = ''] of code.matchAll(/\b(?:include|template)\s+"([^"]+)"/g)) {
          if (seen.has(name)) continue;
          seen.add(name);
          next.push(...(this.allDefinitions().get(name) ?? []));
        }
      }
      wave = next;
    }
    return [...found];
  }

  /** The scalars at or below a path of a chart's own values. */
  private entriesAt(path: Path, prefix: Path): ValuesEntry[] {
    const full = path[0] === 'global' ? path : [...prefix, ...path];
    return this.helm.entries.filter(
      (entry) =>
        entry.layer.own &&
        (typeof entry.value !== 'object' || isEmpty(entry.value)) &&
        entry.path.length >= full.length &&
        isSamePath(entry.path.slice(0, full.length), full),
    );
  }

  private allDefinitions(): Map<string, Code[]> {
    if (!this.definitions) {
      this.definitions = new Map();
      if (this.helm.chart) this.addDefinitions(this.helm.chart, this.definitions);
    }
    return this.definitions;
  }

  private addDefinitions(chart: Chart, definitions: Map<string, Code[]>): void {
    for (const file of templatesOf(chart)) {
      const parts = splitTemplate(this.helm.text(file) ?? '') ?? [];
      const names = new Map<number, string>();
      let count = 0;
      for (const part of parts) {
        if (part.type !== 'action') continue;
        const name = /^(?:define|block)\s+"([^"]+)"/.exec(part.code)?.[1];
        if (/^(?:define|block)\b/.test(part.code)) names.set(count++, name ?? '');
        const own = part.definition === undefined ? undefined : names.get(part.definition);
        if (own === undefined) continue;
        const codes = definitions.get(own) ?? [];
        definitions.set(own, codes);
        codes.push({ code: part.code, around: [] });
      }
    }
    for (const { chart: below } of chart.subcharts) this.addDefinitions(below, definitions);
  }
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** Where a chart's values lie in those of the release, from helm's name for its template. */
function valuesPrefix(source: string): Path {
  const parts = source.split('/').slice(1);
  const prefix: string[] = [];
  while (parts[0] === 'charts' && parts.length > 2) prefix.push(...parts.splice(0, 2).slice(1));
  return prefix;
}

/** The codes of the control structures around a part, the innermost first. */
function controlsAround(parts: readonly TemplatePart[], index: number): string[] {
  const open: string[][] = [];
  for (const part of parts.slice(0, index)) {
    if (part.type !== 'action') continue;
    const keyword = /^[a-z]+(?![\w.])/.exec(part.code)?.[0] ?? '';
    if (['if', 'range', 'with', 'define', 'block'].includes(keyword)) open.push([part.code]);
    else if (keyword === 'else') open.at(-1)?.push(part.code);
    else if (keyword === 'end') open.pop();
  }
  return open.reverse().flat();
}

/** What is assigned to each variable. */
function variablesIn(parts: readonly TemplatePart[]): Map<string, string[]> {
  const variables = new Map<string, string[]>();
  for (const part of parts) {
    if (part.type !== 'action') continue;
    const [, names, code = ''] = /^(?:(?:range|with|if)\s+)?(\$\w+(?:\s*,\s*\$\w+)?)\s*:?=(.*)$/s.exec(part.code) ?? [];
    for (const name of names?.split(/\s*,\s*/) ?? []) variables.set(name, [...(variables.get(name) ?? []), code]);
  }
  return variables;
}

/** Paths in a chart's values that a code names: `.Values.a.b`, `index .Values "a"`, and `.b` inside `with .Values.a`. */
function mentionedPaths(code: string, around: readonly string[]): Path[] {
  const paths: Path[] = [];
  for (const [, dotted = '', quoted = ''] of code.matchAll(/\.Values((?:\.[A-Za-z_]\w*)*)((?:\s+"[^"\s]+")*)/g)) {
    const names = dotted.split('.').slice(1);
    const keys = [...quoted.matchAll(/"([^"]+)"/g)].map(([, key = '']) => key);
    if (names.length + keys.length === 0) continue;
    paths.push([...names, ...keys]);
    if (names.length > 0 && keys.length > 0) paths.push(names);
  }
  const relative = [...code.matchAll(/(?:^|[\s(])\.((?:[A-Za-z_]\w*)(?:\.[A-Za-z_]\w*)*)/g)]
    .map(([, dotted = '']) => dotted.split('.'))
    .filter(([first = '']) => !['Values', 'Release', 'Chart', 'Files', 'Capabilities', 'Template'].includes(first));
  const bases = around.filter((other) => /^(?:with|range)\b/.test(other)).flatMap((other) => mentionedPaths(other, []));
  for (const base of bases) for (const below of relative) paths.push([...base, ...below]);
  if (/(?:^|[\s(|])\.(?=[\s)|]|$)/.test(code)) paths.push(...bases);
  return paths;
}
