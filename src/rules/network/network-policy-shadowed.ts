import { policies, type Side } from '../../cluster/network.ts';
import { type RuleOfPolicy, supersetOf } from '../../cluster/policies-supersets.ts';
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
    ],
    good: [
      yaml`
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          ingress: [{ from: [{ podSelector: {} }] }]
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
