import { describe, expect, it } from 'vitest';
import { yaml } from '../src/rule.ts';
import { lintFiles } from './examples.ts';

const CHART = {
  'traefik/Chart.yaml': 'apiVersion: v2\nname: traefik\nversion: 1.0.0\n',
  'traefik/values.yaml': 'nodePort: 30080\n',
  'traefik/templates/traefik.yaml': yaml`
    apiVersion: apps/v1
    kind: Deployment
    metadata: { name: traefik }
    spec:
      selector: { matchLabels: { app: traefik } }
      template:
        metadata: { labels: { app: traefik } }
        spec:
          containers:
            - name: traefik
              image: traefik:v3.6.12
              args: [--entryPoints.web.address=:8000, --providers.kubernetescrd]
              ports: [{ name: web, containerPort: 8000 }]
    ---
    apiVersion: v1
    kind: Service
    metadata: { name: traefik }
    spec:
      type: NodePort
      selector: { app: traefik }
      ports: [{ name: web, port: 80, targetPort: web, nodePort: {{ .Values.nodePort }} }]
    ---
    apiVersion: traefik.io/v1alpha1
    kind: Middleware
    metadata: { name: compress }
    spec: { compress: {} }
  `,
};

const SHOP = {
  'shop/kustomization.yaml': 'namespace: shop\nresources: [shop.yaml]\n',
  'shop/shop.yaml': yaml`
    apiVersion: traefik.io/v1alpha1
    kind: IngressRoute
    metadata: { name: shop }
    spec:
      routes:
        - kind: Rule
          match: Host("shop.example.com")
          middlewares: [{ name: compress, namespace: ingress }]
          services: [{ name: shop, port: 80 }]
    ---
    apiVersion: v1
    kind: Service
    metadata: { name: shop }
    spec: { type: NodePort, selector: { app: shop }, ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }] }
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: { name: shop }
    spec:
      selector: { matchLabels: { app: shop } }
      template:
        metadata: { labels: { app: shop } }
        spec:
          containers:
            - name: shop
              image: registry.example.com/shop:1.4.2
              ports: [{ containerPort: 8080 }]
              env: [{ name: GATEWAY_URL, value: 'http://traefik.ingress:80' }]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: shop }
    spec: { podSelector: {}, policyTypes: [Egress], egress: [{ ports: [{ port: 53, protocol: UDP }] }] }
  `,
};

/** Messages by environment, of the rules that this is about. */
async function messages(config: string) {
  const rules = ['reference-missing', 'node-port-invalid', 'network-policy-blocks-connection'];
  const report = await lintFiles({ ...CHART, ...SHOP, 'k8s-lint.yaml': config }, { rules });
  expect(report.failures).toEqual([]);
  return report.diagnostics
    .flatMap(({ rule, message, location, targets }) =>
      targets.map(({ environment }) => `${environment} ${location.file}:${location.line} ${rule}: ${message}`),
    )
    .sort();
}

describe('targets of one environment', () => {
  it('meet in the cluster: names, ports and policies of one count for the others', async () => {
    const config = yaml`
      environments:
        prod:
          targets:
            - helm: { chart: traefik, release: traefik, namespace: ingress }
            - kustomize: shop
    `;
    expect(await messages(config)).toEqual([
      'prod shop/shop.yaml:14 node-port-invalid: nodePort 30080 is that of Service/traefik: the API server refuses the second of them, provided port is already allocated',
      'prod shop/shop.yaml:28 network-policy-blocks-connection: Deployment/shop dials traefik.ingress:80 (GATEWAY_URL, pod port 8000), but egress policy NetworkPolicy/shop refuses it: connections time out or are refused',
    ]);
  });

  it('are no part of another environment', async () => {
    const config = yaml`
      environments:
        edge: { targets: [{ helm: { chart: traefik, release: traefik, namespace: ingress } }] }
        apps: { targets: [{ kustomize: shop }] }
    `;
    expect(await messages(config)).toEqual([
      'apps shop/shop.yaml:8 reference-missing: there is no Middleware/compress in namespace ingress: Traefik drops the router, its requests get 404',
    ]);
  });
});
