import { editedAt, placeOf } from '../../cluster/connections/configured-hosts.ts';
import type { Connection } from '../../cluster/connections/connections.ts';
import { otherPolicies, type Refusal, type Side, type Traffic } from '../../cluster/network/network.ts';
import type { Reach } from '../../cluster/network/reachability.ts';
import { type Refused, refusedConnections } from '../../cluster/network/refused-connections.ts';
import { type Cluster, type Finding, type Related, type Resource, type Rule, yaml } from '../../rule.ts';

export default {
  id: 'network-policy-blocks-connection',
  severity: 'error',
  docs: {
    summary: 'NetworkPolicies must admit the connections that workloads are configured to make.',
    incident:
      'AlgoSu, sprint 81, G2: after the database of problem-service had been separated, DATABASE_HOST in its Secret still named the ' +
      'old one, postgres, while its NetworkPolicy admitted egress to the new one, postgres-problem, only. The init container got ' +
      'ECONNREFUSED, and the pod never started. The address was wrong, not the policy.',
    symptoms: [
      'ECONNREFUSED',
      'ETIMEDOUT',
      'connect ECONNREFUSED 10.43.12.7:5432',
      'connect ETIMEDOUT 10.43.12.7:5432',
      'dial tcp 10.43.12.7:5432: i/o timeout',
      'dial tcp 10.43.12.7:5432: connect: connection refused',
      'i/o timeout',
      'Connection timed out',
      'Connection refused',
      'context deadline exceeded',
      'could not connect to server: Connection timed out',
      'upstream connect error or disconnect/reset before headers',
    ],
    fix:
      'Where the address is stale, name the Service that is meant; where it is right, admit it: an egress rule of the client’s ' +
      'policies and an ingress rule of the server’s, both with the port that the pods listen on (the targetPort), not the Service’s.',
    facts: [
      'What a workload is told to dial: its environment, arguments, commands and mounted files',
      'Services, pods, Namespaces and NetworkPolicies, rendered and under `existing`; a Secret there may hold a host and a port without its password',
    ],
    silent: [
      'Rules without peers (`to: []`, `from: []`, absent) admit all; a pod reaches itself; kubelet probes come from the node',
      'Either end uses the host’s network',
      'An ipBlock that could hold the pod: only blocks outside the ranges that pods get addresses from surely don’t',
      'Services whose pods aren’t rendered, without selector, ExternalName; a port that the Service lacks; hosts outside the cluster',
      'Values, labels, ports and namespaces that aren’t known; a ConfigMap’s value that a later envFrom may override (unchecked)',
      'A namespace that isn’t rendered, selected by another label than kubernetes.io/metadata.name',
      'Labels by which what runs in a StatefulSet says who leads (role: master)',
      'Some of several pods behind the Service, or of several hosts in a list, is reachable',
      'A ConfigMap or Secret that several workloads take whole (envFrom, a volume), where one of them reaches the host, or is behind it',
      'The own Service, CORS origins and allowed hosts, public and advertised addresses, switched off features (X_ENABLED: "false")',
      'In files: comments, what discovery finds and relabelling rewrites, data sources that the browser asks, manifests, dashboards, rules',
      'Web addresses of containers with an HTTP_PROXY; policies that name the port of a mesh’s tunnel (15008, 4143)',
      'Cilium, Calico, Antrea or AdminNetworkPolicy objects, Kyverno rules that generate NetworkPolicies, targets that don’t render: unchecked',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/services-networking/network-policies/',
      'https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/',
      'https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/',
      'https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: v1
        kind: Secret
        metadata: { name: problem-service-secrets, namespace: algosu }
        stringData:
          DATABASE_HOST: postgres # <- Deployment/problem-service dials postgres:5432 (DATABASE_HOST in Secret/problem-service-secrets), but egress policy NetworkPolicy/problem-policy refuses it: connections time out or are refused
          DATABASE_PORT: '5432'
          DATABASE_PASSWORD: only-an-example
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: problem-service, namespace: algosu }
        spec:
          selector: { matchLabels: { app: problem-service } }
          template:
            metadata: { labels: { app: problem-service } }
            spec:
              initContainers:
                - name: wait-for-database
                  image: busybox:1.37
                  command: [sh, -c, 'until nc -z "$DATABASE_HOST" "$DATABASE_PORT"; do sleep 2; done']
                  envFrom: [{ secretRef: { name: problem-service-secrets } }]
              containers:
                - name: problem-service
                  image: ghcr.io/example/problem-service:1.4.2
                  envFrom: [{ secretRef: { name: problem-service-secrets } }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: postgres, namespace: algosu }
        spec: { selector: { app: postgres }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: postgres, namespace: algosu, labels: { app: postgres } }
        spec: { containers: [{ name: postgres, image: 'postgres:17.5' }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: postgres-problem, namespace: algosu }
        spec: { selector: { app: postgres-problem }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: postgres-problem, namespace: algosu, labels: { app: postgres-problem } }
        spec: { containers: [{ name: postgres, image: 'postgres:17.5' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: default-deny, namespace: algosu }
        spec: { podSelector: {}, policyTypes: [Egress] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: problem-policy, namespace: algosu }
        spec:
          podSelector: { matchLabels: { app: problem-service } }
          policyTypes: [Egress]
          egress:
            - ports: [{ protocol: UDP, port: 53 }, { protocol: TCP, port: 53 }]
            - to: [{ podSelector: { matchLabels: { app: postgres-problem } } }]
              ports: [{ port: 5432 }]
      `,
      yaml`
        # Both sides, and what each way to write a port misses.
        apiVersion: v1
        kind: Pod
        metadata:
          name: each-upgrade
          namespace: shop
          labels: { app: web }
          annotations: { helm.sh/hook: 'pre-install,pre-upgrade' }
        spec:
          containers:
            - name: wait
              image: busybox:1.37
              args: [nc, -z, db, '5432'] # <- Pod/each-upgrade dials db:5432 (args), but egress policy NetworkPolicy/web and ingress policy NetworkPolicy/db refuse it: connections time out or are refused
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec:
          containers:
            - name: web
              image: ghcr.io/example/web:1.4.2
              env:
                - name: API_URL
                  value: http://api # <- Pod/web dials api:80 (API_URL, pod port 8080), but ingress policy NetworkPolicy/api refuses it: connections time out or are refused
                - name: API_ADMIN_URL
                  value: http://api:81 # <- Pod/web dials api:81 (API_ADMIN_URL, pod port 9000), but ingress policy NetworkPolicy/api refuses it: connections time out or are refused
                - name: API_DEBUG_URL
                  value: http://api:82 # <- Pod/web dials api:82 (API_DEBUG_URL, pod port 9100), but ingress policy NetworkPolicy/api refuses it: connections time out or are refused
                - name: DATABASE_URL
                  value: postgres://web:secret@db:5432/shop # <- Pod/web dials db:5432 (DATABASE_URL), but egress policy NetworkPolicy/web and ingress policy NetworkPolicy/db refuse it: connections time out or are refused
                - name: METRICS_URL
                  value: http://db:9187 # <- Pod/web dials db:9187 (METRICS_URL), but egress policy NetworkPolicy/web and ingress policy NetworkPolicy/db refuse it: connections time out or are refused
                - name: FIRST_DATABASE_HOST
                  value: db-0.db # <- Pod/web dials db-0.db:5432 (FIRST_DATABASE_HOST), but egress policy NetworkPolicy/web and ingress policy NetworkPolicy/db refuse it: connections time out or are refused
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: api, namespace: shop }
        spec:
          selector: { app: api }
          ports:
            - { name: web, port: 80, targetPort: http }
            - { name: admin, port: 81, targetPort: 9000 }
            - { name: debug, port: 82, targetPort: 9100 }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: api, namespace: shop, labels: { app: api } }
        spec:
          containers:
            - name: api
              image: ghcr.io/example/api:1.4.2
              ports: [{ name: http, containerPort: 8080 }, { name: admin, containerPort: 9000, protocol: UDP }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: api, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: api } }
          ingress:
            - ports: [{ port: 80 }, { protocol: UDP, port: 8080 }, { port: 8000, endPort: 8079 }, { port: 8081, endPort: 8999 }]
            - ports: [{ port: admin }, { port: web }, { protocol: UDP }, { port: 9001, endPort: 9099 }]
            - from: [{ podSelector: { matchLabels: { app: monitor } } }]
              ports: [{ port: 9100 }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: shop }
        spec: { clusterIP: None, selector: { app: db }, ports: [{ port: 5432, targetPort: 15432 }] }
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: db, namespace: shop }
        spec:
          serviceName: db
          selector: { matchLabels: { app: db } }
          template:
            metadata: { labels: { app: db } }
            spec: { containers: [{ name: db, image: 'postgres:17.5' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: db, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: db } }
          ingress: [{ ports: [{ port: 15432 }] }]
        ---
        # Without policyTypes, egress rules isolate egress.
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          egress: [{ ports: [{ port: 15432 }, { port: 8080 }, { port: 9000 }, { port: 9100 }] }]
      `,
      yaml`
        # Across namespaces: the peer needs both selectors, in a namespace whose labels are known.
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop, labels: { team: shop } }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: web, namespace: shop }
        data:
          cache: redis://cache.data.svc.cluster.local/0 # <- CronJob/web dials cache.data.svc.cluster.local:6379 (cache in ConfigMap/web), but ingress policy NetworkPolicy/cache refuses it: connections time out or are refused
          queue: amqp://web:secret@queue.data:5672/shop # <- CronJob/web dials queue.data:5672 (queue in ConfigMap/web), but ingress policy NetworkPolicy/queue refuses it: connections time out or are refused
        ---
        apiVersion: batch/v1
        kind: CronJob
        metadata: { name: web, namespace: shop }
        spec:
          schedule: '0 * * * *'
          jobTemplate:
            spec:
              template:
                metadata: { labels: { app: web } }
                spec:
                  restartPolicy: Never
                  containers:
                    - name: web
                      image: ghcr.io/example/web:1.4.2
                      env:
                        - { name: CACHE_URL, valueFrom: { configMapKeyRef: { name: web, key: cache } } }
                        - { name: QUEUE_URL, valueFrom: { configMapKeyRef: { name: web, key: queue } } }
                      args:
                        - --search-host=search.data # <- CronJob/web dials search.data:9200 (args), but ingress policy NetworkPolicy/search refuses it: connections time out or are refused
                        - --search-port=9200
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: cache, namespace: data }
        spec: { selector: { app: cache }, ports: [{ port: 6379 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: cache, namespace: data, labels: { app: cache } }
        spec: { containers: [{ name: cache, image: 'redis:8.0.2' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: cache, namespace: data }
        spec:
          podSelector: { matchExpressions: [{ key: app, operator: In, values: [cache] }] }
          ingress:
            # In this namespace only.
            - from: [{ podSelector: { matchLabels: { app: web } } }]
            - from:
                - namespaceSelector: { matchLabels: { team: shop } }
                  podSelector: { matchLabels: { app: web-2 } }
                - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: data } }
                  podSelector: { matchLabels: { app: web } }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: queue, namespace: data }
        spec: { selector: { app: queue }, ports: [{ port: 5672 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: queue, namespace: data, labels: { app: queue } }
        spec: { containers: [{ name: queue, image: 'rabbitmq:4.1' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: queue, namespace: data }
        spec:
          podSelector: { matchLabels: { app: queue } }
          ingress:
            - from:
                - namespaceSelector: { matchExpressions: [{ key: team, operator: NotIn, values: [shop] }] }
                - namespaceSelector: { matchExpressions: [{ key: stage, operator: Exists }] }
                - ipBlock: { cidr: 203.0.113.0/24 }
                - ipBlock:
                    cidr: 0.0.0.0/0
                    except: [10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16, 198.18.0.0/15, 240.0.0.0/4]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: search, namespace: data }
        spec: { selector: { app: search }, ports: [{ port: 9200 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: search, namespace: data, labels: { app: search } }
        spec: { containers: [{ name: search, image: 'elasticsearch:9.0.2' }] }
        ---
        # Neither policyTypes nor rules: ingress is isolated.
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: search, namespace: data }
        spec: { podSelector: {} }
      `,
      yaml`
        # Facts count; what takes them is edited. A workload at rest is refused at its first scale-up.
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: shop }
        spec:
          replicas: 0
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers:
                - name: web
                  image: ghcr.io/example/web:1.4.2
                  env:
                    - name: DB_HOST # <- Deployment/web dials postgres:5432 (host in Secret/made-by-hand), but egress policy NetworkPolicy/deny refuses it: connections time out or are refused; replicas is 0: it bites at the first scale-up
                      valueFrom: { secretKeyRef: { name: made-by-hand, key: host } }
                    - { name: DB_PORT, value: '5432' }
        ---
        # existing
        apiVersion: v1
        kind: Secret
        metadata: { name: made-by-hand, namespace: shop }
        stringData: { host: postgres, password: '' }
        ---
        # existing
        apiVersion: v1
        kind: Service
        metadata: { name: postgres, namespace: shop }
        spec: { selector: { app: postgres }, ports: [{ port: 5432 }] }
        ---
        # existing
        apiVersion: v1
        kind: Pod
        metadata: { name: postgres, namespace: shop, labels: { app: postgres } }
        spec: { containers: [{ name: postgres, image: 'postgres:17.5' }] }
        ---
        # existing
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: deny, namespace: shop }
        spec: { podSelector: {}, policyTypes: [Egress] }
        ---
        # existing
        apiVersion: v1
        kind: Pod
        metadata: { name: old-web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: web, image: 'ghcr.io/example/web:1.4.1', envFrom: [{ configMapRef: { name: web } }] }] }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: web, namespace: shop }
        data: { DB_HOST: postgres }
      `,
      yaml`
        # One of the parts of a program dials what the file says, and none of them may.
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: tracing }
        data:
          tracing.yaml: |
            frontend_worker:
              frontend_address: frontend:9095 # <- Deployment/querier or one of 2 more that take it dials frontend:9095 (tracing.yaml in ConfigMap/tracing), but ingress policy NetworkPolicy/frontend refuses it: connections time out or are refused
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: compactor }
        spec:
          replicas: 0
          selector: { matchLabels: { app: compactor } }
          template:
            metadata: { labels: { app: compactor } }
            spec:
              containers:
                - { name: compactor, image: 'ghcr.io/example/tracing:2.9.0', volumeMounts: [{ name: config, mountPath: /etc/tracing }] }
              volumes: [{ name: config, configMap: { name: tracing } }]
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: querier }
        spec:
          selector: { matchLabels: { app: querier } }
          template:
            metadata: { labels: { app: querier } }
            spec:
              containers:
                - { name: querier, image: 'ghcr.io/example/tracing:2.9.0', volumeMounts: [{ name: config, mountPath: /etc/tracing }] }
                - { name: reload, image: 'ghcr.io/example/reload:0.4.1', volumeMounts: [{ name: config, mountPath: /etc/tracing }] }
              volumes: [{ name: config, configMap: { name: tracing } }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: prober, labels: { app: prober } }
        spec:
          containers:
            - { name: prober, image: 'ghcr.io/example/prober:2.9.0', volumeMounts: [{ name: config, mountPath: /etc/tracing }] }
          volumes: [{ name: config, configMap: { name: tracing } }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: frontend, labels: { app: frontend } }
        spec: { containers: [{ name: frontend, image: 'ghcr.io/example/tracing:2.9.0' }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: frontend }
        spec: { clusterIP: None, selector: { app: frontend }, ports: [{ port: 9095 }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: frontend }
        spec:
          podSelector: { matchLabels: { app: frontend } }
          ingress: [{ from: [{ podSelector: { matchLabels: { dials: frontend } } }], ports: [{ port: 9095 }] }]
      `,
      yaml`
        # Every client of a shared ConfigMap, every pod behind the Service, and every host of a list is refused.
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: shared }
        data:
          API_URL: http://api:8080 # <- Pod/one or Pod/two dials api:8080 (API_URL in ConfigMap/shared), but egress policy NetworkPolicy/dns-only refuses it: connections time out or are refused
          app.env: |
            BROKERS=kafka-0.kafka:9092,kafka-1.kafka:9092 # <- Pod/two dials kafka-0.kafka:9092 (app.env in ConfigMap/shared), but egress policy NetworkPolicy/dns-only refuses it: connections time out or are refused
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: one, labels: { app: one } }
        spec:
          containers:
            - name: one
              image: ghcr.io/example/one:1.4.2
              envFrom: [{ configMapRef: { name: shared } }]
            - name: sidecar
              image: ghcr.io/example/sidecar:1.4.2
              envFrom: [{ configMapRef: { name: shared } }]
              command:
                - sh
                - -c
                - until curl -sf http://api:8080/health; do sleep 1; done # <- Pod/one dials api:8080 (command), but egress policy NetworkPolicy/dns-only refuses it: connections time out or are refused
        ---
        # It may dial what Pod/two asks for by name.
        apiVersion: v1
        kind: Pod
        metadata: { name: three, labels: { app: three } }
        spec:
          containers:
            - name: three
              image: ghcr.io/example/three:1.4.2
              env: [{ name: CACHE_URL, valueFrom: { configMapKeyRef: { name: caches, key: url } } }]
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: caches }
        data:
          url: http://api:8080/cache # <- Pod/two dials api:8080 (url in ConfigMap/caches), but egress policy NetworkPolicy/dns-only refuses it: connections time out or are refused
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: two, labels: { app: two } }
        spec:
          containers:
            - name: two
              image: ghcr.io/example/two:1.4.2
              envFrom: [{ configMapRef: { name: shared } }]
              env: [{ name: CACHE_URL, valueFrom: { configMapKeyRef: { name: caches, key: url } } }]
              volumeMounts: [{ name: config, mountPath: /etc/two }]
          volumes: [{ name: config, configMap: { name: shared } }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: api }
        spec: { selector: { part: api }, ports: [{ port: 8080 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: api-blue, labels: { part: api, colour: blue } }
        spec: { containers: [{ name: api, image: 'ghcr.io/example/api:1.4.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: api-green, labels: { part: api, colour: green } }
        spec: { containers: [{ name: api, image: 'ghcr.io/example/api:1.4.3' }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: kafka }
        spec: { clusterIP: None, selector: { app: kafka }, ports: [{ port: 9092 }] }
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: kafka }
        spec:
          serviceName: kafka
          selector: { matchLabels: { app: kafka } }
          template:
            metadata: { labels: { app: kafka } }
            spec: { containers: [{ name: kafka, image: 'apache/kafka:4.0.0' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: dns-only }
        spec:
          podSelector: { matchExpressions: [{ key: app, operator: In, values: [one, two] }] }
          policyTypes: [Egress]
          egress: [{ to: [], ports: [{ protocol: UDP, port: 53 }] }]
      `,
      yaml`
        # The files that programs read: the line in the ConfigMap is what is edited.
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: prometheus, namespace: shop }
        data:
          prometheus.yml: |
            global: { scrape_interval: 30s }
            scrape_configs:
              - job_name: pods
                kubernetes_sd_configs: [{ role: pod }]
              - job_name: api
                static_configs:
                  - targets:
                      - localhost:9090
                      - api:9100 # <- Deployment/prometheus dials api:9100 (prometheus.yml in ConfigMap/prometheus), but ingress policy NetworkPolicy/api refuses it: connections time out or are refused
                      - api:8080
            alerting:
              alertmanagers:
                - static_configs: [{ targets: ['api:9093'] }] # <- Deployment/prometheus dials api:9093 (prometheus.yml in ConfigMap/prometheus), but ingress policy NetworkPolicy/api refuses it: connections time out or are refused
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: grafana, namespace: shop }
        stringData:
          datasources.yaml: |
            apiVersion: 1
            datasources:
              - name: Database
                type: postgres
                url: db:5432 # <- Deployment/prometheus dials db:5432 (datasources.yaml in Secret/grafana), but ingress policy NetworkPolicy/db refuses it: connections time out or are refused
                secureJsonData: { password: only-an-example }
              - { name: Direct, type: loki, access: direct, url: 'http://api:9100' }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: web, namespace: shop }
        data:
          default.conf: |
            upstream backend {
              # server api:9100;
              server api:9093; # <- Deployment/prometheus dials api:9093 (default.conf in ConfigMap/web), but ingress policy NetworkPolicy/api refuses it: connections time out or are refused
            }
            server {
              location / { proxy_pass http://backend; }
            }
          application.properties: |
            # spring.datasource.url=jdbc:postgresql://db:5432/old
            spring.datasource.url=jdbc:postgresql://db:5432/shop # <- Deployment/prometheus dials db:5432 (application.properties in ConfigMap/web), but ingress policy NetworkPolicy/db refuses it: connections time out or are refused
            cors.allowed-origins=http://api:9100
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: prometheus, namespace: shop }
        spec:
          selector: { matchLabels: { app: prometheus } }
          template:
            metadata: { labels: { app: prometheus } }
            spec:
              containers:
                - name: prometheus
                  image: prom/prometheus:v3.4.1
                  volumeMounts:
                    - { name: prometheus, mountPath: /etc/prometheus/prometheus.yml, subPath: prometheus.yml }
                - name: grafana
                  image: grafana/grafana:12.0.2
                  volumeMounts: [{ name: grafana, mountPath: /etc/grafana/provisioning/datasources }]
                - name: web
                  image: nginx:1.29.0
                  volumeMounts: [{ name: web, mountPath: /etc/web }]
              volumes:
                - { name: prometheus, configMap: { name: prometheus } }
                - { name: grafana, secret: { secretName: grafana } }
                - { name: web, projected: { sources: [{ configMap: { name: web } }] } }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: api, namespace: shop }
        spec:
          selector: { app: api }
          ports: [{ name: web, port: 8080 }, { name: metrics, port: 9100 }, { name: alerts, port: 9093 }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: api, namespace: shop, labels: { app: api } }
        spec: { containers: [{ name: api, image: 'ghcr.io/example/api:1.4.2' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: api, namespace: shop }
        spec: { podSelector: { matchLabels: { app: api } }, ingress: [{ ports: [{ port: 8080 }] }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: shop }
        spec: { selector: { app: db }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: shop, labels: { app: db } }
        spec: { containers: [{ name: db, image: 'postgres:17.5' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: db, namespace: shop }
        spec: { podSelector: { matchLabels: { app: db } } }
      `,
      {
        files: {
          // A generator's file is pointed at itself, a literal and a patch where they stand.
          'kustomization.yaml': yaml`
            namespace: shop
            resources: [app.yaml]
            configMapGenerator:
              - name: config
                files: [app.toml]
                literals:
                  - |
                    queue.yaml=name: jobs
                    broker:
                      url: amqp://db:5672 # <- Deployment/app dials db:5672 (queue.yaml in ConfigMap/config), but ingress policy NetworkPolicy/deny refuses it: connections time out or are refused
                  - app.env=DATABASE_URL=postgres://db:5432/old # <- Deployment/app dials db:5432 (app.env in ConfigMap/config), but ingress policy NetworkPolicy/deny refuses it: connections time out or are refused
            secretGenerator:
              - name: secret
                files: [service.env]
            patches:
              - path: patch.yaml
          `,
          'app.toml': yaml`
            [server]
            host = "app"

            [database]
            host = "db" # <- Deployment/app dials db:5432 (app.toml in ConfigMap/config), but ingress policy NetworkPolicy/deny refuses it: connections time out or are refused
            port = 5432
          `,
          'service.env': yaml`
            LOG_LEVEL=info
            DATABASE_URL=postgres://app:only-an-example@db:5432/shop # <- Deployment/app dials db:5432 (service.env in Secret/secret), but ingress policy NetworkPolicy/deny refuses it: connections time out or are refused
          `,
          'patch.yaml': yaml`
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: patched }
            data:
              app.json: |
                {
                  "database": {
                    "host": "db", # <- Deployment/app dials db:5432 (app.json in ConfigMap/patched), but ingress policy NetworkPolicy/deny refuses it: connections time out or are refused
                    "port": 5432
                  }
                }
          `,
          'app.yaml': yaml`
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: patched }
            data: { app.json: '{}' }
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: { name: app }
            spec:
              selector: { matchLabels: { app: app } }
              template:
                metadata: { labels: { app: app } }
                spec:
                  containers:
                    - name: app
                      image: ghcr.io/example/app:1.4.2
                      volumeMounts:
                        - { name: config, mountPath: /etc/config }
                        - { name: secret, mountPath: /etc/secret }
                        - { name: patched, mountPath: /etc/patched }
                  volumes:
                    - { name: config, configMap: { name: config } }
                    - { name: secret, secret: { secretName: secret } }
                    - { name: patched, configMap: { name: patched } }
            ---
            apiVersion: v1
            kind: Service
            metadata: { name: db }
            spec: { selector: { app: db }, ports: [{ name: db, port: 5432 }, { name: queue, port: 5672 }] }
            ---
            apiVersion: v1
            kind: Pod
            metadata: { name: db, labels: { app: db } }
            spec: { containers: [{ name: db, image: 'postgres:17.5' }] }
            ---
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: { name: deny }
            spec: { podSelector: { matchLabels: { app: db } }, policyTypes: [Ingress] }
          `,
        },
      },
    ],
    good: [
      yaml`
        # The file tells the members of a ring where they meet; the prober takes it for something else, and reads no variable of it either.
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: tracing }
        data:
          RING_URL: http://ring:7946
          tracing.yaml: |
            memberlist: { join_members: ['ring:7946'] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: ingester, labels: { app: ingester } }
        spec:
          containers:
            - name: ingester
              image: ghcr.io/example/tracing:2.9.0
              envFrom: [{ configMapRef: { name: tracing } }]
              volumeMounts: [{ name: config, mountPath: /etc/tracing }]
          volumes: [{ name: config, configMap: { name: tracing } }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: prober, labels: { app: prober } }
        spec:
          containers:
            - name: prober
              image: ghcr.io/example/prober:2.9.0
              envFrom: [{ configMapRef: { name: tracing } }]
              volumeMounts: [{ name: config, mountPath: /etc/tracing }]
          volumes: [{ name: config, configMap: { name: tracing } }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: ring }
        spec: { clusterIP: None, selector: { app: ingester }, ports: [{ port: 7946 }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: ring }
        spec:
          podSelector: { matchLabels: { app: ingester } }
          ingress: [{ from: [{ podSelector: { matchLabels: { app: ingester } } }], ports: [{ port: 7946 }] }]
      `,
      yaml`
        # Patroni labels the pod that leads.
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [{ name: web, image: 'web:1', env: [{ name: PGHOST, value: db }] }] }
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: db, namespace: shop }
        spec:
          serviceName: db
          selector: { matchLabels: { app: db } }
          template:
            metadata: { labels: { app: db } }
            spec: { containers: [{ name: db, image: 'spilo:17', ports: [{ containerPort: 5432 }] }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: shop }
        spec: { selector: { app: db }, ports: [{ port: 5432 }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: deny, namespace: shop }
        spec: { podSelector: {}, policyTypes: [Ingress, Egress] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          policyTypes: [Egress]
          egress: [{ to: [{ podSelector: { matchLabels: { role: master } } }] }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: leader, namespace: shop }
        spec: { podSelector: { matchLabels: { role: master } }, ingress: [{ from: [{ podSelector: {} }] }] }
      `,
      yaml`
        # Every way to admit, at its edge.
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web, role: client } }
        spec:
          containers:
            - name: web
              image: ghcr.io/example/web:1.4.2
              env:
                - { name: API_URL, value: 'http://api' }
                - { name: API_ADMIN_URL, value: 'http://api:81' }
                - { name: API_RANGE_URL, value: 'http://api:83' }
                - { name: API_RANGE_END_URL, value: 'http://api:84' }
                - { name: DB_HOST, value: db }
                - { name: DB_PORT, value: '5432' }
                - { name: CACHE_HOST, value: cache.data }
                - { name: SEARCH_URL, value: 'http://search.data:9200' }
                - { name: API_URL_OF_NO_PORT, value: 'http://api:99' }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: api, namespace: shop }
        spec:
          selector: { app: api }
          ports:
            - { name: web, port: 80, targetPort: http }
            - { name: admin, port: 81, targetPort: 9000 }
            - { name: range, port: 83, targetPort: 9200 }
            - { name: range-end, port: 84, targetPort: 9300 }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: api, namespace: shop, labels: { app: api } }
        spec:
          containers:
            - { name: api, image: 'ghcr.io/example/api:1.4.2', ports: [{ name: http, containerPort: 8080 }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: api, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: api } }
          ingress:
            - from: [{ podSelector: { matchLabels: { role: client } } }]
              ports: [{ port: http }]
            - ports: [{ port: 9000 }, { port: 9200, endPort: 9300 }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: shop }
        spec: { clusterIP: None, selector: { app: db }, ports: [{ port: 5432, targetPort: 15432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: shop, labels: { app: db } }
        spec: { containers: [{ name: db, image: 'postgres:17.5' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: deny-all, namespace: shop }
        spec: { podSelector: {}, policyTypes: [Ingress, Egress] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: db, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: db } }
          policyTypes: [Ingress]
          ingress: [{ from: [], ports: [{ port: 5432 }] }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          policyTypes: [Egress]
          egress:
            - to: [{ podSelector: { matchLabels: { app: api } } }]
            - to: []
              ports: [{ port: 5432 }]
            - to: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: data } } }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: cache, namespace: data }
        spec: { selector: { app: cache }, ports: [{ port: 6379 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: cache, namespace: data, labels: { app: cache } }
        spec: { containers: [{ name: cache, image: 'redis:8.0.2' }] }
        ---
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop, labels: { team: shop } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: cache, namespace: data }
        spec:
          podSelector: { matchLabels: { app: cache } }
          ingress:
            - from:
                - namespaceSelector: { matchLabels: { team: shop } }
                  podSelector: { matchLabels: { app: web } }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: search, namespace: data }
        spec: { selector: { app: search }, ports: [{ port: 9200 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: search, namespace: data, labels: { app: search } }
        spec: { containers: [{ name: search, image: 'elasticsearch:9.0.2' }] }
        ---
        # It has egress rules, and says that it is for ingress only.
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: search, namespace: data }
        spec:
          podSelector: { matchLabels: { app: search } }
          policyTypes: [Ingress]
          egress: [{ ports: [{ port: 53 }] }]
          ingress: [{ from: [{ namespaceSelector: {} }] }]
      `,
      yaml`
        # Nobody can know.
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec:
          containers:
            - name: web
              image: ghcr.io/example/web:1.4.2
              envFrom:
                - configMapRef: { name: web }
                - secretRef: { name: made-by-hand }
              env:
                - { name: BLOCK_HOST, value: block.data }
                - { name: INTERNET_HOST, value: internet.data }
                - { name: LABEL_HOST, value: label.data }
                - { name: NODE_HOST, value: node }
                - { name: MANUAL_HOST, value: manual }
                - { name: GONE_HOST, value: gone }
                - { name: OUTSIDE_HOST, value: outside }
                - { name: DATABASE_URL, value: 'postgres://db.example.com/shop' }
                - { name: FILLED_IN_HOST, value: '${'${DATABASE_HOST}'}' }
                - { name: SEALED_HOST, valueFrom: { secretKeyRef: { name: sealed, key: host } } }
                - { name: SOME_HOSTS, value: 'node:80,label.data:80' }
                - { name: FALLBACK_HOSTS, value: 'db.example.com:5432,closed:5432' }
                - { name: EITHER_HOST, value: either }
                - { name: MORE_HOST, value: more }
                - { name: PORT_HOST, value: port }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: web, namespace: shop }
        data: { CLOSED_HOST: closed }
        ---
        apiVersion: bitnami.com/v1alpha1
        kind: SealedSecret
        metadata: { name: sealed, namespace: shop }
        spec: { encryptedData: { host: AgBy3i4OJSWK } }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: block, namespace: data }
        spec: { selector: { app: block }, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: block, namespace: data, labels: { app: block } }
        spec: { containers: [{ name: block, image: 'nginx:1.29.0' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: block, namespace: data }
        spec:
          podSelector: { matchLabels: { app: block } }
          ingress: [{ from: [{ ipBlock: { cidr: 10.42.0.0/16 } }] }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: internet, namespace: data }
        spec: { selector: { app: internet }, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: internet, namespace: data, labels: { app: internet } }
        spec: { containers: [{ name: internet, image: 'nginx:1.29.0' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: internet, namespace: data }
        spec:
          podSelector: { matchLabels: { app: internet } }
          ingress:
            - from: [{ ipBlock: { cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16] } }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: label, namespace: data }
        spec: { selector: { app: label }, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: label, namespace: data, labels: { app: label } }
        spec: { containers: [{ name: label, image: 'nginx:1.29.0' }] }
        ---
        # The Namespace shop isn't rendered: it may have that label.
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: label, namespace: data }
        spec:
          podSelector: { matchLabels: { app: label } }
          ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: shop } } }] }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: node, namespace: shop }
        spec: { selector: { app: node }, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: node, namespace: shop, labels: { app: node } }
        spec: { hostNetwork: true, containers: [{ name: node, image: 'nginx:1.29.0' }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: manual, namespace: shop }
        spec: { ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: gone, namespace: shop }
        spec: { selector: { app: gone }, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: outside, namespace: shop }
        spec: { type: ExternalName, externalName: db.example.com }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: closed, namespace: shop }
        spec: { selector: { app: closed }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: closed, namespace: shop, labels: { app: closed } }
        spec: { containers: [{ name: closed, image: 'postgres:17.5' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: closed, namespace: shop }
        spec: { podSelector: { matchExpressions: [{ key: app, operator: In, values: [closed, node] }] } }
        ---
        # Pods whose label is filled in later may be behind it, too.
        apiVersion: v1
        kind: Service
        metadata: { name: more, namespace: shop }
        spec: { selector: { app: closed, part: more }, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: more-closed, namespace: shop, labels: { app: closed, part: more } }
        spec: { containers: [{ name: more, image: 'nginx:1.29.0' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: more-unknown, namespace: shop, labels: { app: '${'${APP}'}', part: more } }
        spec: { containers: [{ name: more, image: 'nginx:1.29.0' }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: port, namespace: shop }
        spec: { selector: { app: closed }, ports: [{ port: 80, targetPort: '${'${PORT}'}' }, { name: web, port: 81, targetPort: 80 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: either, namespace: shop }
        spec: { selector: { part: either }, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: either-open, namespace: shop, labels: { part: either } }
        spec: { containers: [{ name: either, image: 'nginx:1.29.0' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: either-closed, namespace: shop, labels: { part: either, app: closed } }
        spec: { containers: [{ name: either, image: 'nginx:1.29.0' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: on-the-node, namespace: shop }
        spec:
          hostNetwork: true
          dnsPolicy: ClusterFirstWithHostNet
          containers: [{ name: agent, image: 'ghcr.io/example/agent:1.4.2', env: [{ name: DB_HOST, value: closed }] }]
      `,
      yaml`
        # Nobody dials: all egress is refused, and nothing here needs any.
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: no-egress }
        spec: { podSelector: { matchLabels: { egress: none } }, policyTypes: [Egress] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: web }
        spec: { selector: { app: web }, ports: [{ port: 80 }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: redis }
        spec: { selector: { app: redis }, ports: [{ port: 6379 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: redis, labels: { app: redis } }
        spec: { containers: [{ name: redis, image: 'redis:8.0.2' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, labels: { app: web, egress: none } }
        spec:
          containers:
            - name: web
              image: ghcr.io/example/web:1.4.2
              command: [sh, -c, 'echo "redis:6379 is not needed"; exec web # redis://redis:6379']
              args: [--name=redis, redis]
              env:
                - { name: ADVERTISED_URL, value: 'http://redis:6379' }
                - { name: OWN_URL_OF_WEB, value: 'http://web' }
                - { name: CORS_ORIGINS, value: 'http://redis:6379' }
                - { name: NO_PROXY, value: 'redis,redis:6379' }
                - { name: OTEL_SERVICE_NAME, value: redis }
                - { name: CACHE_DRIVER, value: redis }
                - { name: CACHE_IMAGE, value: 'redis:6379' }
                - { name: REDIS_ENABLED, value: 'false' }
                - { name: REDIS_HOST, value: redis }
              readinessProbe: { exec: { command: [redis-cli, -h, redis, ping] } }
              livenessProbe: { httpGet: { path: /, port: 80 } }
        ---
        # The ConfigMap is for the worker: it may dial.
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: shared }
        data: { QUEUE_URL: 'redis://redis:6379', app.env: 'QUEUE=redis://redis:6379' }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: test }
        data: { URL: 'http://redis:6379' }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: frontend, labels: { egress: none } }
        spec:
          containers:
            - name: frontend
              image: nginx:1.29.0
              envFrom: [{ configMapRef: { name: shared } }]
              volumeMounts: [{ name: shared, mountPath: /etc/shared }]
          volumes: [{ name: shared, configMap: { name: shared } }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: worker, labels: { app: worker } }
        spec:
          containers:
            - name: worker
              image: ghcr.io/example/worker:1.4.2
              envFrom: [{ configMapRef: { name: shared } }]
              volumeMounts: [{ name: shared, mountPath: /etc/shared }]
          volumes: [{ name: shared, configMap: { name: shared } }]
        ---
        apiVersion: v1
        kind: Pod
        metadata:
          name: first-installation
          labels: { egress: none }
          annotations: { helm.sh/hook: pre-install }
        spec:
          containers:
            - { name: wait, image: 'busybox:1.37', args: [nc, -z, redis, '6379'] }
        ---
        apiVersion: v1
        kind: Pod
        metadata:
          name: smoke-test
          labels: { egress: none }
          annotations: { helm.sh/hook: test }
        spec:
          containers:
            - { name: test, image: 'curlimages/curl:8.14.1', envFrom: [{ configMapRef: { name: test } }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata:
          name: smoke-test-of-old-helm
          labels: { egress: none }
          annotations: { helm.sh/hook: test-success }
        spec:
          containers:
            - { name: test, image: 'curlimages/curl:8.14.1', envFrom: [{ configMapRef: { name: test } }] }
      `,
      yaml`
        # A peer set of one workload, and a policy that may be in any namespace.
        apiVersion: v1
        kind: Service
        metadata: { name: kafka, namespace: shop }
        spec: { clusterIP: None, selector: { app: kafka }, ports: [{ port: 9093 }] }
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: kafka, namespace: shop }
        spec:
          serviceName: kafka
          selector: { matchLabels: { app: kafka } }
          template:
            metadata: { labels: { app: kafka } }
            spec:
              containers:
                - name: kafka
                  image: apache/kafka:4.0.0
                  env: [{ name: KAFKA_CONTROLLER_QUORUM_VOTERS, value: '0@kafka-0.kafka:9093,1@kafka-1.kafka:9093' }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec:
          containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2', env: [{ name: BROKERS, value: 'kafka:9093' }] }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: kafka, namespace: shop }
        spec: { podSelector: { matchLabels: { app: kafka } }, policyTypes: [Ingress, Egress] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: where }
        spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] }
      `,
      yaml`
        # Cilium decides, too.
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: { name: allow, namespace: shop }
        spec: { endpointSelector: {}, ingress: [{ fromEndpoints: [{}] }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: deny, namespace: shop }
        spec: { podSelector: {} }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: shop }
        spec: { selector: { app: db }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: shop, labels: { app: db } }
        spec: { containers: [{ name: db, image: 'postgres:17.5' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec:
          containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2', env: [{ name: DB_HOST, value: db }] }]
      `,
      {
        files: {
          // What admits the connection may be in the target that doesn't render.
          'k8s-lint.yaml': yaml`
            environments:
              prod: { targets: [{ manifests: [app.yaml] }, { kustomize: policies }] }
          `,
          'policies/kustomization.yaml': yaml`
            resources: [forgotten.yaml]
          `,
          'app.yaml': yaml`
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: { name: deny, namespace: shop }
            spec: { podSelector: {} }
            ---
            apiVersion: v1
            kind: Service
            metadata: { name: db, namespace: shop }
            spec: { selector: { app: db }, ports: [{ port: 5432 }] }
            ---
            apiVersion: v1
            kind: Pod
            metadata: { name: db, namespace: shop, labels: { app: db } }
            spec: { containers: [{ name: db, image: 'postgres:17.5' }] }
            ---
            apiVersion: v1
            kind: Pod
            metadata: { name: web, namespace: shop, labels: { app: web } }
            spec:
              containers: [{ name: web, image: 'ghcr.io/example/web:1.4.2', env: [{ name: DB_HOST, value: db }] }]
          `,
        },
      },
    ],
  },
  *check(cluster) {
    if (cluster.list('networking.k8s.io', 'NetworkPolicy').length === 0) return;
    const other = otherPolicies(cluster);
    if (other) {
      const reason = `${other} decides on connections, too, and is not evaluated`;
      yield { unchecked: 'connections against NetworkPolicies', reason };
      return;
    }
    let uncertain = 0;
    for (const refused of refusedConnections(cluster)) {
      const { connection } = refused;
      if (!cluster.complete) uncertain++;
      else if (connection.unless !== undefined) {
        yield {
          unchecked: `${connection.from.resource} to ${addressOf(connection)} (${placeOf(connection)}), which policies refuse`,
          reason: `${connection.unless} may set another address: render it, or list it with its keys under existing`,
          resource: connection.from.resource,
        };
      } else yield finding(cluster, refused);
    }
    if (uncertain > 0) {
      yield {
        unchecked: `${uncertain} connections that the NetworkPolicies of the rendered targets refuse`,
        reason: 'a target did not render, and what admits them may be in it',
      };
    }
  },
} satisfies Rule;

function finding(cluster: Cluster, { connection, reach: { refused }, others }: Refused): Finding {
  const { from, where, declared, name } = connection;
  const [first] = refused;
  if (!first) throw new Error('a refused connection has traffic that is refused');
  const sides = (['egress', 'ingress'] as const).flatMap((side) => {
    const [nearest] = first.verdict[side].refusals;
    return nearest ? [`${side} policy ${nearest.policy}`] : [];
  });
  const refuse = `${sides.join(' and ')} ${sides.length > 1 ? 'refuse' : 'refuses'} it`;
  const isIdle = from.replicas === 0;
  const bites = isIdle ? '; replicas is 0: it bites at the first scale-up' : '';
  const target = `${addressOf(connection)} (${[placeOf(connection), ...podPortOf(connection, refused)].join(', ')})`;
  const taken: Related = { message: `${from.resource} takes it as ${name}`, resource: from.resource, path: declared };
  const given: Related = {
    message: `${where.resource} holds it`,
    resource: where.resource,
    path: where.path,
    offset: where.offset,
  };
  const isElsewhere = where.resource !== from.resource;
  const related = isElsewhere ? [where.resource.existing ? given : taken] : [];
  const [other] = others;
  const more =
    others.length > 1 ? ` or one of ${others.length} more that take it` : other ? ` or ${other.from.resource}` : '';
  return {
    ...editedAt(connection),
    message: `${from.resource}${more} dials ${target}, but ${refuse}: connections time out or are refused${bites}`,
    ...(isIdle || !isSure(cluster, connection, refused) ? { severity: 'warning' } : {}),
    related: [...(['egress', 'ingress'] as const).flatMap((side) => refusals(side, first)), ...related],
  };
}

/** Whether the client, the Service, some pod behind it and a policy that refuses it surely meet in the cluster. */
function isSure(cluster: Cluster, { from, where, service }: Connection, refused: Reach['refused']): boolean {
  const meets = (resource: Resource) => cluster.together(from.resource, resource);
  if (![where.resource, service].every(meets)) return false;
  return refused.some(({ traffic, verdict }) => {
    const refusals = [...verdict.egress.refusals, ...verdict.ingress.refusals];
    return (
      meets(traffic.server.resource) && refusals.some(({ policy }) => meets(policy as Resource<unknown> as Resource))
    );
  });
}

const MOST_RELATED = 5;

function refusals(side: Side, { traffic, verdict }: Reach['refused'][number]): Related[] {
  return verdict[side].refusals.slice(0, MOST_RELATED).map((refusal) => ({
    message: `${refusal.policy} ${explain(side, refusal, traffic)}`,
    resource: refusal.policy as Resource<unknown> as Resource,
    path: refusal.path,
  }));
}

function explain(side: Side, { lacks }: Refusal, { client, server, port, protocol }: Traffic): string {
  const [own, peer] = side === 'egress' ? [client, server] : [server, client];
  const numbered = `${protocol} ${port}`;
  if (lacks === 'rules') return `isolates ${own.resource} for ${side} and admits nothing`;
  if (lacks === 'peer') return `admits ${numbered}, but not ${side === 'egress' ? 'to' : 'from'} ${peer.resource}`;
  if (lacks === 'port') return `admits ${peer.resource}, but not on ${numbered}`;
  return `admits neither ${peer.resource} nor ${numbered}`;
}

/** As configured; nothing of a Secret but host and port. */
function addressOf({ host, port }: Connection): string {
  return port === undefined ? host : `${host}:${port}`;
}

/** The port that policies see, where it isn't the one that is dialled. */
function podPortOf({ port }: Connection, refused: Reach['refused']): string[] {
  const ports = new Set(refused.map(({ traffic }) => traffic.port));
  const [only] = ports;
  return ports.size === 1 && port !== undefined && only !== port ? [`pod port ${only}`] : [];
}
