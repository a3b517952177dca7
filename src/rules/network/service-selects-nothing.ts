import { podsOfNamespace, showSelector } from '../../cluster/network/policies-selections.ts';
import { missesAllPods, selectorOf } from '../../cluster/network/services.ts';
import { didYouMean } from '../../cluster/references/hints.ts';
import { label } from '../../cluster/selectors.ts';
import { type Cluster, type Resource, type Rule, yaml } from '../../rule.ts';

export default {
  id: 'service-selects-nothing',
  severity: 'warning',
  docs: {
    summary: 'A Service’s selector must match the labels of some pod.',
    incident:
      'What operators meet, and what matchID’s overlays risk: a workload is renamed or relabelled in one overlay, its Service keeps the old ' +
      'selector. Everything applies, the pods are Running and ready, and the Service has no endpoints: clients get "connection refused", an ' +
      'ingress 503.',
    symptoms: [
      'Endpoints: <none>',
      'no endpoints available for service',
      '503 Service Temporarily Unavailable',
      'no available server',
      'Connection refused',
    ],
    fix: 'Give the Service the labels of the pod template (spec.template.metadata.labels), not those of the Deployment.',
    facts: ['The selectors of the rendered Services, and the labels of every pod template, rendered or existing.'],
    silent: [
      'No selector: its endpoints are made by hand; type ExternalName',
      'The pods that it selects have replicas 0, or are those of a Deployment that is a Helm hook and stays',
      'No workload is rendered in the Service’s namespace',
      'A custom resource, or a ServiceAccount that may create pods, may make the pods',
      'Labels that controllers, sidecar injectors or the program in the pod set at run time (job-name, role: master, vault-active)',
      'Labels, selectors or namespaces that hold placeholders; namespaces of the distribution (kube-system)',
      'Some target did not render, or a workload of the namespace is refused by its schema',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/services-networking/service/',
      'https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/#does-the-service-have-any-endpointslices',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: shop }
        spec:
          selector: # <- selector app=web matches no pod in namespace shop: Service/web has no endpoints, connections to it are refused; the pods of Deployment/web have app=webapp
            app: web
          ports: [{ port: 80 }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec:
          selector: { matchLabels: { app: webapp } }
          template:
            metadata: { labels: { app: webapp } }
            spec: { containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2' }] }
        ---
        # The labels of two workloads.
        apiVersion: v1
        kind: Service
        metadata: { name: both, namespace: shop }
        spec:
          selector: { app: webapp, tier: back } # <- selector app=webapp,tier=back matches no pod in namespace shop: Service/both has no endpoints, connections to it are refused
          ports: [{ port: 80 }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: api, namespace: shop, labels: { app: api, tier: back } }
        spec: { containers: [{ name: api, image: 'ghcr.io/example/api:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: backend, namespace: shop }
        spec:
          selector: { app: appi } # <- selector app=appi matches no pod in namespace shop: Service/backend has no endpoints, connections to it are refused; did you mean "api"?
          ports: [{ port: 80 }]
        ---
        # The pods of another namespace.
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: other, labels: { app: web } }
        spec: { containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2' }] }
        ---
        # A hook is gone when the Service is there.
        apiVersion: batch/v1
        kind: Job
        metadata: { name: migrate, namespace: shop, annotations: { helm.sh/hook: post-install } }
        spec:
          template:
            metadata: { labels: { app: web } }
            spec: { restartPolicy: Never, containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2' }] }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: exporter, namespace: shop, annotations: { helm.sh/hook: post-install } }
        spec:
          selector: { matchLabels: { app: exporter } }
          template:
            metadata: { labels: { app: exporter } }
            spec: { containers: [{ name: exporter, image: 'ghcr.io/example/exporter:1.9.0' }] }
      `,
      yaml`
        apiVersion: v1
        kind: Service
        metadata: { name: web }
        spec:
          selector: { app: web } # <- selector app=web matches no pod: Service/web has no endpoints, connections to it are refused
          ports: [{ port: 80 }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: database, labels: { app: database } }
        spec: { containers: [{ name: database, image: 'postgres:17.5' }] }
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: shop }
        spec: { selector: { app: web }, ports: [{ port: 80 }] }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: shop }
        spec:
          replicas: 0
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web, tier: front } }
            spec: { containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: by-hand, namespace: shop }
        spec: { ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: selects-nobody, namespace: shop }
        spec: { selector: {}, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: outside, namespace: shop }
        spec: { type: ExternalName, externalName: api.example.com, selector: { app: other } }
        ---
        # A hook that stays.
        apiVersion: v1
        kind: Service
        metadata: { name: exporter, namespace: shop }
        spec: { selector: { app: exporter }, ports: [{ port: 9114 }] }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: exporter, namespace: shop, annotations: { helm.sh/hook: 'post-install,post-upgrade' } }
        spec:
          selector: { matchLabels: { app: exporter } }
          template:
            metadata: { labels: { app: exporter } }
            spec: { containers: [{ name: exporter, image: 'ghcr.io/example/exporter:1.9.0' }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: each-test, namespace: shop, annotations: { helm.sh/hook: test } }
        spec: { selector: { app: test }, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: placeholder, namespace: shop }
        spec: { selector: { app: '${'$'}{APP}' }, ports: [{ port: 80 }] }
        ---
        # Set by Patroni on its own pods.
        apiVersion: v1
        kind: Service
        metadata: { name: primary, namespace: shop }
        spec: { selector: { app: web, role: master }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: active, namespace: shop }
        spec: { selector: { app: web, vault-active: 'true' }, ports: [{ port: 8200 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: first, namespace: shop }
        spec: { selector: { app: set, statefulset.kubernetes.io/pod-name: set-0 }, ports: [{ port: 80 }] }
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: set, namespace: shop }
        spec:
          serviceName: set
          selector: { matchLabels: { app: set } }
          template:
            metadata: { labels: { app: set } }
            spec: { containers: [{ name: set, image: 'ghcr.io/example/set:1.4.2' }] }
        ---
        # Nothing is rendered in its namespace.
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: elsewhere }
        spec: { selector: { app: web }, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: kube-scheduler, namespace: kube-system }
        spec: { clusterIP: None, selector: { component: kube-scheduler }, ports: [{ port: 10259 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: agent, namespace: kube-system, labels: { app: agent } }
        spec: { containers: [{ name: agent, image: 'ghcr.io/example/agent:1.4.2' }] }
      `,
      yaml`
        # An operator makes the pods.
        apiVersion: v1
        kind: Service
        metadata: { name: database, namespace: shop }
        spec: { selector: { cluster: database }, ports: [{ port: 5432 }] }
        ---
        apiVersion: databases.example.com/v1
        kind: Database
        metadata: { name: database, namespace: shop }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2' }] }
      `,
      yaml`
        # The labels of the pods are filled in later.
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: shop }
        spec: { selector: { app: web }, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: '${'$'}{APP}' } }
        spec: { containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2' }] }
      `,
      yaml`
        # The pods' manifest is refused: that is what needs to be mended.
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: shop }
        spec: { selector: { app: web }, ports: [{ port: 80 }] }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: shop }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec: { containers: { name: web, image: 'ghcr.io/example/web:1.4.2' } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: database, namespace: shop, labels: { app: database } }
        spec: { containers: [{ name: database, image: 'postgres:17.5' }] }
      `,
      yaml`
        # existing
        # A Service that exists already is a fact, and so are the pods.
        apiVersion: v1
        kind: Service
        metadata: { name: old, namespace: shop }
        spec: { selector: { app: old }, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: elsewhere }
        spec: { selector: { app: web }, ports: [{ port: 80 }] }
        ---
        # existing
        apiVersion: v1
        kind: Pod
        metadata: { name: agent, namespace: elsewhere, labels: { app: agent } }
        spec: { containers: [{ name: agent, image: 'ghcr.io/example/agent:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: database, namespace: shop, labels: { app: database } }
        spec: { containers: [{ name: database, image: 'postgres:17.5' }] }
      `,
    ],
  },
  *check(cluster) {
    for (const service of cluster.list('', 'Service')) {
      if (service.existing || service.hooks.length > 0 || !missesAllPods(cluster, service)) continue;
      const where = service.namespace === undefined ? '' : ` in namespace ${service.namespace}`;
      const selector = selectorOf(service);
      yield {
        resource: service,
        path: ['spec', 'selector'],
        message: `selector ${showSelector({ matchLabels: selector })} matches no pod${where}: ${service} has no endpoints, connections to it are refused${hint(cluster, service, selector)}`,
      };
    }
  },
} satisfies Rule;

const MOST_COMPARED = 500;

/** What the pods have whose workload is called like the Service, or a value that pods there have where the selector has another. */
function hint(cluster: Cluster, service: Resource, selector: Record<string, unknown>): string {
  const pods = podsOfNamespace(cluster, service.scope).slice(0, MOST_COMPARED);
  const namesake = pods.find(({ resource }) => resource.name === service.name);
  for (const [key, value] of Object.entries(selector)) {
    if (typeof value !== 'string') continue;
    const own = namesake && label(namesake.labels, key);
    if (own !== undefined && own !== value) return `; the pods of ${namesake?.resource} have ${key}=${own}`;
    const values = new Set(pods.flatMap(({ labels }) => label(labels, key) ?? []));
    if (!values.has(value)) return didYouMean(value, values);
  }
  return '';
}
