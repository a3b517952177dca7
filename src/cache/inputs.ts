import { isBelow, relativePath } from '../below.ts';
import { type Digests, UnknownInput } from './digests.ts';

/** What one run of a tool depends on: what it is told, what it reads, and what it looks for in vain. */
export class Inputs {
  /** Absolute path of the repository: what lies in it is named relative to it, so that a copy of it is the same. */
  readonly root: string;
  /** Absolute path of what is rendered: what lies outside the repository is named relative to that. */
  readonly target: string;
  readonly #digests: Digests;
  readonly #parts: string[] = [];
  readonly #paths = new Set<string>();
  readonly #absent = new Set<string>();
  #clock = false;

  constructor(root: string, target: string, digests: Digests) {
    this.root = root;
    this.target = target;
    this.#digests = digests;
  }

  /** What the tool is told, in an order that is always the same. */
  add(...parts: readonly (string | number | boolean | undefined)[]): void {
    this.#parts.push(JSON.stringify(parts.map((part) => part ?? null)));
  }

  /** A file, or what stands in its place, under the name that leads there. Throws UnknownInput. */
  addFile(path: string): void {
    const { what, digest, realPath, clock } = this.#digests.path(path);
    this.#paths.add(path);
    if (what === 'absent') this.#absent.add(path);
    this.#clock ||= clock;
    this.add(this.name(path), what, digest, this.name(realPath));
  }

  /** A chart: an archive, or a directory with all that lies in it. Throws UnknownInput. */
  addChart(path: string): void {
    const { state, paths } = this.#digests.tree(path);
    if (state.outside) unknown();
    for (const own of paths) this.#paths.add(own);
    this.#clock ||= state.clock;
    this.add(state.what, state.digest);
  }

  /** A path as its place in the repository, else as seen from the target. */
  name(path: string): string {
    const [kind, from] = isBelow(path, this.root) ? ['in', this.root] : ['from', this.target];
    return `${kind}:${relativePath(from, path)}`;
  }

  isAbsent(path: string): boolean {
    return this.#absent.has(path);
  }

  /** All of it as a text. What may take the time is good for a day. */
  material(now = new Date()): string {
    return [...this.#parts, ...(this.#clock ? [now.toISOString().slice(0, 10)] : [])].join('\n');
  }

  /** Whether nothing of it has changed since it was added. */
  unchanged(): boolean {
    return this.#digests.unchanged(this.#paths);
  }
}

/** Says that it can't be known what a run depends on. */
export function unknown(): never {
  throw new UnknownInput();
}
