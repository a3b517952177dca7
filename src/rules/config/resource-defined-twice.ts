import { contestedDefinitions, differenceOf } from '../../cluster/contested.ts';
import { type Rule, yaml } from '../../rule.ts';

export default {
  id: 'resource-defined-twice',
  severity: 'warning',
  docs: {
    summary: 'One object must have one definition in an environment.',
    incident:
      'Devex, 2026-02: issuers and ingress objects of earlier attempts lay beside the current ones, some under the same names. Which of ' +
      'them the cluster held depended on what had been applied last, and each retry of the certificate met another state.',
    symptoms: [
      'Error: INSTALLATION FAILED: Unable to continue with install: ConfigMap "web" in namespace "shop" exists and cannot be imported into the current release',
      'exists and cannot be imported into the current release: invalid ownership metadata',
      'invalid ownership metadata; annotation validation error: key "meta.helm.sh/release-name" must equal',
      'Apply failed with 1 conflict: conflict with',
      'SharedResourceWarning',
    ],
    fix: 'Keep one definition, in the target that owns the object. Give the other one a name of its own, or turn it into a patch of the first.',
    facts: ['All objects that the targets of one environment render, by group, kind, namespace and name'],
    silent: [
      'The definitions are the same, or differ in the namespace of a kind that has none',
      'Helm hooks: they come and go',
      'Another environment, another namespace, or one that nobody has set in another target',
      'What `existing` holds: the rendered object replaces it',
      'Objects that only have a generateName',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/overview/working-with-objects/names/',
      'https://helm.sh/docs/topics/charts_hooks/',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: web, namespace: shop }
        data: { LOG_LEVEL: info }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: web # <- ConfigMap/web is defined twice in namespace shop, and data.LOG_LEVEL differs: what is applied last wins
          namespace: shop
        data: { LOG_LEVEL: debug }
      `,
      {
        files: {
          'k8s-lint.yaml': 'environments: { prod: { targets: [{ kustomize: shop }, { manifests: [extra.yaml] }] } }\n',
          'shop/kustomization.yaml': 'namespace: shop\nresources: [web.yaml]\n',
          'shop/web.yaml': yaml`
            apiVersion: v1
            kind: Service
            metadata: { name: web }
            spec: { selector: { app: web }, ports: [{ port: 80 }] }
          `,
          'extra.yaml': yaml`
            apiVersion: v1
            kind: Service
            metadata: { name: web, namespace: shop, labels: { app: web } } # <- Service/web is defined twice in namespace shop, with different content: what is applied last wins
            spec: { selector: { app: web }, ports: [{ port: 8080 }] }
          `,
        },
      },
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: web, namespace: shop }
        data: { LOG_LEVEL: info }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: web, namespace: shop }
        data: { LOG_LEVEL: info }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: web, namespace: staging }
        data: { LOG_LEVEL: debug }
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { generateName: import-, namespace: shop }
        spec: { template: { spec: { restartPolicy: Never, containers: [{ name: import, image: busybox:1.37 }] } } }
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: { generateName: import-, namespace: shop }
        spec: { template: { spec: { restartPolicy: Never, containers: [{ name: export, image: busybox:1.37 }] } } }
        ---
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop, namespace: shop }
        ---
        # existing
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: web, namespace: shop }
        data: { LOG_LEVEL: trace }
      `,
      {
        files: {
          'Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n',
          'templates/jobs.yaml': yaml`
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: migration, annotations: { helm.sh/hook: pre-install } }
            data: { mode: install }
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: migration, annotations: { helm.sh/hook: pre-upgrade } }
            data: { mode: upgrade }
          `,
        },
      },
      {
        files: {
          'k8s-lint.yaml': yaml`
            environments:
              prod: { targets: [{ manifests: [prod.yaml] }, { manifests: [tools.yaml] }] }
              staging: { targets: [{ manifests: [staging.yaml] }] }
          `,
          'prod.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: web }\ndata: { LOG_LEVEL: info }\n',
          'tools.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: web }\ndata: { LOG_LEVEL: debug }\n',
          'staging.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: web }\ndata: { LOG_LEVEL: trace }\n',
        },
      },
    ],
  },
  *check(cluster) {
    for (const definitions of contestedDefinitions(cluster)) {
      const [first, ...others] = definitions.filter(({ existing, hooks }) => !existing && hooks.length === 0);
      if (!first) continue;
      for (const resource of others) {
        const where = resource.namespace === undefined ? '' : ` in namespace ${resource.namespace}`;
        const path = differenceOf(first.object, resource.object);
        // The API server ignores it where the kind has none.
        if (resource.clusterScoped && path.join('.') === 'metadata.namespace') continue;
        const difference = path.length > 0 ? `, and ${path.join('.')} differs` : ', with different content';
        yield {
          resource,
          path: ['metadata', 'name'],
          message: `${resource} is defined twice${where}${difference}: what is applied last wins`,
          related: [{ message: `${first} is defined here too`, resource: first, path: ['metadata', 'name'] }],
        };
      }
    }
  },
} satisfies Rule;
