import { isSetByPrograms, matches, mayBeAddedToPods, namespaceLabels } from '../../cluster/label-facts.ts';
import { type Policy, policies, type Side } from '../../cluster/network/network.ts';
import { isPlatformNamespace, podMaker } from '../../cluster/network/pod-makers.ts';
import {
  appliesToSomeone,
  keysOfSelector,
  NAME_LABEL,
  peerMeansSomeone,
  podsOfNamespace,
  requiredValues,
  showSelector,
  valuesOfLabel,
} from '../../cluster/network/policies-selections.ts';
import { didYouMean } from '../../cluster/references/hints.ts';
import { label as labelOf } from '../../cluster/selectors.ts';
import { asList, asMap } from '../../cluster/workloads.ts';
import { type Cluster, type Finding, type Resource, type Rule, yaml } from '../../rule.ts';

export default {
  id: 'network-policy-peer-unmatched',
  severity: 'warning',
  docs: {
    summary: 'A NetworkPolicy and its peers must select pods that are there.',
    incident:
      'What operators meet: a workload’s labels are renamed, its NetworkPolicies keep the old ones. The policy that protected it then ' +
      'applies to nothing, or the peer that it admitted is refused, and nothing complains: AlgoSu, sprint 81, runs 19 NetworkPolicies ' +
      'whose labels stand in other files than those of the pods they mean.',
    symptoms: [
      'Connection timed out',
      'i/o timeout',
      'context deadline exceeded',
      'PodSelector:     app=',
      'NetworkPolicy has no effect',
    ],
    fix: 'Write the labels that the pods have (those of the template, not of the Deployment), or remove what is no longer there.',
    facts: [
      'The labels of all pod templates of the environment, rendered and existing, and the labels of Namespaces',
      'A peer is judged where the environment is configured or renders the Namespace; one that selects Namespaces by other labels ' +
        'than kubernetes.io/metadata.name, where all of them are known (existing: Namespace)',
    ],
    silent: [
      'Nothing is rendered in the namespace; namespaces of the distribution (kube-system, openshift-…)',
      'A custom resource there may make the pods (an operator, a HelmRelease), a ServiceAccount there may create some, or a workload ' +
        'there can’t be read',
      'Labels set at run time (http01-solver, job-name, pod-template-hash, a role that programs give themselves), and those of other domains that no pod here has',
      'Pods of Helm hooks count, although they come and go',
      'Labels that clients opt in with (my-db-client: "true")',
      'Placeholders, and pods whose labels or namespace aren’t known; a target that doesn’t render',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors',
      'https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: v1
        kind: Namespace
        metadata: { name: algosu }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: problem-service, namespace: algosu, labels: { app: problem } }
        spec:
          selector: { matchLabels: { app: problem-service } }
          template:
            metadata: { labels: { app: problem-service } }
            spec: { containers: [{ name: app, image: 'ghcr.io/example/problem-service:1.4.2' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: problem-policy, namespace: algosu }
        spec:
          podSelector: # <- podSelector app=problem matches no pod in namespace algosu: the policy applies to nothing
            matchLabels:
              app: problem
          ingress: [{}]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: problem-metrics, namespace: algosu }
        spec:
          podSelector: { matchLabels: { app: problem-service } }
          policyTypes: [Ingress, Egress]
          ingress:
            - from:
                - podSelector: # <- podSelector app=problem-servise matches no pod in namespace algosu: the peer admits nobody; did you mean "problem-service"?
                    matchLabels:
                      app: problem-servise
              ports: [{ port: 9090 }]
          egress:
            - to:
                - podSelector: { matchExpressions: [{ key: app, operator: In, values: [postgres, redis] }, { key: old, operator: DoesNotExist }] } # <- podSelector app in (postgres, redis),!old matches no pod in namespace algosu: the peer admits nothing
      `,
      yaml`
        # existing
        apiVersion: v1
        kind: Namespace
        metadata: { name: data, labels: { team: data } }
        ---
        # existing
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop, labels: { team: shop } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: data, labels: { app: db } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          policyTypes: [Egress]
          egress:
            - to:
                - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: data } }
                  podSelector: { matchLabels: { app: gateway } } # <- podSelector app=gateway matches no pod in namespace data: the peer admits nothing
                - namespaceSelector: { matchLabels: { team: data } }
                  podSelector: { matchExpressions: [{ key: app, operator: NotIn, values: [db] }, { key: app, operator: Exists }] } # <- podSelector app notin (db),app matches no pod in namespace data: the peer admits nothing
                - namespaceSelector: {}
                  podSelector: { matchLabels: { app: cache } } # <- podSelector app=cache matches no pod in namespace data or shop: the peer admits nothing
      `,
      yaml`
        # Nobody has described the environment: whom else the namespace holds is unknown, but the policy came with its pods.
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: wbe } } # <- podSelector app=wbe matches no pod in namespace shop: the policy applies to nothing; did you mean "web"?
          ingress: [{ from: [{ podSelector: { matchLabels: { app: gateway } } }] }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: unset, labels: { app: unset } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: unset }
        spec:
          podSelector: { matchLabels: { app: set } } # <- podSelector app=set matches no pod: the policy applies to nothing
      `,
    ],
    good: [
      yaml`
        # They select: all, by expression, several namespaces one of which has the pods.
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: v1
        kind: Namespace
        metadata: { name: data }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: data, labels: { app: db } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchExpressions: [{ key: app, operator: NotIn, values: [db] }] }
          ingress:
            - from:
                - podSelector: {}
                - podSelector: { matchLabels: { app: web } }
                - namespaceSelector: { matchExpressions: [{ key: kubernetes.io/metadata.name, operator: In, values: [shop, data] }] }
                  podSelector: { matchLabels: { app: db } }
                - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: data } }
                - ipBlock: { cidr: 10.0.0.0/8 }
      `,
      yaml`
        # Nothing is rendered there, or not all: other namespaces, those of the distribution, those selected by labels of who knows which.
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: v1
        kind: Namespace
        metadata: { name: empty }
        ---
        apiVersion: v1
        kind: Namespace
        metadata: { name: kube-system }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: metrics-server, namespace: kube-system, labels: { app: metrics-server } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: empty, namespace: empty }
        spec:
          podSelector: { matchLabels: { app: other } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: system, namespace: kube-system }
        spec:
          podSelector: { matchLabels: { app: other } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          ingress:
            - from:
                - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: empty } }
                  podSelector: { matchLabels: { app: client } }
                - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: elsewhere } }
                  podSelector: { matchLabels: { app: client } }
                - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } }
                  podSelector: { matchLabels: { k8s-app: kube-dns } }
                - namespaceSelector: { matchLabels: { team: data } }
                  podSelector: { matchLabels: { app: client } }
                - namespaceSelector: { matchExpressions: [{ key: kubernetes.io/metadata.name, operator: In, values: [shop, elsewhere] }] }
                  podSelector: { matchLabels: { app: client } }
      `,
      yaml`
        # Hooks come and go, and policies are there for them.
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { name: migrate, namespace: shop, annotations: { helm.sh/hook: pre-upgrade } }
        spec:
          template:
            metadata: { labels: { app: migrate } }
            spec: { restartPolicy: Never, containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: migrate, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: migrate } }
          ingress: [{ from: [{ podSelector: { matchLabels: { app: migrate } } }] }]
      `,
      yaml`
        # Labels that pods get when they run or set on themselves, of other domains, or that they opt in with.
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: solver, namespace: shop }
        spec:
          podSelector: { matchLabels: { acme.cert-manager.io/http01-solver: 'true' } }
          ingress: [{ ports: [{ port: 8089 }] }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: primary, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web, spilo-role: master } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: job, namespace: shop }
        spec:
          podSelector: { matchLabels: { job-name: backup } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: hash, namespace: shop }
        spec:
          podSelector: { matchExpressions: [{ key: pod-template-hash, operator: Exists }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          ingress:
            - from:
                - podSelector: { matchLabels: { web-client: 'true' } }
                - podSelector: { matchLabels: { workflows.example.com/run: nightly } }
                - podSelector: { matchLabels: { app: '${'${CLIENT}'}' } }
      `,
      yaml`
        # An operator may make them.
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: db.example.com/v1
        kind: Cluster
        metadata: { name: db, namespace: shop }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: db, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: db } }
          ingress: [{ from: [{ podSelector: { matchLabels: { app: client } } }] }]
      `,
      yaml`
        # Whoever runs there may create them.
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: runner, namespace: shop, labels: { app: runner } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: { name: runner, namespace: shop }
        rules: [{ apiGroups: [''], resources: [pods], verbs: [get, create] }]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: { name: runner, namespace: shop }
        roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: runner }
        subjects: [{ kind: ServiceAccount, name: runner }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: jobs, namespace: shop }
        spec:
          podSelector: { matchLabels: { component: singleuser-server } }
        ---
        apiVersion: v1
        kind: Namespace
        metadata: { name: ci }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: agent, namespace: ci, labels: { app: agent } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: { name: runner }
        rules: [{ apiGroups: [''], resources: [pods], verbs: [get, create] }]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: { name: runner }
        roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: runner }
        subjects: [{ kind: ServiceAccount, name: agent, namespace: ci }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: jobs, namespace: ci }
        spec:
          podSelector: { matchLabels: { component: job } }
        ---
        apiVersion: v1
        kind: Namespace
        metadata: { name: edit }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: bot, namespace: edit, labels: { app: bot } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: { name: runner, namespace: edit }
        roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit }
        subjects: [{ kind: ServiceAccount, name: bot }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: jobs, namespace: edit }
        spec:
          podSelector: { matchLabels: { component: job } }
      `,
    ],
  },
  *check(cluster) {
    if (!cluster.complete) return;
    for (const policy of policies(cluster)) {
      if (policy.resource.existing || policy.doubtful) continue;
      yield* checkSelector(cluster, policy);
      for (const [side, rules] of policy.sides) {
        const list = side === 'egress' ? 'to' : 'from';
        for (const { path, peers } of rules) {
          for (const [i, peer] of asList(peers).entries()) {
            yield* checkPeer(cluster, policy, side, asMap(peer) ?? {}, [...path, list, i]);
          }
        }
      }
    }
  },
} satisfies Rule;

function* checkSelector(cluster: Cluster, policy: Policy): Iterable<Finding> {
  const { podSelector, resource } = policy;
  const { scope } = resource;
  if (!isTelling(cluster, podSelector) || !showsAllPods(cluster, scope)) return;
  if (appliesToSomeone(cluster, policy)) return;
  yield finding(cluster, policy, ['spec', 'podSelector'], podSelector, [scope], 'the policy applies to nothing');
}

function* checkPeer(
  cluster: Cluster,
  policy: Policy,
  side: Side,
  peer: Record<string, unknown>,
  path: (string | number)[],
): Iterable<Finding> {
  const { podSelector, namespaceSelector } = peer;
  if (podSelector === undefined || !isTelling(cluster, podSelector)) return;
  const scopes = namespaceSelector === undefined ? [policy.resource.scope] : scopesOf(cluster, namespaceSelector);
  if (scopes.length === 0 || !scopes.every((scope) => cluster.closes(scope) && showsAllPods(cluster, scope))) return;
  if (peerMeansSomeone(cluster, policy, peer)) return;
  const consequence = side === 'egress' ? 'the peer admits nothing' : 'the peer admits nobody';
  yield finding(cluster, policy, [...path, 'podSelector'], podSelector, scopes, consequence);
}

/** The namespaces that a selector names, or, where all are known, that it matches. */
function scopesOf(cluster: Cluster, selector: unknown): readonly string[] {
  const named = requiredValues(selector, NAME_LABEL);
  if (named && keysOfSelector(selector).length === 1) return named;
  if (!cluster.knows('', 'Namespace')) return [];
  const names = cluster.list('', 'Namespace').map(({ name }) => name);
  const selected = names.map((name) => matches(selector, namespaceLabels(cluster, name)));
  return selected.includes(undefined) ? [] : names.filter((_, i) => selected[i]);
}

/** Whether all pods of a namespace are here, and some are. */
function showsAllPods(cluster: Cluster, scope: string): boolean {
  if (podsOfNamespace(cluster, scope).length === 0) return false;
  return !isPlatformNamespace(scope) && podMaker(cluster, scope) === undefined;
}

/** Whether a selector asks for labels that manifests give pods. */
function isTelling(cluster: Cluster, selector: unknown): boolean {
  return keysOfSelector(selector).every((key) => {
    if (mayBeAddedToPods(key)) return false;
    if (valuesOfLabel(cluster, key) !== undefined) return true;
    if (isSetByPrograms(key)) return false;
    const isForeign = key.includes('/') && !key.startsWith('app.kubernetes.io/');
    return !isForeign && !requiredValues(selector, key)?.every((value) => OPT_IN.test(value));
  });
}

/** What a label says by which a pod asks to be admitted. */
const OPT_IN = /^(?:true|yes|y|on|1|enabled?|allow(?:ed)?)$/i;

function finding(
  cluster: Cluster,
  { resource }: Policy,
  path: (string | number)[],
  selector: unknown,
  scopes: readonly string[],
  consequence: string,
): Finding {
  const named = scopes.filter((scope) => !scope.startsWith('\0'));
  const where = named.length === 0 ? '' : ` in namespace ${named.join(' or ')}`;
  return {
    resource: resource as Resource<unknown> as Resource,
    path,
    message: `podSelector ${showSelector(selector)} matches no pod${where}: ${consequence}${hint(cluster, selector, scopes)}`,
  };
}

/** A value that pods there have where the selector has another. */
function hint(cluster: Cluster, selector: unknown, scopes: readonly string[]): string {
  for (const key of keysOfSelector(selector)) {
    const [value, ...others] = requiredValues(selector, key) ?? [];
    if (value === undefined || others.length > 0) continue;
    const pods = scopes.flatMap((scope) => podsOfNamespace(cluster, scope).slice(0, MOST_COMPARED));
    const values = new Set(pods.map(({ labels }) => labelOf(labels, key)));
    if (!values.has(value))
      return didYouMean(
        value,
        [...values].filter((other) => typeof other === 'string'),
      );
  }
  return '';
}

const MOST_COMPARED = 500;
