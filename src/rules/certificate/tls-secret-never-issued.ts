import {
  type AskedIssuer,
  asksOthers,
  CLUSTER_ISSUER,
  ISSUER,
  isProvidedOtherwise,
  type ShimmedIngress,
  shimmedIngresses,
  standingOfIssuer,
  type TlsBlock,
  unheardRequests,
} from '../../cluster/certificates/issuance.ts';
import { type Cluster, type Finding, type Rule, yaml } from '../../rule.ts';

const DEFAULT_CERTIFICATE = "clients get the controller's default certificate";

export default {
  id: 'tls-secret-never-issued',
  severity: 'error',
  docs: {
    summary: 'What asks cert-manager for a TLS Secret asks in a way that it hears.',
    incident:
      'matchid, the poc overlay: an IngressRoute of Traefik with the annotations that work on an Ingress, and a TLS Secret that nobody ' +
      'wrote. cert-manager reads annotations of Ingresses and Gateways only, so that no Certificate appeared, no event told why, and ' +
      'browsers met the default certificate of Traefik.',
    symptoms: [
      'TRAEFIK DEFAULT CERT',
      'Kubernetes Ingress Controller Fake Certificate',
      'Skipped a TLS block: spec.tls[0].secretName: Required value',
      'Skipped a TLS block: spec.tls[0].hosts: Required value',
      'this secret name must only appear in a single TLS entry but is also used in',
      'Could not determine issuer for ingress due to bad annotations',
      'Error configuring TLS: secret',
    ],
    fix:
      'Write a Certificate with that secretName beside an IngressRoute. In an Ingress, give each tls block hosts and a secretName of ' +
      'its own, and name one issuer that exists: cert-manager.io/issuer for an Issuer of the namespace, ' +
      'cert-manager.io/cluster-issuer for a ClusterIssuer.',
    facts: [
      'On a route of the Gateway API it is a warning, unless the Secrets of the Gateway’s namespace are known.',
      'Reads the annotations and tls blocks of Ingress, IngressRoute, IngressRouteTCP, HTTPProxy and the routes of the Gateway API, the Certificates and whatever else makes Secrets, and --default-issuer-name of cert-manager.',
      'An issuer that an annotation names and that is known to be missing is reported by reference-missing, at the same place.',
    ],
    silent: [
      'A TLS Secret without such annotations: it is an ordinary reference',
      'A Secret that is rendered, existing, or made by something else: a Certificate, an ExternalSecret, another annotated Ingress',
      'kubernetes.io/tls-acme where cert-manager’s default issuer isn’t known',
      'Issuers of other groups (cert-manager.io/issuer-group)',
      'A certResolver of Traefik, which issues by itself; traefik-certmanager, which reads IngressRoutes in cert-manager’s stead',
      'A tls block without secretName whose hosts other blocks of the Ingress hold',
      'Placeholders; targets that don’t render; HelmReleases and operators that may make the Secret',
    ],
    references: [
      'https://cert-manager.io/docs/usage/ingress/',
      'https://cert-manager.io/docs/troubleshooting/',
      'https://github.com/cert-manager/cert-manager/blob/master/pkg/controller/certificate-shim/sync.go',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata:
          name: deces
          namespace: matchid
          annotations:
            cert-manager.io/cluster-issuer: letsencrypt-prod # <- cert-manager ignores annotations of an IngressRoute: nothing issues Secret/deces-tls, clients get the controller's default certificate
        spec:
          entryPoints: [websecure]
          routes:
            - kind: Rule
              match: Host(${'`'}poc.example.com${'`'})
              services: [{ name: deces-ui, port: 8083 }]
          tls: { secretName: deces-tls }
        ---
        apiVersion: traefik.containo.us/v1alpha1
        kind: IngressRouteTCP
        metadata:
          name: deces
          namespace: matchid
          annotations:
            cert-manager.io/issuer: letsencrypt-prod # <- cert-manager ignores annotations of an IngressRouteTCP: nothing issues Secret/tcp-tls, clients get the controller's default certificate
        spec:
          routes:
            - match: HostSNI(${'`'}poc.example.com${'`'})
              services: [{ name: deces-ui, port: 8083 }]
          tls: { secretName: tcp-tls }
        ---
        apiVersion: projectcontour.io/v1
        kind: HTTPProxy
        metadata:
          name: deces
          namespace: matchid
          annotations:
            cert-manager.io/issuer: letsencrypt-prod # <- cert-manager ignores annotations of an HTTPProxy: nothing issues Secret/proxy-tls, clients get the controller's default certificate
        spec:
          virtualhost: { fqdn: poc.example.com, tls: { secretName: proxy-tls } }
          routes: [{ services: [{ name: deces-ui, port: 8083 }] }]
      `,
      yaml`
        # The Gateway would be heard, its routes are not.
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata:
          name: shop
          namespace: shop
          annotations:
            cert-manager.io/cluster-issuer: letsencrypt # <- cert-manager ignores annotations of an HTTPRoute: nothing issues Secret/shop-tls, clients get the controller's default certificate
        spec:
          parentRefs: [{ name: public, namespace: gateways }]
          hostnames: [shop.example.com]
          rules: [{ backendRefs: [{ name: shop, port: 80 }] }]
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: { name: public, namespace: gateways }
        spec:
          gatewayClassName: traefik
          listeners:
            - name: web
              port: 443
              protocol: HTTPS
              hostname: shop.example.com
              allowedRoutes: { namespaces: { from: All } }
              tls: { certificateRefs: [{ name: shop-tls }] }
      `,
      yaml`
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: shop
          namespace: shop
          annotations: { cert-manager.io/cluster-issuer: letsencrypt }
        spec:
          tls:
            - hosts: [shop.example.com] # <- this tls block has no secretName: cert-manager skips it and issues nothing for shop.example.com, clients get the controller's default certificate
            - secretName: www-tls # <- this tls block has no hosts: cert-manager skips it and never issues Secret/www-tls, clients get the controller's default certificate
          rules:
            - host: shop.example.com
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: shop, port: { number: 80 } } } }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: admin
          namespace: shop
          annotations: { cert-manager.io/cluster-issuer: letsencrypt }
        spec:
          tls:
            - hosts: [] # <- this tls block has no hosts and no secretName: cert-manager skips it, clients get the controller's default certificate
          rules:
            - host: admin.example.com
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: shop, port: { number: 80 } } } }] }
      `,
      yaml`
        # Two blocks with one Secret: no block is issued. The other Ingress issues another one.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: shop
          namespace: shop
          annotations: { cert-manager.io/issuer: local }
        spec:
          tls:
            - hosts: [shop.example.com]
              secretName: shop-tls
            - hosts: [www.example.com]
              secretName: shop-tls # <- spec.tls[0] names Secret/shop-tls, too: cert-manager refuses the whole Ingress and issues nothing, clients get the controller's default certificate
          rules:
            - host: shop.example.com
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: shop, port: { number: 80 } } } }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: other
          namespace: shop
          annotations: { cert-manager.io/issuer: local }
        spec:
          tls: [{ hosts: [other.example.com], secretName: other-tls }]
          rules:
            - host: other.example.com
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: shop, port: { number: 80 } } } }] }
        ---
        # A Secret that only an Ingress with a fault of its own asks for, too.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: same-secret
          namespace: shop
          annotations: { cert-manager.io/issuer: local }
        spec:
          tls:
            - secretName: shop-tls # <- this tls block has no hosts: cert-manager skips it and never issues Secret/shop-tls, clients get the controller's default certificate
          rules:
            - host: shop.example.com
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: shop, port: { number: 80 } } } }] }
      `,
      yaml`
        # Two blocks without name are two of one name; in the other Ingress, one is none.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: nameless-blocks, namespace: shop, annotations: { cert-manager.io/issuer: local } }
        spec:
          tls:
            - { hosts: [shop.example.com, www.example.com], secretName: shop-tls }
            - hosts: [shop.example.com]
            - hosts: [www.example.com] # <- spec.tls[1] has no secretName, either: cert-manager refuses the whole Ingress and issues nothing, clients get the controller's default certificate
          rules:
            - host: shop.example.com
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: shop, port: { number: 80 } } } }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: issued, namespace: shop, annotations: { cert-manager.io/issuer: local } }
        spec:
          tls:
            - { hosts: [a.example.com], secretName: a-tls }
            - hosts: [a.example.com]
          rules:
            - host: a.example.com
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: shop, port: { number: 80 } } } }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: made-otherwise, namespace: shop, annotations: { cert-manager.io/issuer: local } }
        spec:
          tls:
            - { hosts: [a.example.com], secretName: a-tls }
            - hosts: [a.example.com]
            - hosts: [a.example.com]
          rules:
            - host: a.example.com
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: shop, port: { number: 80 } } } }] }
      `,
      yaml`
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: two-issuers
          namespace: shop
          annotations:
            cert-manager.io/issuer: local # <- cert-manager.io/issuer and cert-manager.io/cluster-issuer exclude each other: cert-manager issues nothing for this Ingress, clients get the controller's default certificate
            cert-manager.io/cluster-issuer: letsencrypt
        spec:
          tls: [{ hosts: [shop.example.com], secretName: shop-tls }]
          rules:
            - host: shop.example.com
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: shop, port: { number: 80 } } } }] }
      `,
      yaml`
        # The issuer is of the other kind.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: shop
          namespace: shop
          annotations:
            cert-manager.io/issuer: letsencrypt # <- there is no Issuer/letsencrypt here, but a ClusterIssuer/letsencrypt: use cert-manager.io/cluster-issuer, or Secret/shop-tls is never issued, clients get the controller's default certificate
        spec:
          tls: [{ hosts: [shop.example.com], secretName: shop-tls }]
          rules:
            - host: shop.example.com
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: shop, port: { number: 80 } } } }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: admin
          namespace: shop
          annotations:
            cert-manager.io/cluster-issuer: local # <- there is no ClusterIssuer/local here, but an Issuer/local: use cert-manager.io/issuer, or Secret/admin-tls is never issued, clients get the controller's default certificate
        spec:
          tls: [{ hosts: [admin.example.com], secretName: admin-tls }]
          rules:
            - host: admin.example.com
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: shop, port: { number: 80 } } } }] }
        ---
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: letsencrypt }
        spec: { selfSigned: {} }
        ---
        apiVersion: cert-manager.io/v1
        kind: Issuer
        metadata: { name: local, namespace: shop }
        spec: { selfSigned: {} }
      `,
      yaml`
        # issuer-kind makes it a ClusterIssuer, and those are known.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: shop
          namespace: shop
          annotations:
            cert-manager.io/issuer-kind: ClusterIssuer
            cert-manager.io/issuer: letsencrypt # <- there is no ClusterIssuer/letsencrypt: Secret/shop-tls is never issued, clients get the controller's default certificate
        spec:
          tls: [{ hosts: [shop.example.com], secretName: shop-tls }]
          rules:
            - host: shop.example.com
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: shop, port: { number: 80 } } } }] }
        ---
        # existing
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: staging }
        spec: { selfSigned: {} }
      `,
      yaml`
        # The controller has a default issuer, so that tls-acme is heard.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: shop
          namespace: shop
          annotations: { kubernetes.io/tls-acme: 'true' }
        spec:
          tls:
            - secretName: shop-tls # <- this tls block has no hosts: cert-manager skips it and never issues Secret/shop-tls, clients get the controller's default certificate
          rules:
            - host: shop.example.com
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: shop, port: { number: 80 } } } }] }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: cert-manager, namespace: cert-manager }
        spec:
          selector: { matchLabels: { app: cert-manager } }
          template:
            metadata: { labels: { app: cert-manager } }
            spec:
              containers:
                - name: cert-manager-controller
                  image: quay.io/jetstack/cert-manager-controller:v1.18.2
                  args: [--v=2, --default-issuer-name=letsencrypt, --default-issuer-kind=ClusterIssuer]
      `,
    ],
    good: [
      yaml`
        # What nobody asked cert-manager for, and what is made in another way.
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: plain, namespace: shop }
        spec:
          routes: [{ kind: Rule, match: Host(${'`'}a.example.com${'`'}), services: [{ name: shop, port: 80 }] }]
          tls: { secretName: by-hand }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: with-certificate, namespace: shop, annotations: { cert-manager.io/cluster-issuer: letsencrypt } }
        spec:
          routes: [{ kind: Rule, match: Host(${'`'}b.example.com${'`'}), services: [{ name: shop, port: 80 }] }]
          tls: { secretName: by-certificate }
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: b, namespace: shop }
        spec: { secretName: by-certificate, dnsNames: [b.example.com], issuerRef: { name: letsencrypt, kind: ClusterIssuer } }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: with-resolver, namespace: shop, annotations: { cert-manager.io/cluster-issuer: letsencrypt } }
        spec:
          routes: [{ kind: Rule, match: Host(${'`'}c.example.com${'`'}), services: [{ name: shop, port: 80 }] }]
          tls: { secretName: c, certResolver: le }
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: default-store, namespace: shop, annotations: { cert-manager.io/cluster-issuer: letsencrypt } }
        spec:
          routes: [{ kind: Rule, match: Host(${'`'}d.example.com${'`'}), services: [{ name: shop, port: 80 }] }]
          tls: {}
        ---
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: placeholder, namespace: shop, annotations: { cert-manager.io/cluster-issuer: letsencrypt } }
        spec:
          routes: [{ kind: Rule, match: Host(${'`'}d.example.com${'`'}), services: [{ name: shop, port: 80 }] }]
          tls: { secretName: '${'${NAME}'}-tls' }
        ---
        apiVersion: projectcontour.io/v1
        kind: HTTPProxy
        metadata: { name: delegated, namespace: shop, annotations: { cert-manager.io/cluster-issuer: letsencrypt } }
        spec:
          virtualhost: { fqdn: e.example.com, tls: { secretName: certificates/wildcard } }
          routes: [{ services: [{ name: shop, port: 80 }] }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: by-hand, namespace: shop }
        spec: { tls: [{ secretName: by-hand }, { secretName: by-hand, hosts: [f.example.com] }, { hosts: [g.example.com] }] }
      `,
      yaml`
        # Secrets that are there, or that another Ingress has issued.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: shop, namespace: shop, annotations: { cert-manager.io/cluster-issuer: letsencrypt } }
        spec:
          tls:
            - { hosts: [a.example.com], secretName: a }
            - { secretName: rendered }
            - { secretName: issued-elsewhere }
            - { secretName: existing }
            - { hosts: [a.example.com] }
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: rendered, namespace: shop }
        type: kubernetes.io/tls
        stringData: { tls.crt: '', tls.key: '' }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: other, namespace: shop, annotations: { cert-manager.io/cluster-issuer: letsencrypt } }
        spec: { tls: [{ hosts: [b.example.com], secretName: issued-elsewhere }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: both-known, namespace: shop, annotations: { cert-manager.io/cluster-issuer: letsencrypt } }
        spec: { tls: [{ hosts: [b.example.com], secretName: rendered }, { hosts: [c.example.com], secretName: rendered }] }
        ---
        # existing
        apiVersion: v1
        kind: Secret
        metadata: { name: existing, namespace: shop }
        type: kubernetes.io/tls
        data: { tls.crt: '', tls.key: '' }
      `,
      yaml`
        # tls-acme without a default issuer, issuers of other groups, placeholders, issuers that nobody knows.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: acme, namespace: shop, annotations: { kubernetes.io/tls-acme: 'true' } }
        spec: { tls: [{ secretName: a }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: aws
          namespace: shop
          annotations: { cert-manager.io/issuer: aws, cert-manager.io/issuer-kind: AWSPCAIssuer, cert-manager.io/issuer-group: awspca.cert-manager.io }
        spec: { tls: [{ secretName: b }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: placeholders, namespace: shop, annotations: { cert-manager.io/cluster-issuer: '${'${ISSUER}'}' } }
        spec: { tls: [{ hosts: ['${'${HOST}'}'], secretName: '${'${SECRET}'}' }, { hosts: ['${'${HOST}'}'], secretName: '${'${SECRET}'}' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: not-known, namespace: shop, annotations: { cert-manager.io/cluster-issuer: letsencrypt } }
        spec: { tls: [{ hosts: [c.example.com], secretName: c }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: perhaps-here, namespace: shop, annotations: { cert-manager.io/issuer: twice } }
        spec: { tls: [{ hosts: [d.example.com], secretName: d }] }
        ---
        apiVersion: cert-manager.io/v1
        kind: Issuer
        metadata: { name: twice }
        spec: { selfSigned: {} }
        ---
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: twice }
        spec: { selfSigned: {} }
      `,
      yaml`
        # The Gateway asks as well.
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata:
          name: shop
          namespace: shop
          annotations:
            cert-manager.io/cluster-issuer: letsencrypt
        spec:
          parentRefs: [{ name: public, namespace: gateways }]
          hostnames: [shop.example.com]
          rules: [{ backendRefs: [{ name: shop, port: 80 }] }]
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: { name: public, namespace: gateways, annotations: { cert-manager.io/cluster-issuer: letsencrypt } }
        spec:
          gatewayClassName: traefik
          listeners:
            - name: web
              port: 443
              protocol: HTTPS
              hostname: shop.example.com
              allowedRoutes: { namespaces: { from: All } }
              tls: { certificateRefs: [{ name: shop-tls }] }
      `,
      yaml`
        # Something else reads them.
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: { name: shop, namespace: shop, annotations: { cert-manager.io/cluster-issuer: letsencrypt } }
        spec:
          routes: [{ kind: Rule, match: Host(${'`'}a.example.com${'`'}), services: [{ name: shop, port: 80 }] }]
          tls: { secretName: shop-tls }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: traefik-certmanager, namespace: traefik }
        spec: { containers: [{ name: traefik-certmanager, image: 'kooper/traefik-certmanager:1.0.1' }] }
      `,
      yaml`
        # A controller without a default issuer; tls-acme switched off.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: acme, namespace: shop, annotations: { kubernetes.io/tls-acme: 'true' } }
        spec: { tls: [{ secretName: a }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: cert-manager, namespace: cert-manager }
        spec:
          containers:
            - { name: controller, image: 'quay.io/jetstack/cert-manager-controller:v1.18.2', args: [--v=2] }
            - { name: other, image: 'example.com/other:1', args: [--default-issuer-name=letsencrypt] }
      `,
      yaml`
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: off, namespace: shop, annotations: { kubernetes.io/tls-acme: 'false' } }
        spec: { tls: [{ secretName: a }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: cert-manager, namespace: cert-manager }
        spec:
          containers:
            - name: controller
              image: quay.io/jetstack/cert-manager-controller:v1.18.2
              args: [--default-issuer-name=letsencrypt]
      `,
      yaml`
        # What may bring the Secret, and what copies it.
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: shop, namespace: shop, annotations: { cert-manager.io/cluster-issuer: letsencrypt } }
        spec: { tls: [{ secretName: copied }] }
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: copied, namespace: certificates, annotations: { reflector.v1.k8s.emberstack.com/reflection-auto-enabled: 'true' } }
        type: kubernetes.io/tls
        stringData: { tls.crt: '', tls.key: '' }
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: charted, namespace: charts, annotations: { cert-manager.io/cluster-issuer: letsencrypt } }
        spec: { tls: [{ secretName: charted }] }
        ---
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: { name: certificates, namespace: charts }
        spec:
          interval: 1h
          chart: { spec: { chart: certificates, sourceRef: { kind: HelmRepository, name: charts } } }
      `,
    ],
  },
  *check(cluster) {
    for (const { resource, path, secrets } of unheardRequests(cluster)) {
      if (resource.existing || asksOthers(resource)) continue;
      const missing = secrets.find(({ scope, name }) => !isProvidedOtherwise(cluster, scope, name, resource));
      if (missing === undefined) continue;
      const article = /^[AEIOH]/.test(resource.kind) ? 'an' : 'a';
      const message = `cert-manager ignores annotations of ${article} ${resource.kind}: nothing issues Secret/${missing.name}, ${DEFAULT_CERTIFICATE}`;
      // The Secret is the Gateway's, whose author may have made it in another way.
      const isOwn = resource.group !== 'gateway.networking.k8s.io' || cluster.knows('', 'Secret', missing.scope);
      yield { resource, path, message, ...(isOwn ? {} : { severity: 'warning' }) };
    }
    for (const shimmed of shimmedIngresses(cluster).values()) {
      if (!shimmed.ingress.existing && !asksOthers(shimmed.ingress)) yield* judge(cluster, shimmed);
    }
  },
} satisfies Rule;

function* judge(cluster: Cluster, shimmed: ShimmedIngress): Generator<Finding> {
  const { ingress: resource, blocks, issuer, contradicts, repeated } = shimmed;
  const isMissing = ({ secretName, unknown }: TlsBlock) =>
    !unknown && secretName !== undefined && !isProvidedOtherwise(cluster, resource.scope, secretName, resource);
  if (contradicts) {
    if (!blocks.some(isMissing)) return;
    const message = `${ISSUER} and ${CLUSTER_ISSUER} exclude each other: cert-manager issues nothing for this Ingress, ${DEFAULT_CERTIFICATE}`;
    yield { resource, path: ['metadata', 'annotations', ISSUER], message };
    return;
  }
  const refused = new Set<TlsBlock>();
  for (const { first, again } of repeated) {
    if (again.secretName === undefined && blocks.some(isMissing)) {
      refused.add(again);
      const message = `spec.tls[${first.path.at(-1)}] has no secretName, either: cert-manager refuses the whole Ingress and issues nothing, ${DEFAULT_CERTIFICATE}`;
      yield {
        resource,
        path: again.path,
        message,
        related: [{ message: 'the other block', resource, path: first.path }],
      };
    }
    if (!isMissing(again)) continue;
    yield {
      resource,
      path: [...again.path, 'secretName'],
      message: `spec.tls[${first.path.at(-1)}] names Secret/${again.secretName}, too: cert-manager refuses the whole Ingress and issues nothing, ${DEFAULT_CERTIFICATE}`,
      related: [{ message: 'the other block', resource, path: [...first.path, 'secretName'] }],
    };
  }
  const held = new Set(blocks.flatMap(({ hosts, secretName }) => (secretName === undefined ? [] : hosts)));
  for (const block of blocks) {
    const { path, hosts, secretName, unknown } = block;
    const isHeld = hosts.length > 0 && hosts.every((host) => held.has(host));
    if (unknown || refused.has(block) || (secretName === undefined ? isHeld : hosts.length > 0 || !isMissing(block)))
      continue;
    yield { resource, path, message: `this tls block has ${describe(block)}, ${DEFAULT_CERTIFICATE}` };
  }
  const [first] = blocks.filter((block) => block.hosts.length > 0 && isMissing(block));
  if (issuer?.path && first) yield* missingIssuer(cluster, shimmed, issuer, `Secret/${first.secretName}`);
}

function describe({ hosts, secretName }: TlsBlock): string {
  if (secretName !== undefined) return `no hosts: cert-manager skips it and never issues Secret/${secretName}`;
  return hosts.length > 0
    ? `no secretName: cert-manager skips it and issues nothing for ${hosts.join(', ')}`
    : 'no hosts and no secretName: cert-manager skips it';
}

/** What reference-missing can't say: it knows each annotation by its own kind, and says nothing of what it doesn't know. */
function* missingIssuer(
  cluster: Cluster,
  { ingress: resource }: ShimmedIngress,
  { kind, name, path = [], kindWritten }: AskedIssuer,
  secret: string,
): Generator<Finding> {
  const standing = standingOfIssuer(cluster, resource.scope, { kind, name, path, kindWritten });
  if (standing.state === 'absent' && kindWritten) {
    const message = `there is no ${kind}/${name}: ${secret} is never issued, ${DEFAULT_CERTIFICATE}`;
    yield { resource, path, message };
  }
  if (standing.state !== 'misnamed') return;
  const { other } = standing;
  const [article, annotation] = other.kind === 'Issuer' ? ['an', ISSUER] : ['a', CLUSTER_ISSUER];
  yield {
    resource,
    path,
    message: `there is no ${kind}/${name} here, but ${article} ${other}: use ${annotation}, or ${secret} is never issued, ${DEFAULT_CERTIFICATE}`,
    ...(cluster.closes(resource.scope) ? {} : { severity: 'warning' as const }),
    related: [{ message: 'the one that is here', resource: other, path: [] }],
  };
}
