import { type RefusedSolver, refusedSolvers, SOLVER_PORT } from '../../cluster/certificates/solver-pods.ts';
import { otherPolicies } from '../../cluster/network/network.ts';
import { type Cluster, type Finding, type Rule, yaml } from '../../rule.ts';

const ISSUER = `        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: letsencrypt }
        spec:
          acme:
            server: https://acme-v02.api.letsencrypt.org/directory
            privateKeySecretRef: { name: letsencrypt }
            solvers:
              - http01: { ingress: { ingressClassName: traefik } }
              - dns01: { cloudflare: { apiTokenSecretRef: { name: token, key: token } } }
                selector: { dnsZones: [internal.example.com] }`;

const TRAEFIK = `        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              containers: [{ name: traefik, image: 'traefik:v3.6.12', args: [--providers.kubernetesingress] }]`;

const CERTIFICATE = `        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: shop, namespace: shop }
        spec: { secretName: shop-tls, dnsNames: [shop.example.com], issuerRef: { name: letsencrypt, kind: ClusterIssuer } }`;

export default {
  id: 'network-policy-blocks-acme-solver',
  severity: 'error',
  docs: {
    summary:
      'Where cert-manager solves HTTP-01 challenges, NetworkPolicies let the ingress controller reach its solver pods.',
    incident:
      'Devex, 2026-02-10, issue H, was a challenge that nobody answered. A default-deny policy does the same: cert-manager starts ' +
      'the solver’s pod beside the Certificate, with labels that no policy of the application selects, and on a port of its own. ' +
      'The application stays reachable, the certificate is never issued or, later, never renewed.',
    symptoms: [
      "Waiting for HTTP-01 challenge propagation: wrong status code '504', expected '200'",
      "Waiting for HTTP-01 challenge propagation: wrong status code '502', expected '200'",
      'Waiting for HTTP-01 challenge propagation: failed to perform self check GET request',
    ],
    fix:
      'Add a policy to that namespace: podSelector acme.cert-manager.io/http01-solver: "true", ingress from the controller’s ' +
      'namespace on TCP 8089. Or prove by DNS-01.',
    facts: [
      'Reads Certificates and annotated Ingresses, the solver that cert-manager picks for each host, NetworkPolicies, and the ingress controller where it runs in the environment.',
      'An error where the environment is configured, or one target or file renders all of it; a warning between plain files that only lie side by side',
    ],
    silent: [
      'Hosts that cert-manager proves by DNS-01, and wildcards',
      'Some admitted peer could be the controller: it runs elsewhere, and a rule for port 8089 names a namespace, an ipBlock or everyone',
      'The controller uses the host’s network',
      'A rule that admits pods of the same namespace, where the controller may run',
      'Labels and namespaces that aren’t known; policies that targets disagree about; the port of a mesh’s tunnel (15008, 4143)',
      'Cilium, Calico, Antrea or AdminNetworkPolicy objects, targets that don’t render: unchecked',
    ],
    references: [
      'https://cert-manager.io/docs/configuration/acme/http01/',
      'https://kubernetes.io/docs/concepts/services-networking/network-policies/',
      'https://github.com/cert-manager/cert-manager/blob/master/pkg/issuer/acme/http/pod.go',
    ],
  },
  examples: {
    bad: [
      yaml`
        # The application is admitted, the solver beside it is not.
${CERTIFICATE}
        ---
${ISSUER}
        ---
${TRAEFIK}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: default-deny, namespace: shop }
        spec: # <- NetworkPolicy/default-deny refuses Deployment/traefik the HTTP-01 solver pods of Certificate/shop (port 8089): challenges time out, and no certificate is issued
          podSelector: {}
          policyTypes: [Ingress, Egress]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port: 8080 }] }]
      `,
      yaml`
        # The wrong port, and the wrong namespace.
${CERTIFICATE}
        ---
${ISSUER}
        ---
${TRAEFIK}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: solver, namespace: shop }
        spec:
          podSelector: { matchLabels: { acme.cert-manager.io/http01-solver: 'true' } }
          ingress:
            - from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ingress-nginx } } }] # <- NetworkPolicy/solver refuses Deployment/traefik the HTTP-01 solver pods of Certificate/shop (port 8089): challenges time out, and no certificate is issued
              ports: [{ port: 8089 }]
            - from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: traefik } } }]
              ports: [{ port: 8080 }]
      `,
      yaml`
        # The controller runs elsewhere; nobody at all is admitted on that port, but for pods of the namespace, which is known.
${CERTIFICATE}
        ---
${ISSUER}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: default-deny, namespace: shop }
        spec: # <- NetworkPolicy/default-deny refuses everyone who could be the ingress controller the HTTP-01 solver pods of Certificate/shop (port 8089): challenges time out, and no certificate is issued
          podSelector: {}
          policyTypes: [Ingress]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: same-namespace, namespace: shop }
        spec:
          podSelector: {}
          ingress: [{ from: [{ podSelector: {} }] }, { ports: [{ port: 8080 }] }]
      `,
      yaml`
        # Annotated Ingresses ask as well; the policy exists already. Which solver proves a host is up to its selectors.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: shop, namespace: shop, annotations: { cert-manager.io/cluster-issuer: letsencrypt } }
        spec:
          ingressClassName: traefik
          tls:
            - hosts:
                - www.internal.example.com
                - shop.example.com # <- NetworkPolicy/default-deny refuses Deployment/traefik the HTTP-01 solver pods of Ingress/shop and 1 more (port 8089): challenges time out, and no certificate is issued
              secretName: shop-tls
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: admin, namespace: shop, annotations: { cert-manager.io/cluster-issuer: letsencrypt } }
        spec: { ingressClassName: traefik, tls: [{ hosts: [admin.example.com], secretName: admin-tls }] }
        ---
${ISSUER}
        ---
${TRAEFIK}
        ---
        # existing
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: default-deny, namespace: shop }
        spec:
          podSelector: {}
      `,
    ],
    good: [
      yaml`
        # Admitted, by the way that the documentation names.
${CERTIFICATE}
        ---
${ISSUER}
        ---
${TRAEFIK}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: default-deny, namespace: shop }
        spec:
          podSelector: {}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: solver, namespace: shop }
        spec:
          podSelector: { matchLabels: { acme.cert-manager.io/http01-solver: 'true' } }
          ingress: [{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: traefik } } }], ports: [{ port: 8089 }] }]
      `,
      yaml`
        # Not isolated: other pods, egress only, another namespace.
${CERTIFICATE}
        ---
${ISSUER}
        ---
${TRAEFIK}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port: 8080 }] }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: egress, namespace: shop }
        spec:
          podSelector: {}
          policyTypes: [Egress]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: elsewhere, namespace: other }
        spec:
          podSelector: {}
      `,
      yaml`
        # The controller runs elsewhere, and may be among those who are admitted.
${CERTIFICATE}
        ---
${ISSUER}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: default-deny, namespace: shop }
        spec:
          podSelector: {}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: solver, namespace: shop }
        spec:
          podSelector: { matchLabels: { acme.cert-manager.io/http01-solver: 'true' } }
          ingress: [{ from: [{ ipBlock: { cidr: 10.0.0.0/8 } }], ports: [{ port: 8089 }] }]
      `,
      yaml`
        # Everyone is admitted on the named port of the solver.
${CERTIFICATE}
        ---
${ISSUER}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: default-deny, namespace: shop }
        spec:
          podSelector: {}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: solver, namespace: shop }
        spec:
          podSelector: { matchLabels: { acme.cert-manager.io/http01-solver: 'true' } }
          ingress: [{ ports: [{ port: http }] }]
      `,
      yaml`
        # A controller of the namespace itself may be among them.
${CERTIFICATE}
        ---
${ISSUER}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: default-deny, namespace: shop }
        spec:
          podSelector: {}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: solver, namespace: shop }
        spec:
          podSelector: { matchLabels: { acme.cert-manager.io/http01-solver: 'true' } }
          ingress: [{ from: [{ podSelector: {} }] }]
      `,
      yaml`
        # The controller is on the host's network.
${CERTIFICATE}
        ---
${ISSUER}
        ---
${TRAEFIK.replace('spec:\n              containers', 'spec:\n              hostNetwork: true\n              containers')}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: default-deny, namespace: shop }
        spec:
          podSelector: {}
      `,
      yaml`
        # DNS-01, and a wildcard, which HTTP-01 cannot prove.
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: shop, namespace: shop }
        spec: { secretName: shop-tls, dnsNames: ['*.example.com', www.internal.example.com], issuerRef: { name: letsencrypt, kind: ClusterIssuer } }
        ---
${ISSUER}
        ---
${TRAEFIK}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: default-deny, namespace: shop }
        spec:
          podSelector: {}
      `,
      yaml`
        # An issuer that isn't here, or isn't cert-manager's own; one that signs by itself.
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: shop, namespace: shop }
        spec: { secretName: shop-tls, dnsNames: [shop.example.com], issuerRef: { name: letsencrypt } }
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: other, namespace: shop }
        spec: { secretName: other-tls, dnsNames: [shop.example.com], issuerRef: { name: letsencrypt, kind: ClusterIssuer, group: other.example.com } }
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: self-signed, namespace: shop }
        spec: { secretName: self-signed-tls, dnsNames: [shop.example.com], issuerRef: { name: self-signed, kind: ClusterIssuer } }
        ---
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: self-signed }
        spec: { selfSigned: {} }
        ---
${ISSUER}
        ---
${TRAEFIK}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: default-deny, namespace: shop }
        spec:
          podSelector: {}
      `,
      yaml`
        # The solver has labels of its own, which a policy admits.
${CERTIFICATE}
        ---
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: letsencrypt }
        spec:
          acme:
            server: https://acme-v02.api.letsencrypt.org/directory
            privateKeySecretRef: { name: letsencrypt }
            solvers:
              - http01: { ingress: { ingressClassName: traefik, podTemplate: { metadata: { labels: { expose: 'yes' } } } } }
        ---
${TRAEFIK}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: default-deny, namespace: shop }
        spec:
          podSelector: {}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: exposed, namespace: shop }
        spec:
          podSelector: { matchLabels: { expose: 'yes' } }
          ingress: [{}]
      `,
      yaml`
        # A mesh's tunnel; another kind of policy.
${CERTIFICATE}
        ---
${ISSUER}
        ---
${TRAEFIK}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: default-deny, namespace: shop }
        spec:
          podSelector: {}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: mesh, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          ingress: [{ ports: [{ port: 15008 }] }]
      `,
      yaml`
        # Calico decides, too.
${CERTIFICATE}
        ---
${ISSUER}
        ---
${TRAEFIK}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: default-deny, namespace: shop }
        spec:
          podSelector: {}
        ---
        apiVersion: projectcalico.org/v3
        kind: NetworkPolicy
        metadata: { name: solver, namespace: shop }
        spec: { selector: all() }
      `,
    ],
  },
  *check(cluster) {
    const refused = refusedSolvers(cluster);
    if (refused.length === 0) return;
    const other = otherPolicies(cluster);
    if (other || !cluster.complete) {
      yield {
        unchecked: `whether NetworkPolicies admit the HTTP-01 solver pods of ${asking(refused.flatMap(({ challenges }) => challenges))}`,
        reason: other
          ? `${other} decides on connections, too, and is not evaluated`
          : 'a target did not render, and what admits them may be in it',
      };
      return;
    }
    for (const one of refused) yield report(cluster, one);
  },
} satisfies Rule;

function report(cluster: Cluster, { challenges, controller, policy, path, others }: RefusedSolver): Finding {
  const [{ resource, path: hostPath }] = challenges;
  const whom = controller === undefined ? 'everyone who could be the ingress controller' : controller.resource;
  const message = `${policy} refuses ${whom} the HTTP-01 solver pods of ${asking(challenges)} (port ${SOLVER_PORT}): challenges time out, and no certificate is issued`;
  const ask = { resource, path: hostPath };
  const refusal = { resource: policy, path };
  const actors = [policy, challenges[0].solver.issuer, ...(controller ? [controller.resource] : [])];
  const isSure = actors.every((actor) => cluster.together(resource, actor));
  return {
    ...(policy.existing ? ask : refusal),
    message,
    ...(isSure ? {} : { severity: 'warning' }),
    related: [
      policy.existing ? { ...refusal, message: 'the policy' } : { ...ask, message: 'the host that is to be proved' },
      ...others.map((also) => ({ resource: also, path: [], message: 'isolates them, too' })),
    ],
  };
}

/** `Certificate/shop and 2 more`. */
function asking(challenges: readonly { resource: { toString(): string } }[]): string {
  const [first, ...others] = new Set(challenges.map(({ resource }) => resource));
  return others.length === 0 ? `${first}` : `${first} and ${others.length} more`;
}
