import type { SourceFiles } from '../source.ts';

/** What is found out once in a run, by key: three hundred overlays share a base. */
export class PerRun<T> {
  readonly #runs = new WeakMap<SourceFiles, Map<string, T>>();

  /** What is known by a key; `find` is asked the first time. */
  get(sources: SourceFiles, key: string, find: () => T): T {
    let known = this.#runs.get(sources);
    if (!known) {
      known = new Map();
      this.#runs.set(sources, known);
    }
    const found = known.get(key);
    if (found !== undefined || known.has(key)) return found as T;
    const made = find();
    known.set(key, made);
    return made;
  }
}
