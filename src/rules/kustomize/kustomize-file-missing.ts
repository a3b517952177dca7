import { sourceFindings } from '../../cluster/source-findings.ts';
import { type Rule, yaml } from '../../rule.ts';

export default {
  id: 'kustomize-file-missing',
  severity: 'error',
  docs: {
    summary: 'Every resource, patch and generator input that a kustomization lists must exist.',
    incident:
      'Algosu, sprint 81, D1: Prometheus scraped kube-state-metrics:8080, and the manifest that should have brought it did not ' +
      'exist, on OCI as on dev. infra/k3s/kube-state-metrics.yaml was written and listed in infra/k3s/kustomization.yaml. With the ' +
      'list in one commit and the file in another, kustomize builds nothing at all: one missing file takes down every overlay.',
    symptoms: [
      "accumulating resources from 'kube-state-metrics.yaml': evalsymlink failure on",
      'lstat kube-state-metrics.yaml: no such file or directory',
      'must build at directory: not a valid directory: evalsymlink failure on',
      'failed to get the patch file from path(patch.yaml): evalsymlink failure on',
      'loading KV pairs: file sources: [app.properties]: evalsymlink failure on',
      'loading KV pairs: env source files: [app.env]: evalsymlink failure on',
    ],
    fix: 'Commit the file, correct the path (it is relative to the kustomization), or take the entry out.',
    facts: ['The kustomization files, read before kustomize runs, and the file system'],
    silent: [
      'Remote resources: nothing is downloaded, the target is counted as unchecked',
      'A file that exists and is empty: kustomize takes it',
    ],
    references: [
      'https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/resource/',
      'https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/configmapgenerator/',
    ],
  },
  examples: {
    bad: [
      {
        files: {
          'k3s/kustomization.yaml': yaml`
            resources:
              - prometheus.yaml
              - kube-state-metrics.yaml # <- kube-state-metrics.yaml does not exist: kustomize refuses to build what lists it
          `,
          'k3s/prometheus.yaml': yaml`
            apiVersion: v1
            kind: Service
            metadata: { name: prometheus }
            spec: { ports: [{ port: 9090 }] }
          `,
          'overlays/dev/kustomization.yaml': yaml`
            resources:
              - ../../k3s
            patches:
              - path: probes.yaml # <- probes.yaml does not exist: kustomize refuses to build what lists it
          `,
        },
      },
      {
        files: {
          'kustomization.yaml': yaml`
            components:
              - ../monitoring # <- ../monitoring does not exist: kustomize refuses to build what lists it
            configMapGenerator:
              - name: app
                files:
                  - config=app.properties # <- app.properties does not exist: kustomize refuses to build what lists it
                envs:
                  - app.env # <- app.env does not exist: kustomize refuses to build what lists it
            secretGenerator:
              - name: app
                env: secret.env # <- secret.env does not exist: kustomize refuses to build what lists it
            patchesStrategicMerge:
              - patch.yaml # <- patch.yaml does not exist: kustomize refuses to build what lists it
          `,
        },
      },
    ],
    good: [
      {
        files: {
          'kustomization.yaml': yaml`
            resources:
              - later.yaml
            configMapGenerator:
              - name: app
                files: [config=app.properties]
            patchesStrategicMerge:
              - |-
                apiVersion: v1
                kind: ConfigMap
                metadata: { name: app }
                data: { color: blue }
          `,
          'later.yaml': '# Written once the cluster is there.\n',
          'app.properties': 'color=red\n',
        },
      },
      { files: { 'kustomization.yaml': 'resources: ["https://example.com/missing.yaml"]\n' } },
    ],
  },
  check: (cluster) => sourceFindings(cluster, 'kustomize-file-missing'),
} satisfies Rule;
