import { inNamespace, mayBeProvided } from '../../cluster/references/provided.ts';
import { referencesOf } from '../../cluster/references/references.ts';
import { type Rule, yaml } from '../../rule.ts';

export default {
  id: 'secret-optional-absent',
  severity: 'info',
  docs: {
    summary: 'An optional Secret that nothing here provides should be a decision, not an accident.',
    incident:
      'matchID, follow-up of the pull request: the backend took its credentials from a Secret with `optional: true`, so that it would start ' +
      'in the small local cluster too. In the hosted one nobody had made the Secret, the pod started all the same, and the part that ' +
      'needed it failed later, far from the cause.',
    symptoms: ['the pod runs, and a variable or a file that should come from a Secret is not there'],
    fix:
      'Provide the Secret in every environment that needs it, by an ExternalSecret or a SealedSecret, and drop `optional`; or keep it, and ' +
      'say so in an ignore with the reason.',
    facts: [
      'References with `optional: true` to Secrets, and all that is rendered, made by controllers, or listed under `existing`',
    ],
    silent: [
      'The Secret is rendered, existing, or made by something here (ExternalSecret, SealedSecret, Certificate …)',
      'Something here may make Secrets: an operator, a HelmRelease, a ServiceAccount that may create them',
      'Without `optional`: that is reference-missing',
      'Other kinds than workloads: what Flux substitutes or takes values from',
      "A third party's chart",
    ],
    references: ['https://kubernetes.io/docs/concepts/configuration/secret/#restriction-secret-must-exist'],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: deces-backend, namespace: matchid }
        spec:
          selector: { matchLabels: { app: deces-backend } }
          template:
            metadata: { labels: { app: deces-backend } }
            spec:
              containers:
                - name: backend
                  image: matchid/deces-backend:1.9.0
                  envFrom:
                    - secretRef:
                        name: deces-backend
                        optional: true
                  env:
                    - name: TOKEN
                      valueFrom: { secretKeyRef: { name: deces-backend, key: TOKEN, optional: true } } # <- Secret/deces-backend in namespace matchid is optional, and nothing here provides it: Deployment/deces-backend starts without it
              volumes:
                - name: mail
                  secret:
                    secretName: mail # <- Secret/mail in namespace matchid is optional, and nothing here provides it: Deployment/deces-backend starts without it
                    optional: true
      `,
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: backend, namespace: matchid }
        spec:
          containers:
            - name: backend
              image: matchid/deces-backend:1.9.0
              envFrom:
                - secretRef:
                    name: backend # <- Secret/backend in namespace matchid is optional, and nothing here provides it: Pod/backend starts without it
                    optional: true
        ---
        # existing
        apiVersion: v1
        kind: Secret
        metadata: { name: other, namespace: matchid }
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: backend, namespace: matchid }
        spec:
          containers:
            - name: backend
              image: matchid/deces-backend:1.9.0
              envFrom:
                - secretRef: { name: rendered, optional: true }
                - secretRef: { name: existing, optional: true }
                - secretRef: { name: synced, optional: true }
                - configMapRef: { name: settings, optional: true }
                - secretRef: { name: needed }
        ---
        # No pod of ours starts without it.
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: { name: apps, namespace: flux-system }
        spec:
          interval: 10m
          prune: true
          path: ./apps
          sourceRef: { kind: GitRepository, name: flux-system }
          targetNamespace: apps
          postBuild: { substituteFrom: [{ kind: Secret, name: overrides, optional: true }] }
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: rendered, namespace: matchid }
        ---
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata: { name: synced, namespace: matchid }
        spec: { secretStoreRef: { kind: ClusterSecretStore, name: vault }, dataFrom: [{ extract: { key: backend } }] }
        ---
        # existing
        apiVersion: v1
        kind: Secret
        metadata: { name: existing, namespace: matchid }
        ---
        # existing
        apiVersion: v1
        kind: Secret
        metadata: { name: needed, namespace: matchid }
      `,
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: backend, namespace: matchid }
        spec:
          containers:
            - name: backend
              image: matchid/deces-backend:1.9.0
              envFrom: [{ secretRef: { name: backend, optional: true } }]
        ---
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: { name: vault, namespace: matchid }
        spec: { interval: 1h, chart: { spec: { chart: vault, sourceRef: { kind: HelmRepository, name: vault } } } }
      `,
    ],
  },
  *check(cluster) {
    for (const { resource } of cluster.workloads) {
      const references = referencesOf(cluster).get(resource) ?? [];
      const said = new Set<string>();
      for (const { path, name, referents, optional } of references) {
        const [referent] = referents;
        if (!optional || referent.kind !== 'Secret' || said.has(name) || mayBeProvided(cluster, referent)) continue;
        said.add(name);
        yield {
          resource,
          path,
          message: `Secret/${name}${inNamespace(referent.scope)} is optional, and nothing here provides it: ${resource} starts without it`,
        };
      }
    }
  },
} satisfies Rule;
