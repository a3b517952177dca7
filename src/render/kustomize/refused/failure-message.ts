import { relativePath } from '../../../below.ts';
import type { SourceFiles } from '../../../source.ts';
import type { RenderContext } from '../../target.ts';
import { realPath } from '../files.ts';
import { type Kustomization, type KustomizationGraph, readKustomization } from '../kustomization.ts';

/** What kustomize said, taken apart. */
export interface Failure {
  /** The innermost reason, without what kustomize wraps around it. */
  reason: string;
  /** The kustomization that it is about; undefined where kustomize found none. */
  kustomization: Kustomization | undefined;
  /** The listed file or directory that it is about, and the kustomization that lists it. */
  entry?: { text: string; lister: Kustomization };
}

/** Characters of a message beyond which nobody reads, and patterns take their time. */
const LONGEST = 20_000;

/** How Go prints what kustomize knows an object by. */
export const PRINTED_ID = /id resid\.ResId\{[^{}]*\{[^{}]*?Kind:"(\w*)"[^{}]*\}, Name:"([^"]*)", Namespace:"[^"]*"\}/;

/** How some builds of kubectl (Google's dispatcher) log the error of a command; the text is quoted as Go does. */
const LOGGED = /^[EF]\d{4} [^\]\n]*\] "command failed" err="((?:[^"\\]|\\.)*)"$/m;

/** The error in what a tool wrote: without the warnings before it and without `error:`. */
export function errorIn(stderr: string): string {
  const logged = LOGGED.exec(stderr)?.[1];
  if (logged !== undefined) {
    return logged.slice(0, LONGEST).replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
  }
  const lines = stderr.trim().split(/\r?\n/);
  const first = lines.findIndex((line) => /^error: /i.test(line));
  const kept = first === -1 ? lines.filter((line) => !/^(# Warning|[IWE]\d{4} )/.test(line)) : lines.slice(first);
  // What only looks like a warning is better than no message.
  return (kept.join('\n').replace(/^error: /i, '') || stderr.trim()).slice(0, LONGEST);
}

/**
 * Follows the message down: `accumulating resources: accumulation err='accumulating resources from '../../base': …': recursed
 * accumulation of path '…': …` (accumulateResources of kustomize's api/internal/target).
 */
export function takeApart(message: string, graph: KustomizationGraph, sources: SourceFiles): Failure {
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
export function clean(message: string, graph: KustomizationGraph, { cwd, root }: RenderContext): string {
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
  const known = new Set(places.flatMap((place) => [place, realPath(place)]));
  for (const place of [...known].sort((a, b) => b.length - a.length)) {
    const shown = relativePath(realPath(cwd), realPath(place));
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
