import { contested } from '../../cluster/contested.ts';
import { dependenciesOf, dependencyCycles } from '../../cluster/references/dependencies.ts';
import { hintFor } from '../../cluster/references/hints.ts';
import { inNamespace, mayBeProvided, standingOf } from '../../cluster/references/provided.ts';
import { type Rule, yaml } from '../../rule.ts';

export default {
  id: 'dependency-cycle',
  severity: 'error',
  docs: {
    summary: "What a Flux object's `dependsOn` names must exist, and must not wait for it in turn.",
    incident:
      'Oceanid: everything hung on one operator. Its stack waited for the health of a release, the release for Secrets that another ' +
      'stack was to write, and that stack for the operator. Nothing failed; nothing was reconciled either. Flux says only that a dependency ' +
      'is not ready, and tries again, forever.',
    symptoms: [
      "dependency 'flux-system/infrastructure' is not ready",
      'Dependencies do not meet ready condition, retrying in 30s',
      "dependency 'flux-system/infrastructure' not found",
    ],
    fix:
      'Take one entry out of the circle: usually the object that provides something must not wait for those that use it. For a missing one, name ' +
      'the object as it is called in its own namespace; without `namespace` it is sought beside the object that depends on it.',
    facts: [
      'Flux Kustomizations, HelmReleases and ResourceSets that are rendered and existing',
      'A missing one is known where `existing` lists the kind in that namespace; it is a warning where one is called nearly so here, or alike in another namespace',
    ],
    silent: [
      'A dependency that another repository may render: `existing` lists none of the kind in that namespace, and nothing is called alike',
      'Something here may make it: a Kustomization that renders others',
      'A long chain, or two that meet again: only a circle never ends',
      'A circle in which one waits for a `readyExpr`, or a ResourceSet without `ready: true`: what is there already may do',
      'A circle through files that only lie in one directory, without a k8s-lint.yaml: a warning',
    ],
    references: [
      'https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies',
      'https://fluxcd.io/flux/components/helm/helmreleases/#dependencies',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: { name: infrastructure, namespace: flux-system }
        spec:
          interval: 10m
          prune: true
          path: ./infrastructure
          sourceRef: { kind: GitRepository, name: flux-system }
          dependsOn:
            - name: secrets # <- Kustomization/infrastructure waits for itself: infrastructure → secrets → apps → infrastructure, none of them is ever reconciled
        ---
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: { name: secrets, namespace: flux-system }
        spec:
          interval: 10m
          prune: true
          path: ./secrets
          sourceRef: { kind: GitRepository, name: flux-system }
          dependsOn: [{ name: apps }]
        ---
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: { name: apps, namespace: flux-system }
        spec:
          interval: 10m
          prune: true
          path: ./apps
          sourceRef: { kind: GitRepository, name: flux-system }
          dependsOn: [{ name: infrastructure }]
      `,
      yaml`
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: { name: shop, namespace: apps }
        spec:
          interval: 10m
          chart: { spec: { chart: shop, sourceRef: { kind: HelmRepository, name: shop } } }
          dependsOn:
            - name: shop # <- HelmRelease/shop waits for itself, it is never reconciled
        ---
        apiVersion: fluxcd.controlplane.io/v1
        kind: ResourceSet
        metadata: { name: tenants, namespace: apps }
        spec:
          dependsOn:
            - { apiVersion: fluxcd.controlplane.io/v1, kind: ResourceSet, name: tenants, ready: true } # <- ResourceSet/tenants waits for itself, it is never reconciled
      `,
      {
        files: {
          'k8s-lint.yaml': yaml`
            environments:
              prod:
                targets: [{ manifests: [clusters/prod/*.yaml] }, { kustomize: infrastructure }, { kustomize: apps }]
          `,
          'clusters/prod/all.yaml': yaml`
            apiVersion: kustomize.toolkit.fluxcd.io/v1
            kind: Kustomization
            metadata: { name: flux-system, namespace: flux-system }
            spec: { interval: 10m, prune: true, path: ./clusters/prod, sourceRef: { kind: GitRepository, name: flux-system } }
            ---
            apiVersion: kustomize.toolkit.fluxcd.io/v1
            kind: Kustomization
            metadata: { name: infrastructure, namespace: flux-system }
            spec: { interval: 10m, prune: true, path: ./infrastructure, sourceRef: { kind: GitRepository, name: flux-system } }
            ---
            apiVersion: kustomize.toolkit.fluxcd.io/v1
            kind: Kustomization
            metadata: { name: apps, namespace: flux-system }
            spec:
              interval: 10m
              prune: true
              path: ./apps
              sourceRef: { kind: GitRepository, name: flux-system }
              dependsOn:
                - name: infrastucture # <- nothing here makes Kustomization/infrastucture in namespace flux-system: unless it is there already, Kustomization/apps waits for it forever; did you mean "infrastructure"?
          `,
          'infrastructure/kustomization.yaml': 'resources: [settings.yaml]\n',
          'infrastructure/settings.yaml':
            'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings, namespace: infra }\n',
          'apps/kustomization.yaml': 'resources: [web.yaml]\n',
          'apps/web.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: web, namespace: apps }\n',
        },
      },
      {
        files: {
          'k8s-lint.yaml': yaml`
            environments:
              prod:
                targets: [{ manifests: [clusters/prod/*.yaml] }, { kustomize: apps }]
                existing: [existing.yaml]
          `,
          'clusters/prod/apps.yaml': yaml`
            apiVersion: kustomize.toolkit.fluxcd.io/v1
            kind: Kustomization
            metadata: { name: apps, namespace: flux-system }
            spec:
              interval: 10m
              prune: true
              path: ./apps
              sourceRef: { kind: GitRepository, name: flux-system }
              dependsOn:
                - name: infra # <- there is no Kustomization/infra in namespace flux-system: Kustomization/apps waits for it forever; did you mean "infras"?
          `,
          'existing.yaml': yaml`
            apiVersion: kustomize.toolkit.fluxcd.io/v1
            kind: Kustomization
            metadata: { name: infras, namespace: flux-system }
            spec: { interval: 10m, prune: true, path: ./infrastructure, sourceRef: { kind: GitRepository, name: flux-system } }
          `,
          'apps/kustomization.yaml': 'resources: [web.yaml]\n',
          'apps/web.yaml': yaml`
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: web, namespace: apps }
          `,
        },
      },
    ],
    good: [
      yaml`
        # One asks for something else than readiness, the other for nothing but that it is there.
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: { name: web, namespace: shop }
        spec:
          interval: 10m
          chart: { spec: { chart: web, sourceRef: { kind: HelmRepository, name: shop } } }
          dependsOn: [{ name: worker, readyExpr: 'dep.status.observedGeneration >= 0' }]
        ---
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: { name: worker, namespace: shop }
        spec:
          interval: 10m
          chart: { spec: { chart: worker, sourceRef: { kind: HelmRepository, name: shop } } }
          dependsOn: [{ name: web }]
        ---
        apiVersion: fluxcd.controlplane.io/v1
        kind: ResourceSet
        metadata: { name: one, namespace: shop }
        spec: { dependsOn: [{ apiVersion: fluxcd.controlplane.io/v1, kind: ResourceSet, name: two }] }
        ---
        apiVersion: fluxcd.controlplane.io/v1
        kind: ResourceSet
        metadata: { name: two, namespace: shop }
        spec: { dependsOn: [{ apiVersion: fluxcd.controlplane.io/v1, kind: ResourceSet, name: one, ready: true }] }
      `,
      yaml`
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: { name: apps, namespace: team }
        spec: { interval: 10m, prune: true, path: ./apps, sourceRef: { kind: GitRepository, name: team }, dependsOn: [{ name: platform, namespace: flux-system }] }
        ---
        apiVersion: fluxcd.controlplane.io/v1
        kind: ResourceSet
        metadata: { name: tenants, namespace: tenants }
        ---
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: { name: web, namespace: tenants }
        spec:
          interval: 10m
          chart: { spec: { chart: web, sourceRef: { kind: HelmRepository, name: shop } } }
          dependsOn: [{ name: web-1 }]
        ---
        # existing
        apiVersion: v1
        kind: Namespace
        metadata: { name: team }
      `,
      yaml`
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: { name: web, namespace: apps }
        spec:
          interval: 10m
          chart: { spec: { chart: web, sourceRef: { kind: HelmRepository, name: shop } } }
          dependsOn: [{ name: database }, { name: queue }, { name: web, namespace: staging }, { name: operator, namespace: platform }]
        ---
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: { name: queue, namespace: apps }
        spec:
          interval: 10m
          chart: { spec: { chart: queue, sourceRef: { kind: HelmRepository, name: shop } } }
          dependsOn: [{ name: database }]
        ---
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: { name: web, namespace: staging }
        spec:
          interval: 10m
          chart: { spec: { chart: web, sourceRef: { kind: HelmRepository, name: shop } } }
          dependsOn: [{ name: database, namespace: apps }]
        ---
        # existing
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: { name: database, namespace: apps }
        spec: { interval: 10m, chart: { spec: { chart: postgres, sourceRef: { kind: HelmRepository, name: shop } } } }
      `,
      yaml`
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: { name: apps, namespace: flux-system }
        spec: { interval: 10m, prune: true, path: ./apps, sourceRef: { kind: GitRepository, name: flux-system }, dependsOn: [{ name: tenants }] }
        ---
        # existing
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: { name: flux-system, namespace: flux-system }
        spec: { interval: 10m, prune: true, path: ./clusters/prod, sourceRef: { kind: GitRepository, name: flux-system } }
        ---
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: { name: bootstrap, namespace: flux-system }
        spec: { interval: 10m, prune: true, path: ./bootstrap, sourceRef: { kind: GitRepository, name: flux-system } }
      `,
    ],
  },
  *check(cluster) {
    for (const cycle of dependencyCycles(cluster)) {
      // Pointed at where a person can change it: existing objects aren't here to be edited.
      const at = cycle.findIndex(({ resource }) => !resource.existing);
      const first = cycle[at];
      if (!first || cycle.some(({ resource }) => contested(cluster, resource))) continue;
      const round = [...cycle.slice(at), ...cycle.slice(0, at)];
      const names = [...round, first].map(({ resource }) => nameIn(first.resource.scope, resource));
      const way =
        round.length === 1 ? ', it is never reconciled' : `: ${names.join(' → ')}, none of them is ever reconciled`;
      yield {
        resource: first.resource,
        path: first.path,
        severity: round.every(({ resource }) => cluster.together(first.resource, resource)) ? 'error' : 'warning',
        message: `${first.resource} waits for itself${way}`,
        related: round.slice(1).map(({ resource, path, referent }) => ({
          message: `${resource} waits for ${referent.kind}/${referent.name}`,
          resource,
          path,
        })),
      };
    }
    for (const dependencies of dependenciesOf(cluster).values()) {
      for (const { resource, path, referent, on } of dependencies) {
        if (on || resource.existing) continue;
        const hint = hintFor(cluster, referent.name, referent);
        const known = standingOf(cluster, [referent], resource).state === 'absent';
        // Another repository may render it; one that is called nearly so, or alike elsewhere, tells that this one should.
        if (!known && (hint === '' || mayBeProvided(cluster, referent, resource))) continue;
        const { kind, name, scope } = referent;
        const where = inNamespace(scope);
        yield {
          resource,
          path,
          severity: known ? 'error' : 'warning',
          message: known
            ? `there is no ${kind}/${name}${where}: ${resource} waits for it forever${hint}`
            : `nothing here makes ${kind}/${name}${where}: unless it is there already, ${resource} waits for it forever${hint}`,
        };
      }
    }
  },
} satisfies Rule;

function nameIn(scope: string, resource: { scope: string; name: string }): string {
  return resource.scope === scope ? resource.name : `${resource.scope}/${resource.name}`;
}
