/** How a command of an exec probe comes to succeed whatever the container does. */
export type Certainty =
  /** It has no way to fail. */
  | 'always'
  /** Any answer at all makes it succeed, a refusal too. */
  | 'any-answer';

const SHELL = /^(?:.*\/)?(?:sh|bash|ash|dash|ksh|zsh)$/;
const SILENT = /^(?:.*\/)?(?:true|:|echo|printf)$/;

/** Nobody writes longer scripts into a probe. */
const LONGEST_SCRIPT = 4000;

/**
 * Whether a command of an exec probe can't tell a healthy container from a broken one; undefined where it may. Reads `sh -c`
 * scripts, `node -e` and `python -c` as far as their last commands decide; whatever is not understood may fail.
 */
export function certaintyOf(words: readonly string[]): Certainty | undefined {
  const [program = '', ...rest] = words;
  if (words.some(({ length }) => length > LONGEST_SCRIPT)) return undefined;
  if (SHELL.test(program)) return certaintyOfShell(rest);
  if (SILENT.test(program)) return 'always';
  const code = rest.length === 2 ? rest[1]?.trim() : undefined;
  if (/^(?:.*\/)?node$/.test(program) && /^(?:-e|--eval)$/.test(rest[0] ?? '') && code !== undefined) {
    return /^(?:console\.log\([^()]*\);?\s*)?process\.exit\(0?\);?$/.test(code) ? 'always' : undefined;
  }
  if (/^(?:.*\/)?python3?$/.test(program) && rest[0] === '-c' && code !== undefined) {
    return /^(?:import sys;?\s*)?(?:sys\.)?exit\(0?\);?$|^pass$/.test(code) ? 'always' : undefined;
  }
  return isUnauthenticatedPing(words) ? 'any-answer' : undefined;
}

function certaintyOfShell(rest: readonly string[]): Certainty | undefined {
  const flag = rest[0] ?? '';
  const script = rest[1];
  if (!/^-[a-z]*c$/.test(flag) || script === undefined) return undefined;
  return certaintyOfScript(script, flag.includes('e'));
}

/** What a script ends with when its status is known to be 0. */
const ENDS_WELL = /^(?:true|:|exit(?:\s+0)?|(?:echo|printf)(?:\s[^>]*)?)$/;
/** What makes a script end before its last command, or makes the last one depend on others. */
const MAY_END =
  /(?:^|[\s;|&!])(?:exit(?!\s+0(?!\d))|exec|return|kill|false|trap|set|if|for|while|until|case)(?![\w./-])|[`{}()]/;

function certaintyOfScript(script: string, errexit: boolean): Certainty | undefined {
  const masked = withoutQuotes(script.trim().replace(/;$/, ''));
  if (masked === undefined) return undefined;
  const last = /^(?:([\s\S]*)(\|\||;|\n))?([^;\n&|]*)$/.exec(masked);
  if (!last) return undefined;
  const [, before, separator, command = ''] = last;
  if (before === undefined) {
    if (ENDS_WELL.test(command.trim())) return 'always';
    return isUnauthenticatedPing(wordsOf(script.trim())) ? 'any-answer' : undefined;
  }
  // A bare `exit` has the status of what ran before it.
  if (!ENDS_WELL.test(command.trim()) || /^exit$/.test(command.trim()) || MAY_END.test(before)) return undefined;
  const mayStop = errexit && (separator !== '||' || /[;\n]/.test(before));
  return mayStop ? undefined : 'always';
}

/** A script with what stands in quotes replaced, so that only its own words are left; undefined where a quote isn't closed. */
function withoutQuotes(script: string): string | undefined {
  const masked = script.replace(/'[^']*'|"(?:[^"\\]|\\.)*"/g, 'Q');
  return /['"\\#<]/.test(masked) ? undefined : masked;
}

/** The words of a simple command, unquoted; empty where it is more than that. */
function wordsOf(script: string): string[] {
  if (/[|&;<>()$`\\\n]/.test(script)) return [];
  return [...script.matchAll(/"([^"]*)"|'([^']*)'|[^\s"']+/g)].map(
    ([word, double, single]) => double ?? single ?? word,
  );
}

/** `redis-cli -a "" ping`: without -e it exits 0 whatever Redis answers, a refused password included. */
function isUnauthenticatedPing(words: readonly string[]): boolean {
  if (!/^(?:.*\/)?(?:redis|valkey)-cli$/.test(words[0] ?? '') || words.includes('-e')) return false;
  const password = words.findIndex((word) => word === '-a' || word === '--pass');
  return password !== -1 && words[password + 1] === '' && words.at(-1)?.toLowerCase() === 'ping';
}
