import { stripVTControlCharacters } from 'node:util';
import type { Rule } from './rule.ts';

/** What a text looks like: a rule, its symptom, and where the text has it. */
export interface SymptomMatch {
  rule: Rule;
  /** As the rule writes it. */
  symptom: string;
  /** The line of the text that ends it, without colours and blanks around it. */
  line: string;
  /** How much of the symptom the text has, from 0 to 1. */
  likeness: number;
  /** How much the words tell that both have: what decides between two rules. */
  score: number;
}

/** Less of a symptom than this may as well be another message. */
const LIKE = 0.75;
/** Of a few words, all must be there, or nearly so. */
const WHOLE = 0.9;
const MUCH = 8;
/** What the words that both have must tell: more than one or two that any message may hold. */
const TELLING = 5.5;
/** A word or two are enough for a text that says little else: this part of it. */
const ALL_OF_IT = 0.6;
/** In more lines than these, a code alone tells nothing: it may be of another object. */
const SHORT = 3;
/** Other rules are named as long as they are about as likely as the first. */
const ABOUT_AS_LIKELY = 0.6;
/** Characters: of a long log, the end tells most; of a long line, the start. */
const MOST_TEXT = 2_000_000;
const MOST_LINE = 4000;
/** Lines that are searched as one text, since terminals break lines, and how many of them come again in the next. */
const CHUNK = 12;
const OVERLAP = 3;

/**
 * The rules that a text is a symptom of, the likeliest first, one entry a rule: what kubectl, a controller or a log said, with other
 * names, numbers and hashes than in the rules, in colours, in JSON, or broken into lines. Words count by how few rules have them.
 */
export function searchSymptoms(text: string, rules: readonly Rule[]): SymptomMatch[] {
  const index = indexOf(rules);
  const lines = distinctLines(text);
  const found = new Map<Rule, SymptomMatch>();
  const isShort = lines.length <= SHORT;
  for (let start = 0; start < lines.length; start += CHUNK - OVERLAP) {
    searchIn(lines.slice(start, start + CHUNK), isShort, index, found);
    if (start + CHUNK >= lines.length) break;
  }
  const order = new Map(rules.map((rule, i) => [rule, i]));
  const place = ({ rule }: SymptomMatch) => order.get(rule) ?? 0;
  return [...found.values()].sort((a, b) => b.score - a.score || b.likeness - a.likeness || place(a) - place(b));
}

/** The best match, and others that could be meant as well: by the same line, or because another line is their symptom. */
export function likeliest(matches: readonly SymptomMatch[], most: number): SymptomMatch[] {
  const [best] = matches;
  return best
    ? matches
        .filter(({ score, line }) => score >= (line === best.line ? best.score * ABOUT_AS_LIKELY : TELLING))
        .slice(0, most)
    : [];
}

/** A word of a symptom or a text; `variable` ones stand for any name, number or hash. */
interface Token {
  word: string;
  variable: boolean;
}

interface Symptom {
  rule: Rule;
  text: string;
  tokens: readonly Token[];
  weights: readonly number[];
  /** The score of a text that has all of it. */
  whole: number;
}

interface SymptomIndex {
  symptoms: readonly Symptom[];
  /** How much a word tells. */
  weights: ReadonlyMap<string, number>;
}

const indexes = new WeakMap<readonly Rule[], SymptomIndex>();

function indexOf(rules: readonly Rule[]): SymptomIndex {
  let index = indexes.get(rules);
  if (!index) {
    index = makeIndex(rules);
    indexes.set(rules, index);
  }
  return index;
}

/** What it is worth that a number or a name is the very same: nothing else is told by that there is one. */
const SAME_VALUE = 1;
const SAME_NAME = 3;
/** Words of every other log line, and those that no sentence does without. */
const COMMON = 0.9;
const COMMON_WORDS = new Set(
  `error errors failed failure warning info level msg message time reason type status name namespace pod pods container
  containers image service node nodes volume file config job cluster kubernetes server client connection request
  not no found for is are was be been by the a an of to in on at it its from with and or but as this that has have had will
  would must may can if when than only all any too now new one s i http https get post exit code controller manager
  permission denied access`.split(/\s+/),
);

function makeIndex(rules: readonly Rule[]): SymptomIndex {
  const read = rules.map((rule) => rule.docs.symptoms.map((text) => ({ rule, text, tokens: symptomTokens(text) })));
  const counts = new Map<string, number>();
  for (const ofRule of read) {
    const words = ofRule.flatMap(({ tokens }) => tokens.filter(({ variable }) => !variable).map(({ word }) => word));
    for (const word of new Set(words)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const weights = new Map(
    [...counts].map(([word, count]) => {
      const rarity = Math.log(1 + rules.length / count);
      return [word, COMMON_WORDS.has(word) ? Math.min(COMMON, rarity) : rarity];
    }),
  );
  const symptoms = read.flat().map(({ rule, text, tokens }): Symptom => {
    const own = tokens.map(({ word, variable }) => (variable ? 0 : (weights.get(word) ?? 0)));
    return { rule, text, tokens, weights: own, whole: own.reduce((sum, weight) => sum + weight, 0) };
  });
  return { symptoms, weights };
}

interface Line {
  text: string;
  tokens: readonly Token[];
}

/** The lines of a text, each once: logs repeat themselves. */
function distinctLines(text: string): Line[] {
  const all = unwrapped(text.slice(-MOST_TEXT)).split(/\r?\n/);
  const lines = new Map<string, Line>();
  for (const whole of all) {
    const line = whole.slice(0, MOST_LINE);
    // Among others, an event that is no warning is what happens every day.
    if (all.length > 1 && /^\s*Normal\s/.test(line)) continue;
    const read = { text: line.replace(/\s+/g, ' ').trim(), tokens: textTokens(line) };
    const key = read.tokens.map(({ word, variable }) => (variable ? '#' : word)).join(' ');
    if (key !== '' && !lines.has(key)) lines.set(key, read);
  }
  return [...lines.values()];
}

function searchIn(
  lines: readonly Line[],
  isShort: boolean,
  { symptoms, weights }: SymptomIndex,
  found: Map<Rule, SymptomMatch>,
): void {
  const tokens = lines.flatMap(({ tokens }, line) => tokens.map((token) => ({ ...token, line })));
  const present = new Set(tokens.map(({ word }) => word));
  // What no symptom knows is as good as a name.
  const known = joinBroken(tokens, weights).map((token) => ({
    ...token,
    variable: token.variable || !weights.has(token.word),
  }));
  for (const { word } of known) present.add(word);
  for (const symptom of symptoms) {
    const most = symptom.tokens.reduce(
      (sum, { word, variable }, i) => sum + (variable || present.has(word) ? (symptom.weights[i] ?? 0) : 0),
      0,
    );
    if (most < symptom.whole * LIKE) continue;
    const { score, end, words } = align(symptom, known);
    const likeness = Math.min(1, score / symptom.whole);
    if (likeness < (score < MUCH ? WHOLE : LIKE)) continue;
    const line = known[end]?.line ?? 0;
    if (score < TELLING && !(isShort && isCode(symptom)) && !isAllOfIt(words, lines)) continue;
    const before = found.get(symptom.rule);
    if (before && before.score >= score) continue;
    found.set(symptom.rule, {
      rule: symptom.rule,
      symptom: symptom.text,
      line: lines[line]?.text ?? '',
      likeness,
      score,
    });
  }
}

/** Whether a symptom is a word like `OOMKilled` or `ETIMEDOUT`, which nobody writes by chance. */
function isCode({ text, tokens }: Symptom): boolean {
  return tokens.length === 1 && /^(?:[A-Z][a-z]*){2,}$|^[A-Z]{6,}$/.test(text);
}

/** Whether so many words are most of what a short text says. */
function isAllOfIt(words: number, lines: readonly Line[]): boolean {
  const all = lines.reduce((sum, { tokens }) => sum + tokens.filter(({ variable }) => !variable).length, 0);
  return words >= all * ALL_OF_IT;
}

/** Words that the end of a line has broken in two are made whole where that makes one that a symptom knows. */
function joinBroken<T extends Token & { line: number }>(
  tokens: readonly T[],
  weights: ReadonlyMap<string, number>,
): T[] {
  const joined: T[] = [];
  for (const token of tokens) {
    const last = joined.at(-1);
    const both = last && last.line !== token.line ? last.word + token.word : undefined;
    const isBroken =
      both !== undefined && weights.has(both) && !(weights.has(last?.word ?? '') && weights.has(token.word));
    if (isBroken) joined[joined.length - 1] = { ...token, word: both, variable: false };
    else joined.push(token);
  }
  return joined;
}

/** What it costs to leave out a word of the symptom (a part of its weight), and to pass over one of the text. */
const LEFT_OUT = 0.5;
const PASSED_WORD = 0.3;
const PASSED_VALUE = 0.1;
const NEXT_LINE = 0.3;

/** The best local alignment of a symptom with a text (Smith and Waterman), where it ends, and how many words it has in common. */
function align(
  { tokens, weights }: Symptom,
  text: readonly (Token & { line: number })[],
): { score: number; end: number; words: number } {
  let best = { score: 0, end: 0, words: 0 };
  // Of every prefix of the symptom: the score of an alignment that ends at the token before, and its words.
  let scores = new Float64Array(tokens.length + 1);
  let words = new Int32Array(tokens.length + 1);
  for (const [j, said] of text.entries()) {
    const nextScores = new Float64Array(tokens.length + 1);
    const nextWords = new Int32Array(tokens.length + 1);
    const isNextLine = j > 0 && text[j - 1]?.line !== said.line;
    const passing = (said.variable ? PASSED_VALUE : PASSED_WORD) + (isNextLine ? NEXT_LINE : 0);
    for (const [k, wanted] of tokens.entries()) {
      const weight = weights[k] ?? 0;
      const gained = wanted.variable
        ? wanted.word === said.word
          ? sameness(said.word)
          : 0
        : wanted.word === said.word
          ? weight
          : -1;
      const matched = gained < 0 ? 0 : (scores[k] ?? 0) + gained;
      const passed = (scores[k + 1] ?? 0) - passing;
      const left = (nextScores[k] ?? 0) - weight * LEFT_OUT;
      const score = Math.max(0, matched, passed, left);
      nextScores[k + 1] = score;
      if (score === 0) continue;
      const count =
        score === matched
          ? (words[k] ?? 0) + (wanted.variable ? 0 : 1)
          : score === passed
            ? words[k + 1]
            : nextWords[k];
      nextWords[k + 1] = count ?? 0;
      if (score > best.score) best = { score, end: j, words: count ?? 0 };
    }
    scores = nextScores;
    words = nextWords;
  }
  return best;
}

/** Whether it says more that two names are the same than that two numbers are. */
function sameness(word: string): number {
  return /[a-z].*[-.]/.test(word) ? SAME_NAME : SAME_VALUE;
}

/** A name of DNS, not an API group or a package of Java. */
const HOST = /(?<![\w./-])[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|dev|local|internal|svc|example)(?!\.?[\w-])/g;

/** Names that symptoms use for any name, where no quotes say so. */
const EXAMPLE =
  'shop|web|api|app|db|loki|grafana|postgres|redis|traefik|critical|acme|matchid|deces|algosu|flux|kube|postmaster|ghcr|repl|aws|access_key|log_level';
const EXAMPLE_NAME = new RegExp(`(?<!\\w)(?:[\\w-]+[-./])*(?:${EXAMPLE})(?:[-./][\\w-]+)*(?![\\w"'\`])`, 'gi');

/** A symptom's words; what is quoted, numbered, or an example's name stands for any other. */
function symptomTokens(symptom: string): Token[] {
  const parts = symptom.replace(/^error:\s+/i, '').split(/("[^"]*"|`[^`]*`|'[^'\s]*')/);
  return textTokens(parts.map((part, i) => (i % 2 === 0 ? part.replace(EXAMPLE_NAME, '"$&"') : part)).join(''));
}

/** The words of a text: quoted names, numbers and hashes are variable, and several in a row are one. */
function textTokens(text: string): Token[] {
  const tokens: Token[] = [];
  for (const [part, double, single, tick] of plain(text).matchAll(
    /"([^"\s]{1,200})"|(?<![\w])'([^'\s]{1,200})'(?!\w)|`([^`\s]{1,200})`|[^"`]+?(?=["`]|(?<!\w)'|$)|["`']/g,
  )) {
    const quoted = double ?? single ?? tick;
    if (quoted !== undefined) tokens.push({ word: quoted, variable: true });
    else
      for (const [word] of part.replaceAll("'", '').matchAll(/[\p{L}\p{N}_]+/gu))
        tokens.push({ word, variable: isValue(word) });
  }
  return collapsed(tokens);
}

/** Whether a word is a number, a hash or a generated name. Some with digits are words, and so are statuses of HTTP and exit codes. */
function isValue(word: string): boolean {
  return /\d/.test(word) && !/^(?:x509|base64|int32|int64|k8s|40[0-9]|50[0-4]|137)$/.test(word);
}

function collapsed(tokens: readonly Token[]): Token[] {
  return tokens.filter((token, i) => !(token.variable && tokens[i - 1]?.variable));
}

/** Lower case, with straight quotes, and with the parts of a host's name made one word. */
function plain(text: string): string {
  return text
    .toLowerCase()
    .replace(/[‘’]/g, "'")
    .replace(/[“”]/g, '"')
    .replace(HOST, (host) => host.replace(/[.-]/g, '0'));
}

/** Without colours, and with the escapes of JSON undone: of `kubectl get events -o json`, and of logs. */
function unwrapped(text: string): string {
  // A run of backslashes is looked at from its start only: from each, a long one would take for ever.
  return stripVTControlCharacters(text)
    .replace(/\\u003c/gi, '<')
    .replace(/\\u003e/gi, '>')
    .replace(/\\u0026/gi, '&')
    .replace(/(?<!\\)\\+n/g, '\n')
    .replace(/(?<!\\)\\+t/g, ' ')
    .replace(/(?<!\\)\\+(["'])/g, '$1');
}
