import { sourceFindings } from '../../cluster/source-findings.ts';
import { type Rule, yaml } from '../../rule.ts';

export default {
  id: 'kustomize-image-unmatched',
  severity: 'warning',
  docs: {
    summary: "Every entry of `images:` must be the name of some container's image: kustomize passes over the others.",
    incident:
      'Algosu, sprint 81, D3: the dev overlay runs :dev images, whose /health/ready is not there yet. Which image each environment ' +
      'runs is set with images: in its overlay. An entry that no image answers to, after a registry was put in front of the names ' +
      'in the base, changes nothing and says nothing: the pods run what the base names.',
    symptoms: [
      'the pods run the old tag, though the overlay sets a new one',
      'kustomize edit set image changed kustomization.yaml, and nothing else changes',
    ],
    fix: 'Write the name as the containers have it at this point: with its registry, without tag and digest.',
    facts: ['The kustomizations, with all objects as they are when it is the turn of the entry'],
    silent: [
      'What else there may be is unknown: a listed file is still empty, a chart is inflated, generators, vars',
      'A name that is a pattern',
      'Fields that `configurations` declare as images',
    ],
    references: [
      'https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/',
      'https://kubectl.docs.kubernetes.io/references/kustomize/builtins/#_imagetagtransformer_',
    ],
  },
  examples: {
    bad: [
      {
        files: {
          'base/kustomization.yaml': yaml`
            resources: [app.yaml]
            images:
              - name: ghcr.io/algosu/gateway
                newName: registry.example.com/gateway
          `,
          'base/app.yaml': yaml`
            apiVersion: apps/v1
            kind: Deployment
            metadata: { name: app }
            spec:
              selector: { matchLabels: { app: app } }
              template:
                metadata: { labels: { app: app } }
                spec:
                  initContainers:
                    - { name: migrate, image: ghcr.io/algosu/migrations }
                  containers:
                    - { name: app, image: "ghcr.io/algosu/submission:v1" }
                    - { name: gateway, image: ghcr.io/algosu/gateway:v1 }
            ---
            apiVersion: monitoring.coreos.com/v1
            kind: Prometheus
            metadata: { name: main }
            spec: { image: "quay.io/prometheus/prometheus:v3.0.0" }
          `,
          'overlays/dev/kustomization.yaml': yaml`
            resources: [../../base]
            images:
              - newTag: dev
                name: submission # <- no container has the image submission: kustomize ignores this entry without a word; did you mean ghcr.io/algosu/submission?
              - name: ghcr.io/algosu/submission:v2 # <- no container has the image ghcr.io/algosu/submission:v2: kustomize ignores this entry without a word; it matches names without tag and digest: write ghcr.io/algosu/submission
                newTag: dev
              - name: ghcr.io/algosu/gateway # <- no container has the image ghcr.io/algosu/gateway: kustomize ignores this entry without a word; it is registry.example.com/gateway:v1 by now
                newTag: dev
              - name: quay.io/prometheus/prometheus # <- no container has the image quay.io/prometheus/prometheus: kustomize ignores this entry without a word; it stands in Prometheus/main at spec.image, where kustomize doesn't look
                newTag: v3.1.0
              - name: minio # <- no container has the image minio: kustomize ignores this entry without a word; there are ghcr.io/algosu/migrations, ghcr.io/algosu/submission, registry.example.com/gateway
                newTag: dev
            components: [../../component]
            transformers: [tag.yaml]
          `,
          'overlays/dev/tag.yaml': yaml`
            apiVersion: builtin
            kind: ImageTagTransformer
            metadata: { name: tag }
            imageTag:
              name: ghcr.io/algosu/migration # <- no container has the image ghcr.io/algosu/migration: kustomize ignores this entry without a word; did you mean ghcr.io/algosu/migrations?
              newTag: dev
          `,
          'component/kustomization.yaml': yaml`
            apiVersion: kustomize.config.k8s.io/v1alpha1
            kind: Component
            images:
              - name: rabbitmq # <- no container has the image rabbitmq: where a kustomization without it takes in this Component, kustomize ignores this entry without a word
                newTag: dev
          `,
        },
      },
      {
        files: {
          'kustomization.yaml': yaml`
            resources: [pod.yaml]
            images:
              - name: nginx # <- no container has the image nginx: kustomize ignores this entry without a word; it is caddy:2 by now
                newTag: "1.29"
              - name: hugo # <- no container has the image hugo: kustomize ignores this entry without a word; its tag keeps it from hugo:$(VERSION)
                newTag: "0.150"
            patches:
              - patch: |-
                  apiVersion: v1
                  kind: Pod
                  metadata: { name: web }
                  spec: { containers: [{ name: web, image: "caddy:2" }] }
          `,
          'pod.yaml': yaml`
            apiVersion: v1
            kind: Pod
            metadata: { name: web }
            spec:
              containers: [{ name: web, image: "nginx:1.27" }]
              initContainers: [{ name: build, image: "hugo:$(VERSION)" }]
          `,
        },
      },
    ],
    good: [
      {
        files: {
          'base/kustomization.yaml': yaml`
            resources: [app.yaml]
            images:
              - name: ghcr.io/algosu/gateway
                newName: registry.example.com/gateway
              - name: registry.example.com/gateway
                newTag: v2
          `,
          'base/app.yaml': yaml`
            apiVersion: argoproj.io/v1alpha1
            kind: Rollout
            metadata: { name: app }
            spec:
              template:
                spec:
                  initContainers:
                    - { name: migrate, image: "localhost:5000/migrations:v1" }
                  containers:
                    - { name: app, image: "ghcr.io/algosu/submission:v1@sha256:0123" }
                    - { name: gateway, image: ghcr.io/algosu/gateway }
            ---
            apiVersion: example.com/v1
            kind: CronTab
            metadata: { name: nightly }
            spec: { image: "quay.io/nightly:v1" }
          `,
          'overlays/dev/kustomization.yaml': yaml`
            resources: [../../base]
            configurations: [images.yaml]
            images:
              - { name: "(?i)LOCALHOST:5000/migrations", newTag: dev }
              - { name: ghcr.io/algosu/submission, digest: "sha256:4567" }
              - { name: "registry.example.com/gateway:v2", newTag: dev }
              - { name: quay.io/nightly, newTag: v2 }
          `,
          'overlays/dev/images.yaml': 'images: [{ kind: CronTab, path: spec/image }]\n',
        },
      },
      {
        files: {
          'kustomization.yaml': yaml`
            resources: [later.yaml]
            images:
              - { name: minio, newTag: dev }
          `,
          'later.yaml': '# Written once the cluster is there.\n',
        },
      },
    ],
  },
  check: (cluster) => sourceFindings(cluster, 'kustomize-image-unmatched'),
} satisfies Rule;
