import { sourceFindings } from '../../cluster/source-findings.ts';
import { type Rule, yaml } from '../../rule.ts';

export default {
  id: 'kustomize-orphan',
  severity: 'info',
  docs: {
    summary: 'A manifest that lies below a kustomization should be listed by it.',
    incident:
      'Algosu, sprint 81, D1: Prometheus scraped kube-state-metrics:8080 on OCI and dev alike, and nothing answered. A manifest brings ' +
      'nothing until infra/k3s/kustomization.yaml lists it too: kustomize renders what is listed, not what lies there, and says ' +
      'nothing of the file beside it. The pull request shows a new manifest, and the cluster never sees it.',
    symptoms: [
      'the object is not found in the cluster, although its manifest is merged',
      'Error from server (NotFound): deployments.apps "kube-state-metrics" not found',
    ],
    fix: 'Add the file to `resources` (or `patches`) of the kustomization, delete it, or say in a README that it is applied by hand.',
    facts: [
      'The kustomization files, and the YAML and JSON files below their directories that git does not ignore',
      'The texts of the repository, for what names the file',
    ],
    silent: [
      'The file is named by a text of the repository: a README, a script, a commented-out entry of the kustomization',
      '`kubectl apply -f` is given its directory',
      'An Application of Argo CD or a Kustomization of Flux has it, or a directory above it without a kustomization, as its `path`',
      'It is listed by a link to it',
      'k8s-lint.yaml names it: as a fact, as values, as plain manifests',
      'Its name says example, sample, template, disabled, backup',
      'It belongs to a chart or to another kustomization, or is no object for a cluster',
    ],
    references: ['https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/resource/'],
  },
  examples: {
    bad: [
      {
        files: {
          'k3s/kustomization.yaml': 'resources: [prometheus.yaml]\n',
          'k3s/prometheus.yaml': yaml`
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: prometheus }
          `,
          'k3s/kube-state-metrics.yaml': yaml`
            # Metrics of the objects in the cluster.
            apiVersion: v1 # <- no kustomization lists kube-state-metrics.yaml: ServiceAccount/kube-state-metrics and 1 more are never rendered
            kind: ServiceAccount
            metadata: { name: kube-state-metrics }
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: kube-state-metrics }
          `,
          'overlays/dev/kustomization.yaml': 'resources: [../../k3s]\n',
          'overlays/prod/kustomization.yaml': 'resources: [../../k3s]\n',
        },
      },
      {
        files: {
          // The directory that Flux is given has a kustomization, which says what is taken; the root is above everything.
          'apps/kustomization.yaml': 'resources: [sync.yaml]\n',
          'apps/sync.yaml': yaml`
            apiVersion: kustomize.toolkit.fluxcd.io/v1
            kind: Kustomization
            metadata: { name: apps, namespace: flux-system }
            spec: { interval: 1h, path: ./apps, prune: true, sourceRef: { kind: GitRepository, name: flux-system } }
            ---
            apiVersion: kustomize.toolkit.fluxcd.io/v1
            kind: Kustomization
            metadata: { name: all, namespace: flux-system }
            spec: { interval: 1h, path: ./, prune: true, sourceRef: { kind: GitRepository, name: flux-system } }
          `,
          'apps/web.yaml': yaml`
            apiVersion: v1 # <- no kustomization lists web.yaml: ConfigMap/web is never rendered
            kind: ConfigMap
            metadata: { name: web }
          `,
        },
      },
      {
        files: {
          'app/kustomization.yaml': 'resources: [web/service.yml]\n',
          'app/web/service.yml': yaml`
            apiVersion: v1
            kind: Service
            metadata: { name: web }
            spec: { ports: [{ port: 80 }] }
          `,
          // The other spelling of the name is another file.
          'app/web/service.yaml': yaml`
            apiVersion: v1 # <- no kustomization lists service.yaml: Service/web is never rendered
            kind: Service
            metadata: { name: web }
            spec: { ports: [{ port: 8080 }] }
          `,
          'README.md': 'The manifests lie in app/; my-service.yaml is not among them, nor is other/service.yaml.\n',
        },
      },
    ],
    good: [
      {
        files: {
          // Nobody knows what the kustomization above lists.
          'kustomization.yaml': 'resources: [app, app/two.yaml\n',
          'app/kustomization.yaml': 'resources: [one.yaml]\n',
          'app/one.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: one }\n',
          'app/other.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: other }\n',
        },
      },
      {
        files: {
          // A comment, a script, a README, another kustomization above, a directory that is applied.
          'app/kustomization.yaml': yaml`
            resources:
              - one.yaml
              # - debug.yaml
            patches:
              - path: patch.yaml
            configMapGenerator:
              - name: files
                files: [data.json]
          `,
          'app/one.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: one }\n',
          'app/patch.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: one }\ndata: { a: b }\n',
          'app/data.json': '{ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "data" } }\n',
          'app/debug.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: debug }\n',
          'app/burst.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: burst }\n',
          'app/README.md': 'For a burst session, apply burst.yaml by hand.\n',
          'app/namespace.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: { name: app }\n',
          'app/by-hand/job.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: job }\n',
          'app/secret.example.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: { name: secret }\n',
          'app/kind.yaml': 'apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\n',
          'app/settings.yaml': 'color: blue\n',
          'app/ignored.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ignored }\n',
          'app/.gitignore': 'ignored.yaml\n',
          'app/own/kustomization.yaml': 'resources: [own.yaml]\n',
          'app/own/own.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: own }\n',
          'app/chart/Chart.yaml': 'apiVersion: v2\nname: chart\nversion: 1.0.0\n',
          'app/chart/object.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: chart }\n',
          'scripts/up.sh': 'kubectl apply -f app/namespace.yaml\nkubectl apply -f app/by-hand/\n',
        },
      },
      {
        files: {
          // Argo CD and Flux take what lies below a directory.
          'clusters/kustomization.yaml': 'resources: [root.yaml, sync.yaml]\n',
          'clusters/root.yaml': yaml`
            apiVersion: argoproj.io/v1alpha1
            kind: Application
            metadata: { name: root, namespace: argocd }
            spec:
              project: default
              source: { repoURL: https://git.example.com/a, path: clusters/apps, directory: { recurse: true } }
              destination: { name: in-cluster, namespace: argocd }
          `,
          'clusters/sync.yaml': yaml`
            apiVersion: kustomize.toolkit.fluxcd.io/v1
            kind: Kustomization
            metadata: { name: infra, namespace: flux-system }
            spec:
              interval: 1h
              path: ./clusters/infra
              prune: true
              sourceRef: { kind: GitRepository, name: flux-system }
          `,
          'clusters/apps/team/web.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: web }\n',
          'clusters/infra/dns.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: dns }\n',
        },
      },
      {
        files: {
          'all/kustomization.yaml': 'resources: [app/listed-above.yaml, app]\n',
          'all/app/kustomization.yaml': 'resources: [one.yaml]\n',
          'all/app/one.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: one }\n',
          'all/app/listed-above.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: two }\n',
          'all/app/cluster.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: { name: default }\n',
          'k8s-lint.yaml': yaml`
            environments:
              prod:
                targets: [{ kustomize: all }]
                existing: [all/app/cluster.yaml]
          `,
        },
      },
    ],
  },
  check: (cluster) => sourceFindings(cluster, 'kustomize-orphan'),
} satisfies Rule;
