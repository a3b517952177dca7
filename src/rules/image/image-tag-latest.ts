import { isUnknown } from '../../cluster/unknown.ts';
import { effectiveTag, parseImage } from '../../cluster/workload/images.ts';
import { containersOf } from '../../cluster/workloads.ts';
import { type Rule, yaml } from '../../rule.ts';

/** What the kubelet makes of a tag that moves: https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy */
function consequence(policy: unknown): string {
  switch (policy) {
    case 'IfNotPresent':
      return 'under imagePullPolicy IfNotPresent each node keeps what it pulled first';
    case 'Never':
      return 'under imagePullPolicy Never each node runs what it happens to hold under that name';
    case 'Always':
      return 'under imagePullPolicy Always each restart may run another build';
    case undefined:
    case null:
    case '':
      return 'imagePullPolicy is then Always, and each restart may run another build';
    default:
      return 'what runs depends on when it was pulled';
  }
}

export default {
  id: 'image-tag-latest',
  severity: 'warning',
  docs: {
    summary: 'An image should name the build it means: a version tag or a digest, not `latest` and not nothing.',
    incident:
      'matchID, 2026-05-17, review of the Kapsule overlays: deces-backend and deces-ui ran :latest under IfNotPresent, which "will ' +
      'silently freeze on whatever the node first cached". It had bitten already: the published deces-ui:latest, built on ' +
      '2026-04-26, read the variable APP where the code on main read APP_FRONTEND, nginx died of it, and the manifest had to set both. ' +
      "Oceanid's exit node ran tailscale/tailscale:latest on every node in the same way.",
    symptoms: ['the same manifest runs different builds on different nodes, and a rollback changes nothing'],
    fix: 'Pin a version tag, or better a digest (name:tag@sha256:…), and let the pipeline or a bot move it.',
    facts: ['The image and the imagePullPolicy of every container, as rendered'],
    silent: [
      'A digest is present: it decides, whatever the tag says',
      'Placeholders: what fills them in is unknown',
      'Knative Services: each Revision resolves the tag to a digest when it is made',
      'Istio gateways (container istio-proxy, image auto): the injector fills in the image',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy',
      'https://knative.dev/docs/serving/tag-resolution/',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: deces-backend }
        spec:
          selector: { matchLabels: { app: deces-backend } }
          template:
            metadata: { labels: { app: deces-backend } }
            spec:
              containers:
                - name: deces-backend
                  image: matchid/deces-backend:latest # <- image matchid/deces-backend:latest has the tag latest: under imagePullPolicy IfNotPresent each node keeps what it pulled first
                  imagePullPolicy: IfNotPresent
      `,
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: web }
        spec:
          initContainers:
            - name: migrate
              image: registry.example.com:5000/migrate # <- image registry.example.com:5000/migrate has no tag, which means latest: imagePullPolicy is then Always, and each restart may run another build
          containers:
            - name: web
              image: nginx:latest # <- image nginx:latest has the tag latest: under imagePullPolicy Always each restart may run another build
              imagePullPolicy: Always
            - name: local
              image: local # <- image local has no tag, which means latest: under imagePullPolicy Never each node runs what it happens to hold under that name
              imagePullPolicy: Never
            - name: later
              image: later # <- image later has no tag, which means latest: what runs depends on when it was pulled
              imagePullPolicy: ${'${PULL_POLICY}'}
            - name: istio-proxy
              image: istio/proxyv2 # <- image istio/proxyv2 has no tag, which means latest: imagePullPolicy is then Always, and each restart may run another build
            - name: not-istio
              image: auto # <- image auto has no tag, which means latest: imagePullPolicy is then Always, and each restart may run another build
          ephemeralContainers:
            - name: debug
              image: busybox # <- image busybox has no tag, which means latest: imagePullPolicy is then Always, and each restart may run another build
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: web }
        spec:
          containers:
            - { name: pinned, image: nginx:1.29.1 }
            - { name: digest, image: nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef }
            - { name: both, image: nginx:latest@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef }
            - { name: port, image: registry.example.com:5000/nginx:1.29.1 }
            - { name: like, image: nginx:latest-alpine }
            - { name: later, image: "nginx:${'${TAG}'}" }
            - { name: whole, image: "${'${IMAGE}'}" }
            - { name: invalid, image: library/Nginx }
            - { name: istio-proxy, image: auto }
      `,
      yaml`
        apiVersion: serving.knative.dev/v1
        kind: Service
        metadata: { name: hello }
        spec:
          template:
            spec:
              containers:
                - image: ghcr.io/knative/helloworld-go:latest
      `,
    ],
  },
  *check(cluster) {
    for (const workload of cluster.workloads) {
      if (workload.resource.group === 'serving.knative.dev') continue;
      for (const { container, path } of containersOf(workload)) {
        const { image, name, imagePullPolicy } = container as {
          image?: unknown;
          name?: unknown;
          imagePullPolicy?: unknown;
        };
        if (typeof image !== 'string' || isUnknown(image)) continue;
        if (image === 'auto' && name === 'istio-proxy') continue;
        const reference = parseImage(image);
        if ('invalid' in reference || effectiveTag(reference) !== 'latest') continue;
        const why = reference.tag === undefined ? 'has no tag, which means latest' : 'has the tag latest';
        yield {
          resource: workload.resource,
          path: [...path, 'image'],
          message: `image ${image} ${why}: ${consequence(imagePullPolicy)}`,
        };
      }
    }
  },
} satisfies Rule;
