import { namesTunnel, otherPolicies, policies } from '../../cluster/network/network.ts';
import { type OneSided, oneSidedPeers } from '../../cluster/network/policies-sides.ts';
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
        # The client may, the server doesn’t let it: no peer, no port, no rules.
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: shop, labels: { app: db } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: cache, namespace: shop, labels: { app: cache } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: queue, namespace: shop, labels: { app: queue } }
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
                - podSelector: { matchLabels: { app: db } } # <- Pod/web may connect to Pod/db on TCP 5432 by this rule, but ingress policy NetworkPolicy/db refuses it: connections would time out
                - podSelector: { matchExpressions: [{ key: app, operator: In, values: [queue] }] } # <- Pod/web may connect to Pod/queue on TCP 5432 by this rule, but ingress policy NetworkPolicy/queue refuses it: connections would time out
              ports: [{ port: 5432 }]
            - to:
                - podSelector: { matchLabels: { app: cache } } # <- Pod/web may connect to Pod/cache on any port by this rule, but ingress policy NetworkPolicy/cache refuses it: connections would time out
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: db, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: db } }
          ingress:
            - from: [{ podSelector: { matchLabels: { app: web } } }] # <- Pod/web may connect to Pod/db on TCP 9187, UDP 5432, TCP 5433-6000, TCP 5000-5431, TCP pg by this rule, but egress policy NetworkPolicy/web refuses it: connections would time out
              ports: [{ port: 9187 }, { protocol: TCP, port: 9187 }, { protocol: UDP, port: 5432 }, { port: 5433, endPort: 6000 }, { port: 5000, endPort: 5431 }, { port: pg }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: cache, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: cache } }
          ingress: [{ from: [{ podSelector: { matchLabels: { app: api } } }] }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: queue, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: queue } }
      `,
      yaml`
        # The server lets the client, whose own egress doesn’t; several pods, and every way to write a port.
        apiVersion: v1
        kind: Pod
        metadata: { name: one, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: two, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: data, labels: { app: db } }
        spec:
          containers:
            - { name: app, image: 'app:1.4.2', ports: [{ name: pg, containerPort: 5432 }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: db, namespace: data }
        spec:
          podSelector: { matchLabels: { app: db } }
          ingress:
            - from:
                - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: shop } } # <- Pod/one and 1 more may connect to Pod/db on TCP pg, TCP 9000-9100, UDP any port by this rule, but egress policy NetworkPolicy/web refuses it: connections would time out
                  podSelector: { matchLabels: { app: web } }
              ports: [{ port: pg }, { port: 9000, endPort: 9100 }, { protocol: UDP }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: deny, namespace: shop }
        spec:
          podSelector: {}
          policyTypes: [Egress]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          policyTypes: [Egress]
          egress: [{ ports: [{ port: 443 }] }, { to: [{ podSelector: { matchLabels: { app: db } } }] }]
      `,
    ],
    good: [
      yaml`
        # Both ends agree, on one of the ports, with one of the pods; or the other end isn’t isolated.
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: shop, labels: { app: db } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db-2, namespace: shop, labels: { app: db, role: replica } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: open, namespace: shop, labels: { app: open } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          policyTypes: [Egress]
          egress:
            - to: [{ podSelector: { matchLabels: { app: db } } }]
              ports: [{ port: 5432 }, { port: 9187 }]
            - to: [{ podSelector: { matchLabels: { app: open } } }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: db, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: db, role: replica } }
          ingress: [{ ports: [{ port: 5432 }] }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: primary, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: db }, matchExpressions: [{ key: role, operator: DoesNotExist }] }
          ingress: [{ ports: [{ port: 1 }] }]
      `,
      yaml`
        # Peers that mean nobody in particular, nobody here, the policy’s own pods, or pods on the host’s network.
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: shop, labels: { app: db } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: host, namespace: shop, labels: { app: host } }
        spec: { hostNetwork: true, containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: hook, namespace: shop, labels: { app: hook }, annotations: { helm.sh/hook: post-install } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: deny, namespace: shop }
        spec:
          podSelector: {}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          policyTypes: [Egress]
          egress:
            - to:
                - podSelector: {}
                - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: shop } }
                - podSelector: { matchExpressions: [{ key: app, operator: Exists }] }
                - ipBlock: { cidr: 10.0.0.0/8 }
                - podSelector: { matchLabels: { app: elsewhere } }
                - podSelector: { matchLabels: { app: web } }
                - podSelector: { matchLabels: { app: host } }
                - podSelector: { matchLabels: { app: hook } }
      `,
      yaml`
        # Nobody can know: labels, ports and policies that are filled in later, a port name that the server doesn’t declare.
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: shop, labels: { app: db } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: cache, namespace: shop, labels: { app: cache, stage: '${'${STAGE}'}' } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: queue, namespace: shop, labels: { app: queue } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          policyTypes: [Egress]
          egress:
            - to: [{ podSelector: { matchLabels: { app: db } } }]
              ports: [{ port: '${'${PORT}'}' }]
            - to: [{ podSelector: { matchLabels: { app: db } } }]
              ports: [{ port: pg }]
            - to: [{ podSelector: { matchLabels: { stage: test } } }]
            - to: [{ podSelector: { matchLabels: { app: queue } } }]
            - to: [{ podSelector: { matchLabels: { app: cache } } }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: db, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: db } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: cache, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: cache } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: cache-in-test, namespace: shop }
        spec:
          podSelector: { matchLabels: { stage: test } }
          ingress: [{}]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: queue, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: queue } }
          ingress: [{ from: [{ podSelector: { matchLabels: { app: '${'${CLIENT}'}' } } }] }]
      `,
      yaml`
        # A connection that is configured is judged for itself.
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: shop, labels: { app: db } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: shop }
        spec: { selector: { app: db }, ports: [{ port: 5432 }] }
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
      `,
      yaml`
        # Meshed pods talk through a tunnel, whose port is admitted.
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: shop, labels: { app: db } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          policyTypes: [Egress]
          egress: [{ to: [{ podSelector: { matchLabels: { app: db } } }] }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: db, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: db } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: mesh, namespace: shop }
        spec:
          podSelector: {}
          ingress: [{ ports: [{ port: 15008 }] }]
      `,
      yaml`
        # Calico decides, too.
        apiVersion: projectcalico.org/v3
        kind: NetworkPolicy
        metadata: { name: all, namespace: shop }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: shop, labels: { app: db } }
        spec: { containers: [{ name: app, image: 'app:1.4.2' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          policyTypes: [Egress]
          egress: [{ to: [{ podSelector: { matchLabels: { app: db } } }] }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: db, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: db } }
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
  const traffic = `${show(clients)} may connect to ${show(servers)} on ${showPorts(ports)} by this rule`;
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
  return shown.length === 0 ? 'any port' : [...new Set(shown)].join(', ');
}
