import type { At, Location, Path } from '../resource.ts';
import { SourceError, type SourceFiles } from '../source.ts';
import { readYaml } from '../yaml.ts';
import { ConfigError, type Mistake } from './config.ts';

/** A YAML file that people write for k8s-lint, while it is read: what is wrong with it, and where. */
export class YamlDraft {
  readonly file: string;
  /** What such a file is called, for messages. */
  readonly name: string;
  readonly sources: SourceFiles;
  readonly #mistakes: { path: Path; mistake: Mistake }[] = [];
  #document = 0;

  /** `file` is relative to the working directory of the sources. */
  constructor(file: string, name: string, sources: SourceFiles) {
    this.file = file;
    this.name = name;
    this.sources = sources;
  }

  /** What the file holds, undefined where it is empty. Throws ConfigError where it is no YAML. */
  read(): unknown {
    let text: string;
    try {
      text = this.sources.text(this.file);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      throw new ConfigError([{ message: error.reason, location: { file: this.file } }]);
    }
    const documents = readYaml(text).filter((document) => !document.empty);
    const errors = documents.flatMap((document) => document.error ?? []);
    if (errors.length > 0) {
      throw new ConfigError(
        errors.map(({ message, ...place }) => ({ message, location: { file: this.file, ...place } })),
      );
    }
    const [document, second] = documents;
    if (second) {
      const location = { file: this.file, line: second.line };
      throw new ConfigError([{ message: `a ${this.name} is one document: this one would not be read`, location }]);
    }
    if (!document) return undefined;
    this.#document = document.index;
    for (const { path, line, column } of document.duplicateKeys) {
      const message = `"${String(path.at(-1))}" is there twice`;
      this.#mistakes.push({ path, mistake: { message, location: { file: this.file, line, column } } });
    }
    return document.value;
  }

  locate(path: Path, at?: At): Location {
    return this.sources.locate(this.file, this.#document, path, at);
  }

  /** A scalar, or with `key` a key, as it stands in the file, without quotes. */
  written(path: Path, at?: At): string {
    const { line = 1, column = 1 } = this.locate(path, at);
    const rest = this.sources.lines(this.file)[line - 1]?.slice(column - 1) ?? '';
    return /^["']?([^\s"',:\]}]*)/.exec(rest)?.[1] ?? '';
  }

  add(path: Path, message: string, at?: At): void {
    this.#mistakes.push({ path, mistake: { message, location: this.locate(path, at) } });
  }

  /** Whether something is wrong at or below a path. */
  isBroken(path: Path): boolean {
    return this.#mistakes.some((mistake) => path.every((key, i) => mistake.path[i] === key));
  }

  /** Throws ConfigError where there is something wrong. */
  finish(): void {
    if (this.#mistakes.length === 0) return;
    const mistakes = this.#mistakes.map(({ mistake }) => mistake);
    const place = ({ location: { line = 0, column = 0 } }: Mistake) => [line, column] as const;
    throw new ConfigError(mistakes.sort((a, b) => place(a)[0] - place(b)[0] || place(a)[1] - place(b)[1]));
  }
}
