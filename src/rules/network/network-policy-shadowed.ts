import { policies, type Side } from '../../cluster/network/network.ts';
import { type RuleOfPolicy, supersetOf } from '../../cluster/network/policies-supersets.ts';
import { asList, asMap } from '../../cluster/workloads.ts';
import { type Finding, type Resource, type Rule, yaml } from '../../rule.ts';

export default {
  id: 'network-policy-shadowed',
  severity: 'info',
  docs: {
    summary: 'A NetworkPolicy rule should admit something that no other policy admits to the same pods.',
    incident:
      'What operators meet: policies only add up. A rule that was written to narrow who may connect narrows nothing where another policy ' +
      'already admits more to the same pods. Among AlgoSu’s 19 policies of sprint 81, that is not to be seen in any one file.',
    symptoms: ['NetworkPolicy has no effect', 'pods are reachable although the policy doesn’t list them'],
    fix: 'Drop the rule, or narrow the wider policy: policies can’t take away what another one admits.',
    facts: [
      'The selectors, peers and ports of the NetworkPolicies of one namespace, compared as written, whatever pods there are',
    ],
    silent: [
      'The wider policy applies to other pods, too few of them, another namespace, or to the other direction',
      'Peers or ports that the other doesn’t surely hold: named ports against numbers, blocks of addresses against pods',
      'The rule for DNS that a policy brings along beside one for the whole namespace',
      'Of two equal rules, the first; rules of one policy; hooks; placeholders; policies that targets define differently',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: same-namespace, namespace: shop }
        spec:
          podSelector: {}
          ingress: [{ from: [{ podSelector: {} }] }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: db, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: db } }
          ingress:
            - from: [{ podSelector: { matchLabels: { app: web } } }] # <- the rule adds nothing: NetworkPolicy/same-namespace already admits all of it to the same pods
              ports: [{ port: 5432 }]
      `,
      yaml`
        # By selector, by namespace, by block and by range; and of two equal policies the second.
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop, labels: { team: shop } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: wide, namespace: shop }
        spec:
          podSelector: { matchExpressions: [{ key: app, operator: In, values: [web, api] }] }
          policyTypes: [Egress]
          egress:
            - to:
                - namespaceSelector: { matchLabels: { team: shop } }
                  podSelector: { matchExpressions: [{ key: tier, operator: NotIn, values: [edge] }] }
              ports: [{ port: 5000, endPort: 5999 }, { port: 6000 }, { port: metrics }, { protocol: UDP }]
            - to: [{ ipBlock: { cidr: 10.0.0.0/8, except: [10.1.0.0/16] } }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: narrow, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web, stage: test } }
          policyTypes: [Egress]
          egress:
            - to: [{ podSelector: { matchLabels: { tier: data } } }] # <- the rule adds nothing: NetworkPolicy/wide already admits all of it from the same pods
              ports: [{ port: 5432, endPort: 6000 }, { port: metrics }, { protocol: UDP, port: dns }]
            - to: # <- the rule adds nothing: NetworkPolicy/wide already admits all of it from the same pods
                - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: shop } }
                  podSelector: { matchExpressions: [{ key: tier, operator: DoesNotExist }] }
              ports: [{ port: 5999, endPort: 6000 }]
            - to: [{ ipBlock: { cidr: 10.2.0.0/16 } }] # <- the rule adds nothing: NetworkPolicy/wide already admits all of it from the same pods
            - to: [{ ipBlock: { cidr: 10.0.0.0/15, except: [10.1.0.0/16] } }] # <- the rule adds nothing: NetworkPolicy/wide already admits all of it from the same pods
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: again, namespace: shop }
        spec:
          podSelector: { matchExpressions: [{ key: app, operator: In, values: [api, web] }] }
          policyTypes: [Egress]
          egress:
            - to: [{ ipBlock: { cidr: 10.0.0.0/8, except: [10.1.0.0/16] } }] # <- the rule adds nothing: NetworkPolicy/wide already admits all of it from the same pods
      `,
      yaml`
        # Everyone, on every port.
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: open, namespace: shop }
        spec:
          podSelector: { matchExpressions: [{ key: app, operator: Exists }] }
          ingress: [{}]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: ports, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: db } }
          ingress:
            - ports: [{ port: 5432 }] # <- the rule adds nothing: NetworkPolicy/open already admits all of it to the same pods
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: peers, namespace: shop }
        spec:
          podSelector: { matchExpressions: [{ key: app, operator: Exists }, { key: app, operator: NotIn, values: [db] }] }
          ingress:
            - from: [{ namespaceSelector: {} }, { ipBlock: { cidr: 'fd00::/8' } }] # <- the rule adds nothing: NetworkPolicy/open already admits all of it to the same pods
      `,
    ],
    good: [
      yaml`
        # Other pods, fewer of them, another namespace, the other direction.
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          ingress: [{ from: [{ podSelector: {} }] }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: test, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: db, stage: test } }
          ingress: [{}]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: elsewhere, namespace: data }
        spec:
          podSelector: {}
          ingress: [{}]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: egress, namespace: shop }
        spec:
          podSelector: {}
          policyTypes: [Egress]
          egress: [{}]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: isolated, namespace: shop }
        spec:
          podSelector: {}
          policyTypes: [Ingress]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: db, namespace: shop }
        spec:
          podSelector: { matchExpressions: [{ key: app, operator: In, values: [db] }, { key: stage, operator: NotIn, values: [prod] }] }
          ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 5432 }] }]
      `,
      yaml`
        # No rule holds another: peers, namespaces, blocks, ports, names and protocols.
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop, labels: { team: shop } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: wide, namespace: shop }
        spec:
          podSelector: {}
          ingress:
            - from: [{ podSelector: { matchLabels: { app: web } } }]
              ports: [{ port: 5432 }, { port: http }]
            - from: [{ namespaceSelector: { matchLabels: { team: other } } }]
            - from: [{ namespaceSelector: { matchExpressions: [{ key: team, operator: Exists }] }, podSelector: { matchLabels: { app: api } } }]
              ports: [{ protocol: UDP, port: 1, endPort: 1000 }]
            - from: [{ ipBlock: { cidr: 10.0.0.0/8, except: [10.1.0.0/16] } }, { ipBlock: { cidr: 'fd00::/16' } }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: narrow, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: db } }
          ingress:
            - from: [{ podSelector: { matchLabels: { app: web } } }, { podSelector: { matchLabels: { app: api } } }]
              ports: [{ port: 5432 }]
            - from: [{ podSelector: { matchLabels: { app: web } } }]
              ports: [{ port: 5432, endPort: 5433 }]
            - from: [{ podSelector: { matchLabels: { app: web } } }]
              ports: [{ protocol: UDP, port: 5432 }, { port: https }]
            - from: [{ podSelector: { matchLabels: { app: web } } }]
            - from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: web } } }]
              ports: [{ port: 5432 }]
            - from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: shop } } }]
            - from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: api } } }]
              ports: [{ protocol: UDP, port: 10 }]
            - from: [{ podSelector: { matchLabels: { app: api } } }]
              ports: [{ protocol: UDP, port: domain }]
            - from: [{ ipBlock: { cidr: 10.1.2.0/24 } }]
            - from: [{ ipBlock: { cidr: 10.0.0.0/15 } }]
            - from: [{ ipBlock: { cidr: 'fd00::/8' } }]
            - ports: [{ port: 5432 }]
      `,
      yaml`
        # A policy brings its rule for DNS along; of two equal rules the first stays; a policy isn’t compared with itself; hooks come and go.
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: dns, namespace: shop }
        spec:
          podSelector: {}
          policyTypes: [Egress]
          egress: [{ ports: [{ protocol: UDP, port: 53 }, { port: 53 }] }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          policyTypes: [Egress]
          egress:
            - to: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } } }]
              ports: [{ protocol: UDP, port: 53 }]
            - ports: [{ port: 443 }]
            - to: [{ ipBlock: { cidr: 203.0.113.0/24 } }]
              ports: [{ port: 443 }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: hook, namespace: shop, annotations: { helm.sh/hook: pre-upgrade } }
        spec:
          podSelector: {}
          policyTypes: [Egress]
          egress: [{}]
      `,
      yaml`
        # Filled in later; refused by the API server; selecting nothing.
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: wide, namespace: shop }
        spec:
          podSelector: {}
          ingress: [{ from: [{ podSelector: { matchLabels: { app: '${'${CLIENT}'}' } } }] }, { from: [{ ipBlock: { cidr: '${'${CIDR}'}' } }] }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: narrow, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: db } }
          ingress:
            - from: [{ podSelector: { matchLabels: { app: '${'${CLIENT}'}' } } }]
            - from: [{ ipBlock: { cidr: '${'${CIDR}'}' } }]
            - from: [{ podSelector: { matchLabels: { app: web }, matchExpressions: [{ key: app, operator: DoesNotExist }] } }]
            - from: [{ podSelector: { matchExpressions: [{ key: app, operator: in, values: [web] }] } }]
      `,
    ],
  },
  *check(cluster) {
    for (const policy of policies(cluster)) {
      if (policy.doubtful || policy.resource.existing || policy.resource.hooks.length > 0) continue;
      for (const [side, rules] of policy.sides) {
        for (const rule of rules) {
          if (side === 'egress' && isForDns(rule.ports)) continue;
          const wide = supersetOf(cluster, side, { policy, rule });
          if (wide) yield finding({ policy, rule }, wide, side);
        }
      }
    }
  },
} satisfies Rule;

function isForDns(ports: unknown): boolean {
  const list = asList(ports);
  return list.length > 0 && list.every((item) => [53, 5353].includes(asMap(item)?.port as number));
}

function finding({ policy, rule }: RuleOfPolicy, wide: RuleOfPolicy, side: Side): Finding {
  const others = wide.policy.resource as Resource<unknown> as Resource;
  const admits = `already admits all of it ${side === 'egress' ? 'from' : 'to'} the same pods`;
  return {
    resource: policy.resource as Resource<unknown> as Resource,
    path: rule.path,
    message: `the rule adds nothing: ${others} ${admits}`,
    related: [{ message: `${others} admits it`, resource: others, path: wide.rule.path }],
  };
}
