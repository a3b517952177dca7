import { whenMade } from '../../cluster/scheduling/postponed.ts';
import { parseImage, standInOf } from '../../cluster/workload/images.ts';
import { containersOf } from '../../cluster/workloads.ts';
import { type Rule, yaml } from '../../rule.ts';

export default {
  id: 'image-placeholder',
  severity: 'error',
  docs: {
    summary: 'An image must not be a stand-in that nobody replaced.',
    incident:
      'What operators meet: a base has the tag PLACEHOLDER, and each overlay sets the real one with images:. A new overlay forgets it, or ' +
      'misspells the name in it, which kustomize passes over in silence. Everything applies, since PLACEHOLDER is a valid tag, and then ' +
      'the pods stand in ImagePullBackOff.',
    symptoms: [
      'ImagePullBackOff',
      'ErrImagePull',
      'Failed to pull image "ghcr.io/acme/web:PLACEHOLDER": manifest unknown',
      'Failed to pull image "ghcr.io/acme/web:PLACEHOLDER": rpc error: code = NotFound desc = failed to pull and unpack image',
      'Back-off pulling image "ghcr.io/acme/web:PLACEHOLDER"',
    ],
    fix: 'Set the tag: images: in the kustomization, image.tag in the values, or the step that replaces the word before it is applied.',
    facts: ['The image of every container; the files of the repository, for a step that replaces the word'],
    silent: [
      'Lower case: todo, placeholder and changeme may be names of apps',
      'A word that is only a part of a tag or of a path component (TODO-1)',
      'A word that some file of the repository, other than the manifests, names: it may be replaced there; all of them in a stream',
      'Images that are no valid reference: image-reference-invalid reports those',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/containers/images/',
      'https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/',
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
                  image: YOUR-REGISTRY/acme/migrate:1 # <- image YOUR-REGISTRY/acme/migrate:1 still has the stand-in YOUR-REGISTRY: the pull fails (ImagePullBackOff)
              containers:
                - name: web
                  image: ghcr.io/acme/web:PLACEHOLDER # <- image ghcr.io/acme/web:PLACEHOLDER still has the stand-in PLACEHOLDER: the pull fails (ImagePullBackOff)
                - name: proxy
                  image: ghcr.io/acme/proxy:CHANGE_ME # <- image ghcr.io/acme/proxy:CHANGE_ME still has the stand-in CHANGE_ME: the pull fails (ImagePullBackOff)
                - name: whole
                  image: REPLACE_ME # <- image REPLACE_ME still has the stand-in REPLACE_ME: the pull fails (InvalidImageName)
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: todo }
        spec:
          containers:
            - { name: app, image: ghcr.io/acme/todo:1 }
            - { name: lower-case, image: "placeholder:changeme" }
            - { name: part, image: "ghcr.io/acme/web:TODO-1" }
            - { name: reported-elsewhere, image: ghcr.io/acme/PLACEHOLDER:1 }
            - { name: digest, image: web@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef }
      `,
      {
        files: {
          'pod.yaml': yaml`
            apiVersion: v1
            kind: Pod
            metadata: { name: web }
            spec:
              containers:
                - { name: web, image: ghcr.io/acme/web:PLACEHOLDER }
          `,
          'deploy.sh': 'sed "s/PLACEHOLDER/$GIT_SHA/" pod.yaml | kubectl apply -f -\n',
        },
      },
    ],
  },
  *check(cluster) {
    for (const workload of cluster.workloads) {
      for (const { container, path } of containersOf(workload)) {
        const { image } = container as { image?: unknown };
        const standIn = typeof image === 'string' ? standInOf(image) : undefined;
        if (typeof image !== 'string' || standIn === undefined || cluster.substitutes(standIn)) continue;
        const isInvalid = 'invalid' in parseImage(image);
        // What a script may replace as a whole is left to this rule by image-reference-invalid.
        if (isInvalid && !/[A-Z]_[A-Z]/.test(image)) continue;
        const reason = isInvalid ? 'InvalidImageName' : 'ImagePullBackOff';
        const message = `image ${image} still has the stand-in ${standIn}: the pull fails (${reason})`;
        yield whenMade(workload, { resource: workload.resource, path: [...path, 'image'], message });
      }
    }
  },
} satisfies Rule;
