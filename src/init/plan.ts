import { statSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import pLimit from 'p-limit';
import { isBelow } from '../below.ts';
import { asMap } from '../cluster/workloads.ts';
import type { Environment } from '../config/config.ts';
import { discover } from '../discover.ts';
import { contextOf, type LintOptions } from '../lint.ts';
import { load } from '../load.ts';
import { isChart, readChart } from '../render/helm/chart.ts';
import { kustomizationFile, readKustomization } from '../render/kustomize/kustomization.ts';
import { render } from '../render/render.ts';
import type { Target } from '../render/target.ts';
import { repositoryRoot } from '../repository.ts';
import { groupOf, type KubernetesObject } from '../resource.ts';
import { isSensitive } from '../sensitive-key.ts';
import { SourceFiles } from '../source.ts';
import { walk } from '../walk.ts';
import { type Deployed, deployedBy } from './gitops.ts';
import { environmentOfFile, environmentOfPath, isChildOfEnvironments, isShown, isSurelyEnvironment } from './names.ts';
import { valuesFiles } from './values-files.ts';

/** One target of the configuration to be. Paths are absolute. */
export interface PlannedTarget {
  target: Target;
  /** What says that it is deployed; absent where its own path does. */
  by?: string;
  /** Values of a GitOps object hold what looks like a credential: they are not copied. */
  withheld?: boolean;
}

export interface PlannedEnvironment {
  name: string;
  targets: PlannedTarget[];
  /** Absolute paths of files that hold Nodes: what exists already. */
  existing: string[];
}

export interface Plan {
  environments: PlannedEnvironment[];
  /** What was found, and nothing says where it lands. */
  unplaced: Target[];
}

/** An object as it is told from others, with what it says. */
interface Item {
  identity: string;
  object: KubernetesObject;
}

/** A target with what it renders; nothing where it can't be rendered. */
interface Found {
  target: Target;
  /** Its directory, chart or only file, relative to the working directory. */
  path: string;
  items: Item[];
  deployed: Deployed[];
  /** It holds Nodes, which nobody renders: it says what exists. */
  facts: boolean;
}

/** Works out the environments of a repository. Throws MissingToolError never: what can't be rendered is only known by its path. */
export async function planFor(options: LintOptions): Promise<Plan> {
  const plan = new Planner(options);
  return plan.make();
}

const SKIPPED: ReadonlySet<string> = new Set(['.git', 'node_modules']);

/** The environment of a repository that names none. */
const DEFAULT = 'default';

class Planner {
  readonly #options: LintOptions;
  readonly #cwd: string;
  readonly #root: string;
  readonly #sources: SourceFiles;
  readonly #found = new Map<string, Found>();
  readonly #environments = new Map<string, { planned: PlannedEnvironment; items: Map<string, KubernetesObject> }>();

  constructor(options: LintOptions) {
    this.#options = options;
    this.#cwd = options.cwd;
    this.#root = repositoryRoot(options.cwd);
    this.#sources = new SourceFiles(options.cwd);
  }

  async make(): Promise<Plan> {
    const { environments } = await discover([this.#cwd], { cwd: this.#cwd, sources: this.#sources, exclude: [] });
    await this.#renderAll(environments);
    await this.#addOverlays();
    const claims = await this.#claims();
    const claimed = new Set(claims.map(({ child }) => child.target.name));
    const charts = await this.#chartsByEnvironment(claimed);
    const rest: Found[] = [];
    const names = this.#sorted().map((found) => this.#environmentOf(found) ?? '');
    const isSure = claims.length > 0 || charts.size > 0 || names.some((name) => this.#isSure(name));
    for (const found of this.#sorted()) {
      if (found.facts || claimed.has(found.target.name) || charts.has(found.target.name)) continue;
      const environment = isShown(found.path) ? undefined : this.#environmentOf(found);
      if (environment === undefined || !(isSure || this.#isSure(environment))) rest.push(found);
      else this.#place(environment, found, { target: found.target });
    }
    for (const { environment, child, planned } of claims) this.#place(environment, child, planned);
    for (const [name, byEnvironment] of charts) {
      const found = this.#found.get(name);
      for (const [environment, values] of found ? byEnvironment : []) {
        if (found?.target.type !== 'helm') continue;
        this.#place(environment, { ...found, items: [] }, { target: { ...found.target, values } });
      }
    }
    const unplaced = this.#environments.size > 0 ? rest : this.#placeAll(rest);
    for (const found of this.#found.values()) if (found.facts) this.#addFacts(found);
    const planned = [...this.#environments.values()].map((environment) => environment.planned);
    return {
      environments: planned.sort((a, b) => (a.name < b.name ? -1 : 1)),
      unplaced: unplaced.map(({ target }) => target),
    };
  }

  /** Overlays that another one builds on are environments of their own all the same. */
  async #addOverlays(): Promise<void> {
    const context = contextOf(this.#options, this.#sources, this.#root);
    const known = new Set([...this.#found.values()].map(({ target }) => pathOf(target)));
    await walk(this.#cwd, async ({ directory, directories }) => {
      const name = this.#shown(directory);
      const kustomization = readKustomization(directory, this.#sources);
      if (kustomization && !kustomization.component && isChildOfEnvironments(name) && !known.has(directory)) {
        const target: Target = { type: 'kustomize', name, directory };
        const environment = { name, targets: [target], existing: [], configured: false };
        this.#found.set(name, await this.#render(target, context(environment)));
      }
      return directories.filter((child) => !SKIPPED.has(child));
    });
  }

  #shown(path: string): string {
    return relative(this.#cwd, path).split(sep).join('/') || '.';
  }

  /** Names that the places of kustomizations give to environments, whatever they sound like. */
  get #known(): Set<string> {
    const paths = [...this.#found.values()].map(({ path }) => path).filter(isChildOfEnvironments);
    return new Set(paths.map((path) => path.split('/').at(-1) ?? ''));
  }

  #isSure(environment: string): boolean {
    return isSurelyEnvironment(environment) || this.#known.has(environment);
  }

  #environmentOf({ target, path }: Found): string | undefined {
    const isFile = target.type === 'manifests' && /\.\w+$/.test(target.name);
    return isFile ? environmentOfFile(target.name, this.#known) : environmentOfPath(path, this.#known);
  }

  #sorted(): Found[] {
    return [...this.#found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  async #renderAll(environments: readonly Environment[]): Promise<void> {
    const context = contextOf(this.#options, this.#sources, this.#root);
    const limit = pLimit(4);
    await Promise.all(
      environments.flatMap((environment) =>
        environment.targets.map((target) =>
          limit(async () => this.#found.set(target.name, await this.#render(target, context(environment)))),
        ),
      ),
    );
  }

  async #render(target: Target, context: Parameters<typeof render>[1]): Promise<Found> {
    const path = this.#shown(pathOf(target));
    const found: Found = { target, path, items: [], deployed: [], facts: false };
    try {
      const { objects } = await load((await render(target, context)).objects);
      for (const { object } of objects) {
        const namespace = object.metadata?.namespace ?? target.namespace ?? '';
        const identity = JSON.stringify([groupOf(object.apiVersion), object.kind, namespace, object.metadata?.name]);
        found.items.push({ identity, object });
        found.deployed.push(...deployedBy(object));
        if (object.kind === 'Node' && object.apiVersion === 'v1') found.facts = true;
      }
    } catch {
      context.signal?.throwIfAborted();
      // Without its tool, or broken: linting says so.
    }
    return found;
  }

  /** What GitOps objects deploy, in which environment: that of the target which holds them, else what their paths say. */
  async #claims(): Promise<{ environment: string; child: Found; planned: PlannedTarget }[]> {
    const edges = this.#sorted().flatMap((parent) =>
      parent.deployed.flatMap((deployed) => this.#childrenOf(deployed).map((child) => ({ parent, deployed, child }))),
    );
    const environmentsOf = (found: Found, seen: readonly Found[]): string[] => {
      const own = this.#environmentOf(found);
      const parents = edges.filter(
        ({ child, parent }) => child.target.name === found.target.name && !seen.includes(parent),
      );
      const above = parents
        .filter(({ parent }) => parent.target.name !== found.target.name)
        .flatMap(({ parent, deployed }) => {
          const inherited = environmentsOf(parent, [...seen, found]);
          return inherited.length > 0 ? inherited : [own ?? deployed.cluster].filter((name) => name !== undefined);
        });
      if (above.length > 0) return [...new Set(above)];
      return own === undefined ? [] : [own];
    };
    return edges.flatMap(({ parent, deployed, child }) => {
      const of = environmentsOf(parent, []);
      const environments = of.length > 0 ? of : [this.#environmentOf(child) ?? deployed.cluster ?? DEFAULT];
      return environments.map((environment) => ({ environment, child, planned: this.#planned(deployed, child) }));
    });
  }

  /** The targets that a path stands for: what stands at it, or else everything below. */
  #childrenOf({ path, helm }: Deployed): Found[] {
    const place = join(this.#root, path);
    if (isAbsolute(path) ? !isBelow(path, this.#root) : !isBelow(place, this.#root)) return [];
    if (!isDirectory(place) || !isBelow(place, this.#cwd)) return [];
    const found = this.#sorted();
    const at = found.find(({ target }) => target.type !== 'manifests' && pathOf(target) === place);
    if (at) return [at];
    if (kustomizationFile(place) !== undefined) return [this.#undiscovered(place)];
    if (helm && isChart(place)) return [];
    return found.filter(({ target }) => isBelow(pathOf(target), place));
  }

  /** A kustomization that others use, too. */
  #undiscovered(directory: string): Found {
    const name = this.#shown(directory);
    const found: Found = {
      target: { type: 'kustomize', name, directory },
      path: name,
      items: [],
      deployed: [],
      facts: false,
    };
    this.#found.set(name, found);
    return found;
  }

  #planned({ by, namespace, helm }: Deployed, { target }: Found): PlannedTarget {
    if (target.type !== 'helm' || !helm) return { target: { ...target, ...(namespace && { namespace }) }, by };
    const values = helm.values.map((file) => join(this.#root, file)).filter((file) => isFile(file));
    const withheld = helm.set !== undefined && holdsSecret(helm.set);
    return {
      target: {
        ...target,
        release: helm.release,
        values,
        ...(namespace && { namespace }),
        ...(helm.set && !withheld ? { set: helm.set } : {}),
      },
      by,
      ...(withheld ? { withheld } : {}),
    };
  }

  async #chartsByEnvironment(claimed: ReadonlySet<string>): Promise<Map<string, Map<string, string[]>>> {
    const charts = this.#sorted().flatMap(({ target }) =>
      target.type === 'helm' && isDirectory(target.chart)
        ? [{ name: target.name, directory: target.chart, chart: readChart(target.chart, this.#sources).name }]
        : [],
    );
    const known = charts.map(({ directory, chart }) => ({ directory, name: chart }));
    const values = await valuesFiles(this.#cwd, known);
    const found = charts.filter(({ name, directory }) => !claimed.has(name) && values.has(directory));
    return new Map(found.map(({ name, directory }) => [name, values.get(directory) ?? new Map()]));
  }

  /** Puts a target into an environment; into one of its own where it defines an object of the others differently. */
  #place(name: string, { path, items }: Found, planned: PlannedTarget): void {
    const environment = this.#environment(name);
    const isSame = (other: PlannedTarget) => isDeepStrictEqual(other.target, planned.target);
    if (environment.planned.targets.some(isSame)) return;
    const contradicts = items.some(({ identity, object }) => {
      const other = environment.items.get(identity);
      return other !== undefined && !isDeepStrictEqual(other, object);
    });
    const elsewhere = contradicts
      ? this.#environment(name === DEFAULT ? dashed(path) : `${name}-${dashed(path)}`)
      : environment;
    elsewhere.planned.targets.push(planned);
    for (const { identity, object } of items) elsewhere.items.set(identity, object);
  }

  #environment(name: string) {
    const known = this.#environments.get(name);
    if (known) return known;
    const made = { planned: { name, targets: [], existing: [] }, items: new Map<string, KubernetesObject>() };
    this.#environments.set(name, made);
    return made;
  }

  /** Nothing in the repository speaks of environments: it describes one cluster. Examples and tests are each for themselves. */
  #placeAll(rest: readonly Found[]): Found[] {
    const deployed = rest.filter(({ path }) => !isShown(path));
    for (const found of deployed) this.#place(DEFAULT, found, { target: found.target });
    if (deployed.length > 0) return rest.filter((found) => !deployed.includes(found));
    for (const found of rest) this.#place(dashed(found.path), found, { target: found.target });
    return [];
  }

  /** Nodes are no one's to render: what stands beside them describes a cluster. */
  #addFacts({ target }: Found): void {
    const names = new Set(this.#environments.keys());
    for (const file of target.type === 'manifests' ? target.files : []) {
      const name = environmentOfFile(this.#shown(file), names);
      const [only] = this.#environments.size === 1 ? this.#environments.values() : [];
      const environment = this.#environments.get(name ?? '') ?? only;
      if (environment && !environment.planned.existing.includes(file)) environment.planned.existing.push(file);
    }
  }
}

/** What a target is known by: its directory, its chart, the directory of its files. */
function pathOf(target: Target): string {
  switch (target.type) {
    case 'kustomize':
      return target.directory;
    case 'helm':
      return target.chart;
    case 'manifests':
      return target.files.length === 1 ? (target.files[0] ?? '') : join(target.files[0] ?? '', '..');
  }
}

function dashed(path: string): string {
  return path.replaceAll('/', '-');
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** Whether some value stands under a key that names a credential. */
function holdsSecret(value: unknown): boolean {
  const map = asMap(value);
  if (!map) return Array.isArray(value) && value.some(holdsSecret);
  return Object.entries(map).some(
    ([key, item]) => (typeof item === 'string' && item !== '' && isSensitive(key)) || holdsSecret(item),
  );
}
