import type { Cluster } from '../cluster/cluster.ts';
import { valueAt } from '../cluster/workloads.ts';
import type { RelatedLocation } from '../diagnostic.ts';
import { innerPaths } from '../render/scalar-paths.ts';
import { isEncoded } from '../render/target.ts';
import { showLocation } from '../report/shown.ts';
import type { Location, Path, Resource, TargetRef } from '../resource.ts';
import type { SourceFiles } from '../source.ts';
import { shownValue } from './shown-value.ts';

/** A place in a source: 1-based, `file` as locations show it. */
export interface SourcePlace {
  file: string;
  line: number;
  column?: number;
}

/** A value that a line takes part in, in the targets where it does so in the same way. */
export interface Reached {
  /** `Deployment/web` */
  resource: string;
  /** Empty for the object as a whole. */
  path: Path;
  /** Undefined for what holds others; what may be a secret is `…`. */
  value?: string;
  /** How the line takes part in it, where it isn't simply what stands there. */
  how?: string;
  /** What the value overrides, and what else it came by. */
  way: readonly RelatedLocation[];
  targets: readonly TargetRef[];
}

/**
 * Which line of the text at a location is the one that was asked for, counted from 0, or -1 for the line that the location is itself;
 * undefined where it is none of them.
 */
export type LineTest = (location: Location, text?: unknown) => number | undefined;

/** The test for a line; `names` are all that its file is called by. A text that is written as a block takes the lines below it, too. */
export function lineTest({ line }: SourcePlace, names: ReadonlySet<string>, sources: SourceFiles): LineTest {
  return ({ file, line: start }, text) => {
    if (!names.has(file)) return undefined;
    const lines = typeof text === 'string' ? text.trimEnd().split('\n') : [];
    // A file that a generator reads whole.
    const isFile = typeof text === 'string' && (start ?? 1) === 1 && text.trimEnd() === sources.text(file).trimEnd();
    if (isFile) return line <= lines.length ? line - 1 : undefined;
    if (start === line) return -1;
    if (start === undefined || start > line || lines.length < 2) return undefined;
    const isBlock = /[|>][-+\d]*\s*(?:#.*)?$/.test(sources.lines(file)[start - 1] ?? '');
    return isBlock && line - start <= lines.length ? line - start - 1 : undefined;
  };
}

/** How long values are traced back to their lines: a monorepo may render millions. */
const PATIENCE = 20_000;
/** How the way to a value tells of what it replaced. */
const OVERRIDDEN = /^(?:it replaces what|before, it was set)/;

/** Collects what a line reaches; what it does in the same way in several targets is one. */
export class Reaching {
  readonly #place: SourcePlace;
  readonly #isHere: LineTest;
  readonly #reached = new Map<string, Reached & { column: number; isScalar: boolean }>();
  readonly #notes = new Map<string, { text: string; targets: TargetRef[] }>();
  #end: number | undefined;

  constructor(place: SourcePlace, isHere: LineTest) {
    this.#place = place;
    this.#isHere = isHere;
  }

  /** Adds a value of an object; `line` is that of its text, counted from 0, where it has several. */
  add(
    {
      object,
      path,
      column = 1,
      line,
      how,
      way = [],
    }: {
      object: unknown;
      path: Path;
      column?: number | undefined;
      line?: number | undefined;
      how?: string | undefined;
      way?: readonly RelatedLocation[];
    },
    resource: string,
    targets: readonly TargetRef[],
  ): void {
    const value = shownValue(object, path, line);
    const item = {
      resource,
      path,
      ...(value === undefined ? {} : { value }),
      ...(how === undefined ? {} : { how }),
      way,
    };
    const key = JSON.stringify(item);
    const known = this.#reached.get(key)?.targets ?? [];
    const isScalar = typeof valueAt(object, path) !== 'object' || how !== undefined;
    this.#reached.set(key, { ...item, column, isScalar, targets: [...known, ...targets] });
  }

  note(text: string, target: TargetRef): void {
    const note = this.#notes.get(text) ?? { text, targets: [] };
    note.targets.push(target);
    this.#notes.set(text, note);
  }

  notes(): { text: string; targets: TargetRef[] }[] {
    return [...this.#notes.values()];
  }

  /** Those at the column that was asked for, if any; what holds values counts only where no value does. */
  values(): Reached[] {
    const all = [...this.#reached.values()];
    const scalars = all.some(({ isScalar }) => isScalar) ? all.filter(({ isScalar }) => isScalar) : all;
    const { column } = this.#place;
    const before = column === undefined ? [] : scalars.map((item) => item.column).filter((own) => own <= column);
    const start = before.length > 0 ? Math.max(...before) : undefined;
    return scalars
      .filter((item) => start === undefined || item.column === start)
      .map(({ column: _column, isScalar: _isScalar, ...item }) => item);
  }

  /** What was rendered in some targets of an environment, each value traced back to its line. Throws when aborted. */
  async addCluster(cluster: Cluster, targets: readonly TargetRef[], signal?: AbortSignal): Promise<void> {
    const [first] = targets;
    if (!first) return;
    const wanted = new Set(targets.map(({ target }) => target));
    const refused = cluster.schemaErrors.map(({ resource }) => resource);
    const rendered = [...new Set([...cluster.resources, ...refused])].filter(
      (resource) => !resource.existing && resource.targets.some(({ target }) => wanted.has(target)),
    );
    const own = new Set<Resource>();
    for (const resource of rendered) if (this.#isInFile(await resource.locate([]))) own.add(resource);
    // What a file defines comes first; replacements, patches and generators carry its lines into other objects.
    const resources = [...own, ...rendered.filter((resource) => !own.has(resource))];
    this.#end ??= Date.now() + PATIENCE;
    for (const [i, resource] of resources.entries()) {
      signal?.throwIfAborted();
      if (Date.now() > this.#end) {
        this.note(`only ${i} of ${resources.length} objects were looked at: it takes too long`, first);
        return;
      }
      await this.#addResource(
        resource,
        resource.targets.filter(({ target }) => wanted.has(target)),
      );
    }
  }

  #isInFile({ file }: Location): boolean {
    return this.#isHere({ file, line: this.#place.line }) !== undefined;
  }

  async #addResource(resource: Resource, targets: readonly TargetRef[]): Promise<void> {
    const { object } = resource;
    const add = (value: Omit<Parameters<Reaching['add']>[0], 'object'>) =>
      this.add({ object, ...value }, String(resource), targets);
    for (const path of innerPaths(object)) {
      const value = valueAt(object, path);
      const location = await resource.locate(path);
      if (typeof value === 'object') {
        if (this.#isHere(location) !== undefined) add({ path, column: location.column });
        continue;
      }
      const text = isEncoded(object, path) ? Buffer.from(String(value), 'base64').toString() : value;
      const way = await resource.way(path);
      const line = this.#isHere(location, text);
      if (line !== undefined) {
        // Whoever points at a key means its value.
        const key = this.#place.column === undefined ? location : await resource.locate(path, 'key');
        add({ path, column: key.line === location.line ? key.column : location.column, line, way });
        continue;
      }
      const part = way.find((other) => this.#isHere(other.location) !== undefined);
      if (!part) continue;
      const elsewhere = showLocation(location);
      const how = OVERRIDDEN.test(part.message)
        ? `overridden at ${elsewhere}`
        : `${part.message}; the value is written at ${elsewhere}`;
      add({ path, column: part.location.column, how });
    }
  }
}
