import { sourceFindings } from '../../cluster/source-findings.ts';
import { type Rule, yaml } from '../../rule.ts';

const apps = (...names: string[]) => names.map((name) => workload('Deployment', name)).join('---\n');

const workload = (kind: string, name: string) => yaml`
  apiVersion: apps/v1
  kind: ${kind}
  metadata: { name: ${name} }
  spec:
    selector: { matchLabels: { app: ${name} } }
    template:
      metadata: { labels: { app: ${name} } }
      spec: { containers: [{ name: ${name}, image: "example.com/${name}:1.0" }] }
`;

/** A patch that gives a pool to one workload, from its fourth line on. */
const pool = (name: string, value: string) => yaml`
  apiVersion: apps/v1
  kind: Deployment
  metadata: { name: ${name} }
  spec: { template: { spec: {
    nodeSelector: { pool: ${value} }
  } } }
`;

export default {
  id: 'overlay-sibling-skipped',
  severity: 'info',
  docs: {
    summary: 'What an overlay gives to all workloads but one may have been forgotten for that one.',
    incident:
      'matchID, May 2026: the poc overlay put nodeSelector pool=burst and a toleration on every workload, and replicas: 0 at rest on ' +
      'all of them, a patch each. Two days later the base got a Redis, because the backend crashed without one. No overlay named it: ' +
      'in the burst tenant it ran on other Nodes than the pool, and kept running while everything else was at rest.',
    symptoms: [
      'one workload runs on other Nodes than its siblings',
      'one workload keeps running when everything else is scaled to zero',
    ],
    fix: 'Give it to the workload too: with one patch whose `target` selects them all, a new one is not forgotten. Or ignore, with the reason.',
    facts: ['The patches and `replicas` of each kustomization, and the workloads that it renders'],
    silent: [
      'Fewer than three workloads; DaemonSets, which are to run on all Nodes, do not count',
      'The one that is left out has something else there: another value of the label, an affinity to Nodes, another toleration of ' +
        'the key, one of every taint',
      'Replicas above zero of another kind, or of what an autoscaler scales',
    ],
    references: [
      'https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/',
      'https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/',
    ],
  },
  examples: {
    bad: [
      {
        files: {
          'base/kustomization.yaml': 'resources: [apps.yaml, daemon.yaml]\n',
          'base/apps.yaml': apps('backend', 'ui', 'redis'),
          'base/daemon.yaml': workload('DaemonSet', 'agent'),
          'poc/kustomization.yaml': yaml`
            resources: [../base]
            namePrefix: poc-
            patches:
              - path: burst.yaml
                target: { kind: Deployment, name: backend|ui }
            replicas:
              - { name: backend, count: 0 }
              - { name: ui, count: 0 } # <- this kustomization gives replicas 0 to all of 3 workloads but Deployment/redis
          `,
          'poc/burst.yaml': yaml`
            apiVersion: apps/v1
            kind: Deployment
            metadata: { name: any }
            spec:
              template:
                spec:
                  nodeSelector:
                    pool: burst # <- this kustomization gives nodeSelector pool: burst to all of 3 workloads but Deployment/redis
                  tolerations:
                    - key: pool # <- this kustomization gives a toleration of pool=burst:NoSchedule to all of 3 workloads but Deployment/redis
                      operator: Equal
                      value: burst
                      effect: NoSchedule
          `,
        },
      },
      {
        files: {
          'base/kustomization.yaml': 'resources: [apps.yaml, data.yaml]\n',
          'base/apps.yaml': apps('backend', 'ui'),
          'base/data.yaml': workload('StatefulSet', 'search'),
          // Around it are workloads that are none of its business.
          'kustomization.yaml': 'resources: [others.yaml, poc]\n',
          'others.yaml': apps('one', 'two'),
          'poc/kustomization.yaml': yaml`
            resources: [../base]
            patches:
              - target: { kind: Deployment }
                patch: |-
                  - op: add
                    path: /spec/template/spec/nodeSelector
                    value: { pool: burst } # <- this kustomization gives nodeSelector pool: burst to all of 3 workloads but StatefulSet/search
          `,
        },
      },
      {
        files: {
          // An affinity says nothing of taints; no toleration here is one of every taint.
          'kustomization.yaml': yaml`
            resources: [apps.yaml]
            patches:
              - target: { kind: Deployment, name: backend|ui }
                patch: |-
                  - op: add
                    path: /spec/template/spec/tolerations
                    value:
                      - { key: pool, operator: Exists } # <- this kustomization gives a toleration of pool to all of 3 workloads but Deployment/redis
              - target: { kind: Deployment, name: redis }
                patch: |-
                  - op: add
                    path: /spec/template/spec/affinity
                    value: { nodeAffinity: {} }
                  - op: add
                    path: /spec/template/spec/tolerations
                    value:
                      - { key: other, operator: Exists }
                      - { operator: Exists, effect: NoExecute }
                      - { effect: NoSchedule }
          `,
          'apps.yaml': apps('backend', 'ui', 'redis'),
        },
      },
    ],
    good: [
      {
        files: {
          'base/kustomization.yaml': 'resources: [apps.yaml, daemon.yaml]\n',
          'base/apps.yaml': apps('backend', 'ui', 'redis'),
          'base/daemon.yaml': workload('DaemonSet', 'agent'),
          // To all; to one; to all but two.
          'all/kustomization.yaml': yaml`
            resources: [../base]
            patches:
              - target: { kind: Deployment }
                patch: |-
                  - { op: add, path: /spec/template/spec/nodeSelector, value: { pool: burst } }
          `,
          'one/kustomization.yaml': yaml`
            resources: [../base]
            replicas: [{ name: ui, count: 3 }]
          `,
          // The third has its own.
          'own/kustomization.yaml':
            'resources: [../base]\npatches: [{ path: a.yaml }, { path: b.yaml }, { path: c.yaml }]\n',
          'own/a.yaml': pool('backend', 'burst'),
          'own/b.yaml': pool('ui', 'burst'),
          'own/c.yaml': pool('redis', 'data'),
          'scaled/kustomization.yaml': yaml`
            resources: [../base]
            replicas:
              - { name: backend, count: 3 }
              - { name: ui, count: 3 }
              - { name: redis, count: 1 }
          `,
        },
      },
      {
        files: {
          // The third chooses its Nodes in another way; it tolerates every taint.
          'affinity/kustomization.yaml': yaml`
            resources: [apps.yaml]
            patches:
              - target: { kind: Deployment, name: backend|ui }
                patch: |-
                  - { op: add, path: /spec/template/spec/nodeSelector, value: { pool: burst } }
              - target: { kind: Deployment, name: redis }
                patch: |-
                  - op: add
                    path: /spec/template/spec/affinity
                    value:
                      nodeAffinity:
                        requiredDuringSchedulingIgnoredDuringExecution:
                          nodeSelectorTerms: [{ matchExpressions: [{ key: pool, operator: In, values: [burst] }] }]
          `,
          'affinity/apps.yaml': apps('backend', 'ui', 'redis'),
          'taints/kustomization.yaml': yaml`
            resources: [apps.yaml]
            patches:
              - target: { kind: Deployment, name: backend|ui }
                patch: '[{ "op": "add", "path": "/spec/template/spec/tolerations", "value": [{ "key": "pool", "operator": "Exists" }] }]'
              - target: { kind: Deployment, name: redis }
                patch: '[{ "op": "add", "path": "/spec/template/spec/tolerations", "value": [{ "operator": "Exists" }] }]'
          `,
          'taints/apps.yaml': apps('backend', 'ui', 'redis'),
        },
      },
      {
        files: {
          // Two workloads are no group. A database isn't scaled with the rest; an autoscaler counts for itself.
          'two/kustomization.yaml': 'resources: [apps.yaml]\npatches: [{ path: a.yaml }]\n',
          'two/apps.yaml': apps('backend', 'ui'),
          'two/a.yaml': pool('backend', 'burst'),
          'data/kustomization.yaml': yaml`
            resources: [apps.yaml, data.yaml]
            replicas: [{ name: backend, count: 3 }, { name: ui, count: 3 }]
          `,
          'data/apps.yaml': apps('backend', 'ui'),
          'data/data.yaml': workload('StatefulSet', 'search'),
          'hpa/kustomization.yaml': yaml`
            resources: [apps.yaml, hpa.yaml]
            replicas: [{ name: backend, count: 3 }, { name: ui, count: 3 }]
          `,
          'hpa/apps.yaml': apps('backend', 'ui', 'worker'),
          'hpa/hpa.yaml': yaml`
            apiVersion: autoscaling/v2
            kind: HorizontalPodAutoscaler
            metadata: { name: worker }
            spec:
              scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: worker }
              maxReplicas: 5
          `,
          // Not an overlay: the manifests themselves are alike.
          'plain/kustomization.yaml': 'resources: [apps.yaml, worker.yaml]\npatches: [{ path: same.yaml }]\n',
          'plain/apps.yaml': [pool('a', 'burst'), pool('b', 'burst'), pool('c', 'burst')].join('---\n'),
          'plain/worker.yaml': workload('Deployment', 'worker'),
          'plain/same.yaml': pool('a', 'burst'),
        },
      },
    ],
  },
  check: (cluster) => sourceFindings(cluster, 'overlay-sibling-skipped'),
} satisfies Rule;
