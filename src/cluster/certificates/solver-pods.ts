import type { KubernetesObject, Path, Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { admitsPeer, admitsPort, isOnHost, isolationOf, judge, namesTunnel, type Policy } from '../network/network.ts';
import { mayMake } from '../references/makers.ts';
import { controllersIn, controllersOfClass, productOf } from '../routes/controllers.ts';
import type { Labels } from '../selectors.ts';
import { RANDOM_VALUE } from '../unknown.ts';
import { asMap, valueAt, type Workload, workloadOf } from '../workloads.ts';
import { type Challenge, challengesOf } from './challenges.ts';

/** Where the solver listens (pkg/issuer/acme/http of cert-manager). */
export const SOLVER_PORT = 8089;

/** Solver pods that nobody who could bring them a challenge may reach. */
export interface RefusedSolver {
  challenges: readonly [Challenge, ...Challenge[]];
  /** The controller that would, where it runs in this environment. */
  controller: Workload | undefined;
  /** The nearest of the policies that refuse it, and the rule or place that a rule is missing from. */
  policy: Resource;
  path: Path;
  others: readonly Resource[];
}

/**
 * The solver pods of HTTP-01 challenges that the NetworkPolicies of their namespace surely isolate from the ingress controller:
 * from the one that takes the solver's class, or, where it runs elsewhere, from everyone who could be it.
 */
export const refusedSolvers = derived((cluster): readonly RefusedSolver[] => {
  if (cluster.list('networking.k8s.io', 'NetworkPolicy').length === 0 || namesTunnel(cluster)) return [];
  const groups = new Map<string, [Challenge, ...Challenge[]]>();
  for (const challenge of challengesOf(cluster)) {
    const { resource, solver, routeClass } = challenge;
    const { from, name } = routeClass ?? {};
    const key = JSON.stringify([resource.scope, `${solver.issuer}`, solver.issuer.scope, solver.path, from, name]);
    const known = groups.get(key);
    if (known) known.push(challenge);
    else groups.set(key, [challenge]);
  }
  return [...groups.values()].flatMap((challenges) => judgeSolver(cluster, challenges) ?? []);
});

function judgeSolver(cluster: Cluster, challenges: [Challenge, ...Challenge[]]): RefusedSolver | undefined {
  const [{ resource, routeClass }] = challenges;
  const server = solverPod(challenges[0]);
  const isolation = server && isolationOf(cluster, server, 'ingress');
  if (server === undefined || isolation === undefined || isolation.surely.length === 0) return undefined;
  const policies = isolation.surely.map((policy) => policy.resource as Resource);
  const ingress = { group: 'networking.k8s.io', namespace: resource.namespace };
  const takers = routeClass && controllersOfClass(cluster, routeClass, ingress);
  if (takers === undefined) {
    // Whoever takes it runs elsewhere, or nobody says which class it is.
    const isCloud = routeClass !== undefined && productOf(cluster, routeClass) === 'cloud';
    const all = [...isolation.surely, ...isolation.perhaps];
    if (all.some((policy) => mayAdmitSomeone(cluster, policy, server, isCloud))) return undefined;
    const [policy, ...others] = policies;
    return (
      policy && {
        challenges,
        controller: undefined,
        policy,
        path: valueAt(policy.object, ['spec']) ? ['spec'] : [],
        others,
      }
    );
  }
  if (!takers.some(({ certain }) => certain)) return undefined;
  const verdicts = takers.map(({ workload }) =>
    isOnHost(workload)
      ? undefined
      : judge(cluster, { client: workload, server, port: SOLVER_PORT, protocol: 'TCP' }).ingress,
  );
  if (!verdicts.every((side) => side?.verdict === 'denied')) return undefined;
  const [nearest] = verdicts[0]?.refusals ?? [];
  if (nearest === undefined) return undefined;
  const policy = nearest.policy as Resource;
  const others = policies.filter((other) => other !== policy);
  return { challenges, controller: takers[0]?.workload, policy, path: nearest.path, others };
}

/** Whether a policy may let somebody to the solver who could be an ingress controller. */
function mayAdmitSomeone(cluster: Cluster, policy: Policy, server: Workload, isCloud: boolean): boolean {
  if (policy.doubtful) return true;
  const { scope } = policy.resource;
  return (policy.sides.get('ingress') ?? []).some(({ peers, ports }) => {
    if (admitsPort(ports, { server, port: SOLVER_PORT, protocol: 'TCP' }) === false) return false;
    if (!Array.isArray(peers) || peers.length === 0) return true;
    return peers.some((peer: unknown) => {
      const { podSelector, namespaceSelector, ipBlock } = asMap(peer) ?? {};
      if (podSelector === undefined || namespaceSelector !== undefined || ipBlock !== undefined) return true;
      return !isCloud && mayHoldController(cluster, scope, peer);
    });
  });
}

/** Whether pods of a namespace that a peer selects may be an ingress controller. */
function mayHoldController(cluster: Cluster, scope: string, peer: unknown): boolean {
  if (controllersIn(cluster).some(({ workload }) => admitsPeer(cluster, scope, [peer], workload) !== false))
    return true;
  return (
    !cluster.closes(scope) || mayMake(cluster, { group: 'apps', kind: 'Deployment', scope, name: '' }) !== undefined
  );
}

/** A solver pod as cert-manager starts it, beside who asks for the certificate. */
function solverPod({ resource, solver }: Challenge): Workload | undefined {
  const { http01 } = solver;
  const templates = [http01.ingress, http01.gatewayHTTPRoute].map((way) =>
    valueAt(way, ['podTemplate', 'metadata', 'labels']),
  );
  const own: Labels = {
    'acme.cert-manager.io/http-domain': RANDOM_VALUE,
    'acme.cert-manager.io/http-token': RANDOM_VALUE,
    'acme.cert-manager.io/http01-solver': 'true',
  };
  const labels = Object.assign(own, ...templates.map((template) => asMap(template) ?? {}));
  const { namespace } = resource;
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'cm-acme-http-solver', labels, ...(namespace === undefined ? {} : { namespace }) },
    spec: { containers: [{ name: 'acmesolver', ports: [{ name: 'http', containerPort: SOLVER_PORT }] }] },
  };
  const pod: Resource = {
    ...resource,
    object: object satisfies KubernetesObject,
    apiVersion: 'v1',
    group: '',
    version: 'v1',
    kind: 'Pod',
    name: object.metadata.name,
    displayName: object.metadata.name,
    hooks: [],
    toString: () => `Pod/${object.metadata.name}`,
  };
  return workloadOf(pod);
}
