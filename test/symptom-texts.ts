/**
 * What the tools of a cluster say, as people paste it: the wording is that of Kubernetes, kustomize, Helm, cert-manager and the rest, the
 * names are made up. `rule` is the one that knows it; several where the text alone leaves it open, the first of them expected first or not.
 */
export const SYMPTOMS: readonly { rule: string | readonly string[]; text: string }[] = [
  // kube-scheduler
  {
    rule: 'pod-unschedulable',
    text: "  Warning  FailedScheduling  5m2s  default-scheduler  0/4 nodes are available: 4 node(s) didn't match Pod's node affinity/selector. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.",
  },
  {
    rule: 'pod-unschedulable',
    text: '0/9 nodes are available: 3 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 6 Insufficient memory. preemption: 0/9 nodes are available: 3 Preemption is not helpful for scheduling, 6 No preemption victims found for incoming pod.',
  },
  { rule: 'pod-unschedulable', text: "0/6 nodes are available: 6 node(s) didn't match node selector." },
  {
    rule: 'pod-unschedulable',
    text: "0/3 nodes are available: 1 node(s) had taint {dedicated: gpu}, that the pod didn't tolerate, 2 Insufficient nvidia.com/gpu.",
  },
  {
    rule: 'pod-unschedulable',
    text: "0/20 nodes are available: 1 node(s) didn't match pod anti-affinity rules, 19 Too many pods.",
  },
  { rule: 'pod-unschedulable', text: '0/2 nodes are available: 2 node(s) had volume node affinity conflict.' },
  {
    rule: ['host-port-conflict', 'host-port-rollout-stuck', 'pod-unschedulable'],
    text: "\u001b[33mWarning\u001b[0m  FailedScheduling  3m (x12 over 5m)  default-scheduler  0/3 nodes are available: 3 node(s) didn't have free ports for the requested pod ports.",
  },
  {
    rule: 'quota-exceeded',
    text: 'pods "web-5d6c7b8f9-xk2lp" is forbidden: exceeded quota: compute-resources, requested: limits.cpu=2, used: limits.cpu=9, limited: limits.cpu=10',
  },
  // kubelet
  {
    rule: 'reference-missing',
    text: 'Warning  FailedMount  66s (x9 over 3m14s)  kubelet  MountVolume.SetUp failed for volume "nginx-conf" : configmap "ingress-proxy-conf" not found',
  },
  {
    rule: 'reference-missing',
    text: 'E0504 08:27:38.533845    7581 nestedpendingoperations.go:301] Operation for "{volumeName:kubernetes.io/configmap/39936f6c-a349-4971-8357-a064c98aa0e9-config podName:39936f6c-a349-4971-8357-a064c98aa0e9 nodeName:}" failed. No retries permitted until 2026-05-04 08:29:40.533774284 -0500 CDT m=+369693.688307461 (durationBeforeRetry 2m2s). Error: "MountVolume.SetUp failed for volume \\"config\\" (UniqueName: \\"kubernetes.io/configmap/39936f6c-a349-4971-8357-a064c98aa0e9-config\\") pod \\"billing-6f494c66d7-26lgm\\" (UID: \\"39936f6c-a349-4971-8357-a064c98aa0e9\\") : configmap \\"billing-settings\\" not found"',
  },
  { rule: 'reference-missing', text: 'Error: secret "smtp-login" not found' },
  { rule: 'reference-missing', text: 'Error: configmap "feature-flags-v2" not found' },
  {
    rule: 'reference-missing',
    text: 'Warning  FailedCreate  12s (x14 over 53s)  replicaset-controller  Error creating: pods "checkout-5c8f9d7b6-" is forbidden: error looking up service account payments/checkout: serviceaccount "checkout" not found',
  },
  {
    rule: 'reference-missing',
    text: '0/3 nodes are available: persistentvolumeclaim "uploads" not found. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
  },
  {
    rule: 'reference-missing',
    text: 'Warning  ProvisioningFailed  9s (x5 over 54s)  persistentvolume-controller  storageclass.storage.k8s.io "premium-ssd" not found',
  },
  {
    rule: 'reference-missing',
    text: 'pods "batch-0" is forbidden: no PriorityClass with name nightly-low was found',
  },
  {
    rule: 'reference-missing',
    text: '{"level":"error","ts":1718030000.12,"msg":"re-queuing item due to error processing","error":"Referenced \\"ClusterIssuer\\" not found: clusterissuer.cert-manager.io \\"le-production\\" not found"}',
  },
  {
    rule: 'reference-key-missing',
    text: "Error: couldn't find key DATABASE_PASSWORD in Secret orders/orders-db",
  },
  {
    rule: 'reference-key-missing',
    text: "Warning  Failed  3s (x6 over 41s)  kubelet  Error: couldn't find key log_level in ConfigMap staging/worker-env",
  },
  {
    rule: 'reference-key-missing',
    text: 'MountVolume.SetUp failed for volume "certs" : references non-existent secret key: ca.crt',
  },
  {
    rule: 'image-reference-invalid',
    text: 'Failed to apply default image tag "registry.example.com/Team/Backend:1.2.0": couldn\'t parse image name "registry.example.com/Team/Backend:1.2.0": invalid reference format: repository name (Team/Backend) must be lowercase',
  },
  {
    rule: 'image-reference-invalid',
    text: 'Warning  InspectFailed  8s (x7 over 61s)  kubelet  Failed to apply default image tag "nginx:": couldn\'t parse image name "nginx:": invalid reference format',
  },
  {
    rule: 'image-placeholder',
    text: 'Failed to pull image "ghcr.io/northwind/orders:TODO": rpc error: code = NotFound desc = failed to pull and unpack image "ghcr.io/northwind/orders:TODO": failed to resolve reference "ghcr.io/northwind/orders:TODO": ghcr.io/northwind/orders:TODO: not found',
  },
  { rule: 'image-placeholder', text: 'Back-off pulling image "registry.gitlab.com/acme/site:IMAGE_TAG"' },
  {
    rule: 'image-pull-never',
    text: 'Warning  ErrImageNeverPull  2s (x7 over 71s)  kubelet  Container image "harbor.local/tools/cron:2.3" is not present with pull policy of Never',
  },
  {
    rule: 'run-as-non-root-contradiction',
    text: 'Error: container\'s runAsUser breaks non-root policy (pod: "indexer-7c9d8b-4kx2p_search(3d1c4e1a-9a41-4d4f-8f5f-2a4d2b1c0e9f)", container: init-perms)',
  },
  {
    rule: 'heap-exceeds-limit',
    text: '    Last State:     Terminated\n      Reason:       OOMKilled\n      Exit Code:    137\n      Started:      Tue, 12 May 2026 09:14:02 +0000',
  },
  {
    rule: 'heap-exceeds-limit',
    text: '[18422.514309] Memory cgroup out of memory: Killed process 31337 (java) total-vm:8123456kB, anon-rss:2093012kB',
  },
  {
    rule: 'probe-port-unserved',
    text: 'Warning  Unhealthy  4s (x23 over 3m)  kubelet  Readiness probe failed: dial tcp 10.244.3.18:8081: connect: connection refused',
  },
  {
    rule: 'probe-port-unserved',
    text: 'Liveness probe failed: Get "http://10.1.2.3:9090/-/healthy": dial tcp 10.1.2.3:9090: connect: connection refused',
  },
  {
    rule: 'volume-rollout-stuck',
    text: 'Warning  FailedAttachVolume  82s  attachdetach-controller  Multi-Attach error for volume "pvc-80c52f0e-8ebc-4f29-b93a-12bd0978be8b" Volume is already exclusively attached to one node and can\'t be attached to another',
  },
  {
    rule: 'volume-rollout-stuck',
    text: 'Multi-Attach error for volume "pvc-8837384d-69d7-40b2-b2e6-5df86943eef9" Volume is already used by pod(s) sso-mysql-1-ns6b4',
  },
  // API server
  {
    rule: 'host-network-port-mismatch',
    text: 'The Deployment "edge" is invalid: spec.template.spec.containers[0].ports[1].containerPort: Invalid value: 8443: must match `hostPort` when `hostNetwork` is true\nspec.template.spec.containers[0].ports[0].hostPort: Invalid value: 443: must match `containerPort` when `hostNetwork` is true',
  },
  {
    rule: 'node-port-invalid',
    text: 'The Service "edge" is invalid: spec.ports[0].nodePort: Invalid value: 31080: provided port is already allocated',
  },
  {
    rule: 'node-port-invalid',
    text: 'Service "metrics" is invalid: spec.ports[0].nodePort: Invalid value: 8080: provided port is not in the valid range. The range of valid ports is 30000-32767',
  },
  {
    rule: 'selector-mismatch',
    text: 'The Deployment "mailer" is invalid: spec.template.metadata.labels: Invalid value: map[string]string{"app":"mail"}: `selector` does not match template `labels`',
  },
  {
    rule: 'api-not-served',
    text: 'error: resource mapping not found for name: "orders" namespace: "" from "STDIN": no matches for kind "ServiceMonitor" in version "monitoring.coreos.com/v1"\nensure CRDs are installed first',
  },
  {
    rule: 'api-not-served',
    text: 'Error: INSTALLATION FAILED: unable to build kubernetes objects from release manifest: resource mapping not found for name: "psp" namespace: "" from "": no matches for kind "PodSecurityPolicy" in version "policy/v1beta1"',
  },
  {
    rule: 'schema-invalid',
    text: 'Error from server (BadRequest): error when creating "deploy.yaml": Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.template.spec.containers[0].enviroment"',
  },
  {
    rule: 'schema-invalid',
    text: 'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal bool into Go struct field ConfigMap.data of type string',
  },
  {
    rule: 'schema-invalid',
    text: 'The Deployment "api" is invalid: spec.template.spec.containers[0].resources.requests: Invalid value: "512Mi": must be less than or equal to memory limit of 256Mi',
  },
  {
    rule: 'schema-invalid',
    text: 'The Ingress "blog" is invalid: spec.rules[0].http.paths[0].pathType: Unsupported value: "exact": supported values: "Exact", "ImplementationSpecific", "Prefix"',
  },
  {
    rule: 'pod-security-denied',
    text: '2m6s  Warning  FailedCreate  replicaset/nodejs-app-8665bd77fb  Error creating: pods "nodejs-app-8665bd77fb-2dd4n" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "runtime" must set securityContext.allowPrivilegeEscalation=false), runAsNonRoot != true (pod or container "runtime" must set securityContext.runAsNonRoot=true)',
  },
  {
    rule: 'pod-security-denied',
    text: 'create Pod redis-0 in StatefulSet redis failed error: pods "redis-0" is forbidden: violates PodSecurity "baseline:v1.31": host namespaces (hostNetwork=true), hostPort (container "redis" uses hostPorts 6379)',
  },
  {
    rule: 'quota-exceeded',
    text: 'Error creating: pods "report-6d5f4c-x9v2l" is forbidden: exceeded quota: team-budget, requested: limits.memory=4Gi, used: limits.memory=14Gi, limited: limits.memory=16Gi',
  },
  {
    rule: 'quota-needs-resources',
    text: 'Error creating: pods "cron-28512345-8w2kq" is forbidden: failed quota: team-budget: must specify limits.memory for: cron; requests.cpu for: cron',
  },
  {
    rule: 'limit-range-violated',
    text: 'pods "etl-0" is forbidden: maximum memory usage per Container is 8Gi, but limit is 12Gi',
  },
  {
    rule: 'limit-range-violated',
    text: 'Error from server (Forbidden): error when creating "pod.yaml": pods "tiny" is forbidden: minimum cpu usage per Container is 100m, but request is 10m',
  },
  {
    rule: 'job-not-updatable',
    text: 'Error: UPGRADE FAILED: cannot patch "orders-migrate" with kind Job: Job.batch "orders-migrate" is invalid: spec.template: Invalid value: core.PodTemplateSpec{ObjectMeta:v1.ObjectMeta{Name:"", GenerateName:""}}: field is immutable',
  },
  {
    rule: 'resource-defined-twice',
    text: 'Error: INSTALLATION FAILED: Unable to continue with install: Service "gateway" in namespace "edge" exists and cannot be imported into the current release: invalid ownership metadata; annotation validation error: key "meta.helm.sh/release-name" must equal "gateway-v2": current value is "gateway"',
  },
  {
    rule: 'disruption-budget-blocks-drain',
    text: 'error when evicting pods/"kafka-0" -n "streams" (will retry after 5s): Cannot evict pod as it would violate the pod\'s disruption budget.',
  },
  {
    rule: 'webhook-not-ready',
    text: 'Error from server (InternalError): error when creating "issuer.yaml": Internal error occurred: failed calling webhook "webhook.cert-manager.io": failed to call webhook: Post "https://cert-manager-webhook.cert-manager.svc:443/validate?timeout=30s": x509: certificate signed by unknown authority',
  },
  {
    rule: 'webhook-not-ready',
    text: 'Internal error occurred: failed calling webhook "webhook.cert-manager.io": failed to call webhook: Post "https://cert-manager-webhook.cert-manager.svc:443/mutate?timeout=10s": no endpoints available for service "cert-manager-webhook"',
  },
  // Controllers
  {
    rule: 'autoscaler-metric-missing',
    text: 'the HPA was unable to compute the replica count: failed to get cpu utilization: missing request for cpu in container owncloud of Pod my-cloud-owncloud-5cdb678c48-8bgbm',
  },
  {
    rule: 'autoscaler-metric-missing',
    text: "'FailedComputeMetricsReplicas' failed to get memory utilization: missing request for memory",
  },
  { rule: 'dependency-cycle', text: "dependency 'flux-system/crds' is not ready" },
  { rule: 'secret-claimed-twice', text: 'could not write to secret: target is owned by another ExternalSecret' },
  // cert-manager, ingress controllers
  {
    rule: 'network-policy-blocks-acme-solver',
    text: "Reason:      Waiting for HTTP-01 challenge propagation: wrong status code '504', expected '200'",
  },
  {
    rule: ['acme-owned-twice', 'route-defined-twice', 'issuer-solver-unserved'],
    text: "Waiting for HTTP-01 challenge propagation: wrong status code '404', expected '200'",
  },
  {
    rule: ['ingress-node-mismatch', 'issuer-solver-unserved', 'network-policy-blocks-acme-solver'],
    text: 'Waiting for HTTP-01 challenge propagation: failed to perform self check GET request \'http://shop.example.org/.well-known/acme-challenge/6osV5p-p9lJ7UhrFd0YWhsdyitYK9oq\': Get "http://shop.example.org/.well-known/acme-challenge/6osV5p-p9lJ7UhrFd0YWhsdyitYK9oq": dial tcp 203.0.113.7:80: connect: connection refused',
  },
  {
    rule: 'reference-missing',
    text: 'time="2026-03-01T10:00:00Z" level=error msg="middleware \\"apps-forward-auth@kubernetescrd\\" does not exist" entryPointName=websecure routerName=apps-ui@kubernetescrd',
  },
  {
    rule: 'backend-port-missing',
    text: '{"level":"error","namespace":"blog","ingress":"blog","error":"service port not found","message":"Cannot create service"}',
  },
  {
    rule: 'route-defined-twice',
    text: 'admission webhook "validate.nginx.ingress.kubernetes.io" denied the request: host "www.example.org" and path "/" is already defined in ingress legacy/www',
  },
  {
    rule: 'tls-host-uncovered',
    text: 'x509: certificate is valid for example.org, www.example.org, not api.example.org',
  },
  { rule: 'acme-owned-twice', text: 'Cannot retrieve the ACME challenge for www.example.org (token "rX3d")' },
  // What programs log
  {
    rule: ['network-policy-blocks-dns', 'host-unresolved'],
    text: "Error: getaddrinfo EAI_AGAIN orders-db\n    at GetAddrInfoReqWrap.onlookupall [as oncomplete] (node:dns:122:26) {\n  errno: -3001,\n  code: 'EAI_AGAIN',\n  syscall: 'getaddrinfo',\n  hostname: 'orders-db'\n}",
  },
  {
    rule: ['host-unresolved', 'host-network-dns-policy'],
    text: 'Error: getaddrinfo ENOTFOUND db-rw.databases.svc.cluster.local',
  },
  {
    rule: ['host-unresolved', 'network-policy-blocks-dns'],
    text: 'psycopg2.OperationalError: could not translate host name "pg-primary.data.svc" to address: Name or service not known',
  },
  {
    rule: 'host-unresolved',
    text: '2026/02/11 10:03:11 [emerg] 1#1: host not found in upstream "backend.shop.svc.cluster.local" in /etc/nginx/conf.d/default.conf:12\nnginx: [emerg] host not found in upstream "backend.shop.svc.cluster.local" in /etc/nginx/conf.d/default.conf:12',
  },
  { rule: 'host-unresolved', text: 'dial tcp: lookup tempo-distributor on 172.20.0.10:53: no such host' },
  {
    rule: ['network-policy-blocks-connection', 'network-policy-one-sided'],
    text: 'Error: connect ETIMEDOUT 10.96.14.200:5432\n    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1595:16)',
  },
  {
    rule: 'network-policy-blocks-connection',
    text: 'level=error caller=conn.go msg="failed to dial" err="dial tcp 172.20.31.8:9092: i/o timeout"',
  },
  {
    rule: 'network-policy-blocks-ingress',
    text: '2026/03/04 08:12:01 [error] 31#31: *4821 upstream timed out (110: Operation timed out) while connecting to upstream, client: 10.0.0.9, server: www.example.org, upstream: "http://10.42.1.12:8080/"',
  },
  {
    rule: 'credentials-disagree',
    text: '2026-04-02 07:11:09.532 UTC [1234] FATAL:  password authentication failed for user "orders"',
  },
  {
    rule: 'credentials-disagree',
    text: "ERROR 1045 (28000): Access denied for user 'wordpress'@'10.42.0.31' (using password: YES)",
  },
  {
    rule: 'data-directory-owner-mismatch',
    text: '2026-02-10 09:00:01.001 UTC [1] FATAL:  data directory "/var/lib/postgresql/data/pgdata" has wrong ownership\n2026-02-10 09:00:01.001 UTC [1] HINT:  The server must be started by the user that owns the data directory.',
  },
  {
    rule: 'argument-repeated',
    text: "Error parsing command line arguments: flag 'web.listen-address' cannot be repeated",
  },
  // kustomize and helm
  {
    rule: 'kustomize-file-missing',
    text: "Error: accumulating resources: accumulation err='accumulating resources from 'namespace.yaml': evalsymlink failure on '/src/operator/config/default/namespace.yaml' : lstat /src/operator/config/default/namespace.yaml: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on '/src/operator/config/default/namespace.yaml' : lstat /src/operator/config/default/namespace.yaml: no such file or directory",
  },
  {
    rule: 'kustomize-file-outside-root',
    text: "Error: loading KV pairs: file sources: [../../shared/app.properties]: security; file '/src/shared/app.properties' is not in or below '/src/deploy/overlays/prod'",
  },
  {
    rule: ['render-failed', 'kustomize-patch-unmatched'],
    text: 'Error: no matches for Id Deployment.v1.apps/orders-api.[noNs]; failed to find unique target for patch Deployment.v1.apps/orders-api.[noNs]',
  },
  {
    rule: 'render-failed',
    text: 'Error: may not add resource with an already registered id: ConfigMap.v1.[noGrp]/settings.[noNs]',
  },
  {
    rule: 'render-failed',
    text: 'Error: execution error at (postgresql/templates/secrets.yaml:12:4): PASSWORDS ERROR: You must provide your current passwords when upgrading the release.',
  },
  {
    rule: 'render-failed',
    text: "Error: values don't meet the specifications of the schema(s) in the following chart(s):\nredis:\n- replica.replicaCount: Invalid type. Expected: integer, given: string",
  },
  {
    rule: 'reference-key-missing',
    text: 'Error: failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error mounting "/var/lib/kubelet/pods/1f/volume-subpaths/config/nginx/0" to rootfs at "/etc/nginx/nginx.conf": mount /var/lib:/etc/nginx/nginx.conf (via /proc/self/fd/6), flags: 0x5001: not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type',
  },
  { rule: 'reference-missing', text: 'pods "builder" is forbidden: pod rejected: RuntimeClass "kata-qemu" not found' },
  {
    rule: 'credentials-disagree',
    text: 'connection error: Handshake terminated by server: 403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile."',
  },
  {
    rule: 'disruption-budget-blocks-drain',
    text: '{"kind":"Status","message":"Cannot evict pod as it would violate the pod\'s disruption budget.","reason":"TooManyRequests","details":{"causes":[{"reason":"DisruptionBudget","message":"The disruption budget kafka needs 2 healthy pods and has 2 currently"}]},"code":429}',
  },
  {
    rule: ['host-network-dns-policy', 'network-policy-blocks-dns', 'host-unresolved'],
    text: 'ping: redis-master: Temporary failure in name resolution',
  },
  {
    rule: 'resource-defined-twice',
    text: 'Error: UPGRADE FAILED: Unable to continue with update: ConfigMap "feature-flags" in namespace "apps" exists and cannot be imported into the current release: invalid ownership metadata; label validation error: missing key "app.kubernetes.io/managed-by": must be set to "Helm"',
  },
  {
    rule: 'resource-defined-twice',
    text: 'error: Apply failed with 1 conflict: conflict with "helm" using apps/v1: .spec.replicas',
  },
  {
    rule: 'pod-security-denied',
    text: 'Warning: would violate PodSecurity "restricted:v1.29": runAsNonRoot != true (pod or container "app" must set securityContext.runAsNonRoot=true)',
  },
  {
    rule: 'fs-group-ignored',
    text: 'Caused by: java.nio.file.AccessDeniedException: /usr/share/elasticsearch/data/node.lock',
  },
  {
    rule: 'data-directory-owner-mismatch',
    text: 'initdb: error: could not change permissions of directory "/bitnami/postgresql/data": Operation not permitted',
  },
  {
    rule: 'resource-defined-twice',
    text: 'SharedResourceWarning: Deployment/frontend is part of applications argocd/frontend and frontend-legacy',
  },
  {
    rule: 'api-not-served',
    text: 'error: unable to recognize "ing.yaml": no matches for kind "Ingress" in version "extensions/v1beta1"',
  },
  {
    rule: 'render-failed',
    text: 'Error: template: web/templates/deployment.yaml:12:24: executing "web/templates/deployment.yaml" at <.Values.image.tag>: nil pointer evaluating interface {}.tag',
  },
  { rule: 'reference-missing', text: 'secret "tls-wildcard" not found' },
  {
    rule: 'reference-missing',
    text: 'Unable to retrieve some image pull secrets (regcred, other-cred); attempting to pull the image may not succeed.',
  },
  {
    rule: 'volume-rollout-stuck',
    text: 'FATAL:  lock file "postmaster.pid" already exists\nHINT:  Is another postmaster (PID 1) running in data directory "/var/lib/postgresql/data"?',
  },
  { rule: 'tls-host-uncovered', text: 'Failed to load resource: net::ERR_CERT_COMMON_NAME_INVALID' },
  {
    rule: 'reference-missing',
    text: 'AbleToScale  False  FailedGetScale  the HPA controller was unable to get the target\'s current scale: deployments.apps "storefront" not found',
  },
  {
    rule: ['reference-missing', 'backend-port-missing', 'service-selects-nothing'],
    text: 'W0301 10:00:00.000000       7 controller.go:1109] Error obtaining Endpoints for Service "store/cart": no object matching key "store/cart" in local store',
  },
  {
    rule: 'host-port-conflict',
    text: 'Pod "proxy" is invalid: spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//443"',
  },
  { rule: 'reference-key-missing', text: "Error: couldn't find key username in Secret default/db-user" },
  { rule: 'image-reference-invalid', text: 'Error: InvalidImageName' },
  {
    rule: 'schema-invalid',
    text: 'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field Container.spec.template.spec.containers.args of type []string',
  },
  {
    rule: 'schema-invalid',
    text: 'The Certificate "web" is invalid: spec.renewBefore: Invalid value: "integer": spec.renewBefore in body must be of type string: "integer"',
  },
  {
    rule: 'schema-invalid',
    text: 'The ConfigMap "My_App" is invalid: metadata.name: Invalid value: "My_App": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \'-\' or \'.\'',
  },
  {
    rule: 'limit-range-violated',
    text: 'persistentvolumeclaims "data-kafka-0" is forbidden: maximum storage usage per PersistentVolumeClaim is 20Gi, but request is 100Gi',
  },
  { rule: 'network-policy-blocks-dns', text: ';; connection timed out; no servers could be reached' },
  {
    rule: ['service-selects-nothing', 'service-port-unserved'],
    text: 'Name:              cart\nNamespace:         store\nSelector:          app=cart-v2\nType:              ClusterIP\nPort:              http  80/TCP\nTargetPort:        8080/TCP\nEndpoints:         <none>',
  },
  { rule: 'dependency-cycle', text: 'Dependencies do not meet ready condition, retrying in 10s' },
  { rule: 'secret-claimed-twice', text: 'Secret "tls" already exists and is not managed by SealedSecret' },
  {
    rule: 'kustomize-file-outside-root',
    text: "error: accumulating resources: accumulation err='accumulating resources from '../common/ns.yaml': security; file '/src/common/ns.yaml' is not in or below '/src/app'': must build at directory",
  },
  {
    rule: 'render-failed',
    text: 'Error: trouble configuring builtin PatchTransformer with config: `path: p.yaml`: unable to parse SM or JSON patch from [spec: 1]',
  },
  {
    rule: 'render-failed',
    text: "error: error in remove for path: '/spec/template/spec/tolerations': Unable to remove nonexistent key: tolerations: missing value",
  },
  {
    rule: 'quota-exceeded',
    text: 'Error from server (Forbidden): error when creating "p.yaml": pods "p" is forbidden: exceeded quota: compute-resources, requested: cpu=2, used: cpu=9, limited: cpu=10',
  },
  {
    rule: 'selector-mismatch',
    text: 'The Deployment "x" is invalid: \n* spec.selector: Invalid value: v1.LabelSelector{}: empty selector is invalid for deployment',
  },
  { rule: 'heap-exceeds-limit', text: 'api-6d8f9c7b5-k2x9z   0/1   OOMKilled   4 (62s ago)   5m' },
  {
    rule: ['tls-secret-never-issued', 'tls-host-uncovered'],
    text: 'subject: O=Acme Co; CN=Kubernetes Ingress Controller Fake Certificate',
  },
  {
    rule: ['network-policy-blocks-ingress', 'service-port-unserved'],
    text: 'upstream connect error or disconnect/reset before headers. reset reason: connection timeout',
  },
  {
    rule: ['webhook-not-ready', 'reference-missing'],
    text: 'Error from server (InternalError): Internal error occurred: failed calling webhook "webhook.cert-manager.io": Post "https://cert-manager-webhook.cert-manager.svc:443/mutate?timeout=10s": dial tcp 10.0.0.1:443: connect: connection refused',
  },
  {
    rule: 'job-not-updatable',
    text: 'The Job "db-migrate" is invalid: spec.template: Invalid value: core.PodTemplateSpec{ObjectMeta:v1.ObjectMeta{}}: field is immutable',
  },
  // Broken by a terminal of 80 columns, in the middle of a word
  {
    rule: 'pod-security-denied',
    text: '  Warning  FailedCreate  17s (x14 over 58s)  replicaset-controller  Error crea\nting: pods "web-6c69d7595-fvqr5" is forbidden: violates PodSecurity "restricte\nd:latest": allowPrivilegeEscalation != false (container "web" must set securi\ntyContext.allowPrivilegeEscalation=false)',
  },
];

/** What a healthy cluster, or one with another trouble, says: no rule knows it. */
export const UNRELATED: readonly string[] = [
  'Successfully assigned default/web-7d4b9c6f8-x2x5z to ip-10-0-1-17.eu-west-1.compute.internal',
  'Normal  Pulled  3m  kubelet  Container image "nginx:1.27.3" already present on machine',
  'Normal  Pulling  12s  kubelet  Pulling image "ghcr.io/acme/web:1.4.2"',
  'Successfully pulled image "ghcr.io/acme/web:1.4.2" in 1.913s (1.913s including waiting). Image size: 41235123 bytes.',
  'Created container: web',
  'Started container web',
  'Killing container with id containerd://web: Need to kill Pod',
  'Warning  BackOff  2s (x71 over 15m)  kubelet  Back-off restarting failed container web in pod web-7d4b9c6f8-x2x5z_shop(1b0c9f5e-0000-4444-8888-aaaaaaaaaaaa)',
  'Readiness probe failed: HTTP probe failed with statuscode: 500',
  'Liveness probe failed: command "pg_isready -U postgres" timed out',
  'Startup probe failed: HTTP probe failed with statuscode: 404',
  'etcdserver: request timed out',
  'Unable to connect to the server: net/http: TLS handshake timeout',
  'error: You must be logged in to the server (Unauthorized)',
  'Error from server (Forbidden): pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "shop"',
  'The node was low on resource: ephemeral-storage. Threshold quantity: 5Gi, available: 3Gi.',
  'Node ip-10-0-1-17 status is now: NodeNotReady',
  'Pod sandbox changed, it will be killed and re-created.',
  'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "8f3c": plugin type="calico" failed (add): stat /var/lib/calico/nodename',
  'network: stat /run/flannel/subnet.env: no such file or directory',
  'Deployment has minimum availability.',
  'deployment.apps/web successfully rolled out',
  'Created pod: web-7d4b9c6f8-x2x5z',
  'Deleted pod: web-7d4b9c6f8-x2x5z',
  'SuccessfulRescale New size: 3; reason: All metrics below target',
  'No resources found in default namespace.',
  'configmap/app-config created',
  'Certificate is up to date and has not expired',
  'The certificate has been successfully issued',
  'Error: release: not found',
  'Error: repo bitnami not found',
  'Error: Kubernetes cluster unreachable: Get "http://localhost:8080/version": dial tcp [::1]:8080: connectex: No connection could be made',
  'level=info msg="Server listening" address=0.0.0.0:8080',
  '{"level":"info","msg":"request completed","status":200,"duration_ms":12}',
  'GET /healthz 200 1.2ms',
  'panic: runtime error: invalid memory address or nil pointer dereference',
  "TypeError: Cannot read properties of undefined (reading 'id')",
  "ModuleNotFoundError: No module named 'requests'",
  'SyntaxError: Unexpected token } in JSON at position 42',
  'java.lang.NullPointerException: Cannot invoke "String.length()" because "s" is null',
  'ERROR: relation "users" does not exist at character 15',
  'fatal: not a git repository (or any of the parent directories): .git',
  'npm ERR! code E404',
  'exec /docker-entrypoint.sh: exec format error',
  'standard_init_linux.go:228: exec user process caused: no such file or directory',
  'write /data/wal/000001: no space left on device',
  'disk pressure on node: evicting pods',
  'Lorem ipsum dolor sit amet, consectetur adipiscing elit',
  'the quick brown fox jumps over the lazy dog',
  'How do I deploy my app to production?',
  'The node had condition: [DiskPressure].',
  'plugin/loop: Loop (127.0.0.1:55953 -> :53) detected for zone "."',
  'Ingress status was updated',
  'Reason: Evicted Message: Pod The node was low on resource: memory.',
  'Error: UPGRADE FAILED: timed out waiting for the condition',
  'rpc error: code = Unavailable desc = transport is closing',
  'Error: context canceled',
  'failed to start sshd',
  'Container web failed liveness probe, will be restarted',
  'Stopping container web',
  'pulling image',
  'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
  'error: no context exists with the name: "prod"',
  'Unauthorized',
  'ERROR: duplicate key value violates unique constraint "users_pkey"',
  "KeyError: 'DATABASE_URL'",
  'thread main panicked at src/main.rs:3:5',
  'Segmentation fault (core dumped)',
  'Readiness gate not ready',
  'AttachVolume.Attach failed for volume "pvc-1": rpc error: code = DeadlineExceeded',
  'successfully reconciled',
  'reconciliation loop finished in 1.2s',
  'kubelet has sufficient memory available',
  'Node is ready',
  'Saw completed job: backup-123, status: Complete',
  'Job completed',
  'Scaled up replica set web-6d8f9c7b5 from 0 to 3',
  'ExternalProvisioning waiting for a volume to be created',
  'ProvisioningSucceeded Successfully provisioned volume pvc-1',
  'Started leader election',
  'lost leader election',
  'Reloading nginx',
  'warn: deprecated option',
  'git pull failed: authentication required',
  'Client sent an HTTP request to an HTTPS server.',
  'certificate signed by unknown authority',
  'unexpected EOF',
  'broken pipe',
  '0 packets received, 100% packet loss',
  'CrashLoopBackOff',
];
