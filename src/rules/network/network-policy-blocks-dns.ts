import { asksClusterDns, type DnsMiss, dnsRefusal, type LookedUp, lookedUpBy } from '../../cluster/dns.ts';
import { meetsNoPolicies, namesTunnel, otherPolicies, type Policy } from '../../cluster/network.ts';
import { asList, type Workload } from '../../cluster/workloads.ts';
import { type Cluster, type Finding, type Path, type Resource, type Rule, yaml } from '../../rule.ts';

export default {
  id: 'network-policy-blocks-dns',
  severity: 'error',
  docs: {
    summary: 'Pods whose egress is isolated need a rule that admits UDP 53 to the cluster’s DNS.',
    incident:
      'OLI, phase 3: every preview namespace gets a NetworkPolicy by script. What operators meet with the first such policy that lists ' +
      'egress: all that it names is admitted, but no name of it can be looked up, so that the database seems to be down.',
    symptoms: [
      'getaddrinfo EAI_AGAIN',
      'Temporary failure in name resolution',
      'Name or service not known',
      'could not translate host name',
      'dial tcp: lookup db on 10.43.0.10:53: read udp 10.42.0.9:46523->10.43.0.10:53: i/o timeout',
      ';; connection timed out; no servers could be reached',
      'java.net.UnknownHostException',
    ],
    fix:
      'Add an egress rule with UDP 53 (and TCP 53, for long answers) to the DNS pods: namespaceSelector kubernetes.io/metadata.name: ' +
      'kube-system and podSelector k8s-app: kube-dns in one peer. On OpenShift it is port 5353 in openshift-dns.',
    facts: [
      'The egress rules of all NetworkPolicies that select the pods; a rule that could admit UDP 53 to some DNS is enough',
      'A pod dials names where its environment, command or files name a Service of the environment, or, where it may leave the ' +
        'cluster, a URL outside',
      'An error where the environment is configured, renders the Namespace, or has its NetworkPolicies under existing; else a warning',
    ],
    silent: [
      'Rules without ports or without peers, named UDP ports, ranges that hold 53, UDP without a port, an ipBlock (a node-local DNS)',
      'Port 5353, where the DNS pods of OpenShift listen; DNS that this environment renders, wherever it runs',
      'Pods with another dnsPolicy, with name servers or use-vc in dnsConfig, or on the host’s network',
      'Pods that nothing shows to dial names; names in hostAliases; a ConfigMap’s value that a later envFrom may override',
      'Namespaces, labels and policies that aren’t known; policies that name the port of a mesh’s tunnel (15008, 4143)',
      'Cilium, Calico, Antrea or AdminNetworkPolicy objects, Kyverno rules that generate NetworkPolicies, targets that don’t render: unchecked',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-deny-all-egress-traffic',
      'https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/',
      'https://kubernetes.io/docs/tasks/administer-cluster/dns-debugging-resolution/',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: v1
        kind: Namespace
        metadata: { name: preview }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: preview }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers:
                - name: web
                  image: ghcr.io/example/web:1.4.2
                  env: [{ name: DATABASE_HOST, value: db }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: preview }
        spec: { selector: { app: db }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: preview, labels: { app: db } }
        spec: { containers: [{ name: db, image: 'postgres:17.5' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: web } }
          policyTypes: [Egress]
          egress: # <- no egress rule of Deployment/web admits UDP 53 to the cluster's DNS: it can't look up db (DATABASE_HOST)
            - to: [{ podSelector: { matchLabels: { app: db } } }]
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: Namespace
        metadata: { name: preview }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: preview, labels: { app: web } }
        spec: { containers: [{ name: web, image: 'nginx:1.29', env: [{ name: DATABASE_HOST, value: db }] }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: preview }
        spec: { ports: [{ port: 5432 }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: preview }
        spec:
          podSelector: {}
          policyTypes: [Egress]
          egress:
            - to: [{ podSelector: { matchLabels: { app: db } } }]
            - ports: [{ protocol: UDP, port: 53 }]
      `,
    ],
  },
  *check(cluster) {
    const blocked = blockedPods(cluster);
    if (blocked.length === 0) return;
    const other = otherPolicies(cluster);
    if (other || !cluster.complete) {
      const reason = other
        ? `${other} decides on connections, too, and is not evaluated`
        : 'a target did not render, and what admits them may be in it';
      yield { unchecked: 'DNS look-ups that NetworkPolicies refuse', reason };
      return;
    }
    yield* merge(cluster, blocked);
  },
} satisfies Rule;

interface Blocked {
  workload: Workload;
  lookedUp: LookedUp;
  resource: Resource;
  path: Path;
  lacks: DnsMiss | undefined;
}

function blockedPods(cluster: Cluster): Blocked[] {
  const blocked: Blocked[] = [];
  for (const workload of cluster.workloads) {
    if (meetsNoPolicies(workload.resource) || !asksClusterDns(workload)) continue;
    const refusal = dnsRefusal(cluster, workload);
    if (!refusal || namesTunnel(cluster)) continue;
    const lookedUp = lookedUpBy(cluster, workload);
    if (!lookedUp) continue;
    const [best] = refusal.tries;
    if (best && !best.policy.resource.existing) {
      blocked.push({ workload, lookedUp, resource: asResource(best.policy), path: best.path, lacks: best.lacks });
    } else blocked.push({ workload, lookedUp, ...placeFor(workload, refusal.policies), lacks: undefined });
  }
  return blocked;
}

/** Where a rule for DNS is missing: in a policy that has egress rules, else in any, else at the pods that existing ones isolate. */
function placeFor(workload: Workload, policies: readonly Policy[]): { resource: Resource; path: Path } {
  const rendered = policies.filter(({ resource }) => !resource.existing);
  const hasRules = ({ resource }: Policy) => asList(resource.object.spec?.egress).length > 0;
  const policy = rendered.find(hasRules) ?? rendered[0];
  if (!policy) return { resource: workload.resource, path: workload.path };
  const { spec } = policy.resource.object;
  const path = spec?.egress ? ['spec', 'egress'] : spec?.policyTypes ? ['spec', 'policyTypes'] : ['spec'];
  return { resource: asResource(policy), path };
}

function asResource({ resource }: Policy): Resource {
  return resource as Resource<unknown> as Resource;
}

/** One finding for each place, whatever the number of pods. */
function* merge(cluster: Cluster, blocked: readonly Blocked[]): Iterable<Finding> {
  const places = new Map<Resource, Map<string, Blocked[]>>();
  for (const one of blocked) {
    const paths = places.get(one.resource) ?? new Map<string, Blocked[]>();
    places.set(one.resource, paths);
    const id = JSON.stringify(one.path);
    paths.set(id, [...(paths.get(id) ?? []), one]);
  }
  for (const paths of places.values()) for (const same of paths.values()) yield finding(cluster, same);
}

function finding(cluster: Cluster, all: readonly Blocked[]): Finding {
  const [first] = all;
  if (!first) throw new Error('a place is one because something is missing there');
  const { workload, lookedUp, resource, path, lacks } = first;
  const pods = `${workload.resource}${all.length > 1 ? ` and ${all.length - 1} more` : ''}`;
  const isIdle = all.every(({ workload: { replicas } }) => replicas === 0);
  const bites = isIdle ? '; replicas is 0: it bites at the first scale-up' : '';
  const { scope } = workload.resource;
  const isKnown = cluster.closes(scope) || cluster.knows('networking.k8s.io', 'NetworkPolicy', scope);
  const cause = lacks === undefined ? `no egress rule of ${pods} admits UDP 53 to the cluster's DNS` : CAUSES[lacks];
  const who = lacks === undefined ? 'it' : pods;
  return {
    resource,
    path,
    message: `${cause}: ${who} can't look up ${lookedUp.host} (${lookedUp.name})${bites}`,
    ...(isIdle || !isKnown ? { severity: 'warning' } : {}),
    related: [
      { message: `${workload.resource} is isolated for egress`, resource: workload.resource, path: workload.path },
    ],
  };
}

const CAUSES: Readonly<Record<DnsMiss, string>> = {
  udp: 'DNS asks over UDP, and only TCP is admitted',
  namespace: "a podSelector alone means pods of this namespace, and the cluster's DNS isn't in it",
  peer: "this isn't the cluster's DNS, and no other egress rule admits UDP 53 to it",
};
