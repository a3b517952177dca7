import { createHash } from 'node:crypto';
import { relative, resolve, sep } from 'node:path';
import picomatch from 'picomatch';
import type { Ignore, RuleLevels } from './config/config.ts';
import { merge } from './diagnose.ts';
import type { Diagnostic, Suppressed } from './diagnostic.ts';
import { STDIN, shownPath } from './render/manifests.ts';
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
  /** Some rules, environments or paths were left out: what matches nothing here may match there. */
  partial: boolean;
  /** Some target was not judged, or not whole: what matches nothing may belong to it. */
  incomplete: boolean;
  /** Absolute paths of the files that were judged whole: their comments that match nothing are reported. */
  files: readonly string[];
  /** All rules that there are. */
  ruleIds: readonly string[];
  /** Those that run. */
  active: ReadonlySet<string>;
  levels: RuleLevels;
}

export interface Ignored {
  /** What no ignore covers. */
  kept: Diagnostic[];
  suppressed: Suppressed[];
  /** What ignore-unused and ignore-expired report. */
  findings: Diagnostic[];
}

/**
 * Applies the user's exceptions to diagnostics that aren't merged yet: an overlay's finding may be ignored where another's is not.
 * A comment in the source comes first, then the entries of k8s-lint.yaml in their order.
 */
export function applyIgnores(diagnostics: readonly Diagnostic[], options: IgnoreOptions): Ignored {
  const comments = new Comments(options);
  const entries = options.ignores.map((ignore) => new Entry(ignore, options));
  const kept: Diagnostic[] = [];
  const suppressed: Suppressed[] = [];
  for (const diagnostic of diagnostics) {
    const comment = comments.covering(diagnostic);
    const matching = entries.filter((entry) => entry.matches(diagnostic));
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
  return {
    kept,
    suppressed,
    findings: [...entries.flatMap((entry) => entry.findings()), ...comments.findings()],
  };
}

/** An entry of k8s-lint.yaml, and what became of it. */
class Entry {
  readonly ignore: Ignore;
  readonly expired: boolean;
  used = false;
  /** Found although it is ignored, since the ignore has expired. */
  readonly back: Diagnostic[] = [];
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
    const file = relative(directory, resolve(sources.cwd, location.file)).split(sep).join('/');
    if (!this.#isFile(file)) return false;
    return resource ? this.#isResource(`${resource.kind}/${resource.name}`) : this.ignore.resource === undefined;
  }

  findings(): Diagnostic[] {
    const { rule, until, location, untilLocation = location } = this.ignore;
    const { partial, incomplete, active } = this.#options;
    const { file, resource } = this.ignore;
    if (this.back.length > 0) {
      const message = `this ignore of ${rule} expired on ${until}, and what it covered is still found: fix it, or set a later date`;
      const related = merge(this.back).map((diagnostic) => ({
        message: diagnostic.message,
        location: diagnostic.location,
      }));
      return finding('ignore-expired', message, untilLocation, [rule, file, resource], this.#options, related);
    }
    if (this.used || partial || incomplete) return [];
    return finding('ignore-unused', unused(rule, active), location, [rule, file, resource], this.#options);
  }
}

/** Matches a text, a glob of it, or what starts with one of the prefixes. */
function matcher(pattern: string, ...prefixes: string[]): (text: string) => boolean {
  const isMatch = picomatch(pattern, { nonegate: true, dot: true });
  return (text) => text === pattern || isMatch(text) || prefixes.some((prefix) => text.startsWith(prefix));
}

function unused(rule: string, active: ReadonlySet<string>): string {
  const why = active.has(rule) ? '' : ', since the rule is off';
  return `this ignore of ${rule} matches nothing${why}: remove it`;
}

function finding(
  rule: 'ignore-unused' | 'ignore-expired',
  message: string,
  location: Location,
  identity: readonly unknown[],
  { active, levels }: IgnoreOptions,
  related: Diagnostic['related'] = [],
): Diagnostic[] {
  if (!active.has(rule)) return [];
  const level = levels.get(rule);
  const severity: Severity = level === undefined || level === 'off' ? 'warning' : level;
  const hash = createHash('sha256').update(JSON.stringify([rule, location.file, ...identity]));
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

  findings(): Diagnostic[] {
    const { files, sources, partial, active } = this.#options;
    const own = [
      ...new Set([
        ...files.filter((file) => COMMENTED.test(file) || PAIRS.test(file)).map((file) => shownPath(file, sources.cwd)),
        ...this.#files.keys(),
      ]),
    ];
    const judged = new Set(files.map((file) => shownPath(file, sources.cwd)));
    return own.flatMap((file) =>
      [...this.#of(file)].flatMap(([line, comment]) => {
        const isUnused = !comment.used && !partial && judged.has(file);
        const message = comment.mistake ?? (isUnused ? unused(comment.rule, active) : undefined);
        // What stands in a string only looks like a comment: it may ignore what is in there, but needn't.
        const isComment = () => PAIRS.test(file) || sources.commentsByLine(file).get(line)?.includes(MARK);
        if (message === undefined || !isComment()) return [];
        return finding('ignore-unused', message, comment.location, [comment.rule], this.#options);
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
