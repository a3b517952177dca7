import { editedAt, placeOf } from '../../cluster/connections/configured-hosts.ts';
import { type UnresolvedHost, unresolvedHosts } from '../../cluster/connections/unresolved-hosts.ts';
import { inNamespace } from '../../cluster/references/provided.ts';
import { type Finding, type Rule, yaml } from '../../rule.ts';

export default {
  id: 'host-unresolved',
  severity: 'warning',
  docs: {
    summary: 'In-cluster hosts that workloads are configured to dial must have a Service.',
    incident:
      'AlgoSu, D1: kube-state-metrics:8080 was a scrape target in the Prometheus configuration of both clusters, but no manifest of it ' +
      'had ever been written: every scrape failed, and the dashboards of Deployments stayed empty.',
    symptoms: [
      'getaddrinfo ENOTFOUND',
      'getaddrinfo EAI_AGAIN',
      'Name or service not known',
      'Temporary failure in name resolution',
      'could not translate host name',
      'dial tcp: lookup kube-state-metrics on 10.43.0.10:53: no such host',
      'no such host',
      'nginx: [emerg] host not found in upstream',
      'java.net.UnknownHostException',
      'server can’t find postgres: NXDOMAIN',
      'bad address',
    ],
    fix: 'Name the Service that is meant, with its namespace where that is another one (`name.namespace`); or render the Service that is missing.',
    facts: [
      'Hosts in env, envFrom, command, args, and in the files that are mounted from ConfigMaps and Secrets',
      'Services, rendered or in `existing`; a namespace is known where the environment is configured, renders its Namespace, or `existing` lists its Services',
    ],
    silent: [
      'ExternalName Services, the pods of headless ones, the own name, the names of known nodes and of a StatefulSet’s pods, localhost, IP addresses',
      'Hosts with other dots than those of `name.namespace` and `….svc.cluster.local`; namespaces into which nothing is rendered',
      'hostAliases, search domains and name servers of the pod’s own, hosts of a ServiceEntry; pods that don’t ask the cluster’s name server',
      'Values that aren’t known, or that a later envFrom may override; stand-ins such as none and changeme',
      'Namespaces into which a chart, an operator or a policy may put the Service; targets that don’t render',
      'A list in which another host is known, or outside of the cluster; Helm’s tests and what runs before the first installation',
      'An environment that nobody has described, unless a Service’s name differs by one slip, one of that name is in another namespace, or what else the workload dials is rendered with it',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/',
      'https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/',
    ],
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
                  image: matchid/deces-backend:1.9.2
                  env:
                    - { name: ES_HOST, value: elasticsearch }
                    - { name: REDIS_HOST, value: redis } # <- Deployment/deces-backend dials redis (REDIS_HOST), but there is no Service/redis in namespace matchid: the name doesn't resolve
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: elasticsearch, namespace: matchid }
        spec: { selector: { app: elasticsearch }, ports: [{ port: 9200 }] }
      `,
      yaml`
        apiVersion: v1
        kind: Namespace
        metadata: { name: algosu }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: prometheus-config, namespace: algosu }
        data:
          prometheus.yml: |
            global:
              scrape_interval: 15s
            scrape_configs:
              - job_name: services
                static_configs:
                  - targets: ['gateway:3000']
              - job_name: kube-state-metrics
                static_configs:
                  - targets:
                      - kube-state-metrics:8080 # <- Deployment/prometheus dials kube-state-metrics:8080 (prometheus.yml in ConfigMap/prometheus-config), but there is no Service/kube-state-metrics in namespace algosu: the name doesn't resolve
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: prometheus, namespace: algosu }
        spec:
          selector: { matchLabels: { app: prometheus } }
          template:
            metadata: { labels: { app: prometheus } }
            spec:
              containers:
                - name: prometheus
                  image: prom/prometheus:v3.4.1
                  volumeMounts: [{ name: config, mountPath: /etc/prometheus }]
              volumes: [{ name: config, configMap: { name: prometheus-config } }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: gateway, namespace: algosu }
        spec: { selector: { app: gateway }, ports: [{ port: 3000 }] }
      `,
      yaml`
        # Every form of a name, and each place where one may stand.
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: v1
        kind: Namespace
        metadata: { name: data }
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: web, namespace: shop }
        stringData:
          DATABASE_URL: postgres://web:only-an-example@postgers:5432/shop # <- Pod/web dials postgers:5432 (DATABASE_URL in Secret/web), but there is no Service/postgers in namespace shop: the name doesn't resolve; did you mean "postgres"?
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: nginx, namespace: shop }
        data:
          default.conf: |
            upstream api {
              server api-v2:8080; # <- Pod/web dials api-v2:8080 (default.conf in ConfigMap/nginx), but there is no Service/api-v2 in namespace shop: the name doesn't resolve
            }
            server {
              location /api/ { proxy_pass http://api; }
              location /legacy/ {
                proxy_pass http://legacy.data.svc.cluster.local; # <- Pod/web dials legacy.data.svc.cluster.local:80 (default.conf in ConfigMap/nginx), but there is no Service/legacy in namespace data: the name doesn't resolve
              }
            }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec:
          containers:
            - name: web
              image: ghcr.io/example/web:1.4.2
              envFrom: [{ secretRef: { name: web } }]
              env:
                - name: CACHE_HOST
                  value: cache # <- Pod/web dials cache (CACHE_HOST), but there is no Service/cache in namespace shop: the name doesn't resolve; namespace data has one
                - name: QUEUE_URL
                  value: amqp://queue.data # <- Pod/web dials queue.data:5672 (QUEUE_URL), but there is no Service/queue in namespace data: the name doesn't resolve
                - name: SEARCH_ADDR
                  value: node-0.search.data.svc:9200 # <- Pod/web dials node-0.search.data.svc:9200 (SEARCH_ADDR), but there is no Service/search in namespace data: the name doesn't resolve
              args:
                - --tracing-host=jaeger # <- Pod/web dials jaeger:6831 (args), but there is no Service/jaeger in namespace shop: the name doesn't resolve
                - --tracing-port=6831
            - name: nginx
              image: nginx:1.29.0
              volumeMounts: [{ name: nginx, mountPath: /etc/nginx/conf.d }]
          volumes: [{ name: nginx, configMap: { name: nginx } }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: postgres, namespace: shop }
        spec: { selector: { app: postgres }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: cache, namespace: data }
        spec: { selector: { app: cache }, ports: [{ port: 6379 }] }
      `,
      yaml`
        # Nobody has described this environment, but the name is nearly one that is there.
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec:
          containers:
            - name: web
              image: ghcr.io/example/web:1.4.2
              env:
                - name: DB_HOST
                  value: postgress # <- Pod/web dials postgress (DB_HOST), but there is no Service/postgress in namespace shop: the name doesn't resolve; did you mean "postgres"?
                - name: CACHE_HOST
                  value: redis
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: postgres, namespace: shop }
        spec: { selector: { app: postgres }, ports: [{ port: 5432 }] }
      `,
      yaml`
        # The value is a fact: what takes it from there is edited here.
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: shop }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers:
                - name: web
                  image: ghcr.io/example/web:1.4.2
                  env:
                    - name: DB_HOST # <- Deployment/web dials postgres (host in Secret/made-by-hand), but there is no Service/postgres in namespace shop: the name doesn't resolve
                      valueFrom: { secretKeyRef: { name: made-by-hand, key: host } }
        ---
        # existing
        apiVersion: v1
        kind: Secret
        metadata: { name: made-by-hand, namespace: shop }
        stringData: { host: postgres }
      `,
      {
        files: {
          // A template's own line, a line with an action in it, a file of the chart, and what stands in the values.
          'Chart.yaml': yaml`
            apiVersion: v2
            name: monitoring
            version: 1.0.0
          `,
          'values.yaml': yaml`
            extra: | # <- Pod/web dials from-values:80 (extra.conf in ConfigMap/prometheus), but there is no Service/from-values in namespace default: the name doesn't resolve
              location / { proxy_pass http://from-values:80; }
          `,
          'files/loki.conf': yaml`
            upstream loki { server loki-gateway:80; }
          `,
          'templates/all.yaml': yaml`
            apiVersion: v1
            kind: Namespace
            metadata: { name: {{ .Release.Namespace }} }
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: prometheus }
            data:
              prometheus.yml: |
                scrape_configs:
                  - job_name: {{ .Chart.Name }}
                    static_configs:
                      - targets: ['api:9100'] # <- Pod/web dials api:9100 (prometheus.yml in ConfigMap/prometheus), but there is no Service/api in namespace default: the name doesn't resolve
                      - targets: ['{{ .Release.Name }}-db:9187'] # <- Pod/web dials monitoring-db:9187 (prometheus.yml in ConfigMap/prometheus), but there is no Service/monitoring-db in namespace default: the name doesn't resolve
              loki.conf: |
                {{- .Files.Get "files/loki.conf" | nindent 4 }} # <- Pod/web dials loki-gateway:80 (loki.conf in ConfigMap/prometheus), but there is no Service/loki-gateway in namespace default: the name doesn't resolve
              extra.conf: |
                {{- .Values.extra | nindent 4 }}
            ---
            apiVersion: v1
            kind: Pod
            metadata: { name: web }
            spec:
              containers:
                - name: web
                  image: ghcr.io/example/web:1.4.2
                  volumeMounts: [{ name: config, mountPath: /etc/config }]
              volumes: [{ name: config, configMap: { name: prometheus } }]
          `,
        },
      },
    ],
    good: [
      yaml`
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: search-master, namespace: shop }
        spec:
          serviceName: search
          replicas: 2
          selector: { matchLabels: { app: search-master } }
          template:
            metadata: { labels: { app: search-master } }
            spec: { containers: [{ name: search, image: registry.example.com/search:1.0.0 }] }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: search-data, namespace: shop }
        spec:
          selector: { matchLabels: { app: search-data } }
          template:
            metadata: { labels: { app: search-data } }
            spec:
              containers:
                - name: search
                  image: registry.example.com/search:1.0.0
                  env: [{ name: CLUSTER_MASTER_HOSTS, value: "search-master-0,search-master-1" }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: search, namespace: shop }
        spec: { clusterIP: None, selector: { app: search-master }, ports: [{ port: 9200 }] }
        ---
        # existing
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
      `,
      yaml`
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: web, namespace: shop }
        spec:
          serviceName: web-peers
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              hostAliases: [{ ip: 10.0.0.7, hostnames: [mainframe] }]
              containers:
                - name: web
                  image: ghcr.io/example/web:1.4.2
                  env:
                    - { name: OUTSIDE_HOST, value: outside }
                    - { name: PEER_HOST, value: db-7.db }
                    - { name: PEER_ADDR, value: 'db-7.db:5432' }
                    - { name: OWN_HOST, value: web-0 }
                    - { name: LOCAL_HOST, value: localhost }
                    - { name: LOCAL_ADDR, value: '127.0.0.1:80' }
                    - { name: OTHER_HOST, value: db.example.com }
                    - { name: MAINFRAME_HOST, value: mainframe }
                    - { name: ELSEWHERE_HOST, value: prometheus.monitoring }
                    - { name: ELSEWHERE_URL, value: 'http://prometheus.monitoring.svc:9090' }
                    - { name: API_SERVER, value: 'https://kubernetes.default.svc' }
                    - { name: LEGACY_HOST, value: legacy.internal.shop }
                    - { name: FILLED_HOST, value: '\${DB_HOST}' }
                    - { name: NO_HOST, value: none }
                    - { name: WALLET_ADDRESS, value: 0x52908400098527886e0f7030069857d2e4169ee7 }
                    - { name: KC_HOSTNAME, value: auth }
                    - { name: PORT_HOST, value: '8080' }
                    - { name: CACHE_DRIVER, value: redis }
                    - { name: IMAGE, value: 'redis:7' }
                    - { name: API_ENDPOINT, value: production }
                    - { name: BROKERS, value: 'broker:9092,kafka.example.com:9092' }
                    - { name: MESH_HOST, value: payments }
                    - { name: CORS_ORIGIN, value: 'http://frontend' }
        ---
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: { name: payments, namespace: shop }
        spec: { hosts: [payments], ports: [{ number: 443, name: https, protocol: TLS }], resolution: DNS }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: outside, namespace: shop }
        spec: { type: ExternalName, externalName: db.example.com }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: shop }
        spec: { clusterIP: None, selector: { app: db }, ports: [{ port: 5432 }] }
      `,
      yaml`
        # Other name servers, other search domains.
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: own-resolver, namespace: shop }
        spec:
          dnsPolicy: None
          dnsConfig: { nameservers: [10.0.0.2] }
          containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2', env: [{ name: DB_HOST, value: db }] }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: own-domain, namespace: shop }
        spec:
          dnsConfig: { searches: [example.com] }
          containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2', env: [{ name: DB_HOST, value: db }] }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: node-resolver, namespace: shop }
        spec:
          dnsPolicy: Default
          containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2', env: [{ name: DB_HOST, value: db }] }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: test, namespace: shop, annotations: { helm.sh/hook: test } }
        spec:
          containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2', env: [{ name: DB_HOST, value: db }] }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: overridden, namespace: shop }
        spec:
          containers:
            - name: web
              image: ghcr.io/example/web:1.4.2
              envFrom: [{ configMapRef: { name: defaults } }, { secretRef: { name: by-hand } }]
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: defaults, namespace: shop }
        data: { DB_HOST: db }
      `,
      yaml`
        # An operator, and a chart, may bring the Service.
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: postgresql.cnpg.io/v1
        kind: Cluster
        metadata: { name: pg, namespace: shop }
        spec: { instances: 1, storage: { size: 1Gi } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop }
        spec:
          containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2', env: [{ name: DB_HOST, value: pg-rw }] }]
        ---
        apiVersion: v1
        kind: Namespace
        metadata: { name: data }
        ---
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: { name: redis, namespace: data }
        spec:
          interval: 1h
          chart: { spec: { chart: redis, sourceRef: { kind: HelmRepository, name: bitnami } } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: data }
        spec:
          containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2', env: [{ name: CACHE_HOST, value: redis-master }] }]
      `,
      yaml`
        # Nobody has described this environment: the database may come from elsewhere.
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop }
        spec:
          containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2', env: [{ name: DB_HOST, value: postgres }] }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: postgrest, namespace: shop }
        spec: { selector: { app: postgrest }, ports: [{ port: 80 }] }
      `,
      yaml`
        # What exists isn't judged, and is there; nodes have names, too.
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop }
        spec:
          containers:
            - name: web
              image: ghcr.io/example/web:1.4.2
              env: [{ name: DB_HOST, value: postgres }, { name: EXPORTER_URL, value: 'http://worker-1:9100' }]
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: worker-1 }
        ---
        # existing
        apiVersion: v1
        kind: Service
        metadata: { name: postgres, namespace: shop }
        spec: { ports: [{ port: 5432 }] }
        ---
        # existing
        apiVersion: v1
        kind: Pod
        metadata: { name: other, namespace: shop }
        spec:
          containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2', env: [{ name: DB_HOST, value: mysql }] }]
      `,
      {
        files: {
          // The Service may be in the target that doesn't render.
          'k8s-lint.yaml': yaml`
            environments:
              prod: { targets: [{ manifests: [app.yaml] }, { kustomize: database }] }
          `,
          'database/kustomization.yaml': yaml`
            resources: [forgotten.yaml]
          `,
          'app.yaml': yaml`
            apiVersion: v1
            kind: Pod
            metadata: { name: web, namespace: shop }
            spec:
              containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2', env: [{ name: DB_HOST, value: postgres }] }]
          `,
        },
      },
    ],
  },
  *check(cluster) {
    const seen = new Set<string>();
    for (const unresolved of unresolvedHosts(cluster)) {
      const finding = judge(unresolved);
      // Several workloads may take one value: it is edited once.
      const { group, kind, scope, name } = finding.resource;
      const id = JSON.stringify([
        group,
        kind,
        scope,
        name,
        finding.path,
        finding.offset,
        unresolved.configured.address.host,
      ]);
      if (!seen.has(id)) yield finding;
      seen.add(id);
    }
  },
} satisfies Rule;

function judge({ configured, referent, hint }: UnresolvedHost): Finding & Required<Pick<Finding, 'resource' | 'path'>> {
  const { from, address, where, declared, name } = configured;
  const dialled = typeof address.port === 'number' ? `${address.host}:${address.port}` : address.host;
  const isTaken = where.resource !== from.resource && !where.resource.existing;
  return {
    ...editedAt(configured),
    message:
      `${from.resource} dials ${dialled} (${placeOf(configured)}), but there is no Service/${referent.name}` +
      `${inNamespace(referent.scope)}: the name doesn't resolve${hint}`,
    ...(isTaken
      ? { related: [{ message: `${from.resource} takes it as ${name}`, resource: from.resource, path: declared }] }
      : {}),
  };
}
