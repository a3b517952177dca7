import { namesTunnel, otherPolicies, policies } from '../../cluster/network.ts';
import { type OneSided, oneSidedPeers } from '../../cluster/policies-sides.ts';
import { asList, asMap, type Workload } from '../../cluster/workloads.ts';
import { type Finding, type Resource, type Rule, yaml } from '../../rule.ts';

export default {
  id: 'network-policy-one-sided',
  severity: 'warning',
  docs: {
    summary: 'What one NetworkPolicy admits, the policies of the other end must admit, too.',
    incident:
      'What operators meet: a connection needs an egress rule of the client and an ingress rule of the server, and only one of them is ' +
      'written. AlgoSu, sprint 81, G2, was of that kind: after the database had been split, the policies of the two ends no longer ' +
      'agreed on who talks to whom.',
    symptoms: [
      'Connection timed out',
      'i/o timeout',
      'context deadline exceeded',
      'connect ETIMEDOUT',
      'upstream connect error or disconnect/reset before headers',
    ],
    fix: 'Add the missing rule to the policies of the other end, with the port that the pods listen on, or drop this one.',
    facts: [
      'The peers that select pods by a label’s value, the pods that they and the policy select here, and all policies of those pods',
      'Connections that a workload is configured to make are network-policy-blocks-connection’s',
    ],
    silent: [
      'Peers that mean all pods of a namespace; blocks of addresses; pods that aren’t rendered',
      'One of the pods admits one of the others on one of the ports; the other end isn’t isolated',
      'Either end uses the host’s network; a workload and itself; hooks',
      'Values, labels, ports and namespaces that aren’t known; policies that name the port of a mesh’s tunnel (15008, 4143)',
      'Cilium, Calico, Antrea or AdminNetworkPolicy objects, Kyverno rules that generate NetworkPolicies, targets that don’t render: unchecked',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: web, image: 'nginx:1.29' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: shop, labels: { app: db } }
        spec: { containers: [{ name: db, image: 'postgres:17.5' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          policyTypes: [Egress]
          egress:
            - to:
                - podSelector: { matchLabels: { app: db } } # <- Pod/web is admitted to Pod/db on TCP 5432 here, but ingress policy NetworkPolicy/db refuses it: connections would time out
              ports: [{ port: 5432 }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: db, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: db } }
          ingress:
            - ports: [{ port: 9187 }]
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: web, image: 'nginx:1.29' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: shop, labels: { app: db } }
        spec: { containers: [{ name: db, image: 'postgres:17.5' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          policyTypes: [Egress]
          egress: [{ to: [{ podSelector: { matchLabels: { app: db } } }], ports: [{ port: 5432 }] }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: db, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: db } }
          ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 5432 }] }]
      `,
    ],
  },
  *check(cluster) {
    if (namesTunnel(cluster)) return;
    const found = policies(cluster).flatMap((policy) =>
      policy.resource.existing || policy.doubtful ? [] : oneSidedPeers(cluster, policy),
    );
    if (found.length === 0) return;
    const other = otherPolicies(cluster);
    if (other || !cluster.complete) {
      const reason = other
        ? `${other} decides on connections, too, and is not evaluated`
        : 'a target did not render, and what admits them may be in it';
      yield { unchecked: `${found.length} peers that their own NetworkPolicies refuse`, reason };
      return;
    }
    for (const one of found) yield finding(one);
  },
} satisfies Rule;

function finding({ policy, side, path, ports, own, others, refusedBy }: OneSided): Finding {
  const [clients, servers] = side === 'egress' ? [own, others] : [others, own];
  const otherSide = side === 'egress' ? 'ingress' : 'egress';
  const traffic = `${show(clients)} is admitted to ${show(servers)} on ${showPorts(ports)} here`;
  const refuses = `${otherSide} policy ${refusedBy.resource} refuses it`;
  const hasRules = (refusedBy.sides.get(otherSide)?.length ?? 0) > 0;
  return {
    resource: policy.resource as Resource<unknown> as Resource,
    path,
    message: `${traffic}, but ${refuses}: connections would time out`,
    related: [
      {
        message: `${refusedBy.resource} isolates ${others[0]?.resource} for ${otherSide}`,
        resource: refusedBy.resource as Resource<unknown> as Resource,
        path: hasRules ? ['spec', otherSide] : refusedBy.resource.object.spec ? ['spec'] : [],
      },
    ],
  };
}

function show(workloads: readonly Workload[]): string {
  const [first, ...more] = workloads;
  return `${first?.resource}${more.length > 0 ? ` and ${more.length} more` : ''}`;
}

/** `TCP 5432, UDP 8000-8100, TCP http`. */
function showPorts(ports: unknown): string {
  const shown = asList(ports).map((item) => {
    const { protocol = 'TCP', port = 'any port', endPort } = asMap(item) ?? {};
    return `${protocol} ${port}${endPort === undefined || endPort === port ? '' : `-${endPort}`}`;
  });
  return shown.length === 0 ? 'any port' : shown.join(', ');
}
