import type { Diagnostic, Suppressed } from '../diagnostic.ts';
import type { Part } from '../part.ts';
import type { Picture } from '../picture.ts';

/** Something that was not judged, and the fact that would let it be. */
export interface UncheckedItem {
  what: string;
  reason: string;
  /** The target, or the environment where it concerns all of its targets. */
  target: string;
}

export interface Summary {
  errors: number;
  warnings: number;
  infos: number;
  ignored: number;
  targets: number;
  resources: number;
}

/** What a comparison with another revision says beside what is new. */
export interface Since {
  /** As it was asked for: `origin/main`. */
  ref: string;
  /** The commit that was compared with. */
  commit: string;
  /** What a reader has to know of how it was compared. */
  notes?: readonly string[];
  /** How many diagnostics were there before and still are. */
  before: Pick<Summary, 'errors' | 'warnings' | 'infos'>;
  /** The diagnostics of that commit that are gone; their places are those of that commit. */
  fixed: readonly Diagnostic[];
}

/** Everything that a run found out. Reporters write it, exit codes follow from it. */
export interface Report {
  /** All diagnostics in their order; `--severity` hides some when they are written. */
  diagnostics: readonly Diagnostic[];
  suppressed: readonly Suppressed[];
  unchecked: readonly UncheckedItem[];
  /** The names of the environments that were judged, in their order. */
  environments: readonly string[];
  /** What these look like, where that was asked for. */
  pictures?: readonly Picture[];
  /** Counts all diagnostics, hidden ones too. */
  summary: Summary;
  /** How many of the ignored ones a baseline knows, where it knows any, and the file that it is. */
  known?: { file: string; count: number };
  /** With it, `diagnostics` and `summary` are about what is new. */
  since?: Since;
  /** The ids of the rules that ran. */
  rules: readonly string[];
  /** Why the run could not be whole: a missing tool, a broken file of facts, a bug in a rule. Any of them is exit 2. */
  failures: readonly string[];
  /** Why nothing was judged, where that is no failure: what was asked for reaches no target. */
  note?: string;
  /** What `merge` makes a report of, where this is that of one share of a run. */
  shard?: Part;
}
