import { whenMade } from '../../cluster/scheduling/postponed.ts';
import { RANDOM_VALUE } from '../../cluster/unknown.ts';
import { imagePlaceholders, parseImage } from '../../cluster/workload/images.ts';
import { containersOf } from '../../cluster/workloads.ts';
import { type Cluster, type Resource, type Rule, yaml } from '../../rule.ts';

/** Whether a value is only known later: Vault and SOPS values, and what a chart makes up at random. */
function isSecret(image: string): boolean {
  return image.includes(RANDOM_VALUE) || /<path:|^ENC\[/.test(image);
}

/** Whether something replaces the image as a whole: OpenShift's triggers a blank, `ko` its paths, scripts a WEB_IMAGE. */
function isReplaced(image: string): boolean {
  return image.trim() === '' || image.startsWith('ko://') || /[A-Z]_[A-Z]/.test(image);
}

/** Whether a part of an image is empty: the name, a path component, the tag or the digest. */
const EMPTY_PART = /^[/:@]|[/:@]$|\/[/:@]/;

/** Whether a resource is of a chart as it lies there: what its values leave empty may be given when it is installed. */
function isOfBareChart(cluster: Cluster, { targets }: Resource): boolean {
  return (
    !cluster.configured &&
    targets.some(({ target }) => cluster.targets.some((one) => one.target === target && one.type === 'helm'))
  );
}

/** What is wrong with an image and who refuses it, undefined where nothing is or nobody can know. */
function defect(image: string, resource: Resource, cluster: Cluster): string | undefined {
  const reference = parseImage(image);
  if (!('invalid' in reference) || isSecret(image)) return undefined;
  const shown = JSON.stringify(shorten(image));
  const placeholders = imagePlaceholders(image);
  if (placeholders.some(({ tokens }) => tokens.some((token) => cluster.substitutes(token)))) return undefined;
  const left = placeholders[0]?.text;
  if (left !== undefined) {
    return `image ${shown} still holds ${left}, which nothing in the repository substitutes: the kubelet refuses it (InvalidImageName)`;
  }
  if (isReplaced(image) || (EMPTY_PART.test(image) && isOfBareChart(cluster, resource))) return undefined;
  if (image !== image.trim()) {
    return `image ${shown} has whitespace around it: the API server refuses the pod (must not have leading or trailing whitespace)`;
  }
  return `image ${shown} is no valid reference: the kubelet refuses it (InvalidImageName: ${shorten(reference.invalid)})`;
}

/** No reference that anyone means is longer. */
function shorten(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

export default {
  id: 'image-reference-invalid',
  severity: 'error',
  docs: {
    summary: 'An image must be a reference that the kubelet can parse.',
    incident:
      'matchID, 2026-05-16: the start script of deces-ui fills in every <VAR> of its nginx template from the environment, nobody had ' +
      'set API_USER_SCOPE, and nginx died of the placeholder that was left. In an image the same leftover is quieter: kubectl, the ' +
      'API server and every schema take it, and then the pod stands in InvalidImageName, which no retry cures. The name of the ' +
      'project is the other way to get there: matchID holds upper-case letters, and paths below a registry must not ' +
      '(ghcr.io/matchID/deces-ui).',
    symptoms: [
      'InvalidImageName',
      'Error: InvalidImageName',
      'Failed to apply default image tag "ghcr.io/matchID/deces-ui": couldn\'t parse image name "ghcr.io/matchID/deces-ui": invalid reference format: repository name (matchID/deces-ui) must be lowercase',
      'Failed to apply default image tag',
      "couldn't parse image name",
      'invalid reference format',
      'repository name must be lowercase',
      'invalid checksum digest length',
      'must not have leading or trailing whitespace',
    ],
    fix:
      'Write the path in lower case, complete the tag or remove its colon, and let the step that fills in placeholders run before ' +
      'the manifests are applied (kustomize: images; helm: values).',
    facts: [
      'The image of every container, init container and ephemeral container that is rendered',
      'The other files of the repository: they may substitute what looks like a placeholder',
    ],
    silent: [
      'An upper-case first component: it is a registry host (MYREGISTRY/app)',
      'Placeholders that some file of the repository may substitute, and all of them when a stream is linted',
      'An empty or blank image: admission and OpenShift image triggers fill it in',
      'Upper-case words with underscores (WEB_IMAGE), which scripts replace as a whole',
      'An empty part of an image in a chart that nobody configures: its values may be given when it is installed',
      'ko:// paths, Vault paths, SOPS and random values',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/containers/images/#image-names',
      'https://github.com/distribution/reference/blob/main/reference.go',
      'https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/images/image_manager.go',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: deces }
        spec:
          initContainers:
            - name: empty-tag
              image: "redis:" # <- image "redis:" is no valid reference: the kubelet refuses it (InvalidImageName: invalid reference format)
          containers:
            - name: ui
              image: ghcr.io/matchID/deces-ui:1.2.0 # <- image "ghcr.io/matchID/deces-ui:1.2.0" is no valid reference: the kubelet refuses it (InvalidImageName: invalid reference format: repository name (matchID/deces-ui) must be lowercase)
            - name: short-name
              image: Redis # <- image "Redis" is no valid reference: the kubelet refuses it (InvalidImageName: invalid reference format: repository name (library/Redis) must be lowercase)
            - name: digest
              image: redis@sha256:0123456789abcdef0123456789abcdef # <- image "redis@sha256:0123456789abcdef0123456789abcdef" is no valid reference: the kubelet refuses it (InvalidImageName: invalid checksum digest length)
            - name: address
              image: https://ghcr.io/matchid/deces-ui # <- image "https://ghcr.io/matchid/deces-ui" is no valid reference: the kubelet refuses it (InvalidImageName: invalid reference format)
            - name: blank
              image: " redis:7" # <- image " redis:7" has whitespace around it: the API server refuses the pod (must not have leading or trailing whitespace)
      `,
      {
        files: {
          'kustomization.yaml': 'resources: [deployment.yaml]\n',
          'deployment.yaml': yaml`
            apiVersion: apps/v1
            kind: Deployment
            metadata: { name: web }
            spec:
              selector: { matchLabels: { app: web } }
              template:
                metadata: { labels: { app: web } }
                spec:
                  containers:
                    - name: web
                      image: "ghcr.io/acme/web:${'${WEB_TAG}'}" # <- image "ghcr.io/acme/web:${'${WEB_TAG}'}" still holds ${'${WEB_TAG}'}, which nothing in the repository substitutes: the kubelet refuses it (InvalidImageName)
                    - name: proxy
                      image: ghcr.io/acme/proxy:<proxy-tag> # <- image "ghcr.io/acme/proxy:<proxy-tag>" still holds <proxy-tag>, which nothing in the repository substitutes: the kubelet refuses it (InvalidImageName)
          `,
          'deploy.sh': 'kubectl apply -k .\n',
        },
      },
      {
        files: {
          'k8s-lint.yaml': 'environments: { prod: { targets: [{ helm: { chart: app, release: app } }] } }\n',
          'app/Chart.yaml': 'apiVersion: v2\nname: app\nversion: 1.0.0\n',
          'app/values.yaml': 'image: { name: ghcr.io/acme/app, tag: "" }\n',
          'app/templates/pod.yaml': yaml`
            apiVersion: v1
            kind: Pod
            metadata: { name: app }
            spec:
              containers:
                - name: app
                  image: "{{ .Values.image.name }}:{{ .Values.image.tag }}" # <- image "ghcr.io/acme/app:" is no valid reference: the kubelet refuses it (InvalidImageName: invalid reference format)
          `,
        },
      },
    ],
    good: [
      {
        files: {
          'app/Chart.yaml': 'apiVersion: v2\nname: app\nversion: 1.0.0\n',
          'app/values.yaml': 'image: { registry: "", name: "", tag: "" }\n',
          'app/templates/pod.yaml': yaml`
            apiVersion: v1
            kind: Pod
            metadata: { name: given-at-install }
            spec:
              containers:
                - { name: name, image: "{{ .Values.image.name }}:v1" }
                - { name: tag, image: "ghcr.io/acme/app:{{ .Values.image.tag }}" }
                - { name: registry, image: "{{ .Values.image.registry }}/acme/app:1" }
                - { name: path, image: "ghcr.io/{{ .Values.image.name }}:1" }
          `,
        },
      },
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: fine }
        spec:
          containers:
            - { name: upper-case-host, image: MYREGISTRY/app:1 }
            - { name: port, image: "registry.example.com:5000/app" }
            - { name: ipv6, image: "[fe80::1]:5000/app" }
            - { name: upper-case-tag, image: "app:RC_1" }
            - { name: stand-in-tag, image: app:__TAG__ }
            - { name: tag-and-digest, image: "app:1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" }
            - { name: vault, image: "app:<path:secret/data/app#tag>" }
            - { name: sops, image: "ENC[AES256_GCM,data:x,type:str]" }
            - { name: ko, image: "ko://github.com/Acme/web/cmd/server" }
            - { name: image-trigger, image: " " }
            - { name: replaced-as-a-whole, image: WEB_IMAGE }
      `,
      {
        files: {
          'deployment.yaml': yaml`
            apiVersion: apps/v1
            kind: Deployment
            metadata: { name: web }
            spec:
              selector: { matchLabels: { app: web } }
              template:
                metadata: { labels: { app: web } }
                spec:
                  containers:
                    - name: web
                      image: "ghcr.io/acme/web:${'${WEB_TAG:-dev build}'}"
                    - name: proxy
                      image: "ghcr.io/acme/proxy:{{ proxy_tag }}"
          `,
          'deploy.sh': 'sed -e "s/{{ proxy_tag }}/$1/" -e "s/.{WEB_TAG:.*}/$2/" deployment.yaml | kubectl apply -f -\n',
          'release.md': 'Pass proxy_tag, then WEB_TAG.\n',
        },
      },
    ],
  },
  *check(cluster) {
    for (const workload of cluster.workloads) {
      for (const { container, path } of containersOf(workload)) {
        const { image } = container as { image?: unknown };
        const message = typeof image === 'string' ? defect(image, workload.resource, cluster) : undefined;
        if (message === undefined) continue;
        yield whenMade(workload, { resource: workload.resource, path: [...path, 'image'], message });
      }
    }
  },
} satisfies Rule;
