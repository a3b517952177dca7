import {
  type CoveredHosts,
  type UncoveredHost,
  uncoveredHosts,
} from '../../cluster/certificates/served-certificates.ts';
import { type Finding, type Rule, yaml } from '../../rule.ts';

const TRAEFIK = `        apiVersion: apps/v1
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
                  args: [--providers.kubernetesingress, --providers.kubernetescrd]`;

const NGINX = `        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: nginx, namespace: ingress-nginx }
        spec:
          selector: { matchLabels: { app: nginx } }
          template:
            metadata: { labels: { app: nginx } }
            spec:
              containers:
                - name: controller
                  image: registry.k8s.io/ingress-nginx/controller:v1.13.0
                  args: [/nginx-ingress-controller, --ingress-class=nginx]`;

const CERTIFICATE = `        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: shop, namespace: shop }
        spec:
          secretName: shop-tls
          dnsNames: [Shop.example.com, '*.apps.example.com']
          issuerRef: { name: letsencrypt, kind: ClusterIssuer }`;

const EXISTING = `        # existing
        apiVersion: networking.k8s.io/v1
        kind: IngressClass
        metadata: { name: nginx }
        spec: { controller: k8s.io/ingress-nginx }`;

export default {
  id: 'tls-host-uncovered',
  severity: 'error',
  docs: {
    summary: 'The controller of an encrypted route loads a certificate for its host.',
    incident:
      'What operators meet after Devex’s migration to cert-manager: a second host is added to the routes, and the Certificate behind ' +
      'their Secret is forgotten. cert-manager is content, the Secret is there, the controller loads it, finds that it doesn’t fit ' +
      'and serves its self-signed default. Nothing is red but the browser.',
    symptoms: [
      'TRAEFIK DEFAULT CERT',
      'Kubernetes Ingress Controller Fake Certificate',
      'SSL: no alternative certificate subject name matches target host name',
      'x509: certificate is valid for shop.example.com, not www.example.com',
      'NET::ERR_CERT_COMMON_NAME_INVALID',
      'Unexpected error validating SSL certificate',
    ],
    fix: 'Add the host to dnsNames of the Certificate that makes the Secret, or name a Secret that is for it. A wildcard holds one label.',
    facts: [
      'Reads Ingress, IngressRoute and IngressRouteTCP, TLSStore, the Certificates and annotated Ingresses behind their Secrets, and the flags of the controller.',
      'An error where the controller runs in a configured environment and all that it loads is known; a warning elsewhere.',
    ],
    silent: [
      'Traefik picks from one store: every Ingress, IngressRoute and TLSStore that it is shown counts, in every namespace',
      'ingress-nginx: the Secrets of all Ingresses with that host, and --default-ssl-certificate',
      'A Secret whose hosts aren’t known may hold the host: written by hand, existing without its Certificate, made by others, placeholders',
      'certResolver, passthrough, ssl-passthrough; certificates of Traefik’s file provider or of a generated default',
      'Load balancers of clouds, which take certificates from elsewhere',
      'Hosts of an Ingress that no tls block lists; blocks without Secret where nobody knows what the controller loads',
    ],
    references: [
      'https://doc.traefik.io/traefik/reference/routing-configuration/http/tls/tls-certificates/',
      'https://kubernetes.github.io/ingress-nginx/user-guide/tls/#default-ssl-certificate',
      'https://cert-manager.io/docs/usage/certificate/',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: shop, namespace: shop }
        spec:
          routes:
            - match: Host(${'`'}shop.example.com${'`'}) || Host(${'`'}www.example.com${'`'}) # <- Secret/shop-tls is for shop.example.com and *.apps.example.com, not for www.example.com, and Deployment/traefik loads no other certificate that is: clients get its default certificate
              services: [{ name: shop, port: 80 }]
          tls: { secretName: shop-tls }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: deep, namespace: shop }
        spec:
          routes:
            - match: Host(${'`'}a.b.apps.example.com${'`'}) && PathPrefix(${'`'}/${'`'}) # <- Secret/shop-tls is for shop.example.com and *.apps.example.com, not for a.b.apps.example.com, and Deployment/traefik loads no other certificate that is: clients get its default certificate
              services: [{ name: shop, port: 80 }]
          tls: { secretName: shop-tls }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRouteTCP
        metadata: { name: tcp, namespace: shop }
        spec:
          routes:
            - match: HostSNI(${'`'}tcp.example.com${'`'}) # <- Secret/shop-tls is for shop.example.com and *.apps.example.com, not for tcp.example.com, and Deployment/traefik loads no other certificate that is: clients get its default certificate
              services: [{ name: shop, port: 80 }]
          tls: { secretName: shop-tls }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: default, namespace: shop }
        spec:
          routes:
            - match: Host(${'`'}default.example.com${'`'}) # <- no certificate that Deployment/traefik loads is for default.example.com: unless something in front of it decrypts, clients get its default certificate
              services: [{ name: shop, port: 80 }]
          tls: {}
        ---
${CERTIFICATE}
        ---
${TRAEFIK}
        ---
${EXISTING}
      `,
      yaml`
        # nginx takes the Secrets of the Ingresses with that host only.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: shop, namespace: shop }
        spec:
          ingressClassName: nginx
          tls:
            - hosts:
                - shop.example.com
                - www.example.com # <- Secret/shop-tls is for shop.example.com and *.apps.example.com, not for www.example.com, and Deployment/nginx loads no other certificate that is: clients get its default certificate
              secretName: shop-tls
          rules:
            - host: shop.example.com
            - host: www.example.com
            - host: api.example.com
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: other, namespace: shop, annotations: { cert-manager.io/cluster-issuer: letsencrypt, cert-manager.io/alt-names: www.example.com } }
        spec:
          ingressClassName: nginx
          tls:
            - hosts:
                - other.example.com
              secretName: other-tls
          rules:
            - host: other.example.com
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: all, namespace: shop }
        spec:
          ingressClassName: nginx
          tls:
            - secretName: shop-tls
          rules:
            - host: all.example.com # <- Secret/shop-tls is for shop.example.com and *.apps.example.com, not for all.example.com, and Deployment/nginx loads no other certificate that is: clients get its default certificate
        ---
${CERTIFICATE}
        ---
${NGINX}
        ---
${EXISTING}
      `,
      yaml`
        # A release may bring more.
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: shop, namespace: shop }
        spec:
          routes:
            - match: Host(${'`'}f.example.com${'`'}) # <- Secret/many-tls is for a.example.com, b.example.com, c.example.com and 2 more, not for f.example.com, and no other certificate here is: unless the controller has one, clients get its default certificate
              services: [{ name: shop, port: 80 }]
          tls: { secretName: many-tls }
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: many, namespace: shop }
        spec:
          secretName: many-tls
          dnsNames: [a.example.com, b.example.com, c.example.com, d.example.com, e.example.com]
          issuerRef: { name: letsencrypt, kind: ClusterIssuer }
        ---
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: { name: infra, namespace: infra }
        spec:
          interval: 1h
          chart: { spec: { chart: infra, sourceRef: { kind: HelmRepository, name: charts } } }
        ---
${TRAEFIK}
        ---
${EXISTING}
      `,
      yaml`
        # Nobody knows what else the controller loads.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: shop, namespace: shop }
        spec:
          ingressClassName: nginx
          tls:
            - hosts:
                - www.example.com # <- Secret/shop-tls is for shop.example.com and *.apps.example.com, not for www.example.com, and no other certificate here is: unless the controller has one, clients get its default certificate
              secretName: shop-tls
          rules:
            - host: www.example.com
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: shop, namespace: shop }
        spec:
          routes:
            - match: Host(${'`'}www.example.com${'`'}) # <- Secret/shop-tls is for shop.example.com and *.apps.example.com, not for www.example.com, and no other certificate here is: unless the controller has one, clients get its default certificate
              services: [{ name: shop, port: 80 }]
          tls: { secretName: shop-tls }
        ---
${CERTIFICATE}
      `,
    ],
    good: [
      yaml`
        # Covered by its own Secret, by name or by a wildcard of one label; not encrypted; decrypted by others.
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: shop, namespace: shop }
        spec:
          routes:
            - match: Host(${'`'}shop.example.com${'`'}, ${'`'}a.apps.example.com${'`'})
              services: [{ name: shop, port: 80 }]
          tls: { secretName: shop-tls }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRouteTCP
        metadata: { name: passed, namespace: shop }
        spec:
          routes:
            - match: HostSNI(${'`'}passed.example.com${'`'})
              services: [{ name: shop, port: 80 }]
          tls: { passthrough: true }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: resolved, namespace: shop }
        spec:
          routes:
            - match: Host(${'`'}resolved.example.com${'`'})
              services: [{ name: shop, port: 80 }]
          tls: { certResolver: le, secretName: shop-tls }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: shop, namespace: shop }
        spec:
          ingressClassName: traefik
          tls:
            - hosts:
                - shop.example.com
                - not-served.example.com
              secretName: shop-tls
          rules:
            - host: plain.example.com
            - host: shop.example.com
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: annotated, namespace: shop, annotations: { traefik.ingress.kubernetes.io/router.tls.certresolver: le } }
        spec:
          ingressClassName: traefik
          tls:
            - hosts:
                - annotated.example.com
              secretName: shop-tls
          rules:
            - host: annotated.example.com
        ---
${CERTIFICATE}
        ---
${TRAEFIK}
        ---
${EXISTING}
      `,
      yaml`
        # Traefik has one store: the Secret of another namespace counts.
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: www, namespace: shop }
        spec:
          routes:
            - match: Host(${'`'}www.example.com${'`'})
              services: [{ name: shop, port: 80 }]
          tls: { secretName: shop-tls }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: other, namespace: other }
        spec:
          routes:
            - match: Host(${'`'}other.example.com${'`'})
              services: [{ name: shop, port: 80 }]
          tls: { secretName: other-tls }
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: other, namespace: other }
        spec: { secretName: other-tls, commonName: other.example.com, dnsNames: ['*.example.com'], issuerRef: { name: letsencrypt, kind: ClusterIssuer } }
        ---
${CERTIFICATE}
        ---
${TRAEFIK}
        ---
${EXISTING}
      `,
      yaml`
        # The default certificate of Traefik's store.
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: www, namespace: shop }
        spec:
          routes:
            - match: Host(${'`'}www.example.com${'`'})
              services: [{ name: shop, port: 80 }]
          tls: { secretName: shop-tls }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: TLSStore
        metadata: { name: default, namespace: traefik }
        spec: { defaultCertificate: { secretName: default-tls } }
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: default, namespace: traefik }
        spec: { secretName: default-tls, dnsNames: ['*.example.com'], issuerRef: { name: letsencrypt, kind: ClusterIssuer } }
        ---
${CERTIFICATE}
        ---
${TRAEFIK}
        ---
${EXISTING}
      `,
      yaml`
        # More certificates of its store.
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: www, namespace: shop }
        spec:
          routes:
            - match: Host(${'`'}www.example.com${'`'})
              services: [{ name: shop, port: 80 }]
          tls: { secretName: shop-tls }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: TLSStore
        metadata: { name: default, namespace: traefik }
        spec: { certificates: [{ secretName: default-tls }] }
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: default, namespace: traefik }
        spec: { secretName: default-tls, dnsNames: ['*.example.com'], issuerRef: { name: letsencrypt, kind: ClusterIssuer } }
        ---
${CERTIFICATE}
        ---
${TRAEFIK}
        ---
${EXISTING}
      `,
      yaml`
        # A default that a resolver orders.
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: www, namespace: shop }
        spec:
          routes:
            - match: Host(${'`'}www.example.com${'`'})
              services: [{ name: shop, port: 80 }]
          tls: { secretName: shop-tls }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: TLSStore
        metadata: { name: default, namespace: traefik }
        spec: { defaultGeneratedCert: { resolver: le, domain: { main: www.example.com } } }
        ---
${CERTIFICATE}
        ---
${TRAEFIK}
        ---
${EXISTING}
      `,
      yaml`
        # Certificates from a file.
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: www, namespace: shop }
        spec:
          routes:
            - match: Host(${'`'}www.example.com${'`'})
              services: [{ name: shop, port: 80 }]
          tls: { secretName: shop-tls }
        ---
${CERTIFICATE}
        ---
${TRAEFIK.replace('--providers.kubernetescrd', '--providers.kubernetescrd, --providers.file.directory=/certificates')}
        ---
${EXISTING}
      `,
      yaml`
        # A Secret whose certificate nobody here asks for may hold any host; so may one with a placeholder.
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: www, namespace: shop }
        spec:
          routes:
            - match: Host(${'`'}www.example.com${'`'})
              services: [{ name: shop, port: 80 }]
          tls: { secretName: shop-tls }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: by-hand, namespace: shop }
        spec:
          routes:
            - match: Host(${'`'}by-hand.example.com${'`'})
              services: [{ name: shop, port: 80 }]
          tls: { secretName: by-hand }
        ---
${CERTIFICATE}
        ---
${TRAEFIK}
        ---
${EXISTING}
      `,
      yaml`
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: www, namespace: shop }
        spec:
          routes:
            - match: Host(${'`'}www.example.com${'`'})
              services: [{ name: shop, port: 80 }]
          tls: { secretName: placeholder-tls }
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: placeholder, namespace: shop }
        spec: { secretName: placeholder-tls, dnsNames: [shop.example.com, '${'${HOST}'}'], issuerRef: { name: letsencrypt, kind: ClusterIssuer } }
        ---
${TRAEFIK}
        ---
${EXISTING}
      `,
      yaml`
        # Written by hand under the name of a Certificate.
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: www, namespace: shop }
        spec:
          routes:
            - match: Host(${'`'}www.example.com${'`'})
              services: [{ name: shop, port: 80 }]
          tls: { secretName: shop-tls }
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: shop-tls, namespace: shop }
        type: kubernetes.io/tls
        stringData: { tls.crt: '', tls.key: '' }
        ---
${CERTIFICATE}
        ---
${TRAEFIK}
        ---
${EXISTING}
      `,
      yaml`
        # nginx: another Ingress of the same host has the certificate; a host that no block lists; the annotation's names.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: www, namespace: shop }
        spec:
          ingressClassName: nginx
          tls:
            - hosts:
                - www.example.com
              secretName: shop-tls
          rules:
            - host: www.example.com
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: www-too, namespace: shop, annotations: { cert-manager.io/cluster-issuer: letsencrypt } }
        spec:
          ingressClassName: nginx
          tls:
            - hosts:
                - www.example.com
              secretName: www-tls
          rules:
            - host: www.example.com
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: alt, namespace: shop, annotations: { cert-manager.io/cluster-issuer: letsencrypt, cert-manager.io/alt-names: more.example.com } }
        spec:
          ingressClassName: nginx
          tls:
            - { hosts: [first.example.com], secretName: alt-tls }
            - { hosts: [alt.example.com], secretName: alt-tls2 }
          rules:
            - host: alt.example.com
        ---
${CERTIFICATE}
        ---
${NGINX}
        ---
${EXISTING}
      `,
      yaml`
        # nginx falls back to a certificate of its own.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: www, namespace: shop }
        spec:
          ingressClassName: nginx
          tls:
            - hosts:
                - www.example.com
              secretName: shop-tls
          rules:
            - host: www.example.com
        ---
${CERTIFICATE}
        ---
${NGINX.replace('--ingress-class=nginx', '--ingress-class=nginx, --default-ssl-certificate=ingress-nginx/default-tls')}
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: default, namespace: ingress-nginx }
        spec: { secretName: default-tls, dnsNames: ['*.example.com'], issuerRef: { name: letsencrypt, kind: ClusterIssuer } }
        ---
${EXISTING}
      `,
      yaml`
        # Nobody knows what that one is for.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: www, namespace: shop }
        spec:
          ingressClassName: nginx
          tls:
            - hosts:
                - www.example.com
              secretName: shop-tls
          rules:
            - host: www.example.com
        ---
${CERTIFICATE}
        ---
${NGINX.replace('--ingress-class=nginx', '--ingress-class=nginx, --default-ssl-certificate=$(DEFAULT)')}
        ---
${EXISTING}
      `,
      yaml`
        # A cloud takes certificates from elsewhere; nginx passes encrypted requests on.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: alb, namespace: shop }
        spec:
          ingressClassName: alb
          tls:
            - hosts:
                - www.example.com
              secretName: shop-tls
          rules:
            - host: www.example.com
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: passed, namespace: shop, annotations: { nginx.ingress.kubernetes.io/ssl-passthrough: 'true' } }
        spec:
          ingressClassName: nginx
          tls:
            - hosts:
                - passed.example.com
              secretName: shop-tls
          rules:
            - host: passed.example.com
        ---
${CERTIFICATE}
      `,
      yaml`
        # Without a Secret, and nobody knows what the controller loads.
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: www, namespace: shop }
        spec:
          routes:
            - match: Host(${'`'}www.example.com${'`'})
              services: [{ name: shop, port: 80 }]
          tls: {}
        ---
${CERTIFICATE}
      `,
    ],
  },
  *check(cluster) {
    for (const uncovered of uncoveredHosts(cluster)) yield report(uncovered);
  },
} satisfies Rule;

function report({ route, host, path, own, certain, controller }: UncoveredHost): Finding {
  const { resource } = route;
  const [first] = own;
  const related = own.flatMap(({ by }) =>
    by.map((one) => ({ resource: one, path: [], message: 'asks for its certificate' })),
  );
  if (first === undefined) {
    const message = `no certificate that ${controller} loads is for ${host}: unless something in front of it decrypts, clients get its default certificate`;
    return { resource, path, message, severity: 'warning' };
  }
  const own1 = `Secret/${first.secret.name} is for ${listOf(first)}, not for ${host}`;
  return certain
    ? {
        resource,
        path,
        message: `${own1}, and ${controller} loads no other certificate that is: clients get its default certificate`,
        related,
      }
    : {
        resource,
        path,
        message: `${own1}, and no other certificate here is: unless the controller has one, clients get its default certificate`,
        severity: 'warning',
        related,
      };
}

/** `a, b and c`; of many, the first. */
function listOf({ hosts }: CoveredHosts): string {
  const shown = hosts.length > 3 ? [...hosts.slice(0, 3), `${hosts.length - 3} more`] : hosts;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
