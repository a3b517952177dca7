import { stringify } from 'yaml';
import { readYaml } from '../../src/yaml.ts';
import { namespaceOf, type Stream } from './helm-cases.ts';
import type { HelmCase } from './prove-helm.ts';

type Json = Record<string, unknown>;

/** Where values lie, the one that counts least first. Those of a subchart count less than all that its parent says. */
const LAYERS = ['sub', 'values', 'one', 'two', 'set'] as const;
type Layer = (typeof LAYERS)[number];

/** The name of the subchart, and of its values in those of the parent. */
const SUBCHART = 'backend';

/** A chart that renders an example's objects, with their values scattered over all that helm reads values from. */
export interface Wrapped extends HelmCase {
  /** What helm must print of it. */
  objects: Json[];
}

/**
 * Moves what a stream says out of the manifests: into the chart's values, into -f files, `set`, globals and a subchart's values,
 * read by the template in all the ways that templates have. Undefined where the stream is no YAML, or has keys twice.
 */
export function wrappedCase(stream: Stream, seed: number): Wrapped | undefined {
  const documents = readYaml(stream.manifest).filter(({ empty }) => !empty);
  const objects = documents.map(({ value }) => value);
  if (documents.some(({ error, duplicateKeys }) => error || duplicateKeys.length > 0)) return undefined;
  if (!objects.every(isObject)) return undefined;
  const writer = new ChartWriter(randomOf(seed));
  for (const object of objects) writer.add(object);
  const { existing, name, manifest } = stream;
  const files = writer.files();
  const helm = {
    chart: 'app',
    release: 'rel',
    namespace: namespaceOf(manifest),
    values: ['one.yaml', 'two.yaml'],
    set: writer.layers.set,
  };
  const environment = { targets: [{ helm }], ...(existing === undefined ? {} : { existing: ['existing.yaml'] }) };
  files['k8s-lint.yaml'] = written({ environments: { example: environment } });
  if (existing !== undefined) files['existing.yaml'] = existing;
  return { name: `values ${name}`, files, objects };
}

function isObject(value: unknown): value is Json {
  return isMap(value) && typeof value.kind === 'string' && typeof value.apiVersion === 'string';
}

function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function written(value: unknown): string {
  return stringify(value, { version: '1.1', lineWidth: 0 });
}

/** Numbers from 0 up to 1, the same ones for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Where a template takes values from: those of the release, or what a `with` or `range` stands on. */
interface Scope {
  /** Puts a value there, and says how the template reads it. */
  put(name: string, value: unknown): string;
  /** Whether an expression means the same in a named template that is given the root. */
  isRoot: boolean;
}

class ChartWriter {
  readonly layers: Record<Layer, Json> = { sub: {}, values: {}, one: {}, two: {}, set: {} };
  private readonly random: () => number;
  private readonly templates: Record<'app' | 'sub', string[]> = { app: [], sub: [] };
  private readonly helpers: string[] = [];
  private isInSubchart = false;
  private part = '';
  private count = 0;

  constructor(random: () => number) {
    this.random = random;
  }

  add(object: Json): void {
    this.isInSubchart = this.chance(0.25);
    this.part = `${String(object.kind).toLowerCase()}${this.count++}`;
    const lines = this.entries(object, 0, this.root(), true);
    this.templates[this.isInSubchart ? 'sub' : 'app'].push(`${lines.join('\n')}\n`);
  }

  files(): Record<string, string> {
    const { values, one, two, sub } = this.layers;
    const files: Record<string, string> = {
      'app/Chart.yaml': 'apiVersion: v2\nname: app\nversion: 0.1.0\n',
      'app/templates/_helpers.tpl': this.helpers.join('\n'),
      'app/values.yaml': written(values),
      'one.yaml': written(one),
      'two.yaml': `# Counts most of the files.\n${written(two)}`,
    };
    const write = (directory: string, templates: readonly string[]) => {
      // Some templates hold several objects.
      for (const [i, text] of templates.entries()) {
        const file = `${directory}/templates/part${i - (i % 3)}.yaml`;
        files[file] = file in files ? `${files[file]}---\n${text}` : text;
      }
    };
    write('app', this.templates.app);
    if (this.templates.sub.length > 0) {
      files[`app/charts/${SUBCHART}/Chart.yaml`] = `apiVersion: v2\nname: ${SUBCHART}\nversion: 0.1.0\n`;
      files[`app/charts/${SUBCHART}/values.yaml`] = written(sub);
      write(`app/charts/${SUBCHART}`, this.templates.sub);
    }
    return files;
  }

  private chance(probability: number): boolean {
    return this.random() < probability;
  }

  private oneOf<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)] as T;
  }

  /** The values of the release, as the template of the chart sees them. */
  private root(): Scope {
    return {
      isRoot: true,
      put: (name, value) => {
        const isGlobal = this.chance(0.1);
        const key = `${isGlobal ? `${this.part}_` : ''}${name.replace(/\W/g, '_')}`;
        const above = isGlobal ? ['global'] : [this.part];
        const path = this.place([...(this.isInSubchart && !isGlobal ? [SUBCHART] : []), ...above], key, value);
        return `$.Values.${path.slice(this.isInSubchart && !isGlobal ? 1 : 0).join('.')}`;
      },
    };
  }

  /** A map that the template stands on. */
  private within(holder: Json): Scope {
    return {
      isRoot: false,
      put: (name, value) => {
        const key = freeKey(holder, name.replace(/\W/g, '_'));
        holder[key] = value;
        return `.${key}`;
      },
    };
  }

  /** Puts a value into one of the layers, and now and then others into those that count less. */
  private place(above: readonly string[], name: string, value: unknown): string[] {
    const isOfSubchart = above[0] === SUBCHART;
    const candidates = LAYERS.filter((layer) => layer !== 'sub' || isOfSubchart);
    const at = Math.floor(this.random() * candidates.length);
    const layer = candidates[at] as Layer;
    const key = freeKey(Object.assign({}, ...LAYERS.map((other) => this.mapAt(other, above))), name);
    this.mapAt(layer, above)[key] = value;
    const below = candidates[at - 1];
    if (below && this.chance(0.4)) this.mapAt(below, above)[key] = decoyOf(value);
    return [...above, key];
  }

  private mapAt(layer: Layer, path: readonly string[]): Json {
    let map = this.layers[layer];
    for (const key of layer === 'sub' && path[0] === SUBCHART ? path.slice(1) : path) {
      map[key] ??= {};
      map = map[key] as Json;
    }
    return map;
  }

  /** The lines of a map's entries. */
  private entries(map: Json, indent: number, scope: Scope, isObject = false): string[] {
    return Object.entries(map).flatMap(([key, value]) => {
      const head = `${' '.repeat(indent)}${keyText(key)}:`;
      if (isObject && (key === 'kind' || key === 'apiVersion')) return [`${head} ${JSON.stringify(value)}`];
      if (typeof value !== 'object' || value === null) return [`${head} ${this.scalar(key, value, scope)}`];
      if (isEmpty(value)) return [`${head} ${JSON.stringify(value)}`];
      return this.block(head, key, value, indent + 2, scope);
    });
  }

  private block(head: string, key: string, value: object, indent: number, scope: Scope): string[] {
    const spaces = ' '.repeat(indent);
    const from = this.chance(0.5) ? this.root() : scope;
    const choice = this.random();
    if (choice < 0.12) return [`${head}`, `${spaces}{{- toYaml ${from.put(key, value)} | nindent ${indent} }}`];
    if (choice < 0.2) return [`${head} {{- ${from.put(key, value)} | toYaml | nindent ${indent} }}`];
    if (choice < 0.24) return [`${head} {{ toJson ${from.put(key, value)} }}`];
    if (choice < 0.32) {
      // What a named template prints is indented where it is included.
      const name = this.helper(this.lines(value, 0, this.root()));
      return [`${head}`, `${spaces}{{- include "${name}" $ | nindent ${indent} }}`];
    }
    if (isMap(value) && choice < 0.5) {
      const holder: Json = {};
      const lines = this.entries(value, indent, this.within(holder));
      // A `with` passes over an empty map.
      if (isEmpty(holder)) holder.enabled = true;
      return [head, `${spaces}{{- with ${from.put(key, holder)} }}`, ...lines, `${spaces}{{- end }}`];
    }
    if (choice < 0.75) {
      const lines = this.range(key, value, indent, from);
      if (lines) return [head, ...lines];
    }
    return [head, ...this.lines(value, indent, from)];
  }

  private lines(value: object, indent: number, scope: Scope): string[] {
    if (!Array.isArray(value)) return this.entries(value as Json, indent, scope);
    const spaces = ' '.repeat(indent);
    return value.flatMap((item, i) => {
      if (typeof item !== 'object' || item === null) return [`${spaces}- ${this.scalar(`item${i}`, item, scope)}`];
      if (isEmpty(item)) return [`${spaces}- ${JSON.stringify(item)}`];
      const [first = '', ...rest] = this.lines(item, indent + 2, scope);
      return /^\s*\{\{/.test(first)
        ? [`${spaces}-`, first, ...rest]
        : [`${spaces}- ${first.slice(indent + 2)}`, ...rest];
    });
  }

  /** A loop over the items of a list, or the entries of a map. */
  private range(key: string, value: object, indent: number, scope: Scope): string[] | undefined {
    const spaces = ' '.repeat(indent);
    const loop = (head: string, lines: readonly string[]) => [
      `${spaces}{{- range ${head} }}`,
      ...lines.map((line) => spaces + line),
      `${spaces}{{- end }}`,
    ];
    if (!Array.isArray(value)) {
      if (!Object.values(value).every((item) => typeof item === 'string')) return undefined;
      return loop(`$key, $value := ${scope.put(key, value)}`, ['{{ $key | quote }}: {{ $value | quote }}']);
    }
    if (value.every((item) => typeof item === 'string')) return loop(scope.put(key, value), ['- {{ . | quote }}']);
    if (!value.every(isMap)) return undefined;
    const keys = new Set(value.flatMap((item) => Object.keys(item)));
    const isPlain = (item: Json, name: string) =>
      Object.hasOwn(item, name) && /^\w+$/.test(name) && typeof item[name] !== 'object';
    const isFlat = keys.size > 0 && value.every((item) => [...keys].every((name) => isPlain(item, name)));
    if (!isFlat) return loop(scope.put(key, value), ['-', `  {{- toYaml . | nindent ${indent + 2} }}`]);
    const [first = '', ...rest] = [...keys].map((name) => `${name}: {{ .${name} | toJson }}`);
    return loop(scope.put(key, value), [`- ${first}`, ...rest.map((line) => `  ${line}`)]);
  }

  private helper(lines: readonly string[]): string {
    const name = `app.part${this.helpers.length}`;
    this.helpers.push(`{{- define "${name}" -}}\n${lines.join('\n')}\n{{- end }}`);
    return name;
  }

  /** What a template writes behind a key to print a scalar. */
  private scalar(key: string, value: unknown, inner: Scope): string {
    if (value === null) return 'null';
    const scope = this.chance(0.3) ? this.root() : inner;
    const ways = [
      () => literal(value),
      ...[0, 1, 2, 3].map(() => () => this.print(scope.put(key, value), value)),
      () => this.print(`${scope.put(key, value)} | default ${JSON.stringify(decoyOf(value))}`, value),
      () => `{{ $own := ${scope.put(key, value)} }}${this.print('$own', value)}`,
      () => this.print(`ternary ${scope.put(key, value)} "other" ${this.root().put('flag', true)}`, value),
      () => {
        const flag = this.root().put('enabled', true);
        return `{{ if ${flag} }}${this.print(scope.put(key, value), value)}{{ else }}other{{ end }}`;
      },
      () => this.print(`index ${this.root().put(`${key}s`, [decoyOf(value), value])} 1`, value),
      ...(typeof value === 'string' ? this.waysOfText(key, value, scope) : []),
      ...(Number.isInteger(value) ? [() => `{{ add ${scope.put(key, Number(value) - 1)} 1 }}`] : []),
    ];
    return this.oneOf(ways.filter((_, i) => i !== 5 || Boolean(value)))();
  }

  private waysOfText(key: string, value: string, scope: Scope): (() => string)[] {
    const ways = [
      () => {
        const name = this.helper([`{{ ${this.root().put(key, value)} }}`]);
        return this.print(`include "${name}" $`, value);
      },
    ];
    if (!value.includes('{{')) {
      ways.push(() => this.print(`tpl ${scope.put(key, value)} $`, value));
      ways.push(() => {
        const expression = this.root().put(key, value);
        return this.print(`tpl ${scope.put(key, `{{ ${expression} }}`)} $`, value);
      });
    }
    const parts = /^([\w./-]*[a-z][\w./-]*)([:/@-])([\w./-]*[a-z.][\w./-]*)$/.exec(value);
    if (parts) {
      const [, left = '', sign = '', right = ''] = parts;
      ways.push(
        () => `"{{ ${scope.put(`${key}Name`, left)} }}${sign}{{ ${scope.put(`${key}Tag`, right)} }}"`,
        () =>
          this.print(`printf "%s${sign}%s" ${scope.put(`${key}Name`, left)} ${scope.put(`${key}Tag`, right)}`, value),
        () => `${left}${sign}{{ ${scope.put(`${key}Tag`, right)} }}`,
      );
    }
    if (value !== '' && value === value.toLowerCase() && /^[a-z]+$/.test(value)) {
      ways.push(() => this.print(`${scope.put(key, value.toUpperCase())} | lower`, value));
    }
    return ways;
  }

  /** An action that prints a value with its type. */
  private print(expression: string, value: unknown): string {
    const piped = expression.includes(' ') && !expression.includes(' | ') ? `(${expression})` : expression;
    if (typeof value === 'number') return Number.isInteger(value) ? `{{ ${piped} | int64 }}` : `{{ ${piped} }}`;
    if (typeof value === 'boolean') return `{{ ${piped} }}`;
    const text = String(value);
    const ways = [`{{ ${piped} | quote }}`, `{{ ${piped} | quote }}`, `{{ ${piped} | toJson }}`];
    if (/^[\w./:-]*$/.test(text)) ways.push(`"{{ ${expression} }}"`, `{{ ${piped} | squote }}`);
    if (/^[a-z]{2,}(?:-[a-z]+)+$/.test(text)) ways.push(`{{ ${expression} }}`, `{{- " " }}{{ ${expression} }}`);
    return this.oneOf(ways);
  }
}

function literal(value: unknown): string {
  return JSON.stringify(value).replaceAll('{{', '{{ "{{" }}');
}

function keyText(key: string): string {
  return /^[\w./-]+$/.test(key) && !/^(?:[\d.]+|y|n|yes|no|on|off|true|false|null)$/i.test(key) ? key : literal(key);
}

function freeKey(taken: Json, name: string): string {
  const base = /^[A-Za-z_]/.test(name) ? name : `k${name}`;
  let key = base;
  for (let i = 2; Object.hasOwn(taken, key); i++) key = `${base}${i}`;
  return key;
}

/** Another value of the type, which a layer that counts more hides. */
function decoyOf(value: unknown): unknown {
  if (typeof value === 'number') return value + 7;
  if (typeof value === 'boolean') return !value;
  if (Array.isArray(value)) return ['hidden'];
  if (typeof value === 'string') return 'hidden';
  // helm merges maps: of those, all is hidden.
  return Object.fromEntries(
    Object.entries(value as Json).map(([key, item]) => [key, isMap(item) ? {} : decoyOf(item)]),
  );
}
