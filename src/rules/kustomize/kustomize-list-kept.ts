import { sourceFindings } from '../../cluster/source-findings.ts';
import { type Rule, yaml } from '../../rule.ts';

const ELASTICSEARCH = yaml`
  apiVersion: apps/v1
  kind: StatefulSet
  metadata: { name: elasticsearch }
  spec:
    serviceName: elasticsearch
    selector: { matchLabels: { app: elasticsearch } }
    template:
      metadata: { labels: { app: elasticsearch } }
      spec:
        initContainers:
          - name: sysctl-vm-max-map-count
            image: busybox:1.36
            command: [sh, -c, sysctl -w vm.max_map_count=262144 || true]
          - name: fix-data-permissions
            image: busybox:1.36
            command: [sh, -c, "chown -R 1000:1000 /usr/share/elasticsearch/data"]
        containers:
          - name: elasticsearch
            image: elasticsearch:7.17.28
            args: [--quiet, --verbose]
            env:
              - { name: discovery.type, value: single-node }
              - { name: ES_JAVA_OPTS, value: -Xmx512m }
          - name: exporter
            image: exporter:1
`;

export default {
  id: 'kustomize-list-kept',
  severity: 'warning',
  docs: {
    summary: 'A strategic-merge patch removes nothing from a list that kustomize merges by key.',
    incident:
      'matchID, the review of the pull request: overlays/local set initContainers: [] to drop the privileged sysctl container, and ' +
      'later repeated fix-data-permissions with the comment that it keeps only that one. kustomize merges initContainers by name: ' +
      'the render still had sysctl-vm-max-map-count. It went unnoticed because its command ends in || true.',
    symptoms: [
      'initContainers: [] in an overlay, and kustomize build prints those of the base',
      'the container, variable or volume that the overlay leaves out is still there',
    ],
    fix:
      'Take an item out by its key and "$patch: delete", or make "- $patch: replace" the first item of the list, which then holds ' +
      'only what follows; or use a JSON patch with op: remove. A field set to null goes as a whole.',
    facts: ['The kustomizations, and what kustomize built of them'],
    silent: [
      'Lists that kustomize replaces: command, args, tolerations, and all lists of custom resources',
      'Something else takes the other items out',
      'The list adds or changes an item of one of the objects that the patch selects',
      'A Component that repeats items: they may not be in another of its parents',
    ],
    references: [
      'https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/',
      'https://github.com/kubernetes/community/blob/main/contributors/devel/sig-api-machinery/strategic-merge-patch.md',
    ],
  },
  examples: {
    bad: [
      {
        files: {
          'base/kustomization.yaml': 'resources: [elasticsearch.yaml]\n',
          'base/elasticsearch.yaml': ELASTICSEARCH,
          'overlays/local/kustomization.yaml': yaml`
            resources: [../../base]
            patches: [{ path: local.yaml }]
          `,
          'overlays/local/local.yaml': yaml`
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: { name: elasticsearch }
            spec:
              template:
                spec:
                  # k3s has vm.max_map_count high enough.
                  initContainers: [] # <- kustomize merges initContainers by name and removes nothing: sysctl-vm-max-map-count, fix-data-permissions stay in StatefulSet/elasticsearch; take an item out with $patch: delete, or begin the list with $patch: replace
          `,
          'overlays/later/kustomization.yaml': yaml`
            resources: [../../base]
            patchesStrategicMerge: [local.yaml]
          `,
          'overlays/later/local.yaml': yaml`
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: { name: elasticsearch }
            spec:
              replicas: 1
              template:
                spec:
                  # ONLY the fix-data-permissions init container.
                  initContainers: # <- kustomize merges initContainers by name and removes nothing: sysctl-vm-max-map-count stays in StatefulSet/elasticsearch; take an item out with $patch: delete, or begin the list with $patch: replace
                    - name: fix-data-permissions
                      image: busybox:1.36
                      command: [sh, -c, "chown -R 1000:1000 /usr/share/elasticsearch/data"]
                  containers:
                    - name: elasticsearch
                      env: # <- kustomize merges env by name and removes nothing: ES_JAVA_OPTS stays in StatefulSet/elasticsearch; take an item out with $patch: delete, or begin the list with $patch: replace
                        - { name: discovery.type, value: single-node }
          `,
        },
      },
    ],
    good: [
      {
        files: {
          'base/kustomization.yaml': 'resources: [elasticsearch.yaml]\n',
          'base/elasticsearch.yaml': ELASTICSEARCH,
          'overlays/replaced/kustomization.yaml': yaml`
            resources: [../../base]
            patches:
              - patch: |-
                  apiVersion: apps/v1
                  kind: StatefulSet
                  metadata: { name: elasticsearch }
                  spec:
                    template:
                      spec:
                        initContainers:
                          - $patch: replace
                          - name: fix-data-permissions
                            image: busybox:1.36
                            command: [sh, -c, "chown -R 1000:1000 /usr/share/elasticsearch/data"]
                        containers:
                          - name: elasticsearch
                            args: [--quiet]
                            env:
                              - { name: ES_JAVA_OPTS, $patch: delete }
          `,
          'overlays/removed/kustomization.yaml': yaml`
            resources: [../../base]
            patches:
              - patch: |-
                  apiVersion: apps/v1
                  kind: StatefulSet
                  metadata: { name: elasticsearch }
                  spec:
                    template: { spec: { initContainers: [] } }
              - target: { kind: StatefulSet }
                patch: '[{ "op": "remove", "path": "/spec/template/spec/initContainers" }]'
          `,
          'overlays/component/kustomization.yaml': yaml`
            resources: [../../base]
            components: [../../component]
          `,
          'component/kustomization.yaml': yaml`
            apiVersion: kustomize.config.k8s.io/v1alpha1
            kind: Component
            patches:
              - target: { kind: StatefulSet }
                patch: |-
                  apiVersion: apps/v1
                  kind: StatefulSet
                  metadata: { name: any }
                  spec:
                    template:
                      spec:
                        initContainers:
                          - name: fix-data-permissions
                            image: busybox:1.36
                            command: [sh, -c, "chown -R 1000:1000 /usr/share/elasticsearch/data"]
          `,
          'overlays/others/kustomization.yaml': yaml`
            resources: [../../base, postgres.yaml]
            patches:
              - target: { kind: StatefulSet }
                patch: |-
                  apiVersion: apps/v1
                  kind: StatefulSet
                  metadata: { name: any }
                  spec:
                    template:
                      spec:
                        initContainers:
                          - name: fix-data-permissions
                            image: busybox:1.36
                            command: [sh, -c, "chown -R 1000:1000 /usr/share/elasticsearch/data"]
          `,
          'overlays/others/postgres.yaml': yaml`
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: { name: postgres }
            spec:
              serviceName: postgres
              selector: { matchLabels: { app: postgres } }
              template:
                metadata: { labels: { app: postgres } }
                spec:
                  containers: [{ name: postgres, image: "postgres:16" }]
          `,
          'overlays/changed/kustomization.yaml': yaml`
            resources: [../../base]
            patches:
              - patch: |-
                  apiVersion: apps/v1
                  kind: StatefulSet
                  metadata: { name: elasticsearch }
                  spec:
                    template:
                      spec:
                        initContainers:
                          - name: fix-data-permissions
                        containers:
                          - name: elasticsearch
                            env:
                              - { name: discovery.type, value: single-node }
                              - { name: ES_JAVA_OPTS, value: -Xmx1g }
          `,
        },
      },
    ],
  },
  check: (cluster) => sourceFindings(cluster, 'kustomize-list-kept'),
} satisfies Rule;
