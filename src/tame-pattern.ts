/** How often a part of a pattern repeats at most, given how long values are. */
interface Repeats {
  least: number;
  most: number;
}

/** Where a pattern is read to. */
interface Reader {
  pattern: string;
  position: number;
  longest: number;
}

/**
 * An upper bound of the ways in which JavaScript tries to match a pattern at one place of a value that is at most `longest`
 * characters long: its engine tries them all where none matches. Infinity where repetitions within repetitions multiply.
 * Expects a pattern that `RegExp` takes.
 */
export function waysToMatch(pattern: string, longest: number): number {
  return alternatives({ pattern, position: 0, longest });
}

/** Whether a text means more as a pattern than itself. A dot belongs to many names. */
export function isPattern(text: string): boolean {
  return /[*+?[\](){}|^$\\]/.test(text);
}

/**
 * The pattern for values of at most `longest` characters, undefined for what is none to JavaScript, and for what could take
 * longer than so many `repetitions` without bound, one after the other. Go's engine takes linear time and this one doesn't.
 */
export function tamePattern(pattern: string, longest: number, repetitions: number): RegExp | undefined {
  try {
    const regex = new RegExp(pattern);
    return waysToMatch(pattern, longest) <= (longest + 1) ** repetitions ? regex : undefined;
  } catch {
    return undefined;
  }
}

/** What stands between parentheses, or the whole pattern: its alternatives add up. */
function alternatives(reader: Reader): number {
  let sum = 0;
  let ways = 1;
  while (reader.position < reader.pattern.length) {
    const c = reader.pattern[reader.position];
    if (c === ')') break;
    if (c === '|') {
      reader.position++;
      sum += ways;
      ways = 1;
    } else ways *= repeatedAtom(reader);
  }
  return sum + ways;
}

function repeatedAtom(reader: Reader): number {
  const inner = atom(reader);
  const repeats = quantifier(reader);
  if (!repeats) return inner;
  // Beyond the least number, a repetition that takes nothing is not tried.
  const most = Math.min(repeats.most, reader.longest + repeats.least);
  return Math.max(1, most - repeats.least + 1) * inner ** most;
}

function atom(reader: Reader): number {
  const { pattern } = reader;
  const c = pattern[reader.position];
  if (c === '(') {
    reader.position +=
      /^\((?:\?(?:[:=!]|<[=!]|<\w+>))?/.exec(pattern.slice(reader.position, reader.position + 40))?.[0].length ?? 1;
    const ways = alternatives(reader);
    reader.position++;
    return ways;
  }
  if (c === '[') {
    const end = /\[(?:\\.|[^\\\]])*\]/sy;
    end.lastIndex = reader.position;
    reader.position = end.test(pattern) ? end.lastIndex : pattern.length;
    return 1;
  }
  reader.position += c === '\\' ? 2 : 1;
  return 1;
}

function quantifier(reader: Reader): Repeats | undefined {
  const found = /[*+?]\??|\{(\d+)(,?)(\d*)\}\??/y;
  found.lastIndex = reader.position;
  const match = found.exec(reader.pattern);
  if (!match) return undefined;
  reader.position = found.lastIndex;
  const [text, least, comma, most] = match;
  if (least === undefined) {
    return { least: text[0] === '+' ? 1 : 0, most: text[0] === '?' ? 1 : Number.POSITIVE_INFINITY };
  }
  return { least: Number(least), most: comma === '' ? Number(least) : most ? Number(most) : Number.POSITIVE_INFINITY };
}
