import { join, relative } from 'node:path';
import { asMap } from '../../../cluster/workloads.ts';
import type { At, Location, Path } from '../../../resource.ts';
import type { Related } from '../../../rule.ts';
import type { SourceFiles } from '../../../source.ts';
import { readYaml } from '../../../yaml.ts';
import type { RenderContext } from '../../target.ts';
import type { Entry } from '../entries.ts';
import { fieldOf, itemsOf, stringOf } from '../fields.ts';
import { realPath, stats } from '../files.ts';
import { documentsOf, type Kustomization, type KustomizationGraph, type Mention } from '../kustomization.ts';
import { generatorsOf } from '../trace/generate.ts';
import { type Patch, patchesOf } from '../trace/patches.ts';
import { locationOf } from '../trace/shadow.ts';
import { identityOfValue } from '../trace/subject.ts';
import { type Failure, PRINTED_ID } from './failure-message.ts';
import { fieldsOf, pathsOfKey, pathsOfText, pathsOfType, scalarsOnTheWay } from './value-paths.ts';

/** A place, and what kustomize's message leaves out or says in numbers that help nobody. */
export interface Found {
  location: Location;
  message?: string;
  related?: Related[];
  cuts?: readonly Mention[];
}

/** Finds the line that a failure is about. Each method knows one kind of message; the first that finds a place is believed. */
export class Finder {
  readonly #reason: string;
  readonly #failure: Failure;
  readonly #graph: KustomizationGraph;
  readonly #sources: SourceFiles;

  constructor(failure: Failure, graph: KustomizationGraph, context: RenderContext) {
    this.#reason = failure.reason;
    this.#failure = failure;
    this.#graph = graph;
    this.#sources = context.sources;
  }

  find(): Found | undefined {
    const { kustomization } = this.#failure;
    return (
      this.#duplicateKey() ??
      (kustomization && this.#malformedKustomization(kustomization)) ??
      (kustomization && this.#malformedFile(kustomization)) ??
      this.#registeredTwice() ??
      this.#noObject() ??
      this.#wrongType() ??
      (kustomization && this.#badPatch(kustomization)) ??
      (kustomization && this.#badGenerator(kustomization)) ??
      (kustomization && this.#badField(kustomization)) ??
      this.#badChart() ??
      this.#listed() ??
      this.#component() ??
      (kustomization && this.#mentioned(kustomization))
    );
  }

  /** A key that stands twice in a mapping. kustomize names neither the file nor, in a stream, its line. */
  #duplicateKey(): Found | undefined {
    const named = /line (\d+): mapping key "(.*?)" already defined at line \d+/.exec(this.#reason);
    if (!named) return undefined;
    const all = this.#graph.yamlFiles.flatMap((file) =>
      (documentsOf(file, this.#sources) ?? []).flatMap((document) =>
        document.duplicateKeys
          .filter(({ path }) => String(path.at(-1)) === named[2])
          .map((place) => ({ file, ...place, lineInDocument: place.line - document.line + 1 })),
      ),
    );
    const exact = all.filter(({ lineInDocument }) => lineInDocument === Number(named[1]));
    const only = theOnly(all) ?? theOnly(exact);
    if (!only) return { location: this.#file(this.#graph.root), message: `mapping key "${named[2]}" already defined` };
    const { file } = this.#sources.whole(only.file);
    const location = { file, line: only.line, column: only.column };
    return { location, message: `mapping key "${named[2]}" already defined`, cuts: this.#listing(only.file) };
  }

  /** A kustomization that can't be read is left out where it is listed, unless one item of a list is what is wrong. */
  #malformedKustomization(kustomization: Kustomization): Found | undefined {
    const found = this.#inKustomization(kustomization);
    if (!found || found.cuts?.some(({ path }) => path.length > 1)) return found;
    return { ...found, cuts: this.#listing(kustomization.file) };
  }

  #inKustomization(kustomization: Kustomization): Found | undefined {
    const { value, document, files, directory } = kustomization;
    if (this.#reason.startsWith('Found multiple kustomization files')) {
      return { location: this.#sources.whole(files[1] ?? directory) };
    }
    if (/^kustomization\.yaml is empty/.test(this.#reason)) return this.#empty(kustomization);
    const field = /^Failed to read kustomization file under [\s\S]*\n(kind|apiVersion) /.exec(this.#reason)?.[1];
    if (field) return this.#at(kustomization, [fieldOf(value, field)?.key ?? field]);
    if (!this.#reason.startsWith('invalid Kustomization')) return undefined;
    const unknown = /json: unknown field "(.*)"$/.exec(this.#reason)?.[1];
    if (unknown !== undefined) {
      const top = Object.hasOwn(value, unknown) ? [unknown] : theOnly(pathsOfKey(value, unknown, []));
      return top && this.#at(kustomization, top, 'key');
    }
    const type = /json: cannot unmarshal (\w+) into Go struct field (\S+) of type/.exec(this.#reason);
    if (type?.[1] && type[2]) {
      const path = theOnly(pathsOfType(value, fieldsOf(type[2]), type[1], []));
      return path && this.#at(kustomization, path);
    }
    if (/cannot unmarshal \w+ into Go value of type/.test(this.#reason)) return this.#at(kustomization, []);
    const { error } = document ?? {};
    return error && { location: { ...this.#sources.whole(kustomization.file), ...placeOf(error) } };
  }

  /** A kustomization without a line that says anything: where it is listed, if it is listed once. */
  #empty(kustomization: Kustomization): Found {
    const only = theOnly(this.#listing(kustomization.file));
    const location = this.#file(kustomization);
    if (!only) return { location };
    const message = `${location.file} is empty`;
    return { message, location: this.#place(only.kustomization, only.path) };
  }

  /** A listed file, or a patch, that is no YAML. */
  #malformedFile(kustomization: Kustomization): Found | undefined {
    const named =
      /MalformedYAMLError: [\s\S]* in File: (.*)$/.exec(this.#reason)?.[1] ??
      /unable to parse SM or JSON patch from \[path: "(.*?)"\]/.exec(this.#reason)?.[1];
    const entry = kustomization.entries.find(({ text, what }) => text === named && what === 'file');
    if (!entry) return undefined;
    const found = this.#errorIn(entry.absolute);
    const cuts = [{ kustomization, path: entry.path }];
    // Of a patch, kustomize doesn't say why it can't be read.
    if (found && this.#reason.includes('unable to parse SM'))
      return { ...found, message: `${this.#reason}: ${found.reason}`, cuts };
    return { location: this.#sources.locate(entry.absolute, 0, []), ...found, cuts };
  }

  #errorIn(file: string): (Found & { reason: string }) | undefined {
    const documents = documentsOf(file, this.#sources) ?? [];
    const [repeated] = documents.flatMap(({ duplicateKeys }) => duplicateKeys);
    const error =
      documents.find((document) => document.error)?.error ??
      (repeated && { ...repeated, message: `mapping key "${repeated.path.at(-1)}" already defined` });
    return error && { location: { ...this.#sources.whole(file), ...placeOf(error) }, reason: error.message };
  }

  /** A second object of one identity: at the object, or where the directory that brings it is listed. */
  #registeredTwice(): Found | undefined {
    const id = /already registered id: (\w+)\.\S*?\/(.*)\.\S+?$/.exec(this.#reason);
    const entry = this.#entry();
    const [, kind, name] = id ?? [];
    if (kind === undefined || name === undefined || !entry) return undefined;
    const listedAgain = this.#listedTwice(entry);
    if (listedAgain) return listedAgain;
    const all = this.#graph.yamlFiles.flatMap((file) => this.#objects(file, kind, name));
    const own = all.filter(({ file }) => file === entry.absolute);
    const others = all.filter(({ file }) => file !== entry.absolute);
    const inOne = others.length === 0 && own.length === 2;
    const second = inOne ? own[1] : theOnly(own);
    const first = inOne ? own[0] : theOnly(others);
    const related = first && [{ message: 'the first one', location: first.location }];
    return {
      location: second?.location ?? this.#listed()?.location ?? this.#file(this.#failure.kustomization),
      ...(related ? { related } : {}),
      ...this.#cutListed(),
    };
  }

  /** A file or a directory that one kustomization lists twice: the second time, with the first one related. */
  #listedTwice({ absolute }: Entry): Found | undefined {
    const { lister } = this.#failure.entry ?? {};
    const same = (lister?.entries ?? []).filter(
      (own) => isListed(own.role) && realPath(own.absolute) === realPath(absolute),
    );
    const within = lister && same.length < 2 ? this.#listing(lister.file) : [];
    const [first, second] =
      lister && same.length > 1 ? same.map(({ path }) => ({ kustomization: lister, path })) : within;
    if (!first || !second) return undefined;
    return {
      ...this.#at(second.kustomization, second.path),
      related: [{ message: 'listed here first', location: this.#place(first.kustomization, first.path) }],
    };
  }

  /** A field of an object that is of another type than kustomize's own change of it needs. */
  #wrongType(): Found | undefined {
    const [, field = '', kind = '', name = ''] =
      /considering field '([^']*)' of object (\w+)\.\S*?\/(.*?)\.\S+?: /.exec(this.#reason) ?? [];
    if (field === '') return undefined;
    const all = this.#graph.yamlFiles.flatMap((file) =>
      (documentsOf(file, this.#sources) ?? []).flatMap(({ index, value }) => {
        const id = identityOfValue(value);
        if (id.kind !== kind || !name.includes(id.name)) return [];
        return scalarsOnTheWay(value, field.replaceAll('[]', '').split('/'), []).map((path) => ({
          location: this.#sources.locate(file, index, path),
          cuts: this.#listing(file),
        }));
      }),
    );
    return theOnly(all);
  }

  /** A document without kind, apiVersion or name. */
  #noObject(): Found | undefined {
    const what = /missing (Resource metadata|metadata\.name|kind)/.exec(this.#reason)?.[1];
    const entry = this.#entry();
    if (!what || entry?.what !== 'file') return undefined;
    const documents = documentsOf(entry.absolute, this.#sources) ?? [];
    for (const { index, value, empty } of documents) {
      const bad = empty ? undefined : objectsIn(value).find((object) => lacks(object.value, what));
      if (bad) return { location: this.#sources.locate(entry.absolute, index, bad.path), ...this.#cutListed() };
    }
    const found = this.#errorIn(entry.absolute);
    return found && { ...found, ...this.#cutListed() };
  }

  #badPatch(kustomization: Kustomization): Found | undefined {
    const patches = patchesOf(kustomization, this.#sources);
    const at = (patch: Patch | undefined) => patch && this.#at(kustomization, patch.path);

    const unmatched = /failed to find unique target for patch (.*)$/.exec(this.#reason)?.[1];
    if (unmatched !== undefined) {
      const same = patches.filter(
        ({ target, document }) => !target && printedTarget({ ...identityOfValue(document.value) }) === unmatched,
      );
      return at(theOnly(same));
    }
    const operation =
      /^(\w+) operation does not apply: doc is missing (?:path|key): "?([^"]*?)"?: missing value/.exec(this.#reason) ??
      /error in (\w+) for path: '(.*?)'/.exec(this.#reason) ??
      /(test)ing (?:value|path) (\S+) failed/.exec(this.#reason);
    if (operation) {
      const [, op, pointer = ''] = operation;
      return this.#operation(kustomization, patches, (item) => {
        if (item.op !== op) return undefined;
        if (item.path === pointer) return 'path';
        // Of what is moved, kustomize names the last key only.
        return op === 'move' && typeof item.from === 'string' && item.from.endsWith(`/${pointer}`) ? 'from' : undefined;
      });
    }
    const unknown = /^Unexpected kind: (.*)$/.exec(this.#reason)?.[1];
    if (unknown !== undefined) {
      const wanted = unknown === 'unknown' ? undefined : unknown;
      return this.#operation(kustomization, patches, ({ op }) => (op === wanted ? 'op' : undefined));
    }
    const pathless = /^(\w+) operation failed to decode path: missing value/.exec(this.#reason)?.[1];
    if (pathless !== undefined) {
      const isPathless = ({ op, path }: Record<string, unknown>) => op === pathless && path === undefined;
      return this.#operation(kustomization, patches, (item) => (isPathless(item) ? 'path' : undefined));
    }
    const config = /trouble configuring builtin Patch\w*Transformer with config: `\n?([\s\S]*?)`: /.exec(
      this.#reason,
    )?.[1];
    const written = /\[patch: ("(?:[^"\\]|\\.)*")\]/.exec(this.#reason)?.[1];
    const entries = ['patches', 'patchesJson6902'].flatMap((field) => itemsOf(kustomization.value, field));
    const file = /\[path: "(.*?)"\]/.exec(this.#reason)?.[1];
    if (config !== undefined || written !== undefined || file !== undefined) {
      const { path = file, patch, jsonOp } = asMap(readYaml(config ?? '')[0]?.value) ?? {};
      const text = written === undefined ? (patch ?? jsonOp) : fromQuoted(written);
      const only = theOnly(
        entries.filter((entry) => {
          const item = asMap(entry.value) ?? {};
          const own = fieldOf(item, 'patch')?.value;
          if (typeof path === 'string') return fieldOf(item, 'path')?.value === path;
          return typeof own === 'string' && typeof text === 'string' && own.trim() === text.trim();
        }),
      );
      if (!only) return undefined;
      const named = kustomization.entries.find((entry) => only.path.every((key, i) => key === entry.path[i]));
      const broken = named?.what === 'file' && /: yaml: /.test(this.#reason) && this.#errorIn(named.absolute);
      return { ...this.#at(kustomization, only.path), ...(broken ? { location: broken.location } : {}) };
    }
    return this.#badSelector(kustomization, entries);
  }

  /** A target that kustomize can't read: kustomize prints the whole selector, and then what of it is wrong. */
  #badSelector(kustomization: Kustomization, entries: readonly { path: Path; value: unknown }[]): Found | undefined {
    const [, quoted, why = ''] =
      /unable to find patch target ("(?:[^"\\]|\\.)*") in `resources`: (.*)$/.exec(this.#reason) ?? [];
    const selector = quoted && fromQuoted(quoted);
    const part = /`(.*)`$/.exec(why)?.[1] ?? '';
    if (!selector) return undefined;
    const same = entries.flatMap(({ path, value }) => {
      const target = fieldOf(asMap(value) ?? {}, 'target');
      const fields = asMap(target?.value) ?? {};
      if (!target || printedSelector(fields) !== selector) return [];
      const isWrong = ([key, text]: [string, unknown]) =>
        /regexp/.test(why)
          ? typeof text === 'string' && !/selector$/i.test(key) && (text.includes(part) || why.includes(text))
          : /selector$/i.test(key);
      const wrong = theOnly(Object.entries(fields).filter(isWrong));
      return [[...path, target.key, ...(wrong ? [wrong[0]] : [])]];
    });
    const only = theOnly(same);
    return only && this.#at(kustomization, only);
  }

  /**
   * The operation of a kustomization's JSON patches that a message can be about, at the field that is asked for: the first in its
   * patch, if no other patch has one.
   */
  #operation(
    kustomization: Kustomization,
    patches: readonly Patch[],
    fieldOf: (operation: Record<string, unknown>) => string | undefined,
  ): Found | undefined {
    const same = patches.flatMap(({ place, document, entry }) => {
      const items: unknown[] = Array.isArray(document.value) ? document.value : [];
      const fields = items.map((item) => fieldOf(asMap(item) ?? {}));
      const index = fields.findIndex((field) => field !== undefined);
      return index === -1 ? [] : [{ place, path: [index, fields[index] ?? ''], entry }];
    });
    const only = theOnly(same);
    if (!only) return undefined;
    const { place, path, entry } = only;
    return {
      location: locationOf({ place, path }, 'value', this.#sources),
      cuts: [{ kustomization, path: entry }],
    };
  }

  #badGenerator(kustomization: Kustomization): Found | undefined {
    const generators = generatorsOf(kustomization);
    const nameless = generators.filter(({ name }) => name === '');
    if (/^a (configmap|secret) must have a name/.test(this.#reason)) {
      const only = theOnly(nameless);
      return only && this.#at(kustomization, only.path);
    }
    const literal = /invalid literal source ([\s\S]*), expected key=value$/.exec(this.#reason)?.[1];
    if (literal !== undefined) {
      const same = generators.flatMap(({ item, path }) =>
        itemsOf(item, 'literals', path).filter(({ value }) => value === literal),
      );
      const only = theOnly(same);
      // The literal may be a secret's: its place says which it is.
      return {
        location: only ? this.#place(kustomization, only.path) : this.#file(kustomization),
        message: BAD_LITERAL,
        cuts: only ? [{ kustomization, path: only.path }] : [],
      };
    }
    const source = /source "(.*?)"(?: key name or file path contains|$)/.exec(this.#reason)?.[1];
    if (source !== undefined) {
      const files = generators.flatMap(({ item, path }) => itemsOf(item, 'files', path));
      const only = theOnly(files.filter(({ value }) => value === source));
      return only && this.#at(kustomization, only.path);
    }
    const repeated = /^configmap (\S+) illegally repeats the key/.exec(this.#reason)?.[1];
    if (repeated !== undefined) {
      const only = theOnly(generators.filter(({ name }) => name === repeated));
      return only && this.#at(kustomization, only.path);
    }
    const merged = this.#reason.includes('merging from generator ') && PRINTED_ID.exec(this.#reason);
    if (!merged) return undefined;
    const same = generators.filter(({ kind, name }) => kind === merged[1] && name === merged[2]);
    const isAbsent = this.#reason.includes(' does not exist; ');
    const wanted = isAbsent ? theOnly(same.filter(({ behavior }) => behavior !== 'create')) : same.at(-1);
    return wanted && this.#at(kustomization, wanted.path);
  }

  #badField(kustomization: Kustomization): Found | undefined {
    const { value } = kustomization;
    const replicas = /^resource with name (\S+) does not match a config/.exec(this.#reason)?.[1];
    if (replicas !== undefined) {
      const items = itemsOf(value, 'replicas').map(({ path, value: item }) =>
        stringOf(asMap(item) ?? {}, 'name', path),
      );
      const only = theOnly(items.filter((name) => name?.value === replicas));
      return only && this.#at(kustomization, only.path);
    }
    if (/produces ID conflict/.test(this.#reason)) {
      const namespace = stringOf(value, 'namespace');
      return namespace && this.#at(kustomization, namespace.path);
    }
    const order = /the field 'sortOptions\.(\w+)/.exec(this.#reason)?.[1];
    const nested = order === undefined ? undefined : (['sortOptions', order] as const);
    const [outer, inner] = nested ?? (/OpenAPI version/.test(this.#reason) ? ['openapi', 'version'] : []);
    if (outer !== undefined && inner !== undefined) {
      const field = fieldOf(value, outer);
      const own = field && fieldOf(asMap(field.value) ?? {}, inner);
      return field && this.#at(kustomization, own ? [field.key, own.key] : [field.key]);
    }
    return this.#badReplacement(kustomization);
  }

  /** An entry of `replacements`, or of a file that one names. */
  #badReplacement(kustomization: Kustomization): Found | undefined {
    const fieldPath =
      /^fieldPath `(.*)` is missing for replacement source/.exec(this.#reason)?.[1] ??
      /^unable to find field "(.*)" in replacement target/.exec(this.#reason)?.[1];
    const source = /^(?:nothing selected by|multiple matches for selector) (.*)$/.exec(this.#reason)?.[1];
    if (fieldPath === undefined && source === undefined) return undefined;
    const found = itemsOf(kustomization.value, 'replacements').flatMap((item) => {
      const named = kustomization.entries.find(({ path }) => item.path.every((key, i) => key === path[i]));
      const documents = (named && documentsOf(named.absolute, this.#sources)) ?? [];
      const places = named
        ? documents.map(({ index, value }) => ({ value, file: named.absolute, document: index, at: [] }))
        : [
            {
              value: item.value,
              file: kustomization.file,
              document: kustomization.document?.index ?? 0,
              at: item.path,
            },
          ];
      return places.flatMap(({ value, file, document, at }) => {
        const paths =
          fieldPath === undefined ? pathsOfSource(value, source ?? '', at) : pathsOfText(value, fieldPath, at);
        const cuts = [{ kustomization, path: item.path }];
        return paths.map((path) => ({ location: this.#sources.locate(file, document, path), cuts }));
      });
    });
    return theOnly(found);
  }

  /** A chart that helm refuses to render: the template's line, else where the chart is named. */
  #badChart(): Found | undefined {
    if (!/unable to run: '.*helm/.test(this.#reason)) return undefined;
    const [, name, template, line] =
      /(?:template: |execution error at \(|parse error on |parse error at \()([^/\s()]+)\/([^:()]+?)(?::(\d+)|:)/.exec(
        this.#reason,
      ) ?? [];
    const charts = this.#graph.charts.filter((chart) => name === undefined || chart.name === name);
    const chart = theOnly(charts);
    const file = chart && template !== undefined ? join(chart.home, chart.name, template) : undefined;
    if (file === undefined || !stats(file)?.isFile()) return chart && this.#at(chart.kustomization, chart.path);
    return { location: { ...this.#sources.whole(file), ...(line === undefined ? {} : { line: Number(line) }) } };
  }

  /** Where what the message is about is listed. */
  #listed(): Found | undefined {
    const { entry } = this.#failure;
    const found = this.#entry();
    return entry && found && this.#at(entry.lister, found.path);
  }

  /** A directory of `components`, which kustomize names by its path only. */
  #component(): Found | undefined {
    const all = this.#graph.kustomizations.flatMap((kustomization) =>
      kustomization.entries
        .filter(({ role, absolute }) => role === 'component' && this.#reason.includes(`'${realPath(absolute)}'`))
        .map(({ path }) => ({ kustomization, path })),
    );
    const only = theOnly(all);
    return only && this.#at(only.kustomization, only.path);
  }

  /** The only entry whose file or directory the message names. */
  #mentioned(kustomization: Kustomization): Found | undefined {
    const { directory, realDirectory, entries } = kustomization;
    const only = theOnly(
      entries.filter(({ absolute }) => {
        return absolute !== '' && this.#reason.includes(`'${join(realDirectory, relative(directory, absolute))}'`);
      }),
    );
    return only && this.#at(kustomization, only.path);
  }

  #cutListed(): { cuts: Mention[] } {
    const { entry } = this.#failure;
    const found = this.#entry();
    return { cuts: entry && found ? [{ kustomization: entry.lister, path: found.path }] : [] };
  }

  /** Where a file is listed, or the directory of a kustomization file. */
  #listing(file: string): Mention[] {
    const directories = this.#graph.kustomizations
      .filter(({ files }) => files.includes(file))
      .map(({ realDirectory }) => realDirectory);
    return this.#graph.kustomizations.flatMap((kustomization) =>
      kustomization.entries
        .filter(({ absolute, what }) => {
          if (what === 'file') return absolute === file;
          return what === 'directory' && directories.includes(realPath(absolute));
        })
        .map(({ path }) => ({ kustomization, path })),
    );
  }

  #entry(): Entry | undefined {
    const { entry } = this.#failure;
    return entry?.lister.entries.filter(({ role, text }) => isListed(role) && text === entry.text).at(-1);
  }

  #objects(file: string, kind: string, name: string): { file: string; location: Location }[] {
    if (!stats(file)?.isFile()) return [];
    return (documentsOf(file, this.#sources) ?? []).flatMap(({ index, value }) => {
      const id = identityOfValue(value);
      const location = () => this.#sources.locate(file, index, ['metadata', 'name']);
      return id.kind === kind && id.name === name ? [{ file, location: location() }] : [];
    });
  }

  #at(kustomization: Kustomization, path: Path, at: At = 'value'): Found {
    return { location: this.#place(kustomization, path, at), cuts: [{ kustomization, path }] };
  }

  #place({ file, document }: Kustomization, path: Path, at: At = 'value'): Location {
    return this.#sources.locate(file, document?.index ?? 0, path, at);
  }

  #file(kustomization: Kustomization | undefined): Location {
    return this.#sources.whole((kustomization ?? this.#graph.root)?.file ?? '');
  }
}

/** The objects of a document: those in a List, where kustomize passes over null, else itself. */
function objectsIn(value: unknown): { path: Path; value: unknown }[] {
  const { kind, items } = asMap(value) ?? {};
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [{ path: [], value }];
  return items.map((item: unknown, i) => ({ path: ['items', i], value: item })).filter((item) => item.value !== null);
}

function lacks(value: unknown, what: string): boolean {
  const object = asMap(value);
  const { kind, name } = identityOfValue(object);
  return what === 'metadata.name' ? kind !== '' && name === '' : object === undefined || kind === '';
}

const BAD_LITERAL = 'invalid literal source, expected key=value';

function isListed(role: Entry['role']): boolean {
  return role === 'resource' || role === 'plugin';
}

function theOnly<T>(items: readonly T[]): T | undefined {
  return items.length === 1 ? items[0] : undefined;
}

function placeOf({ line, column }: { line: number; column?: number }): { line: number; column?: number } {
  return { line, ...(column === undefined ? {} : { column }) };
}

function fromQuoted(text: string): string | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A target as kustomize prints it (Selector's String). */
function printedSelector(target: Record<string, unknown>): string {
  const text = (name: string) => stringOf(target, name)?.value ?? '';
  return `${printedTarget(target)}:a=${text('annotationSelector')}:l=${text('labelSelector')}`;
}

/** What is asked for, as kustomize prints it (ResId's String). */
function printedTarget(target: Record<string, unknown>): string {
  const text = (name: string, absent: string) => stringOf(target, name)?.value ?? `[${absent}]`;
  const id = `${text('kind', 'noKind')}.${text('version', 'noVer')}.${text('group', 'noGrp')}`;
  return `${id}/${text('name', 'noName')}.${text('namespace', 'noNs')}`;
}

/** The paths of the sources of replacements, one or a list of them, that select what kustomize prints so. */
function pathsOfSource(value: unknown, printedId: string, at: Path): Path[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown, i) => pathsOfSource(item, printedId, [...at, i]));
  const source = fieldOf(asMap(value) ?? {}, 'source');
  return source && printedTarget(asMap(source.value) ?? {}) === printedId ? [[...at, source.key]] : [];
}
