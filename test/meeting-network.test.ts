import { expect, it } from 'vitest';
import { lintFiles } from './examples.ts';

const deployment = (name: string, container: string, kind = 'Deployment') => `
apiVersion: apps/v1
kind: ${kind}
metadata: { name: ${name}, namespace: shop }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [{ name: ${name}, ${container} }] }
`;

const service = (name: string, port: string) => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { selector: { app: ${name} }, ports: [{ name: http, ${port} }] }
`;

const policy = (name: string, spec: string) => `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: shop }
spec: { podSelector: {}, ${spec} }
`;

const NAMESPACE = `
apiVersion: v1
kind: Namespace
metadata: { name: shop }
`;

const API = `${deployment('api', 'image: "api:1", ports: [{ name: http, containerPort: 80 }]')}---${service('api', 'port: 80')}`;
const WEB = deployment('web', 'image: "web:1", env: [{ name: API_URL, value: "http://api:80" }]');
const DENY = policy('deny', 'policyTypes: [Ingress, Egress]');

const INGRESS = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: shop, namespace: shop, annotations: { cert-manager.io/cluster-issuer: acme } }
spec:
  ingressClassName: traefik
  tls: [{ hosts: [shop.example.org], secretName: shop-tls }]
  rules:
    - host: shop.example.org
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: api, port: { number: 80 } } } }] }
`;

const ISSUER = `
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: { name: acme }
spec:
  acme:
    server: https://acme-v02.api.letsencrypt.org/directory
    privateKeySecretRef: { name: acme }
    solvers: [{ http01: { ingress: { ingressClassName: traefik } } }]
`;

const TRAEFIK = deployment(
  'traefik',
  'image: "traefik:v3.4.0", args: [--entrypoints.web.address=:80, --providers.kubernetesingress=true, --certificatesresolvers.le.acme.httpchallenge.entrypoint=web]',
);

it.each([
  ['backend-port-missing', INGRESS, service('api', 'port: 8080')],
  ['backend-port-missing', WEB, service('api', 'port: 8080')],
  ['service-port-unserved', deployment('api', 'image: "api:1"'), service('api', 'port: 80, targetPort: http')],
  ['network-policy-blocks-connection', `${API}---${WEB}`, DENY],
  ['network-policy-blocks-connection', `${WEB}---${DENY}`, API],
  ['network-policy-blocks-dns', `${API}---${WEB}---${NAMESPACE}`, DENY],
  ['network-policy-blocks-ingress', `${API}---${INGRESS}---${NAMESPACE}`, DENY],
  ['network-policy-blocks-ingress', `${API}---${INGRESS}---${DENY}---${NAMESPACE}`, TRAEFIK],
  ['network-policy-blocks-acme-solver', `${INGRESS}---${ISSUER}---${NAMESPACE}`, DENY],
  ['network-policy-blocks-acme-solver', `${INGRESS}---${DENY}---${NAMESPACE}`, ISSUER],
  ['acme-owned-twice', TRAEFIK, ISSUER],
])('is a warning between files that may be alternatives, an error within one: %s, %#', async (rule, one, other) => {
  const severities = async (files: Record<string, string>) =>
    (await lintFiles(files, { rules: [rule] })).diagnostics.map((found) => [found.rule, found.severity]);
  expect(await severities({ 'one.yaml': one, 'other.yaml': other })).toEqual([[rule, 'warning']]);
  expect(await severities({ 'both.yaml': `${one}---${other}` })).toEqual([[rule, 'error']]);
});
