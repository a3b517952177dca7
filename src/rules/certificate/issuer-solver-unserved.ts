import { isServed, solverClasses } from '../../cluster/certificates/solvers.ts';
import { didYouMean } from '../../cluster/references/hints.ts';
import { type Resource, type Rule, yaml } from '../../rule.ts';

const TRAEFIK = `        # existing
        apiVersion: networking.k8s.io/v1
        kind: IngressClass
        metadata: { name: traefik }
        spec: { controller: traefik.io/ingress-controller }`;

export default {
  id: 'issuer-solver-unserved',
  severity: 'error',
  docs: {
    summary: 'The class of an HTTP-01 solver is one that a controller of the cluster serves.',
    incident:
      'Devex, 2026-02-10: beside the issuers for Traefik lay one for nginx, left over from the first attempt. The Ingress that ' +
      'cert-manager makes for a challenge carries the class that the solver names; where no controller takes that class, nobody ' +
      'answers /.well-known/acme-challenge/, and the challenge stays pending on 404 without another word.',
    symptoms: [
      "Waiting for HTTP-01 challenge propagation: wrong status code '404', expected '200'",
      'Waiting for HTTP-01 challenge propagation: failed to perform self check GET request',
      'Waiting on certificate issuance from order',
    ],
    fix: 'Name an IngressClass of the cluster in ingressClassName (kubectl get ingressclass), or install the controller that is meant.',
    facts: [
      'Reads http01.ingress of Issuers and ClusterIssuers, IngressClasses, and the controllers that run in the environment.',
      'Needs IngressClass among existing; Deployment and DaemonSet, too, make it sure that no controller reads the annotation of another name.',
    ],
    silent: [
      'IngressClasses that aren’t known; a chart or another maker that may bring one (HelmRelease, Application)',
      'A controller of the environment that takes the class, by its flags or by its IngressClass',
      'Classes of clouds, which need no IngressClass (gce, alb)',
      'The annotation’s class (`class`) where the same controller is there under another IngressClass: it may read it',
      'Solvers without class, that edit an Ingress (`name`), or that attach to a Gateway; placeholders',
    ],
    references: [
      'https://cert-manager.io/docs/configuration/acme/http01/',
      'https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-class',
      'https://github.com/cert-manager/cert-manager/blob/master/pkg/issuer/acme/http/ingress.go',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: letsencrypt }
        spec:
          acme:
            server: https://acme-v02.api.letsencrypt.org/directory
            privateKeySecretRef: { name: letsencrypt }
            solvers:
              - http01:
                  ingress:
                    ingressClassName: treafik # <- there is no IngressClass/treafik: no controller answers the HTTP-01 challenges of ClusterIssuer/letsencrypt; did you mean "traefik"?
              - http01:
                  ingress:
                    class: nginx # <- no IngressClass is called nginx, and no controller takes that class: nobody answers the HTTP-01 challenges of ClusterIssuer/letsencrypt
              - http01:
                  ingress:
                    class: traefik
                    ingressTemplate:
                      metadata:
                        annotations:
                          kubernetes.io/ingress.class: internal # <- no IngressClass is called internal, and no controller here takes that class: unless another one runs in the cluster, nobody answers the HTTP-01 challenges of ClusterIssuer/letsencrypt
        ---
${TRAEFIK}
      `,
      yaml`
        # All workloads are known; Traefik has a class of its own.
        apiVersion: cert-manager.io/v1
        kind: Issuer
        metadata: { name: letsencrypt, namespace: shop }
        spec:
          acme:
            server: https://acme-v02.api.letsencrypt.org/directory
            privateKeySecretRef: { name: letsencrypt }
            solvers:
              - http01:
                  ingress:
                    class: traefik # <- no IngressClass is called traefik, and no controller takes that class: nobody answers the HTTP-01 challenges of Issuer/letsencrypt
              - http01: { ingress: { class: edge } }
        ---
        # existing
        apiVersion: networking.k8s.io/v1
        kind: IngressClass
        metadata: { name: haproxy }
        spec: { controller: haproxy.org/ingress-controller }
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
                  args: [--providers.kubernetesingress.ingressclass=edge]
        ---
        # existing
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: agent, namespace: monitoring }
        spec:
          selector: { matchLabels: { app: agent } }
          template:
            metadata: { labels: { app: agent } }
            spec: { containers: [{ name: agent, image: 'example.com/agent:1.0.0' }] }
      `,
    ],
    good: [
      yaml`
        # Served; nothing named; a cloud's; an annotation that the nginx of another IngressClass may read.
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: letsencrypt }
        spec:
          acme:
            server: https://acme-v02.api.letsencrypt.org/directory
            privateKeySecretRef: { name: letsencrypt }
            solvers:
              - http01: { ingress: { ingressClassName: traefik } }
              - http01: { ingress: { class: traefik } }
              - http01: { ingress: { ingressClassName: rendered } }
              - http01: { ingress: { class: gce } }
              - http01: { ingress: { class: nginx } }
              - http01: { ingress: {} }
              - http01: { ingress: { name: edited, class: missing } }
              - http01: { ingress: { ingressClassName: '${'${CLASS}'}' } }
              - http01: { gatewayHTTPRoute: { parentRefs: [{ name: public }] } }
              - dns01: { cloudflare: { apiTokenSecretRef: { name: token, key: token } } }
        ---
        apiVersion: networking.k8s.io/v1
        kind: IngressClass
        metadata: { name: rendered }
        spec: { controller: nginx.org/ingress-controller }
        ---
${TRAEFIK}
      `,
      yaml`
        # IngressClasses aren't known.
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: letsencrypt }
        spec:
          acme:
            server: https://acme-v02.api.letsencrypt.org/directory
            privateKeySecretRef: { name: letsencrypt }
            solvers: [{ http01: { ingress: { ingressClassName: nginx } } }, { http01: { ingress: { class: nginx } } }]
      `,
      yaml`
        # A release brings its own class; a controller takes the class by its flag.
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: letsencrypt }
        spec:
          acme:
            server: https://acme-v02.api.letsencrypt.org/directory
            privateKeySecretRef: { name: letsencrypt }
            solvers: [{ http01: { ingress: { ingressClassName: nginx } } }, { http01: { ingress: { class: edge } } }]
        ---
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: { name: ingress-nginx, namespace: ingress-nginx }
        spec:
          interval: 1h
          chart: { spec: { chart: ingress-nginx, sourceRef: { kind: HelmRepository, name: ingress-nginx } } }
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
                  args: [--providers.kubernetesingress.ingressclass=edge]
        ---
${TRAEFIK}
      `,
    ],
  },
  *check(cluster) {
    const unknown = new Set<Resource>();
    for (const found of solverClasses(cluster)) {
      const { issuer } = found.solver;
      if (issuer.existing) continue;
      const { from, name, path } = found.routeClass;
      const served = isServed(cluster, found);
      if (served === 'unknown') unknown.add(issuer);
      if (served === 'served' || served === 'unknown') continue;
      const challenges = `the HTTP-01 challenges of ${issuer}`;
      const called = `no IngressClass is called ${name}, and no controller`;
      if (from === 'field') {
        const classes = cluster.list('networking.k8s.io', 'IngressClass').map((other) => other.name);
        const message = `there is no IngressClass/${name}: no controller answers ${challenges}${didYouMean(name, classes)}`;
        yield { resource: issuer, path, message };
      } else if (served === 'unserved') {
        const message = `${called} takes that class: nobody answers ${challenges}`;
        yield { resource: issuer, path, message };
      } else {
        const message = `${called} here takes that class: unless another one runs in the cluster, nobody answers ${challenges}`;
        yield { resource: issuer, path, message, severity: 'warning' };
      }
    }
    if (unknown.size > 0 && !cluster.knows('networking.k8s.io', 'IngressClass')) {
      yield {
        unchecked: `whether a controller serves the HTTP-01 solvers of ${[...unknown].join(', ')}`,
        reason: 'no IngressClass is known: list the IngressClasses under existing',
      };
    }
  },
} satisfies Rule;
