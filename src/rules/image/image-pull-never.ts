import { isUnknown } from '../../cluster/unknown.ts';
import { writtenRegistry } from '../../cluster/workload/images.ts';
import { containersOf } from '../../cluster/workloads.ts';
import { type Rule, yaml } from '../../rule.ts';

/** Names that local builds and imports have: podman's localhost, and Docker Hub's, which `kind load` and `k3d image import` give. */
const LOCAL = new Set(['localhost', 'docker.io', 'index.docker.io']);

export default {
  id: 'image-pull-never',
  severity: 'warning',
  docs: {
    summary: 'An image of a registry should not have `imagePullPolicy: Never`.',
    incident:
      'What operators meet: a manifest was tried out in k3d, with an image that was imported by hand and the policy Never. The image got ' +
      'its real name, ghcr.io/acme/web, and the policy stayed. On the first node without it the pod waits forever; on the others it ' +
      'runs whatever build somebody once put there.',
    symptoms: ['ErrImageNeverPull', 'Container image "ghcr.io/acme/web:1" is not present with pull policy of Never'],
    fix: 'Use IfNotPresent, which takes what the node holds and pulls the rest. Keep Never for the overlay of a local cluster.',
    facts: ['image and imagePullPolicy of every container'],
    silent: [
      'Bare names (web:dev, acme/web:dev), and those below localhost and docker.io: what k3d, kind and podman import',
      'Placeholders',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy',
      'https://kind.sigs.k8s.io/docs/user/quick-start/#loading-an-image-into-your-cluster',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              initContainers:
                - name: migrate
                  image: "registry:5000/migrate"
                  imagePullPolicy: Never # <- imagePullPolicy Never on registry:5000/migrate: a node that does not hold it never pulls it (ErrImageNeverPull)
              containers:
                - name: web
                  image: ghcr.io/acme/web:1
                  imagePullPolicy: Never # <- imagePullPolicy Never on ghcr.io/acme/web:1: a node that does not hold it never pulls it (ErrImageNeverPull)
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: web }
        spec:
          containers:
            - { name: bare, image: "web:dev", imagePullPolicy: Never }
            - { name: path, image: "acme/web:dev", imagePullPolicy: Never }
            - { name: podman, image: "localhost/web:dev", imagePullPolicy: Never }
            - { name: imported, image: "docker.io/library/web:dev", imagePullPolicy: Never }
            - { name: pulled, image: "ghcr.io/acme/web:1", imagePullPolicy: IfNotPresent }
            - { name: unknown, image: "ghcr.io/acme/web:${'${TAG}'}", imagePullPolicy: "${'${POLICY}'}" }
            - { name: unknown-image, image: "${'${REGISTRY}'}.example.com/web:dev", imagePullPolicy: Never }
      `,
    ],
  },
  *check(cluster) {
    for (const workload of cluster.workloads) {
      for (const { container, path } of containersOf(workload)) {
        const { image, imagePullPolicy } = container as { image?: unknown; imagePullPolicy?: unknown };
        if (imagePullPolicy !== 'Never' || typeof image !== 'string' || isUnknown(image)) continue;
        const registry = writtenRegistry(image);
        if (registry === undefined || LOCAL.has(registry)) continue;
        yield {
          resource: workload.resource,
          path: [...path, 'imagePullPolicy'],
          message: `imagePullPolicy Never on ${image}: a node that does not hold it never pulls it (ErrImageNeverPull)`,
        };
      }
    }
  },
} satisfies Rule;
