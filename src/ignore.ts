import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import picomatch from 'picomatch';
import { relativePath } from './below.ts';
import type { Ignore } from './config/config.ts';
import { merge } from './diagnose.ts';
import type { Diagnostic, Found, Suppressed } from './diagnostic.ts';
import { STDIN, shownPath } from './render/manifests.ts';
import { fromRoot } from './report/shown.ts';
import type { Location } from './resource.ts';
import type { Severity } from './rule.ts';
import { SourceError, type SourceFiles } from './source.ts';
import { unknownRule } from './unknown-rule.ts';

export interface IgnoreOptions {
  /** Those of k8s-lint.yaml. */
  ignores: readonly Ignore[];
  /** Absolute: what their files are relative to. */
  directory: string;
  sources: SourceFiles;
  /** `2026-01-31`, in UTC. */
  today: string;
  /** All rules that there are. */
  ruleIds: readonly string[];
  /** Those that run. */
  active: ReadonlySet<string>;
}

/** How much of a run was judged: an ignore that matches nothing may belong to the rest. */
export interface Judged {
  /** Some target was not judged, or not whole. */
  incomplete: boolean;
  /** Absolute paths of the files that targets read which were judged whole. */
  whole: readonly string[];
  /** And of those that others read. */
  doubtful: readonly string[];
}

/** One ignore, and what became of it in a run or in one part of it. */
export interface IgnoreUse {
  /** The rule that it is about. */
  rule: string;
  /** What stands for it in a fingerprint. */
  identity: (string | undefined)[];
  location: Location;
  used: boolean;
  /** Whether all that it is about was judged: some of it was not, or it is not for this part of the run to say. */
  judged: 'whole' | 'doubtful' | 'elsewhere';
  /** The rule doesn't run. */
  off: boolean;
  /** Why it ignores nothing. */
  mistake?: string;
  /** Set where it is over and what it covered is found again. */
  expired?: { until: string; location: Location; back: Found[] };
}

/** The levels of the rules about ignores. */
export type IgnoreLevels = Record<'ignore-unused' | 'ignore-expired', Severity | 'off'>;

/**
 * The user's exceptions, applied to diagnostics that aren't merged yet: an overlay's finding may be ignored where another's is not.
 * A comment in the source comes first, then the entries of k8s-lint.yaml in their order.
 */
export class Ignores {
  readonly #comments: Comments;
  readonly #entries: readonly Entry[];

  constructor(options: IgnoreOptions) {
    this.#comments = new Comments(options);
    this.#entries = options.ignores.map((ignore) => new Entry(ignore, options));
  }

  /** Sorts diagnostics into those that no ignore covers, and the others. */
  apply(diagnostics: readonly Found[]): { kept: Found[]; suppressed: Suppressed<Found>[] } {
    const kept: Found[] = [];
    const suppressed: Suppressed<Found>[] = [];
    for (const diagnostic of diagnostics) {
      const comment = this.#comments.covering(diagnostic);
      const matching = this.#entries.filter((entry) => entry.matches(diagnostic));
      for (const entry of matching) entry.used = true;
      const valid = matching.find((entry) => !entry.expired);
      if (comment) {
        suppressed.push({ diagnostic, reason: comment.reason, location: comment.location, kind: 'inSource' });
      } else if (valid) {
        const { reason, location } = valid.ignore;
        suppressed.push({ diagnostic, reason, location, kind: 'external' });
      } else {
        kept.push(diagnostic);
        for (const entry of matching) entry.back.push(diagnostic);
      }
    }
    return { kept, suppressed };
  }

  /** What became of each of them, after all diagnostics were applied. */
  uses(judged: Judged): IgnoreUse[] {
    return [...this.#entries.map((entry) => entry.use(judged)), ...this.#comments.uses(judged)];
  }
}

/** What ignore-unused and ignore-expired report. In a run that is not `whole`, nothing is called unused. */
export function ignoreFindings(
  uses: readonly IgnoreUse[],
  levels: IgnoreLevels,
  whole: boolean,
  prefix = '',
): Diagnostic[] {
  return uses.flatMap(({ rule, identity, location, used, judged, off, mistake, expired }): Diagnostic[] => {
    if (expired && expired.back.length > 0) {
      const message = `this ignore of ${rule} expired on ${expired.until}, and what it covered is still found: fix it, or set a later date`;
      const related = merge(expired.back).map((back) => ({ message: back.message, location: back.location }));
      return ignoreFinding('ignore-expired', message, expired.location, identity, levels, prefix, related);
    }
    const isUnused = !used && whole && judged === 'whole';
    const message = mistake ?? (isUnused ? unused(rule, off) : undefined);
    return message === undefined ? [] : ignoreFinding('ignore-unused', message, location, identity, levels, prefix);
  });
}

/** An entry of k8s-lint.yaml, and what became of it. */
class Entry {
  readonly ignore: Ignore;
  readonly expired: boolean;
  used = false;
  /** Found although it is ignored, since the ignore has expired. */
  readonly back: Found[] = [];
  readonly #options: IgnoreOptions;
  readonly #isFile: (file: string) => boolean;
  readonly #isResource: (name: string) => boolean;

  constructor(ignore: Ignore, options: IgnoreOptions) {
    this.ignore = ignore;
    this.expired = ignore.until !== undefined && options.today > ignore.until;
    this.#options = options;
    const file = ignore.file?.replace(/^\.\//, '').replace(/\/+$/, '');
    this.#isFile = file === undefined ? () => true : matcher(file, `${file}/`);
    this.#isResource = ignore.resource === undefined ? () => true : matcher(ignore.resource);
  }

  matches({ rule, location, resource }: Diagnostic): boolean {
    if (rule !== this.ignore.rule) return false;
    const { directory, sources } = this.#options;
    const file = relativePath(directory, resolve(sources.cwd, location.file));
    if (!this.#isFile(file)) return false;
    return resource ? this.#isResource(`${resource.kind}/${resource.name}`) : this.ignore.resource === undefined;
  }

  use({ incomplete }: Judged): IgnoreUse {
    const { rule, file, resource, until, location, untilLocation = location } = this.ignore;
    return {
      rule,
      identity: [rule, file, resource],
      location,
      used: this.used,
      judged: incomplete ? 'doubtful' : 'whole',
      off: !this.#options.active.has(rule),
      ...(until !== undefined && this.expired ? { expired: { until, location: untilLocation, back: this.back } } : {}),
    };
  }
}

/** Matches a text, a glob of it, or what starts with one of the prefixes. */
function matcher(pattern: string, ...prefixes: string[]): (text: string) => boolean {
  const isMatch = picomatch(pattern, { nonegate: true, dot: true });
  return (text) => text === pattern || isMatch(text) || prefixes.some((prefix) => text.startsWith(prefix));
}

function unused(rule: string, off: boolean): string {
  const why = off ? ', since the rule is off' : '';
  return `this ignore of ${rule} matches nothing${why}: remove it`;
}

/** What one of those rules reports at a place; nothing where it is off. `identity` stands for the ignore in the fingerprint. */
export function ignoreFinding(
  rule: 'ignore-unused' | 'ignore-expired',
  message: string,
  location: Location,
  identity: readonly unknown[],
  levels: IgnoreLevels,
  prefix: string,
  related: Diagnostic['related'] = [],
): Diagnostic[] {
  const severity = levels[rule];
  if (severity === 'off') return [];
  const hash = createHash('sha256').update(JSON.stringify([rule, fromRoot(location.file, prefix), ...identity]));
  const fingerprint = hash.digest('hex').slice(0, 32);
  return [{ rule, severity, message, location, related, targets: [], fingerprint }];
}

/** `# k8s-lint-ignore RULE: reason` */
interface Comment {
  rule: string;
  reason: string;
  location: Location;
  used: boolean;
  /** Nothing else stands on its line: it is about the line below. */
  alone: boolean;
  /** Why it ignores nothing. */
  mistake?: string;
}

const MARK = 'k8s-lint-ignore';
const COMMENT = /(?<=^|\s)#+[ \t]*k8s-lint-ignore(?![\w-]).*$/;
const DIRECTIVE = /^#+[ \t]*k8s-lint-ignore[ \t]+([^\s:]+)[ \t]*:(.*)$/;
/** Files whose `#` starts a comment: YAML, and templates of it. */
const COMMENTED = /(?:\.(?:ya?ml|tpl)|(?:^|\/)Kustomization)$/;
/** Files of `KEY=value`, in which only a line that begins with `#` is a comment. */
const PAIRS = /\.(?:env|properties)$|(?:^|\/)\.env\.[^/]+$/;

/** The comments that ignore something, read where a diagnostic asks for them. */
class Comments {
  readonly #options: IgnoreOptions;
  /** By file, then by line. */
  readonly #files = new Map<string, Map<number, Comment>>();

  constructor(options: IgnoreOptions) {
    this.#options = options;
  }

  /** The comment that ignores a diagnostic: on its line, or alone on the line above, where several may stand in a row. */
  covering({ rule, location: { file, line } }: Diagnostic): Comment | undefined {
    if (line === undefined) return undefined;
    const comments = this.#of(file);
    const candidates = [comments.get(line)];
    for (let above = line - 1; comments.get(above)?.alone; above--) candidates.push(comments.get(above));
    const found = candidates.filter((comment) => comment?.rule === rule && comment.mistake === undefined);
    for (const comment of found) if (comment) comment.used = true;
    return found[0];
  }

  uses(judged: Judged): IgnoreUse[] {
    const { sources, active } = this.#options;
    const shown = (files: readonly string[]) => new Set(files.map((file) => shownPath(file, sources.cwd)));
    const [whole, doubtful] = [shown(judged.whole), shown(judged.doubtful)];
    return [...new Set([...whole, ...doubtful, ...this.#files.keys()])].flatMap((file) =>
      [...this.#of(file)].flatMap(([line, { rule, location, used, mistake }]): IgnoreUse[] => {
        const state = doubtful.has(file) ? 'doubtful' : whole.has(file) ? 'whole' : 'elsewhere';
        const isSaid = mistake !== undefined || (!used && state === 'whole');
        // What stands in a string only looks like a comment: it may ignore what is in there, but needn't.
        const isComment = () => PAIRS.test(file) || sources.commentsByLine(file).get(line)?.includes(MARK) === true;
        if (isSaid && !isComment()) return [];
        const off = !active.has(rule);
        return [{ rule, identity: [rule], location, used, judged: state, off, ...(mistake ? { mistake } : {}) }];
      }),
    );
  }

  #of(file: string): Map<number, Comment> {
    let comments = this.#files.get(file);
    if (!comments) {
      comments = this.#read(file);
      this.#files.set(file, comments);
    }
    return comments;
  }

  #read(file: string): Map<number, Comment> {
    const { sources, ruleIds } = this.#options;
    const comments = new Map<number, Comment>();
    const isPairs = PAIRS.test(file);
    if (!COMMENTED.test(file) && !isPairs && file !== STDIN) return comments;
    try {
      if (!sources.text(file).includes(MARK)) return comments;
    } catch (error) {
      // Who reads it for what it holds says that it can't be read.
      if (error instanceof SourceError) return comments;
      throw error;
    }
    for (const [i, text] of sources.lines(file).entries()) {
      const found = COMMENT.exec(text);
      if (!found) continue;
      const location = { file, line: i + 1, column: found.index + 1 };
      const alone = text.slice(0, found.index).trim() === '';
      if (isPairs && !alone) continue;
      comments.set(i + 1, { ...readDirective(found[0], ruleIds), location, alone, used: false });
    }
    return comments;
  }
}

function readDirective(text: string, ruleIds: readonly string[]): Pick<Comment, 'rule' | 'reason' | 'mistake'> {
  const [, rule, rest = ''] = DIRECTIVE.exec(text) ?? [];
  const reason = rest.trim();
  if (rule === undefined || reason === '') {
    return { rule: '', reason: '', mistake: 'this ignores nothing: write it as "# k8s-lint-ignore RULE: reason"' };
  }
  if (ruleIds.includes(rule)) return { rule, reason };
  return { rule, reason, mistake: `this ignores nothing: ${unknownRule(rule, ruleIds)}` };
}
