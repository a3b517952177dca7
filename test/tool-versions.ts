import { RenderCache } from '../src/cache/render-cache.ts';
import { Store } from '../src/cache/store.ts';

/** Knows of tools what they are, and nothing of what they printed: all is rendered anew. */
class ToolVersions extends RenderCache {
  readonly #known = new Map<string, string>();

  constructor() {
    super(new Store('/nowhere', () => {}), 'tests');
  }

  override run(...[, , , start]: Parameters<RenderCache['run']>): ReturnType<RenderCache['run']> {
    return start();
  }

  override async fact(
    material: readonly string[],
    find: () => Promise<string | undefined>,
  ): Promise<string | undefined> {
    const key = JSON.stringify(material);
    const value = this.#known.get(key) ?? (await find());
    if (value !== undefined) this.#known.set(key, value);
    return value;
  }
}

/** For the runs of a test file: each tool is asked for its version once. */
export const toolVersions: RenderCache = new ToolVersions();
