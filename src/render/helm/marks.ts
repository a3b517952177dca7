import { LineTable } from '../../yaml/lines.ts';
import { splitTemplate, type TemplatePart } from './go-template.ts';

/** A stretch of a template that prints: a run of text within one line, or one action. */
export interface Mark {
  /** Absolute path of the template. */
  file: string;
  kind: 'text' | 'action';
  /** 1-based. */
  line: number;
  column: number;
  /** The text of a run, the code of an action. */
  code: string;
}

/** One stretch of output within the stretches that it was printed in. */
export interface Frame {
  mark: Mark;
  parent: Frame | undefined;
  /** Offset in the output at which it starts. */
  start: number;
}

/** What a template printed, and which part of which template printed each of its characters. */
export interface MarkedOutput {
  text: string;
  /** The innermost stretch that printed the character at an offset; undefined for space between stretches. */
  frameAt(offset: number): Frame | undefined;
  /** The innermost stretches from one offset up to another, in order. */
  framesIn(start: number, end: number): (Frame | undefined)[];
  /** Offsets at which an action printed nothing. */
  silent: readonly number[];
}

/**
 * Writes marks into templates, so that helm's output tells which line printed what. A mark is a few printable characters
 * next to something that isn't space: neither trim markers nor `nindent`, `trim` or `quote` make a difference to it.
 */
export class Marks {
  private readonly nonce: string;
  private readonly marks: Mark[] = [];

  /** `nonce` is what tells marks from texts that look like them: eight hexadecimal digits. */
  constructor(nonce: string) {
    this.nonce = nonce;
  }

  /**
   * The template with marks around all that its body prints, and with `definitions` around what its definitions print,
   * where these hold YAML and not just a value. Undefined where helm would refuse the template.
   */
  write(source: string, file: string, definitions: boolean): string | undefined {
    const parts = splitTemplate(source);
    if (!parts) return undefined;
    const lines = new LineTable(source);
    const marked = definitions ? definitionsWithYaml(parts) : new Set();
    const add = (kind: Mark['kind'], start: number, code: string) => {
      this.marks.push({ file, kind, code, ...lines.at(start) });
      return this.marks.length - 1;
    };
    const written = parts.map((part) => {
      const quiet = part.definition !== undefined && !marked.has(part.definition);
      if (part.type === 'action') {
        const action = `{{ ${part.code} }}`;
        return quiet || !part.prints ? action : this.around(action, add('action', part.start, part.code));
      }
      if (quiet) return part.text;
      return part.text.replace(/[^\s](?:[^\n]*[^\s])?/g, (run, offset: number) =>
        this.around(run, add('text', part.start + offset, run)),
      );
    });
    return `${this.open('f')}${written.join('')}${this.close('f')}`;
  }

  /** What each marked template printed, by the name that helm gives it, from the output of a raw run. */
  read(stdout: string): Map<string, MarkedOutput> {
    const outputs = new Map<string, MarkedOutput>();
    const open = this.open('f');
    const close = this.close('f');
    let position = 0;
    while (true) {
      const start = stdout.indexOf(open, position);
      if (start === -1) return outputs;
      const name = /---\n# Source: ([^\n]*)\n$/.exec(stdout.slice(Math.max(0, start - 4096), start))?.[1];
      const end = endOfOutput(stdout, start, open, close);
      if (end === undefined) return outputs;
      const output = this.readOutput(stdout.slice(start + open.length, end - close.length));
      if (name !== undefined && output) outputs.set(name, output);
      position = end;
    }
  }

  private readOutput(marked: string): MarkedOutput | undefined {
    const pattern = new RegExp(`〔${this.nonce}([oc])(\\d+|f)〕`, 'g');
    const texts: string[] = [];
    /** Where the innermost stretch changes, ascending, and to what. */
    const offsets: number[] = [];
    const frames: (Frame | undefined)[] = [];
    const silent: number[] = [];
    let frame: Frame | undefined;
    let length = 0;
    let copied = 0;
    for (const match of marked.matchAll(pattern)) {
      const text = marked.slice(copied, match.index);
      texts.push(text);
      length += text.length;
      copied = match.index + match[0].length;
      // A whole template that another one includes: its own marks say the rest.
      if (match[2] === 'f') continue;
      const mark = this.marks[Number(match[2])];
      if (!mark) return undefined;
      if (match[1] === 'o') frame = { mark, parent: frame, start: length };
      else if (frame?.mark === mark) {
        if (mark.kind === 'action' && frame.start === length) silent.push(length);
        frame = frame.parent;
      } else return undefined;
      offsets.push(length);
      frames.push(frame);
    }
    if (frame) return undefined;
    texts.push(marked.slice(copied));
    /** How many changes lie at or before an offset. */
    const changesUpTo = (offset: number) => {
      let low = 0;
      let high = offsets.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((offsets[middle] ?? 0) <= offset) low = middle + 1;
        else high = middle;
      }
      return low;
    };
    return {
      text: texts.join(''),
      silent,
      frameAt: (offset) => frames[changesUpTo(offset) - 1],
      framesIn: (start, end) => {
        const found: (Frame | undefined)[] = [];
        for (let i = changesUpTo(start) - 1; i < offsets.length && (i < 0 || (offsets[i] ?? 0) < end); i++) {
          // Of several changes at one offset, the last is what the text is printed in.
          if (i + 1 < offsets.length && offsets[i + 1] === offsets[i]) continue;
          found.push(frames[i]);
        }
        return found;
      },
    };
  }

  private around(text: string, id: number): string {
    return this.open(id) + text + this.close(id);
  }

  private open(id: number | 'f'): string {
    return `〔${this.nonce}o${id}〕`;
  }

  private close(id: number | 'f'): string {
    return `〔${this.nonce}c${id}〕`;
  }
}

/** The offset behind the mark that closes the output opened at `start`; templates may include each other as a whole. */
function endOfOutput(stdout: string, start: number, open: string, close: string): number | undefined {
  let depth = 1;
  let position = start + open.length;
  while (true) {
    const nextClose = stdout.indexOf(close, position);
    if (nextClose === -1) return undefined;
    const nextOpen = stdout.indexOf(open, position);
    const opens = nextOpen !== -1 && nextOpen < nextClose;
    depth += opens ? 1 : -1;
    position = opens ? nextOpen + open.length : nextClose + close.length;
    if (depth === 0) return position;
  }
}

/** A key or a list item at the start of a line. */
const YAML_LINE = /(?:^|\n)[ \t]*(?:- |["']?[\w./-]+["']?:[ \t\r\n])|\n[ \t]*["']?[\w./-]+["']?:$/;

/**
 * The definitions that print lines of YAML. The others make a value that templates compare, cut or put together, which
 * marks would change.
 */
function definitionsWithYaml(parts: readonly TemplatePart[]): Set<number> {
  const found = new Set<number>();
  for (const part of parts) {
    if (part.type === 'text' && part.definition !== undefined && YAML_LINE.test(part.text)) found.add(part.definition);
  }
  return found;
}
