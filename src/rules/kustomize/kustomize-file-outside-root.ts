import { sourceFindings } from '../../cluster/source-findings.ts';
import { type Rule, yaml } from '../../rule.ts';

export default {
  id: 'kustomize-file-outside-root',
  severity: 'error',
  docs: {
    summary:
      'A file that a kustomization reads must stand in or below its own directory, unless load restrictions are off.',
    incident:
      'Algosu, sprint 81: the overlays in infra/overlays/ adapt what stands in infra/k3s/. A base may stand anywhere, since it is a ' +
      'kustomization of its own; a single file of it may not. An overlay that lists ../../k3s/postgres.yaml builds for the one who ' +
      'passes --load-restrictor LoadRestrictionsNone, and for nobody else: not for kubectl apply -k, Flux or Argo CD.',
    symptoms: [
      "security; file '/repo/infra/k3s/postgres.yaml' is not in or below '/repo/infra/overlays/dev'",
      "loading KV pairs: file sources: [../app.properties]: security; file '/repo/app.properties' is not in or below '/repo/overlays/dev'",
      'is not in or below',
    ],
    fix:
      'List the directory with a kustomization instead of the file, move the file below the kustomization, or make it a Component. ' +
      'Where the deployment really turns restrictions off, say so: loadRestrictor: LoadRestrictionsNone for the target in k8s-lint.yaml.',
    facts: ['The kustomization files, read before kustomize runs, and the file system'],
    silent: [
      'Directories: bases and components may stand anywhere',
      'Targets with loadRestrictor: LoadRestrictionsNone',
      'A symbolic link outside that leads to a file below the directory: what it leads to counts',
    ],
    references: [
      'https://kubectl.docs.kubernetes.io/faq/kustomize/#security-file-foo-is-not-in-or-below-bar',
      'https://github.com/kubernetes-sigs/kustomize/blob/master/api/internal/loader/loadrestrictions.go',
    ],
  },
  examples: {
    bad: [
      {
        files: {
          'k3s/postgres.yaml': yaml`
            apiVersion: v1
            kind: Service
            metadata: { name: postgres }
            spec: { ports: [{ port: 5432 }] }
          `,
          'overlays/dev/kustomization.yaml': yaml`
            resources:
              - ../../k3s/postgres.yaml # <- ../../k3s/postgres.yaml is outside the directory of this kustomization: kustomize refuses it without --load-restrictor LoadRestrictionsNone
            configMapGenerator:
              - name: settings
                files:
                  - ../settings.properties # <- ../settings.properties is outside the directory of this kustomization: kustomize refuses it without --load-restrictor LoadRestrictionsNone
          `,
          'overlays/settings.properties': 'color=blue\n',
        },
      },
    ],
    good: [
      {
        files: {
          'k3s/kustomization.yaml': 'resources: [postgres.yaml]\n',
          'k3s/postgres.yaml': yaml`
            apiVersion: v1
            kind: Service
            metadata: { name: postgres }
            spec: { ports: [{ port: 5432 }] }
          `,
          'overlays/dev/kustomization.yaml': yaml`
            resources:
              - ../../k3s
              - below/service.yaml
          `,
          'overlays/dev/below/service.yaml': yaml`
            apiVersion: v1
            kind: Service
            metadata: { name: web }
            spec: { ports: [{ port: 80 }] }
          `,
        },
      },
      {
        files: {
          'k3s/postgres.yaml': yaml`
            apiVersion: v1
            kind: Service
            metadata: { name: postgres }
            spec: { ports: [{ port: 5432 }] }
          `,
          'dev/kustomization.yaml': 'resources: [../k3s/postgres.yaml]\n',
          'k8s-lint.yaml': yaml`
            environments:
              dev: { targets: [{ kustomize: dev, loadRestrictor: LoadRestrictionsNone }] }
          `,
        },
      },
    ],
  },
  check: (cluster) => sourceFindings(cluster, 'kustomize-file-outside-root'),
} satisfies Rule;
