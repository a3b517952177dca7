import type { Cluster } from './cluster/cluster.ts';
import { editedAt, placeOf } from './cluster/connections/configured-hosts.ts';
import type { Connection } from './cluster/connections/connections.ts';
import { unresolvedHosts } from './cluster/connections/unresolved-hosts.ts';
import { blockedRoutes, servicesOf } from './cluster/network/blocked-routes.ts';
import { isolationOf, otherPolicies, policies, type Refusal, type Side } from './cluster/network/network.ts';
import { judgedConnections, refusedConnections } from './cluster/network/refused-connections.ts';
import { backendsOf, portsOfService } from './cluster/network/services.ts';
import { type Route, routesOf } from './cluster/routes/routes.ts';
import { asMap, type Workload } from './cluster/workloads.ts';
import type { Found } from './diagnostic.ts';
import type { Path, Resource } from './resource.ts';

/** What one environment looks like: who leads to whom, and what stands between. Plain data; numbers are indices of the lists here. */
export interface Picture {
  environment: string;
  nodes: PictureNode[];
  edges: PictureEdge[];
  policies: PicturePolicy[];
  /** Why connections that look fine may not be. */
  notes: string[];
}

interface Named {
  kind: string;
  name: string;
  /** Absent where nothing sets it. */
  namespace?: string;
  /** Already in the cluster, not rendered. */
  existing?: true;
  /** Fingerprints of what is found in the object itself. */
  findings: string[];
}

export interface PictureNode extends Named {
  /** `missing`: a Service that is dialled or led to, and isn't there. */
  type: 'entry' | 'service' | 'workload' | 'missing';
  /** The hosts of an entry, the ports of a Service. */
  facts: string[];
  /** Which policies surely isolate a workload's pods. */
  isolated?: Partial<Record<Side, number[]>>;
}

export interface PictureEdge {
  from: number;
  to: number;
  /** An entry routes to a Service, a Service selects pods, a workload dials a Service. */
  type: 'routes' | 'selects' | 'dials';
  /**
   * `blocked`: policies surely refuse it, as the rules say. `missing`: there is no such Service. `unknown`: whether it gets through
   * can't be judged. `ok`: nothing here refuses it.
   */
  state: 'ok' | 'blocked' | 'missing' | 'unknown';
  port?: number | string;
  /** Where the address stands: `DATABASE_HOST in Secret/app`. Never a value. */
  places: string[];
  /** Where it is `blocked`: by which policies, the nearest miss of each side first. */
  blockedBy: { side: Side; policy: number }[];
  findings: string[];
}

export type PicturePolicy = Named;

/**
 * The picture of an environment. What is red in it is what the rules on NetworkPolicies and hosts report. Of a Secret it holds a host
 * and a port at most, as findings do.
 */
export function picture(cluster: Cluster, diagnostics: readonly Found[]): Picture {
  return new Painter(cluster, diagnostics).paint();
}

/** A list of policies longer than this says no more. */
const MOST_POLICIES = 5;

class Painter {
  readonly #cluster: Cluster;
  readonly #findings = new Map<string, Found[]>();
  readonly #nodes: PictureNode[] = [];
  readonly #indices = new Map<string, number>();
  readonly #edges = new Map<string, PictureEdge>();
  readonly #policies: PicturePolicy[] = [];
  readonly #policyIndices = new Map<Resource, number>();
  readonly #notes: string[] = [];

  constructor(cluster: Cluster, diagnostics: readonly Found[]) {
    this.#cluster = cluster;
    for (const diagnostic of diagnostics) {
      const { resource } = diagnostic;
      if (!resource) continue;
      const id = JSON.stringify([resource.apiVersion, resource.kind, resource.namespace, resource.name]);
      const same = this.#findings.get(id);
      if (same) same.push(diagnostic);
      else this.#findings.set(id, [diagnostic]);
    }
  }

  paint(): Picture {
    const cluster = this.#cluster;
    for (const { resource } of policies(cluster)) {
      const policy = resource as Resource<unknown> as Resource;
      this.#policyIndices.set(policy, this.#policies.push(this.#named(policy)) - 1);
    }
    for (const route of routesOf(cluster)) this.#entry(route);
    for (const service of cluster.list('', 'Service')) this.#service(service);
    for (const workload of cluster.workloads) {
      if (workload.resource.kind !== 'PodTemplate') this.#workload(workload);
    }
    for (const service of cluster.list('', 'Service')) {
      for (const { resource } of backendsOf(cluster, service).workloads) {
        this.#edge(this.#nodeOf(service), this.#nodeOf(resource), 'selects', undefined, 'ok');
      }
    }
    this.#routes();
    this.#connections();
    return {
      environment: cluster.environment,
      nodes: this.#nodes,
      edges: [...this.#edges.values()],
      policies: this.#policies,
      notes: this.#notes,
    };
  }

  #entry({ resource, matches }: Route): void {
    const node = this.#nodes[this.#add('entry', resource)];
    for (const { host } of matches ?? []) {
      if (host !== undefined && node && !node.facts.includes(host)) node.facts.push(host);
    }
  }

  #service(service: Resource): void {
    const node = this.#nodes[this.#add('service', service)];
    for (const { port, protocol } of portsOfService(service)) {
      node?.facts.push(protocol === 'TCP' ? `${port}` : `${port}/${protocol}`);
    }
    const type = asMap(asMap(service.object)?.spec)?.type;
    if (type === 'NodePort' || type === 'LoadBalancer' || type === 'ExternalName') node?.facts.push(type);
  }

  #workload(workload: Workload): void {
    const node = this.#nodes[this.#add('workload', workload.resource)];
    const sides = (['egress', 'ingress'] as const).map(
      (side) => [side, isolationOf(this.#cluster, workload, side).surely.slice(0, MOST_POLICIES)] as const,
    );
    const isolated = Object.fromEntries(
      sides.flatMap(([side, surely]) =>
        surely.length === 0
          ? []
          : [[side, surely.map(({ resource }) => this.#policyOf(resource as Resource<unknown>))]],
      ),
    );
    if (node && Object.keys(isolated).length > 0) node.isolated = isolated;
  }

  #routes(): void {
    const cluster = this.#cluster;
    const isJudged = cluster.complete && otherPolicies(cluster) === undefined;
    for (const route of routesOf(cluster)) {
      const from = this.#nodeOf(route.resource);
      for (const backend of route.backends) {
        const found = servicesOf(cluster, backend);
        for (const { service, port } of found) this.#edge(from, this.#nodeOf(service), 'routes', port, 'ok');
        const missing = this.#about(route.resource, 'reference-missing', backend.path);
        if (found.length > 0 || missing.length === 0 || backend.kind !== 'Service') continue;
        const edge = this.#edge(from, this.#missing(backend.scope, backend.name), 'routes', backend.port, 'missing');
        addAll(edge.findings, missing);
      }
    }
    for (const { leading, route, backend, unadmitted } of blockedRoutes(cluster)) {
      const [{ policy, path }] = unadmitted.refusals;
      const place = policy.existing
        ? { resource: route.resource, path: backend.path }
        : { resource: policy as Resource<unknown> as Resource, path };
      const found = this.#about(place.resource, 'network-policy-blocks-ingress', place.path);
      for (const { route: one, service, port } of leading) {
        const edge = this.#edge(this.#nodeOf(one.resource), this.#nodeOf(service), 'routes', port, 'ok');
        edge.state = isJudged ? 'blocked' : 'unknown';
        if (isJudged) this.#block(edge, { ingress: unadmitted.refusals, egress: [] }, found);
      }
    }
  }

  #connections(): void {
    const cluster = this.#cluster;
    const other = otherPolicies(cluster);
    if (other) this.#notes.push(`${other} decides on connections, too, and is not evaluated`);
    if (!cluster.complete) this.#notes.push('a target did not render: what it adds is not in this picture');
    const isJudged = cluster.complete && other === undefined;
    for (const { connection, reach } of judgedConnections(cluster)) {
      const state = reach.verdict === 'allowed' && other === undefined ? 'ok' : 'unknown';
      this.#dial(connection, state);
    }
    for (const { connection, others, reach } of refusedConnections(cluster)) {
      if (!isJudged || connection.unless !== undefined) continue;
      const found = this.#aboutHost(connection, connection.host, 'network-policy-blocks-connection');
      const [first] = reach.refused;
      for (const one of [connection, ...others]) {
        const edge = this.#dial(one, 'blocked');
        const { egress, ingress } = first?.verdict ?? {};
        this.#block(edge, { egress: egress?.refusals ?? [], ingress: ingress?.refusals ?? [] }, found);
      }
    }
    for (const { configured, referent } of unresolvedHosts(cluster)) {
      const { from, address } = configured;
      const port = typeof address.port === 'number' ? address.port : undefined;
      const to = this.#missing(referent.scope, referent.name);
      const edge = this.#edge(this.#nodeOf(from.resource), to, 'dials', port, 'missing');
      addAll(edge.places, [placeOf(configured)]);
      addAll(edge.findings, this.#aboutHost(configured, address.host, 'host-unresolved'));
    }
  }

  #dial(connection: Connection, state: PictureEdge['state']): PictureEdge {
    const { from, service, port } = connection;
    const edge = this.#edge(this.#nodeOf(from.resource), this.#nodeOf(service), 'dials', port, state);
    addAll(edge.places, [placeOf(connection)]);
    // What one of several places says surely gets through, or surely not.
    if (state === 'blocked' || (state === 'unknown' && edge.state === 'ok')) edge.state = state;
    return edge;
  }

  #block(edge: PictureEdge, refusals: Record<Side, readonly Refusal[]>, findings: readonly string[]): void {
    for (const side of ['egress', 'ingress'] as const) {
      for (const { policy } of refusals[side].slice(0, MOST_POLICIES)) {
        const index = this.#policyOf(policy as Resource<unknown>);
        if (!edge.blockedBy.some((known) => known.side === side && known.policy === index)) {
          edge.blockedBy.push({ side, policy: index });
        }
      }
    }
    addAll(edge.findings, findings);
  }

  #edge(
    from: number,
    to: number,
    type: PictureEdge['type'],
    port: number | string | undefined,
    state: PictureEdge['state'],
  ): PictureEdge {
    const id = JSON.stringify([from, to, type, port]);
    const known = this.#edges.get(id);
    if (known) return known;
    const edge: PictureEdge = {
      ...{ from, to, type, state },
      ...(port === undefined ? {} : { port }),
      ...{ places: [], blockedBy: [], findings: [] },
    };
    this.#edges.set(id, edge);
    return edge;
  }

  #nodeOf(resource: Resource): number {
    const known = this.#indices.get(identityOf(resource));
    if (known === undefined) throw new Error(`${resource} is not in the picture`);
    return known;
  }

  #add(type: PictureNode['type'], resource: Resource): number {
    const id = identityOf(resource);
    const known = this.#indices.get(id);
    if (known !== undefined) return known;
    const index = this.#nodes.push({ type, ...this.#named(resource), facts: [] }) - 1;
    this.#indices.set(id, index);
    return index;
  }

  #missing(scope: string, name: string): number {
    const id = JSON.stringify(['missing', scope, name]);
    const known = this.#indices.get(id);
    if (known !== undefined) return known;
    const namespace = this.#cluster.resources.find((resource) => resource.scope === scope)?.namespace;
    const index = this.#nodes.push({
      ...{ type: 'missing', kind: 'Service', name, facts: [], findings: [] },
      ...(namespace === undefined ? {} : { namespace }),
    });
    this.#indices.set(id, index - 1);
    return index - 1;
  }

  #named(resource: Resource): Named {
    const { kind, displayName, namespace, existing } = resource;
    return {
      ...{ kind, name: displayName },
      ...(namespace === undefined ? {} : { namespace }),
      ...(existing ? { existing } : {}),
      findings: [...new Set(this.#found(resource).map(({ fingerprint }) => fingerprint))],
    };
  }

  #policyOf(resource: Resource<unknown>): number {
    const index = this.#policyIndices.get(resource as Resource);
    if (index === undefined) throw new Error(`${resource} is not in the picture`);
    return index;
  }

  #found({ apiVersion, kind, namespace, displayName }: Resource): readonly Found[] {
    return this.#findings.get(JSON.stringify([apiVersion, kind, namespace, displayName])) ?? [];
  }

  /** What a rule found at a path or below it. */
  #about(resource: Resource, rule: string, path: Path): string[] {
    return this.#found(resource)
      .filter((diagnostic) => diagnostic.rule === rule && isWithin(diagnostic.path ?? [], path))
      .map(({ fingerprint }) => fingerprint);
  }

  /** What a rule found about a host. One value may hold several, and several workloads may take it: the message tells. */
  #aboutHost(place: Parameters<typeof editedAt>[0], host: string, rule: string): string[] {
    const { resource, path } = editedAt(place);
    let found = this.#found(resource).filter(
      (diagnostic) => diagnostic.rule === rule && isWithin(diagnostic.path ?? [], path),
    );
    for (const said of [` dials ${host}`, `${place.from.resource}`]) {
      const own = found.filter(({ message }) => message.includes(said));
      if (own.length > 0) found = own;
    }
    return found.map(({ fingerprint }) => fingerprint);
  }
}

function identityOf({ group, kind, scope, name }: Resource): string {
  return JSON.stringify([group, kind, scope, name]);
}

function isWithin(path: Path, outer: Path): boolean {
  return outer.every((key, i) => path[i] === key);
}

function addAll(list: string[], items: readonly string[]): void {
  for (const item of items) if (!list.includes(item)) list.push(item);
}
