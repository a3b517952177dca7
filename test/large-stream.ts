/** Manifests of `5 * namespaces * apps` objects in several namespaces that dial each other; some are refused by policies. */
export function largeStream(namespaces: number, apps: number): string {
  const documents: string[] = [];
  for (let n = 0; n < namespaces; n++) {
    for (let a = 0; a < apps; a++) {
      const dialled = a % 3 === 0 ? `app-${(a * 7 + 1) % apps}` : 'app-0';
      const elsewhere = `app-${(a + Math.floor(apps / 2)) % apps}.team-${(n + 1) % namespaces}`;
      const from = `{ podSelector: {} }${a % 25 === 3 ? '' : ', { namespaceSelector: {} }'}`;
      const metadata = `metadata: { name: app-${a}, namespace: team-${n} }`;
      documents.push(
        `apiVersion: apps/v1
kind: Deployment
${metadata}
spec:
  selector: { matchLabels: { app: app-${a} } }
  template:
    metadata: { labels: { app: app-${a} } }
    spec:
      containers:
        - name: app
          image: ghcr.io/example/app-${a}:latest
          envFrom: [{ configMapRef: { name: app-${a} } }]
          ports: [{ containerPort: 8080 }]
`,
        `apiVersion: v1
kind: Service
${metadata}
spec: { selector: { app: app-${a} }, ports: [{ port: 80, targetPort: 8080 }] }
`,
        `apiVersion: v1
kind: ConfigMap
${metadata}
data: { UPSTREAM_URL: 'http://${dialled}:80', OTHER_URL: 'http://${elsewhere}:80' }
`,
        `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
${metadata}
spec: { podSelector: { matchLabels: { app: app-${a} } }, policyTypes: [Ingress], ingress: [{ from: [${from}] }] }
`,
        `apiVersion: v1
kind: ServiceAccount
${metadata}
`,
      );
    }
  }
  return documents.join('---\n');
}
