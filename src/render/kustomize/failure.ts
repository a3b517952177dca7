import { realpathSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { SourceFinding } from '../../cluster/cluster.ts';
import { asMap } from '../../cluster/workloads.ts';
import type { At, Location, Path } from '../../resource.ts';
import type { Related } from '../../rule.ts';
import type { SourceFiles } from '../../source.ts';
import { readYaml } from '../../yaml.ts';
import {
  documentsOf,
  type Kustomization,
  type KustomizationGraph,
  type Mention,
  readKustomization,
} from '../kustomization.ts';
import type { RenderContext } from '../target.ts';
import type { Entry } from './entries.ts';
import { fieldOf, itemsOf, stringOf } from './fields.ts';
import { stats } from './files.ts';
import { generatorsOf } from './generate.ts';
import { type Patch, patchesOf } from './patches.ts';
import { withoutSecrets } from './redact.ts';
import { locationOf } from './shadow.ts';
import { identityOfValue } from './subject.ts';

/** What kustomize said, taken apart. */
interface Failure {
  /** The innermost reason, without what kustomize wraps around it. */
  reason: string;
  /** The kustomization that it is about; undefined where kustomize found none. */
  kustomization: Kustomization | undefined;
  /** The listed file or directory that it is about, and the kustomization that lists it. */
  entry?: { text: string; lister: Kustomization };
}

/** A place, and what kustomize's message leaves out or says in numbers that help nobody. */
interface Found {
  location: Location;
  message?: string;
  related?: Related[];
  cuts?: readonly Mention[];
}

/** Why kustomize refused, and what it would have to do without to go on. */
export interface Refusal {
  finding: SourceFinding;
  /** The mentions that it is about; empty where it is about none of them. */
  cuts: readonly Mention[];
  /** What was left out elsewhere may be the reason: the entry needs what it would have brought or made. */
  mayFollow: boolean;
  /** The entry found nothing to change. */
  isUnmatched: boolean;
  /** What kustomize said, and of which kustomization; undefined where it said of none. */
  reason: string;
  kustomization?: Kustomization | undefined;
}

/**
 * The finding for a kustomization that kustomize refused to build: its own message, at the line that causes it where message
 * and sources make that certain, else at the kustomization file. Undefined where one of the graph's problems is the cause.
 */
export function failureOf(stderr: string, graph: KustomizationGraph, context: RenderContext): Refusal | undefined {
  const said = errorIn(stderr).slice(0, LONGEST);
  if (graph.problems.some(({ kustomization, file }) => isAbout(said, kustomization, file))) return undefined;
  const failure = takeApart(said, graph, context.sources);
  const found = new Finder(failure, graph, context).find();
  const message = clean(found?.message ?? failure.reason, graph, context);
  const fallback = failure.kustomization ?? graph.root;
  const location = found?.location ?? fileOf(fallback?.file ?? context.cwd, context.sources);
  const finding: SourceFinding = {
    rule: 'render-failed',
    message: withoutSecrets(message, graph, context.sources),
    location,
    ...(found?.related ? { related: found.related } : {}),
  };
  return {
    finding,
    cuts: found?.cuts ?? [],
    mayFollow: !BY_ITSELF.test(said),
    isUnmatched: UNMATCHED.test(said),
    ...failure,
  };
}

/** What kustomize says where an entry needs an object that isn't there, and would change that one only. */
const UNMATCHED = /no matches for Id|does not match a config/;

/** What kustomize says of what is wrong by itself, whatever else there is. */
const BY_ITSELF =
  /MalformedYAMLError|invalid Kustomization|Failed to read kustomization file|Found multiple kustomization|unable to find one of|cycle detected|must build at directory|must resolve to a file|new root |missing (?:kind|metadata\.name|Resource metadata)|expected kind |loading KV pairs|illegally |must have a name|trouble configuring|fails configuration|evalsymlink|already defined|unable to load builtin|unable to parse|error converting YAML|error unmarshaling|not a transformer|not a generator|lstat /;

/** Characters of a message beyond which nobody reads, and patterns take their time. */
const LONGEST = 20_000;

/** How Go prints what kustomize knows an object by. */
const PRINTED_ID = /id resid\.ResId\{[^{}]*\{[^{}]*?Kind:"(\w*)"[^{}]*\}, Name:"([^"]*)", Namespace:"[^"]*"\}/;

/** How some builds of kubectl (Google's dispatcher) log the error of a command; the text is quoted as Go does. */
const LOGGED = /^[EF]\d{4} [^\]\n]*\] "command failed" err="((?:[^"\\]|\\.)*)"$/m;

/** The error in what a tool wrote: without the warnings before it and without `error:`. */
function errorIn(stderr: string): string {
  const logged = LOGGED.exec(stderr)?.[1];
  if (logged !== undefined) return logged.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
  const lines = stderr.trim().split(/\r?\n/);
  const first = lines.findIndex((line) => /^error: /i.test(line));
  const kept = first === -1 ? lines.filter((line) => !/^(# Warning|[IWE]\d{4} )/.test(line)) : lines.slice(first);
  // What only looks like a warning is better than no message.
  return kept.join('\n').replace(/^error: /i, '') || stderr.trim();
}

/** Whether a message names a file, as kustomize names it: with the links of its directory resolved. */
function isAbout(message: string, { directory, realDirectory }: Kustomization, file: string): boolean {
  const real = join(realDirectory, relative(directory, file));
  return [file, real].some((path) => message.includes(`'${path}'`) || message.includes(`lstat ${path}:`));
}

/**
 * Follows the message down: `accumulating resources: accumulation err='accumulating resources from '../base': …': recursed
 * accumulation of path '…': …` (accumulateResources of kustomize's api/internal/target).
 */
function takeApart(message: string, graph: KustomizationGraph, sources: SourceFiles): Failure {
  const failure: Failure = { reason: unquoted(message), kustomization: graph.root };
  const enter = (directory: string) => {
    const known = graph.kustomizations.find(({ realDirectory }) => realDirectory === directory);
    failure.kustomization = known ?? readKustomization(directory, sources);
  };
  for (;;) {
    const { reason } = failure;
    const prefix = /^(?:accumulating (?:resources|components)|loading generator plugins): /.exec(reason);
    if (prefix) {
      failure.reason = reason.slice(prefix[0].length);
      continue;
    }
    const inner =
      /^(?:accumulateDirectory: )?(?:recursed accumulation of path|couldn't make target for path) '([^']*)': /.exec(
        reason,
      );
    if (inner?.[1]) {
      enter(inner[1]);
      failure.reason = reason.slice(inner[0].length);
      continue;
    }
    const listed = /^accumulation err='(accumulating|merging) resources from '([^']*)': (.*?)': ([\s\S]*)$/.exec(
      reason,
    );
    const [, verb, text, first, then] = listed ?? [];
    if (text === undefined || first === undefined || then === undefined || !failure.kustomization) return failure;
    failure.entry = { text, lister: failure.kustomization };
    // What kustomize says of a file comes first, then that it is no directory either; of a directory, the other way round.
    if (/^(must build at directory|new root)/.test(then)) {
      return { ...failure, reason: `${verb} resources from '${text}': ${first}` };
    }
    failure.reason = then.replace(/^recursed merging from path '[^']*': /, '');
  }
}

/** The text of errors that kustomize quotes on their way up (`accumulateDirectory: "…"`). */
function unquoted(message: string): string {
  const quoted = /^([\s\S]*?(?:accumulateDirectory|loader\.New)[: ]+)("(?:[^"\\]|\\.)*")$/.exec(message);
  if (!quoted?.[2]) return message;
  try {
    return (quoted[1] ?? '').replace(/loader\.New $/, '') + unquoted(JSON.parse(quoted[2]));
  } catch {
    return message;
  }
}

/** A message for people: one line, no addresses of memory, no configuration, no paths of this machine. */
function clean(message: string, graph: KustomizationGraph, { cwd, root }: RenderContext): string {
  let text = message
    .replace(/[ \t]{3,}/g, ' ')
    .replace(/trouble configuring builtin \w+ with config: `[\s\S]*?`: /g, '')
    .replace(/merging from generator &\{.*?\}: /g, '')
    .replace(PRINTED_ID, '$1 $2')
    .replace(/^(?:accumulateDirectory|Error): /, '')
    .replace(/(produces ID conflict): [\s\S]*$/, (all: string, what: string) => `${what}${conflicting(all)}`)
    .replace(/\{"apiVersion":[\s\S]*\}/g, '…')
    .replace(/map\[string\]interface \{\}\(nil\): /g, '')
    .replace(/(missing (?:kind|metadata\.name)) in object \{\{[\s\S]*$/, '$1')
    .replace(/:? node contents:[\s\S]*$/, '')
    .replace(/(?: from)? ?\[patch: "(?:[^"\\]|\\.)*"\]/g, '')
    .replace(/(cannot unmarshal !!\w+) `[^`]*`/g, '$1')
    .replace(/(?:\s*Use --debug flag[^\n]*)?\s*: unable to run: '[\s\S]*$/, '')
    .replace(/(patch and path can't be set at the same time)[\s\S]*$/, '$1')
    .replace(/(must specify one of patch and path)[\s\S]*$/, '$1');
  const places = [cwd, root, ...graph.kustomizations.map(({ realDirectory }) => realDirectory)];
  const known = new Set(places.flatMap((place) => [place, real(place)]));
  for (const place of [...known].sort((a, b) => b.length - a.length)) {
    const shown = relative(real(cwd), real(place)).split(sep).join('/');
    text = text.replaceAll(`${place}/`, shown === '' ? '' : `${shown}/`).replaceAll(place, shown === '' ? '.' : shown);
  }
  const line = text
    .replace(/\s*\n\s*/g, ' ')
    .replace(/[:\s]+$/, '')
    .trim();
  return line.length > 1000 ? `${line.slice(0, 1000)}…` : line;
}

/** The object that `namespace:` makes of two; kustomize prints both whole, Secrets too. */
function conflicting(message: string): string {
  const [, kind, name] = /"kind":"(\w+)".*?"name":"([^"]*)","namespace":/.exec(message) ?? [];
  return kind === undefined ? '' : `: ${kind}/${name}`;
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function fileOf(file: string, sources: SourceFiles): Location {
  // No document of that index: the file as locations show it.
  return sources.locate(file, -1, []);
}

/** Finds the line that a failure is about. Each method knows one kind of message; the first that finds a place is believed. */
class Finder {
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
    const { file } = fileOf(only.file, this.#sources);
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
      return { location: fileOf(files[1] ?? directory, this.#sources) };
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
    return error && { location: { ...fileOf(kustomization.file, this.#sources), ...placeOf(error) } };
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
    return error && { location: { ...fileOf(file, this.#sources), ...placeOf(error) }, reason: error.message };
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
    const same = (lister?.entries ?? []).filter((own) => isListed(own.role) && real(own.absolute) === real(absolute));
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
        ({ target, document }) => !target && printed(asMap(document.value) ?? {}) === unmatched,
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
    return { location: { ...fileOf(file, this.#sources), ...(line === undefined ? {} : { line: Number(line) }) } };
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
        .filter(({ role, absolute }) => role === 'component' && this.#reason.includes(`'${real(absolute)}'`))
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
          return what === 'directory' && directories.includes(real(absolute));
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
    return fileOf((kustomization ?? this.#graph.root)?.file ?? '', this.#sources);
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

/** An identity as kustomize prints it: `Deployment.v1.apps/web.[noNs]` (ResId's String). */
function printed(object: Record<string, unknown>): string {
  const { group, version, kind, name, namespace } = identityOfValue(object);
  return `${kind || '[noKind]'}.${version || '[noVer]'}.${group || '[noGrp]'}/${name || '[noName]'}.${namespace || '[noNs]'}`;
}

/** Where something else stands on the way to a field than a map, through lists; the field itself must be none that has parts. */
function scalarsOnTheWay(value: unknown, fields: readonly string[], at: Path): Path[] {
  if (Array.isArray(value)) {
    const isLast = fields.length === 0;
    return isLast ? [at] : value.flatMap((item: unknown, i) => scalarsOnTheWay(item, fields, [...at, i]));
  }
  const map = asMap(value);
  const [field, ...rest] = fields;
  if (field === undefined) return map ? [] : [at];
  if (!map) return value === null ? [] : [at];
  return Object.hasOwn(map, field) ? scalarsOnTheWay(map[field], rest, [...at, field]) : [];
}

/** The paths of every key of that name, at any depth. */
function pathsOfKey(value: unknown, key: string, at: Path): Path[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => {
    const path = [...at, Array.isArray(value) ? Number(name) : name];
    return [...(name === key && !Array.isArray(value) ? [path] : []), ...pathsOfKey(item, key, path)];
  });
}

/** The paths of the sources of replacements, one or a list of them, that select what kustomize prints so. */
function pathsOfSource(value: unknown, printedId: string, at: Path): Path[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown, i) => pathsOfSource(item, printedId, [...at, i]));
  const source = fieldOf(asMap(value) ?? {}, 'source');
  return source && printedTarget(asMap(source.value) ?? {}) === printedId ? [[...at, source.key]] : [];
}

/** The paths of every string that is this text, at any depth. */
function pathsOfText(value: unknown, text: string, at: Path): Path[] {
  if (value === text) return [at];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    pathsOfText(item, text, [...at, Array.isArray(value) ? Number(key) : key]),
  );
}

/** The fields in what Go calls a struct's field: later versions name the structs in between too. */
function fieldsOf(name: string): string[] {
  return name
    .split('.')
    .slice(1)
    .filter((field) => !/^[A-Z]/.test(field));
}

/** The paths of every value of a JSON type, along the names of fields and through lists. */
function pathsOfType(value: unknown, fields: readonly string[], type: string, at: Path): Path[] {
  if (Array.isArray(value) && fields.length > 0) {
    return value.flatMap((item: unknown, i) => pathsOfType(item, fields, type, [...at, i]));
  }
  const [field, ...rest] = fields;
  if (field === undefined) {
    if (jsonType(value) === type) return [at];
    if (Array.isArray(value)) return value.flatMap((item: unknown, i) => pathsOfType(item, [], type, [...at, i]));
    return Object.entries(asMap(value) ?? {}).flatMap(([key, item]) => pathsOfType(item, [], type, [...at, key]));
  }
  const found = fieldOf(asMap(value) ?? {}, field);
  return found ? pathsOfType(found.value, rest, type, [...at, found.key]) : [];
}

function jsonType(value: unknown): string {
  if (typeof value === 'boolean') return 'bool';
  return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
}
