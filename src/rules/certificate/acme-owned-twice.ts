import {
  goesThrough,
  type Http01Solver,
  hostsAreApart,
  http01SolversOf,
} from '../../cluster/certificates/certificates.ts';
import {
  type AcmeResolver,
  acmeResolversOf,
  claimsChallenges,
  type Setting,
  type Traefik,
  traefiksOf,
} from '../../cluster/routes/traefik.ts';
import { type Cluster, type Finding, type Rule, yaml } from '../../rule.ts';

/** What is wrong between a resolver and the solvers whose challenges its Traefik routes; undefined where nothing surely is. */
function conflict(
  cluster: Cluster,
  traefik: Traefik,
  resolver: AcmeResolver,
  solvers: readonly Http01Solver[],
): Pick<Finding, 'message' | 'severity'> | undefined {
  const { name, challenges, entryPoint } = resolver;
  const issuers = [...new Set(solvers.map(({ issuer }) => issuer))];
  const whose = issuers.join(', ');
  if (!challenges.has('http') && !challenges.has('tls')) return undefined;
  const claims = claimsChallenges(cluster, traefik, resolver);
  if (claims === undefined) return undefined;
  if (claims) {
    return {
      message: `resolver ${name} answers /.well-known/acme-challenge/ on entry point ${entryPoint?.value} for every host, so that the HTTP-01 challenges of ${whose} get 404`,
    };
  }
  // With allowACMEByPass somebody has thought of both.
  if (entryPoint !== undefined && traefik.settings.has(`entrypoints.${entryPoint.value.toLowerCase()}.allowacmebypass`))
    return undefined;
  if (hostsAreApart(cluster, traefik, resolver, issuers)) return undefined;
  return {
    message: `resolver ${name} orders certificates of its own beside ${whose}: a host that both serve has two owners and two certificates`,
    severity: 'warning',
  };
}

/** Whether the challenges of a solver surely come by that Traefik, and not by another one that takes the same class. */
function isOnlyServedBy(cluster: Cluster, traefik: Traefik, solver: Http01Solver): boolean {
  return traefiksOf(cluster).every((other) => goesThrough(cluster, other, solver) === (other === traefik));
}

/** Where to point: at the resolver if this environment renders it, else at the solver. */
function place(setting: Setting, [solver]: readonly Http01Solver[]): Pick<Finding, 'resource' | 'path'> | undefined {
  if (!setting.resource.existing) return { resource: setting.resource, path: setting.path };
  return solver && { resource: solver.issuer, path: solver.path };
}

export default {
  id: 'acme-owned-twice',
  severity: 'error',
  docs: {
    summary: 'One component owns ACME: Traefik or cert-manager, not both on one way in.',
    incident:
      "Devex, 2026-02-10, issue H: cert-manager's HTTP-01 challenge hung at 404 instead of 200. Traefik had ACME arguments of its own " +
      'left over from an earlier attempt: its resolver answers /.well-known/acme-challenge/ on the entry point before any Ingress, and ' +
      "404 to every token that it didn't ask for itself. Stale solvers and retries hid it. The lesson of the report: one ACME owner, " +
      'and no native ACME arguments in Traefik.',
    symptoms: [
      "Waiting for HTTP-01 challenge propagation: wrong status code '404', expected '200'",
      "wrong status code '404', expected '200'",
      'Cannot retrieve the ACME challenge for',
    ],
    fix:
      "Remove Traefik's certificatesResolvers (arguments, environment or static file) and let cert-manager issue; or drop the Issuer; or " +
      'set entryPoints.<name>.allowACMEByPass=true (from v3.1.3 and v2.11.9), so that the solver wins on that entry point.',
    facts: [
      "Traefik's static configuration: its arguments, its environment variables, the file of a mounted ConfigMap",
      'Issuers and ClusterIssuers with ACME solvers, rendered or under `existing`, and the IngressClasses that they name',
      'An error where the environment is configured, or one target or file renders all of it; a warning between plain files that only lie side by side',
    ],
    silent: [
      'DNS-01 only, on either side',
      'entryPoints.<name>.allowACMEByPass, in a Traefik that knows it',
      'Solvers whose Ingress class or Gateway belongs to another controller, or to nobody known',
      'Two Traefiks that take the same class: which one a host leads to is unknown',
      'A resolver for TLS-ALPN-01 whose hosts and those of cert-manager are written and apart',
      'An entry point that does not exist, or that port 80 does not lead to',
      'Arguments beside a static file, and environment variables beside arguments: Traefik does not read them',
    ],
    references: [
      'https://doc.traefik.io/traefik/reference/install-configuration/entrypoints/#allowacmebypass',
      'https://github.com/traefik/traefik/blob/master/pkg/provider/traefik/internal.go',
      'https://cert-manager.io/docs/troubleshooting/acme/',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args:
                    - --entryPoints.web.address=:80
                    - --providers.kubernetesIngress
                    - --certificatesResolvers.le.acme.email=ops@example.com
                    - --certificatesResolvers.le.acme.httpChallenge.entryPoint=web # <- resolver le answers /.well-known/acme-challenge/ on entry point web for every host, so that the HTTP-01 challenges of ClusterIssuer/letsencrypt get 404
        ---
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: letsencrypt }
        spec:
          acme:
            server: https://acme-v02.api.letsencrypt.org/directory
            privateKeySecretRef: { name: letsencrypt }
            solvers:
              - http01: { ingress: { class: traefik } }
      `,
      yaml`
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: edge, namespace: traefik }
        spec:
          selector: { matchLabels: { app: edge } }
          template:
            metadata: { labels: { app: edge } }
            spec:
              containers:
                - name: edge
                  image: registry.example.com/traefik:v2.11.8
                  command: [traefik]
                  args:
                    - -providers.kubernetesingress.ingressclass=edge
                    - --ENTRYPOINTS.WEB.ADDRESS
                    - :8000/tcp
                    - --entrypoints.web.allowacmebypass
                    - --entrypoints.web.http.redirections.entrypoint.to=websecure
                    - --certificatesresolvers.le.acme.httpchallenge
                    - --certificatesresolvers.le.acme.httpchallenge.entrypoint
                    - web # <- resolver le answers /.well-known/acme-challenge/ on entry point web for every host, so that the HTTP-01 challenges of Issuer/edge, Issuer/edited get 404
                    - --certificatesresolvers.tls.acme.tlschallenge=true # <- resolver tls orders certificates of its own beside Issuer/edge, Issuer/edited: a host that both serve has two owners and two certificates
                    - --certificatesresolvers.dns.acme.dnschallenge.provider=scaleway
                    - --certificatesresolvers.off.acme.tlschallenge=false
                  ports:
                    - { name: web, containerPort: 8000, hostPort: 80 }
        ---
        apiVersion: cert-manager.io/v1
        kind: Issuer
        metadata: { name: edge, namespace: web }
        spec:
          acme:
            server: https://acme-v02.api.letsencrypt.org/directory
            privateKeySecretRef: { name: edge }
            solvers:
              - dns01: { webhook: { groupName: acme.example.com, solverName: scaleway } }
              - http01: { ingress: { ingressClassName: edge } }
        ---
        apiVersion: cert-manager.io/v1
        kind: Issuer
        metadata: { name: edited, namespace: web }
        spec:
          acme:
            server: https://acme-v02.api.letsencrypt.org/directory
            privateKeySecretRef: { name: edited }
            solvers:
              - http01: { ingress: { name: shop } }
        ---
        apiVersion: cert-manager.io/v1
        kind: Issuer
        metadata: { name: elsewhere, namespace: web }
        spec:
          acme:
            server: https://acme-v02.api.letsencrypt.org/directory
            privateKeySecretRef: { name: elsewhere }
            solvers:
              - http01: { ingress: { class: nginx } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: shop, namespace: web, annotations: { kubernetes.io/ingress.class: edge } }
        spec:
          defaultBackend: { service: { name: shop, port: { number: 80 } } }
      `,
      yaml`
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: traefik, namespace: traefik }
        data:
          traefik.yml: | # <- resolver le answers /.well-known/acme-challenge/ on entry point web for every host, so that the HTTP-01 challenges of ClusterIssuer/letsencrypt get 404
            entryPoints:
              web: { address: ":80" }
            certificatesResolvers:
              le:
                acme:
                  email: ops@example.com
                  httpChallenge: { entryPoint: web }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--entryPoints.web.allowACMEByPass=true]
                  volumeMounts: [{ name: config, mountPath: /etc/traefik/ }]
              volumes: [{ name: config, configMap: { name: traefik } }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: IngressClass
        metadata:
          name: public
          annotations: { ingressclass.kubernetes.io/is-default-class: "true" }
        spec: { controller: traefik.io/ingress-controller }
        ---
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: letsencrypt }
        spec:
          acme:
            server: https://acme-v02.api.letsencrypt.org/directory
            privateKeySecretRef: { name: letsencrypt }
            solvers:
              - http01: { ingress: {} }
      `,
      yaml`
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: letsencrypt }
        spec:
          acme:
            server: https://acme-v02.api.letsencrypt.org/directory
            privateKeySecretRef: { name: letsencrypt }
            solvers:
              - http01: # <- resolver le answers /.well-known/acme-challenge/ on entry point web for every host, so that the HTTP-01 challenges of ClusterIssuer/letsencrypt get 404
                  gatewayHTTPRoute:
                    parentRefs: [{ name: public, namespace: traefik }]
        ---
        # existing
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: { name: public, namespace: traefik }
        spec:
          gatewayClassName: traefik
          listeners: [{ name: web, port: 80, protocol: HTTP }]
        ---
        # existing
        apiVersion: gateway.networking.k8s.io/v1
        kind: GatewayClass
        metadata: { name: traefik }
        spec: { controllerName: traefik.io/gateway-controller }
        ---
        # existing
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  env:
                    - { name: TRAEFIK_ENTRYPOINTS_WEB_ADDRESS, value: ":80" }
                    - { name: TRAEFIK_PROVIDERS_KUBERNETESGATEWAY, value: "true" }
                    - { name: TRAEFIK_CERTIFICATESRESOLVERS_LE_ACME_HTTPCHALLENGE_ENTRYPOINT, value: web }
      `,
    ],
    good: [
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args:
                    - --entryPoints.web.address=:80
                    - --entryPoints.web.allowACMEByPass=true
                    - --certificatesResolvers.le.acme.httpChallenge.entryPoint=web
                    - --certificatesResolvers.dns.acme.dnsChallenge.provider=scaleway
        ---
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: letsencrypt }
        spec:
          acme:
            server: https://acme-v02.api.letsencrypt.org/directory
            privateKeySecretRef: { name: letsencrypt }
            solvers:
              - http01: { ingress: { class: traefik } }
      `,
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args:
                    - --entryPoints.web.address=:80
                    - --certificatesResolvers.le.acme.httpChallenge.entryPoint=web
        ---
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: dns-only }
        spec:
          acme:
            server: https://acme-v02.api.letsencrypt.org/directory
            privateKeySecretRef: { name: dns-only }
            solvers:
              - dns01: { webhook: { groupName: acme.example.com, solverName: scaleway } }
        ---
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: through-nginx }
        spec:
          acme:
            server: https://acme-v02.api.letsencrypt.org/directory
            privateKeySecretRef: { name: through-nginx }
            solvers:
              - http01: { ingress: { class: nginx } }
              - http01: { ingress: { ingressClassName: public } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: IngressClass
        metadata: { name: public }
        spec: { controller: k8s.io/ingress-nginx }
        ---
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: through-what-is-not-known }
        spec:
          acme:
            server: https://acme-v02.api.letsencrypt.org/directory
            privateKeySecretRef: { name: through-what-is-not-known }
            solvers:
              - http01: { ingress: {} }
              - http01: { ingress: { ingressClassName: other } }
              - http01: { ingress: { name: elsewhere } }
              - http01: { gatewayHTTPRoute: { parentRefs: [{ name: elsewhere }] } }
        ---
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: self-signed }
        spec: { selfSigned: {} }
      `,
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args:
                    - --entryPoints.web.address=:80
                    - --certificatesResolvers.le.acme.tlsChallenge=true
        ---
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: letsencrypt }
        spec:
          acme:
            server: https://acme-v02.api.letsencrypt.org/directory
            privateKeySecretRef: { name: letsencrypt }
            solvers:
              - http01: { ingress: { class: traefik } }
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: shop, namespace: web }
        spec:
          secretName: shop-tls
          dnsNames: [shop.example.com]
          issuerRef: { kind: ClusterIssuer, name: letsencrypt }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: dashboard, namespace: traefik }
        spec:
          routes:
            - kind: Rule
              match: Host(${'`'}traefik.example.com${'`'}) && PathPrefix(${'`'}/dashboard${'`'})
              services: [{ kind: TraefikService, name: api@internal }]
          tls: { certResolver: le }
      `,
    ],
  },
  *check(cluster) {
    for (const traefik of traefiksOf(cluster)) {
      const solvers = http01SolversOf(cluster).filter((solver) => isOnlyServedBy(cluster, traefik, solver));
      if (solvers.length === 0) continue;
      for (const resolver of acmeResolversOf(traefik)) {
        const found = conflict(cluster, traefik, resolver, solvers);
        const at = place(
          resolver.setting,
          solvers.filter(({ issuer }) => !issuer.existing),
        );
        if (found === undefined || at === undefined) continue;
        const { setting } = resolver;
        const isSure = solvers.some(({ issuer }) => cluster.together(traefik.workload.resource, issuer));
        yield {
          ...found,
          ...(isSure ? {} : { severity: 'warning' }),
          ...at,
          related: [
            ...(at.resource === setting.resource
              ? []
              : [{ message: `resolver ${resolver.name} of Traefik`, resource: setting.resource, path: setting.path }]),
            ...solvers
              .filter(({ issuer }) => issuer !== at.resource)
              .map(({ issuer, path }) => ({ message: `an HTTP-01 solver of ${issuer}`, resource: issuer, path })),
          ],
        };
      }
    }
  },
} satisfies Rule;
