import type { Path } from '../../resource.ts';
import type { Cluster } from '../cluster.ts';
import { standingOf } from '../references/provided.ts';
import { controllersOfClass, type Product, productOf } from '../routes/controllers.ts';
import type { RouteClass } from '../routes/routes.ts';
import { isUnknown } from '../unknown.ts';
import { asMap, valueAt } from '../workloads.ts';
import { type Http01Solver, http01SolversOf } from './certificates.ts';

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const TEMPLATE: Path = ['ingress', 'ingressTemplate', 'metadata', 'annotations', CLASS_ANNOTATION];

/** The class that the Ingress of a solver asks for, and where it is written. */
export interface SolverClass {
  solver: Http01Solver;
  routeClass: RouteClass & { name: string; path: Path };
}

/**
 * The class that the Ingress which cert-manager makes for a challenge asks for (pkg/issuer/acme/http/ingress.go): that of the
 * template's annotation, `ingressClassName` or `class`. Undefined where none is named, where it edits an Ingress that is there, and
 * for Gateways.
 */
export function classOfSolver(solver: Http01Solver): SolverClass | undefined {
  const { issuer, path, http01 } = solver;
  const ingress = asMap(http01.ingress);
  if (ingress === undefined || (typeof ingress.name === 'string' && ingress.name !== '')) return undefined;
  const { ingressClassName: field, class: annotation } = ingress;
  const template = valueAt(http01, TEMPLATE);
  const found: readonly [RouteClass['from'], unknown, Path] =
    field !== undefined && field !== null
      ? ['field', field, ['ingress', 'ingressClassName']]
      : template === undefined
        ? ['annotation', annotation, ['ingress', 'class']]
        : ['annotation', template, TEMPLATE];
  const [from, name, at] = found;
  if (typeof name !== 'string' || name === '' || isUnknown(name)) return undefined;
  return { solver, routeClass: { from, name, resource: issuer, path: [...path, ...at] } };
}

/** The classes of every HTTP-01 solver of the environment that names one. */
export function solverClasses(cluster: Cluster): SolverClass[] {
  return http01SolversOf(cluster).flatMap((solver) => classOfSolver(solver) ?? []);
}

/**
 * Whether some controller takes the Ingresses of a solver. `doubtful`: nothing here does, but what reads the annotation need not
 * have an IngressClass, and not all workloads are known. `unknown`: where IngressClasses aren't known.
 */
export function isServed(
  cluster: Cluster,
  { routeClass }: SolverClass,
): 'served' | 'unserved' | 'doubtful' | 'unknown' {
  const { from, name } = routeClass;
  // Its Ingresses land where the certificates are asked for, whichever namespace that is.
  const takers = controllersOfClass(cluster, routeClass, { group: 'networking.k8s.io', namespace: undefined });
  const product = productOf(cluster, routeClass);
  if (takers || product === 'cloud') return 'served';
  const referent = { group: 'networking.k8s.io', kind: 'IngressClass', scope: '', name };
  const { state } = standingOf(cluster, [referent]);
  if (state !== 'absent') return state === 'present' ? 'served' : 'unknown';
  if (from === 'field') return 'unserved';
  if (knowsWorkloads(cluster)) return 'unserved';
  const family = familyOf(product);
  const isHere = cluster
    .list('networking.k8s.io', 'IngressClass')
    .some(
      (other) => family !== undefined && familyOf(productOf(cluster, { from: 'field', name: other.name })) === family,
    );
  // It reads the annotation whatever its own IngressClass is called.
  if (isHere) return 'unknown';
  // Its chart makes an IngressClass since 1.0; Traefik and others work without.
  return family === 'ingress-nginx' ? 'unserved' : 'doubtful';
}

/** Both controllers of nginx read the class nginx. */
function familyOf(product: Product | 'cloud' | undefined): Product | 'cloud' | undefined {
  return product === 'nginx-inc' ? 'ingress-nginx' : product;
}

/** Whether `existing` lists all that controllers run as. */
function knowsWorkloads(cluster: Cluster): boolean {
  return cluster.knows('apps', 'Deployment') && cluster.knows('apps', 'DaemonSet');
}
