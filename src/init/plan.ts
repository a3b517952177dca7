import { statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import pLimit from 'p-limit';
import { isBelow, relativePath } from '../below.ts';
import { credentialsIn } from '../cluster/security/credential-shapes.ts';
import { asMap } from '../cluster/workloads.ts';
import type { Environment } from '../config/config.ts';
import { discover } from '../discover.ts';
import { git } from '../git/git.ts';
import { contextOf, type LintOptions } from '../lint.ts';
import { load } from '../load.ts';
import { isChart, readChart } from '../render/helm/chart.ts';
import { kustomizationFile, readKustomization } from '../render/kustomize/kustomization.ts';
import { render } from '../render/render.ts';
import type { Target } from '../render/target.ts';
import { repositoryRoot } from '../repository.ts';
import { groupOf, type KubernetesObject } from '../resource.ts';
import { Schemas } from '../schema/validate.ts';
import { isSensitive } from '../sensitive-key.ts';
import { SourceFiles } from '../source.ts';
import { walk } from '../walk.ts';
import { type Deployed, deployedBy } from './gitops.ts';
import {
  environmentOfFile,
  environmentOfPath,
  isChildOfEnvironments,
  isOneOf,
  isShown,
  isSurelyEnvironment,
  shownDirectory,
} from './names.ts';
import { valuesFiles } from './values-files.ts';

/** One target of the configuration to be. Paths are absolute. */
export interface PlannedTarget {
  target: Target;
  /** What says that it is deployed; absent where its own path does. */
  by?: string;
  /** Values of a GitOps object hold what looks like a credential: they are not copied. */
  withheld?: boolean;
  /** What it says beside, which no target has. */
  without?: readonly string[];
  /** Nothing says in which namespace the release lands. */
  somewhere?: boolean;
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
  /** Directories of examples, tests and documents: nothing of them is deployed. */
  shown: string[];
}

interface Found {
  target: Target;
  /** Its directory, chart or only file, relative to the working directory. */
  path: string;
  /** What it renders; nothing where it can't be rendered. */
  objects: KubernetesObject[];
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

/** An environment with what its targets render, by identity. */
interface Placed {
  planned: PlannedEnvironment;
  objects: Map<string, KubernetesObject>;
}

/** The environment of a repository that names none. */
const DEFAULT = 'default';

class Planner {
  readonly #options: LintOptions;
  readonly #cwd: string;
  readonly #root: string;
  readonly #sources: SourceFiles;
  readonly #schemas = new Schemas({ crds: [] });
  readonly #found = new Map<string, Found>();
  readonly #known = new Set<string>();
  readonly #names = new Set<string>();
  readonly #environments = new Map<string, Placed>();

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
    this.#learnNames();
    const claims = this.#claims(await ownNames(this.#cwd, this.#options.signal));
    const claimed = new Set(claims.map(({ child }) => child.target.name));
    const charts = await this.#chartsByEnvironment(claimed);
    const rest: Found[] = [];
    const names = this.#sorted().map((found) => this.#environmentOf(found) ?? '');
    const isSure = claims.length > 0 || charts.size > 0 || names.some((name) => this.#isSure(name));
    for (const found of chartsLast(this.#sorted())) {
      if (found.facts || claimed.has(found.target.name) || charts.has(found.target.name)) continue;
      const environment = isShown(found.path) ? undefined : this.#environmentOf(found);
      if (environment === undefined || !(isSure || this.#isSure(environment))) rest.push(found);
      else if (found.target.type === 'helm') this.#placeChart(environment, found, found.target.values);
      else this.#place(environment, found, { target: found.target });
    }
    for (const { environment, child, planned } of claims) this.#place(environment, child, planned);
    for (const [name, byEnvironment] of charts) {
      for (const [environment, values] of byEnvironment) this.#placeChart(environment, this.#found.get(name), values);
    }
    const left = this.#environments.size > 0 ? rest : this.#placeAll(rest);
    for (const found of this.#sorted()) if (found.facts) this.#addFacts(found);
    const planned = [...this.#environments.values()].map((environment) => environment.planned);
    return {
      environments: planned.sort((a, b) => (a.name < b.name ? -1 : 1)),
      unplaced: left.filter(({ path }) => !isShown(path)).map(({ target }) => target),
      shown: [...new Set(left.flatMap(({ path }) => shownDirectory(path) ?? []))].sort(),
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
    return relativePath(this.#cwd, path) || '.';
  }

  /** Learns the names that places give to environments: `known`, whatever they sound like, and `names`, by what they sound like. */
  #learnNames(): void {
    for (const { path } of this.#found.values()) if (isChildOfEnvironments(path)) this.#known.add(lastName(path));
    for (const found of this.#found.values()) this.#names.add(this.#nameOf(found) ?? '');
  }

  #isSure(environment: string): boolean {
    return isSurelyEnvironment(environment) || this.#known.has(environment);
  }

  #environmentOf(found: Found): string | undefined {
    const name = this.#nameOf(found);
    if (name === undefined || this.#known.has(name)) return name;
    return isOneOf(name, this.#names) ? name : undefined;
  }

  #nameOf({ target, path }: Found): string | undefined {
    const isFile = target.type === 'manifests' && /\.\w+$/.test(target.name);
    return isFile ? environmentOfFile(target.name, this.#known) : environmentOfPath(path, this.#known);
  }

  #sorted(): Found[] {
    return [...this.#found.values()].sort((a, b) => compare(a.path, b.path) || compare(a.target.name, b.target.name));
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
    const found: Found = { target, path, objects: [], deployed: [], facts: false };
    try {
      const { objects } = await load((await render(target, context)).objects);
      for (const { object } of objects) {
        found.objects.push(object);
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
  #claims(own: ReadonlySet<string>): { environment: string; child: Found; planned: PlannedTarget }[] {
    const edges = this.#sorted()
      .filter(({ path }) => !isShown(path))
      .flatMap((parent) =>
        parent.deployed
          .filter((deployed) => this.#isOfThis(deployed, own))
          .flatMap((deployed) => this.#childrenOf(deployed).map((child) => ({ parent, deployed, child }))),
      );
    const above = new Map<string, typeof edges>();
    for (const edge of edges) {
      const { name } = edge.child.target;
      if (edge.parent.target.name !== name) above.set(name, [...(above.get(name) ?? []), edge]);
    }
    // What deploys each other goes round in circles, in more ways than anybody can follow: each is asked once; `null` is being asked.
    const environmentsOf = (found: Found, asked = new Map<Found, string[] | null>()): string[] => {
      const own = this.#environmentOf(found);
      asked.set(found, null);
      const inherited = (above.get(found.target.name) ?? []).flatMap(({ parent, deployed }) => {
        const known = asked.get(parent);
        if (known === null) return [];
        const environments = known ?? environmentsOf(parent, asked);
        return environments.length > 0 ? environments : [own ?? deployed.cluster].filter((name) => name !== undefined);
      });
      const answer = inherited.length > 0 ? [...new Set(inherited)] : [own].filter((name) => name !== undefined);
      asked.set(found, answer);
      return answer;
    };
    const known = new Map<Found, string[]>();
    for (const { parent } of edges) if (!known.has(parent)) known.set(parent, environmentsOf(parent));
    return edges.flatMap(({ parent, deployed, child }) => {
      const of = known.get(parent) ?? [];
      const environments = of.length > 0 ? of : [this.#environmentOf(child) ?? deployed.cluster ?? DEFAULT];
      return environments.map((environment) => ({ environment, child, planned: this.#planned(deployed, child) }));
    });
  }

  /** Whether something is deployed from this repository, as far as is known: `own` are the names of its remotes. */
  #isOfThis({ source, path }: Deployed, own: ReadonlySet<string>): boolean {
    const url = 'url' in source ? source.url : this.#urlOf(source.name);
    if (url !== undefined && own.size > 0) return own.has(repositoryName(url));
    // All of this repository is rarely meant by what is called otherwise.
    return 'url' in source || source.name === 'flux-system' || join(sep, path) !== sep;
  }

  #urlOf(gitRepository: string): string | undefined {
    for (const { objects } of this.#found.values()) {
      for (const object of objects) {
        if (object.kind !== 'GitRepository' || object.metadata?.name !== gitRepository) continue;
        const url = asMap((object as { spec?: unknown }).spec)?.url;
        if (typeof url === 'string') return url;
      }
    }
    return undefined;
  }

  /** The targets that a path stands for: what stands at it, or else everything below. */
  #childrenOf({ path, helm }: Deployed): Found[] {
    const place = join(this.#root, path);
    if (!isBelow(place, this.#root) || !isDirectory(place) || !isBelow(place, this.#cwd)) return [];
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
      objects: [],
      deployed: [],
      facts: false,
    };
    this.#found.set(name, found);
    return found;
  }

  #planned({ by, namespace, helm, without }: Deployed, { target }: Found): PlannedTarget {
    const said = { by, ...(without.length > 0 ? { without } : {}) };
    if (target.type !== 'helm' || !helm) return { target: { ...target, ...(namespace && { namespace }) }, ...said };
    const values = helm.values
      .map((file) => join(this.#root, file))
      .filter((file) => isBelow(file, this.#root) && isFile(file));
    const withheld = helm.set !== undefined && holdsSecret(helm.set);
    return {
      target: {
        ...target,
        release: helm.release,
        values,
        ...(namespace && { namespace }),
        ...(helm.set && !withheld ? { set: helm.set } : {}),
      },
      ...said,
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
    const found = charts.filter(
      ({ name, directory }) => !claimed.has(name) && values.has(directory) && !isShown(this.#shown(directory)),
    );
    return new Map(found.map(({ name, directory }) => [name, values.get(directory) ?? new Map()]));
  }

  /** Puts a target into an environment; into one of its own where it defines an object of the others differently. */
  #place(name: string, found: Found, planned: PlannedTarget): void {
    const alone = `${name}-${dashed(found.path)}`;
    for (let i = 1; ; i++) {
      const names = i === 1 ? [name, alone] : [`${alone}-${i}`];
      if (names.some((candidate) => this.#placeIn(candidate, found, planned))) return;
    }
  }

  /** Puts a target into an environment, unless it defines an object of the others differently: then it returns false. */
  #placeIn(name: string, { objects }: Found, planned: PlannedTarget): boolean {
    const environment = this.#environment(name);
    if (environment.planned.targets.some((other) => isDeepStrictEqual(other.target, planned.target))) return true;
    const items = objects.map((object) => ({ object, identity: this.#identity(object, planned.target) }));
    const contradicts = items.some(({ identity, object }) => {
      const other = environment.objects.get(identity);
      return other !== undefined && !isDeepStrictEqual(other, object);
    });
    if (contradicts) return false;
    environment.planned.targets.push(planned);
    for (const { identity, object } of items) environment.objects.set(identity, object);
    return true;
  }

  #identity({ apiVersion, kind, metadata }: KubernetesObject, target: Target): string {
    const group = groupOf(apiVersion);
    const namespace = this.#schemas.isClusterScoped(group, kind) ? '' : (metadata?.namespace ?? target.namespace ?? '');
    return JSON.stringify([group, kind, namespace, metadata?.name]);
  }

  /**
   * Puts a chart into an environment. Where nothing says in which namespace it lands, and the others there name theirs, how it stands
   * to them is unknown: then it gets an environment of its own.
   */
  #placeChart(name: string, found: Found | undefined, values: string[]): void {
    if (found?.target.type !== 'helm') return;
    const { release } = found.target;
    if (this.#hasNamespace(release)) {
      this.#place(name, found, { target: { ...found.target, values, namespace: release } });
      return;
    }
    const target = { ...found.target, values };
    const others = this.#environments.get(name);
    const apart = others !== undefined && namesNamespace(others);
    this.#place(apart ? `${name}-${release}` : name, found, { target, ...(apart ? { somewhere: true } : {}) });
  }

  #hasNamespace(name: string): boolean {
    const objects = [...this.#found.values()].flatMap((found) => found.objects);
    return objects.some(({ kind, apiVersion, metadata }) => {
      return kind === 'Namespace' && apiVersion === 'v1' && metadata?.name === name;
    });
  }

  #environment(name: string): Placed {
    const known = this.#environments.get(name);
    if (known) return known;
    const made = { planned: { name, targets: [], existing: [] }, objects: new Map<string, KubernetesObject>() };
    this.#environments.set(name, made);
    return made;
  }

  /**
   * Nothing in the repository speaks of environments: its directories of the same names are some, where they contradict each other,
   * and share the rest; else it describes one cluster. Examples and tests are each for themselves.
   */
  #placeAll(rest: readonly Found[]): Found[] {
    const deployed = rest.filter(({ path }) => !isShown(path));
    const variants = this.#variants(deployed);
    const left: Found[] = [];
    for (const found of chartsLast(deployed)) {
      const name = lastName(found.path);
      const environments = variants.has(name) ? [name] : variants.size > 0 ? variants : [DEFAULT];
      for (const environment of environments) {
        if (found.target.type !== 'helm') {
          const planned = { target: found.target };
          if (environment !== DEFAULT) this.#place(environment, found, planned);
          // An alternative to the others: by itself it would lack what they hold.
          else if (!this.#placeIn(environment, found, planned)) left.push(found);
        } else if (found.target.values.length === 0 && found.objects.length > 0)
          this.#placeChart(environment, found, []);
        // What its maintainers try it with is no one's installation, and what doesn't render without values needs some.
        else if (!left.includes(found)) left.push(found);
      }
    }
    if (this.#environments.size > 0) return rest.filter((found) => !deployed.includes(found) || left.includes(found));
    const unready = rest.filter(({ target, objects }) => target.type === 'helm' && objects.length === 0);
    const ready = unready.length === rest.length ? rest : rest.filter((found) => !unready.includes(found));
    for (const found of ready) this.#place(dashed(found.path), found, { target: found.target });
    return rest.filter((found) => !ready.includes(found));
  }

  /** Names that stand in several directories, and mean other things in one of them: `apps/{cloud,edge}`, `dns/{cloud,edge}`. */
  #variants(deployed: readonly Found[]): Set<string> {
    const pairs = new Map<string, { names: string[]; parents: Set<string>; differ: boolean }>();
    for (const one of deployed) {
      for (const other of deployed) {
        const parent = dirname(one.path);
        if (one.path >= other.path || dirname(other.path) !== parent) continue;
        const names = [lastName(one.path), lastName(other.path)];
        const pair = pairs.get(names.join('/')) ?? { names, parents: new Set(), differ: false };
        pair.parents.add(parent);
        pair.differ ||= this.#differ(one, other);
        pairs.set(names.join('/'), pair);
      }
    }
    const found = [...pairs.values()].filter(({ parents, differ }) => parents.size > 1 && differ);
    return new Set(found.flatMap(({ names }) => names));
  }

  /** Whether two targets define an object differently. */
  #differ(one: Found, other: Found): boolean {
    const objects = new Map(one.objects.map((object) => [this.#identity(object, one.target), object]));
    return other.objects.some((object) => {
      const same = objects.get(this.#identity(object, other.target));
      return same !== undefined && !isDeepStrictEqual(same, object);
    });
  }

  /** Nodes are no one's to render: what stands beside them describes a cluster, the nearest where several have its name. */
  #addFacts({ target }: Found): void {
    const names = new Set(this.#environments.keys());
    for (const file of target.type === 'manifests' ? target.files : []) {
      const name = environmentOfFile(this.#shown(file), names);
      const all = [...this.#environments.values()];
      const named = all.filter(
        ({ planned }) => name !== undefined && (planned.name === name || planned.name.startsWith(`${name}-`)),
      );
      const candidates = named.length > 0 ? named : all.length === 1 ? all : [];
      const common = candidates.map(({ planned }) =>
        Math.max(...planned.targets.map((placed) => sharedParts(pathOf(placed.target), file))),
      );
      const nearest = Math.max(...common);
      const environment =
        candidates.find(({ planned }, i) => planned.name === name && common[i] === nearest) ??
        candidates.find((_, i) => common[i] === nearest);
      if (environment && !environment.planned.existing.includes(file)) environment.planned.existing.push(file);
    }
  }
}

/** How a chart is placed depends on what the others say of namespaces. */
function chartsLast(found: readonly Found[]): Found[] {
  return [...found].sort((a, b) => Number(a.target.type === 'helm') - Number(b.target.type === 'helm'));
}

/** Whether something of an environment says in which namespace it lands. */
function namesNamespace({ objects, planned }: Placed): boolean {
  if (planned.targets.some(({ target }) => target.type !== 'helm' && target.namespace !== undefined)) return true;
  return [...objects.values()].some(({ kind, metadata }) => {
    return kind !== 'Namespace' && metadata?.namespace !== undefined && metadata.namespace !== 'default';
  });
}

/** By what this repository is called elsewhere: the last parts of the URLs of its remotes. */
async function ownNames(cwd: string, signal: AbortSignal | undefined): Promise<Set<string>> {
  const answer = await git(['config', '--get-regexp', '^remote\\..*\\.url$'], { cwd, signal });
  const lines = answer.kind === 'ok' ? answer.stdout.toString('utf8').trim().split('\n') : [];
  return new Set(lines.filter((line) => line !== '').map(repositoryName));
}

function repositoryName(url: string): string {
  const name = url.replace(/\/+$/, '').split(/[/:]/).pop() ?? '';
  return name.replace(/\.git$/, '').toLowerCase();
}

function lastName(path: string): string {
  return (path.split('/').pop() ?? '').replace(/\.(ya?ml|json)$/, '');
}

/** How many directories two absolute paths have in common. */
function sharedParts(a: string, b: string): number {
  const parts = b.split(sep);
  const end = a.split(sep).findIndex((part, i) => part !== parts[i]);
  return end === -1 ? a.split(sep).length : end;
}

/** What a target is known by: its directory, its chart, the directory of its files. */
export function pathOf(target: Target): string {
  switch (target.type) {
    case 'kustomize':
      return target.directory;
    case 'helm':
      return target.chart;
    case 'manifests':
      return /\.\w+$/.test(target.name) && target.files.length === 1
        ? (target.files[0] ?? '')
        : dirname(target.files[0] ?? '');
  }
}

function dashed(path: string): string {
  return path.replace(/\.(ya?ml|json)$/, '').replaceAll('/', '-');
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** Whether some value looks like a credential, by its shape or by the key or the name that it goes by. */
function holdsSecret(value: unknown): boolean {
  if (typeof value === 'string') return credentialsIn(value).length > 0;
  if (Array.isArray(value)) return value.some(holdsSecret);
  const map = asMap(value) ?? {};
  const named: [string, unknown][] = typeof map.name === 'string' ? [[map.name, map.value]] : [];
  return [...Object.entries(map), ...named].some(
    ([key, item]) => (typeof item === 'string' && item !== '' && isSensitive(key)) || holdsSecret(item),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
