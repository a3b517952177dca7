// Times what is done with an environment of 1,000, 10,000 and 50,000 resources after it was rendered: the index, the schemas,
// all rules. Prints the time, its growth against the size, and the rules that took longest. Fails where
// a resource costs 1.5 times what it cost in a smaller environment.
import { assemble } from '../dist/assemble.js';
import { diagnose } from '../dist/diagnose.js';
import { load } from '../dist/load.js';
import { readManifests } from '../dist/render/manifests.js';
import { rules } from '../dist/rules/index.js';
import { SourceFiles } from '../dist/source.js';

const SIZES = [1_000, 10_000, 50_000];
const LIMIT = 1.5;
const APPS_IN_A_NAMESPACE = 15;
const SLOWEST = 5;

/** Eleven objects, as a team writes them: everything that refers to something, selects something or dials something. */
const app = (namespace, i) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: app-${i}, namespace: ${namespace}, labels: { app: app-${i} } }
spec:
  selector: { matchLabels: { app: app-${i} } }
  template:
    metadata: { labels: { app: app-${i}, tier: backend } }
    spec:
      serviceAccountName: app-${i}
      nodeSelector: { pool: general }
      securityContext: { runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: app
          image: registry.example.com/app-${i}:1.4.${i}
          ports: [{ name: http, containerPort: 8080 }]
          envFrom: [{ configMapRef: { name: app-${i} } }]
          env:
            - { name: PEER_URL, value: 'http://app-${(i + 1) % APPS_IN_A_NAMESPACE}:80' }
            - { name: PASSWORD, valueFrom: { secretKeyRef: { name: app-${i}, key: password } } }
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
          resources: { requests: { cpu: 50m, memory: 64Mi }, limits: { cpu: 100m, memory: 128Mi } }
          readinessProbe: { httpGet: { path: /health, port: http } }
          volumeMounts: [{ name: data, mountPath: /data }, { name: settings, mountPath: /settings }]
      volumes:
        - { name: data, persistentVolumeClaim: { claimName: app-${i} } }
        - { name: settings, configMap: { name: app-${i} } }
---
apiVersion: v1
kind: Service
metadata: { name: app-${i}, namespace: ${namespace} }
spec: { selector: { app: app-${i} }, ports: [{ name: http, port: 80, targetPort: http }] }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: app-${i}, namespace: ${namespace} }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: app-${i}, namespace: ${namespace} }
data: { LOG_LEVEL: info, settings.yaml: "database: { host: app-${(i + 2) % APPS_IN_A_NAMESPACE}, port: 80 }" }
---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: { name: app-${i}, namespace: ${namespace} }
spec: { encryptedData: { password: AgB } }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: app-${i}, namespace: ${namespace} }
spec: { accessModes: [ReadWriteMany], storageClassName: shared, resources: { requests: { storage: 1Gi } } }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: app-${i}, namespace: ${namespace} }
spec:
  podSelector: { matchLabels: { app: app-${i} } }
  policyTypes: [Ingress, Egress]
  ingress: [{ from: [{ podSelector: { matchLabels: { tier: backend } } }, { namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ingress } } }], ports: [{ port: 8080 }] }]
  egress: [{ to: [{ podSelector: {} }] }, { ports: [{ port: 53, protocol: UDP }] }]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: app-${i}, namespace: ${namespace}, annotations: { cert-manager.io/cluster-issuer: letsencrypt } }
spec:
  ingressClassName: traefik
  tls: [{ hosts: [app-${i}.${namespace}.example.com], secretName: app-${i}-tls }]
  rules: [{ host: app-${i}.${namespace}.example.com, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: app-${i}, port: { name: http } } } }] } }]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: app-${i}, namespace: ${namespace} }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: app-${i} }
  minReplicas: 2
  maxReplicas: 4
  metrics: [{ type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 80 } } }]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: app-${i}, namespace: ${namespace} }
spec: { maxUnavailable: 1, selector: { matchLabels: { app: app-${i} } } }
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: { name: app-${i}, namespace: ${namespace} }
spec: { selector: { matchLabels: { app: app-${i} } }, endpoints: [{ port: http }] }
`;

const namespaceText = (name) => `apiVersion: v1
kind: Namespace
metadata: { name: ${name}, labels: { pod-security.kubernetes.io/enforce: restricted } }
---
apiVersion: v1
kind: ResourceQuota
metadata: { name: quota, namespace: ${name} }
spec: { hard: { requests.cpu: "64", limits.memory: 64Gi } }
---
apiVersion: v1
kind: LimitRange
metadata: { name: limits, namespace: ${name} }
spec: { limits: [{ type: Container, default: { cpu: 200m, memory: 256Mi } }] }
`;

const EXISTING = `${Array.from(
  { length: 100 },
  (_, i) => `apiVersion: v1
kind: Node
metadata: { name: node-${i}, labels: { pool: general, kubernetes.io/hostname: node-${i} } }
status: { allocatable: { cpu: "64", memory: 256Gi, pods: "500" }, addresses: [{ type: InternalIP, address: 10.0.0.${i} }] }
`,
).join('---\n')}---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: traefik }
spec: { controller: traefik.io/ingress-controller }
---
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: { name: letsencrypt }
spec: { acme: { server: 'https://acme.example.com', privateKeySecretRef: { name: account }, solvers: [{ http01: { ingress: { ingressClassName: traefik } } }] } }
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: shared }
provisioner: nfs.example.com
`;

/** The text of about `size` resources. */
function manifests(size) {
  const texts = [];
  let resources = 0;
  for (let n = 0; resources < size; n++) {
    texts.push(namespaceText(`team-${n}`));
    resources += 3;
    for (let i = 0; i < APPS_IN_A_NAMESPACE; i++, resources += 11) texts.push(app(`team-${n}`, i));
  }
  return texts.join('---\n');
}

async function objectsOf(file, text) {
  const sources = new SourceFiles('/');
  sources.add(`/${file}`, text);
  return load(readManifests(file, sources).objects);
}

async function judge(size) {
  const loaded = await objectsOf('rendered.yaml', manifests(size));
  const existing = await objectsOf('existing.yaml', EXISTING);
  const target = { type: 'manifests', name: 'rendered.yaml', files: [] };
  const spent = new Map();
  const timedRules = rules.map((rule) => ({
    ...rule,
    *check(cluster) {
      const start = performance.now();
      yield* rule.check?.(cluster) ?? [];
      spent.set(rule.id, (spent.get(rule.id) ?? 0) + performance.now() - start);
    },
  }));
  globalThis.gc?.();
  const start = performance.now();
  const { cluster, resources } = assemble({
    environment: { name: 'bench', configured: true, targets: [target], existing: [] },
    targets: [{ target, rendered: { objects: [], findings: [], unchecked: [] }, loaded, incomplete: false }],
    existing,
    existingWhole: true,
    kubernetesVersion: '1.34',
    substitutes: () => false,
    rules,
  });
  const index = performance.now() - start;
  const { located, bugs } = await diagnose(cluster, timedRules, new Map());
  if (bugs.length > 0) throw new Error(bugs.join('\n'));
  return { resources, index, whole: performance.now() - start, spent, found: located };
}

await judge(SIZES[0]);
let least = Number.POSITIVE_INFINITY;
for (const size of SIZES) {
  const { resources, index, whole, spent, found } = await judge(size);
  const each = whole / resources;
  least = Math.min(least, each);
  const growth = each / least;
  const slowest = [...spent].sort((a, b) => b[1] - a[1]).slice(0, SLOWEST);
  process.stdout.write(
    `${String(resources).padStart(6)} resources ${whole.toFixed(0).padStart(7)} ms (index ${index.toFixed(0)} ms), ` +
      `${growth.toFixed(2)} times the least time per resource (at most ${LIMIT}), ${found.length} findings\n` +
      `       ${slowest.map(([id, ms]) => `${id} ${ms.toFixed(0)} ms`).join(', ')}\n`,
  );
  if (found.length > 0)
    process.stdout.write(
      `       ${[...new Set(found.map(({ rule, message }) => `${rule}: ${message}`))].slice(0, 3).join('\n       ')}\n`,
    );
  if (growth > LIMIT) process.exitCode = 1;
}
