import type { Cluster } from '../../cluster/cluster.ts';
import { didYouMean } from '../../cluster/references/hints.ts';
import { servingOf } from '../../cluster/references/served.ts';
import type { Resource } from '../../resource.ts';
import { type Finding, type Rule, yaml } from '../../rule.ts';

export default {
  id: 'api-not-served',
  severity: 'error',
  docs: {
    summary: 'The API server must serve the apiVersion and kind of what is applied.',
    incident:
      'matchID, 2026-05: the overlay for the hosted cluster held an IngressRoute, and that cluster had no Traefik and none of its ' +
      'CustomResourceDefinitions. kubectl applied everything else and stopped at the route: the application ran, and nobody reached it. ' +
      'The same text greets manifests of apiVersions that a Kubernetes upgrade removed.',
    symptoms: [
      'no matches for kind "IngressRoute" in version "traefik.io/v1alpha1"',
      'resource mapping not found for name: "web" namespace: "" from "manifest.yaml": no matches for kind "PodDisruptionBudget" in version "policy/v1beta1"',
      'ensure CRDs are installed first',
      'unable to build kubernetes objects from release manifest: resource mapping not found',
      'the server could not find the requested resource',
    ],
    fix:
      'Use the apiVersion that the cluster serves. For a custom resource, install its CustomResourceDefinition before it, in a target of the ' +
      'same environment, or leave the object out of the overlay for this cluster.',
    facts: [
      "The apiVersions that Kubernetes has removed, against the environment's kubernetesVersion",
      'CustomResourceDefinitions that are rendered, and those under `existing`: only with them are the kinds of a cluster known',
    ],
    silent: [
      '`existing` lists no CustomResourceDefinition: what the cluster has is unknown',
      'Something here may install more definitions: a HelmRelease, an Argo CD Application, a ServiceAccount that may create them, a resource of an operator that is there itself (OLM, Crossplane …)',
      'Then, and where the definition only lies in the same directory, a version that it does not serve is a warning',
      "Bodies of requests (Eviction, Scale, …Review, …Options) and, without a configuration, kinds unlike any of Kubernetes' own",
      'Groups that an APIService serves, and those of OpenShift, Calico, Carvel and the metrics servers, which need no definition',
      'Alpha and beta kinds of Kubernetes, which feature gates switch',
    ],
    references: [
      'https://kubernetes.io/docs/reference/using-api/deprecation-guide/',
      'https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute # <- no CustomResourceDefinition of this environment defines IngressRoute in traefik.io: applying it fails with "no matches for kind"
        metadata: { name: matchid, namespace: matchid }
        spec:
          routes: [{ kind: Rule, match: Host("matchid.example.com"), services: [{ name: ui, port: 80 }] }]
        ---
        # existing
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: { name: certificates.cert-manager.io }
        spec:
          group: cert-manager.io
          names: { kind: Certificate, plural: certificates }
          scope: Namespaced
          versions: [{ name: v1, served: true, storage: true }]
      `,
      yaml`
        apiVersion: policy/v1beta1 # <- policy/v1beta1 PodDisruptionBudget is not served from Kubernetes 1.25 on: use policy/v1
        kind: PodDisruptionBudget
        metadata: { name: web }
        spec: { minAvailable: 1, selector: { matchLabels: { app: web } } }
        ---
        apiVersion: policy/v1beta1 # <- policy/v1beta1 PodSecurityPolicy is not served from Kubernetes 1.25 on, and nothing replaces it
        kind: PodSecurityPolicy
        metadata: { name: restricted }
        spec: { privileged: false }
      `,
      {
        kubernetesVersion: '1.34',
        files: {
          'web.yaml': yaml`
            apiVersion: extensions/v1beta1 # <- Kubernetes 1.34 doesn't serve extensions/v1beta1 Ingress (removed in 1.22), applying it fails with "no matches for kind": use networking.k8s.io/v1
            kind: Ingress
            metadata: { name: web }
            spec: { backend: { serviceName: web, servicePort: 80 } }
          `,
        },
      },
      yaml`
        apiVersion: batch/v1
        kind: Cronjob # <- there is no Cronjob in batch/v1, applying it fails with "no matches for kind"; did you mean "CronJob"?
        metadata: { name: backup }
        spec: { schedule: "0 3 * * *" }
        ---
        apiVersion: v1 # <- there is no Deployment in v1, applying it fails with "no matches for kind": it is apps/v1
        kind: Deployment
        metadata: { name: web }
      `,
      yaml`
        apiVersion: v1
        kind: Blueprint # <- there is no Blueprint in v1, applying it fails with "no matches for kind"
        metadata: { name: web }
        ---
        # existing
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
      `,
      yaml`
        apiVersion: external-secrets.io/v1beta1 # <- CustomResourceDefinition/externalsecrets.external-secrets.io serves v1, not v1beta1: applying it fails with "no matches for kind"
        kind: ExternalSecret
        metadata: { name: db, namespace: shop }
        spec: { secretStoreRef: { name: vault, kind: ClusterSecretStore }, dataFrom: [{ extract: { key: db } }] }
        ---
        # existing
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: { name: externalsecrets.external-secrets.io }
        spec:
          group: external-secrets.io
          names: { kind: ExternalSecret, plural: externalsecrets }
          scope: Namespaced
          versions: [{ name: v1, served: true, storage: true }, { name: v1beta1, served: false, storage: false }]
      `,
    ],
    good: [
      yaml`
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: matchid, namespace: matchid }
        spec:
          routes: [{ kind: Rule, match: Host("matchid.example.com"), services: [{ name: ui, port: 80 }] }]
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: { name: web }
        spec: { minAvailable: 1, selector: { matchLabels: { app: web } } }
        ---
        apiVersion: resource.k8s.io/v1alpha3
        kind: DeviceClass
        metadata: { name: gpu }
        spec: {}
      `,
      {
        kubernetesVersion: '1.24',
        files: {
          'web.yaml': yaml`
            apiVersion: policy/v1beta1
            kind: PodDisruptionBudget
            metadata: { name: web }
            spec: { minAvailable: 1, selector: { matchLabels: { app: web } } }
          `,
        },
      },
      yaml`
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: { name: widgets.example.com }
        spec:
          group: example.com
          names: { kind: Widget, plural: widgets }
          scope: Namespaced
          versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object } } }]
        ---
        apiVersion: example.com/v1
        kind: Widget
        metadata: { name: one, namespace: shop }
        ---
        apiVersion: example.com/v1
        kind: Gadget
        metadata: { name: one, namespace: shop }
        ---
        apiVersion: wardle.example.com/v1alpha1
        kind: Flunder
        metadata: { name: one, namespace: shop }
        ---
        apiVersion: custom.metrics.k8s.io/v1beta1
        kind: MetricValue
        metadata: { name: one, namespace: shop }
        ---
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: { name: deny-egress }
        ---
        apiVersion: data.packaging.carvel.dev/v1alpha1
        kind: PackageMetadata
        metadata: { name: shop.example.com, namespace: shop }
        ---
        apiVersion: route.openshift.io/v1
        kind: Route
        metadata: { name: shop, namespace: shop }
        spec: { to: { kind: Service, name: shop } }
        ---
        # existing
        apiVersion: apiregistration.k8s.io/v1
        kind: APIService
        metadata: { name: v1alpha1.wardle.example.com }
        spec: { group: wardle.example.com, version: v1alpha1, groupPriorityMinimum: 100, versionPriority: 100, service: { name: wardle, namespace: shop } }
        ---
        # existing
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: { name: gadgets.example.com }
        spec:
          group: example.com
          names: { kind: Gadget, plural: gadgets }
          scope: Namespaced
          versions: [{ name: v1, served: true, storage: true }]
      `,
      yaml`
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: { name: traefik, namespace: flux-system }
        spec: { interval: 1h, chart: { spec: { chart: traefik, sourceRef: { kind: HelmRepository, name: traefik } } } }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: matchid, namespace: matchid }
        spec:
          routes: [{ kind: Rule, match: Host("matchid.example.com"), services: [{ name: ui, port: 80 }] }]
        ---
        # existing
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: { name: helmreleases.helm.toolkit.fluxcd.io }
        spec:
          group: helm.toolkit.fluxcd.io
          names: { kind: HelmRelease, plural: helmreleases }
          scope: Namespaced
          versions: [{ name: v2, served: true, storage: true }]
      `,
      yaml`
        # OLM installs an operator, and the operator its definitions.
        apiVersion: operators.coreos.com/v1alpha1
        kind: Subscription
        metadata: { name: grafana-operator, namespace: monitoring }
        spec: { channel: v5, name: grafana-operator, source: operatorhubio-catalog, sourceNamespace: olm }
        ---
        apiVersion: grafana.integreatly.org/v1beta1
        kind: Grafana
        metadata: { name: grafana, namespace: monitoring }
        ---
        # existing
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: { name: subscriptions.operators.coreos.com }
        spec:
          group: operators.coreos.com
          names: { kind: Subscription, plural: subscriptions }
          scope: Namespaced
          versions: [{ name: v1alpha1, served: true, storage: true }]
      `,
      yaml`
        # The operator makes its definitions when it starts.
        apiVersion: v1
        kind: ServiceAccount
        metadata: { name: postgres-operator, namespace: data }
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: { name: postgres-operator }
        rules: [{ apiGroups: [apiextensions.k8s.io], resources: [customresourcedefinitions], verbs: [create, get, patch, update] }]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: { name: postgres-operator }
        roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: postgres-operator }
        subjects: [{ kind: ServiceAccount, name: postgres-operator, namespace: data }]
        ---
        apiVersion: acid.zalan.do/v1
        kind: postgresql
        metadata: { name: shop, namespace: data }
        ---
        # existing
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: { name: certificates.cert-manager.io }
        spec:
          group: cert-manager.io
          names: { kind: Certificate, plural: certificates }
          scope: Namespaced
          versions: [{ name: v1, served: true, storage: true }]
      `,
      yaml`
        apiVersion: policy/v1
        kind: Eviction
        metadata: { name: web, namespace: shop }
        ---
        apiVersion: autoscaling/v1
        kind: Scale
        metadata: { name: web, namespace: shop }
        ---
        apiVersion: v1
        kind: Blueprint
        metadata: { name: some-tool }
      `,
      {
        files: {
          'Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n',
          'crds/widgets.yaml': yaml`
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: { name: widgets.example.com }
            spec:
              group: example.com
              names: { kind: Widget, plural: widgets, singular: widget, listKind: WidgetList }
              scope: Namespaced
              versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object } } }]
          `,
          'templates/widget.yaml': yaml`
            apiVersion: example.com/v1
            kind: Widget
            metadata: { name: one }
          `,
          'k8s-lint.yaml': yaml`
            environments:
              prod:
                targets: [{ helm: { chart: ., release: shop, namespace: shop } }]
                existing: [existing.yaml]
          `,
          'existing.yaml': yaml`
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: { name: certificates.cert-manager.io }
            spec:
              group: cert-manager.io
              names: { kind: Certificate, plural: certificates }
              scope: Namespaced
              versions: [{ name: v1, served: true, storage: true }]
          `,
        },
      },
    ],
  },
  *check(cluster) {
    for (const resource of cluster.resources) {
      if (resource.existing) continue;
      const finding = judge(cluster, resource);
      if (finding) yield finding;
    }
  },
} satisfies Rule;

const FAILS = 'applying it fails with "no matches for kind"';

function judge(cluster: Cluster, resource: Resource): Finding | undefined {
  const { apiVersion, kind, group, version } = resource;
  const serving = servingOf(cluster, resource);
  switch (serving.state) {
    case 'removed':
      return removal(cluster.kubernetesVersion, resource, serving.since, serving.replacement);
    case 'misnamed': {
      const [first] = serving.elsewhere;
      const hint = first === undefined ? didYouMean(kind, serving.kinds) : `: it is ${serving.elsewhere.join(' or ')}`;
      // It may be the file of some tool that calls itself v1, where nobody has said that it is applied.
      if (hint === '' && !cluster.configured) return undefined;
      const path = first === undefined ? ['kind'] : ['apiVersion'];
      return { resource, path, message: `there is no ${kind} in ${apiVersion}, ${FAILS}${hint}` };
    }
    case 'version-missing':
      return {
        resource,
        path: ['apiVersion'],
        severity: serving.changing || !cluster.together(serving.definition, resource) ? 'warning' : 'error',
        message: `${serving.definition} serves ${serving.served.join(', ')}, not ${version}: ${FAILS}`,
        related: [{ message: `${serving.definition} defines ${kind}`, resource: serving.definition, path: ['spec'] }],
      };
    case 'undefined':
      return {
        resource,
        path: ['kind'],
        message: `no CustomResourceDefinition of this environment defines ${kind} in ${group}: ${FAILS}`,
      };
    default:
      return undefined;
  }
}

function removal(
  kubernetesVersion: string | undefined,
  resource: Resource,
  since: string,
  replacement: string | undefined,
): Finding | undefined {
  const what = `${resource.apiVersion} ${resource.kind}`;
  const path = ['apiVersion'];
  if (kubernetesVersion === undefined) {
    const use = replacement === undefined ? ', and nothing replaces it' : `: use ${replacement}`;
    return { resource, path, severity: 'warning', message: `${what} is not served from Kubernetes ${since} on${use}` };
  }
  const minor = Number(/^v?1\.(\d+)/.exec(kubernetesVersion)?.[1]);
  if (!(minor >= Number(since.slice(2)))) return undefined;
  const use = replacement === undefined ? '' : `: use ${replacement}`;
  const message = `Kubernetes ${kubernetesVersion} doesn't serve ${what} (removed in ${since}), ${FAILS}${use}`;
  return { resource, path, message };
}
