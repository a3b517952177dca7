import { asksClusterDns, type DnsMiss, dnsRefusal, type LookedUp, lookedUpBy } from '../../cluster/network/dns.ts';
import { meetsNoPolicies, namesTunnel, otherPolicies, type Policy, policies } from '../../cluster/network/network.ts';
import { asList, type Workload } from '../../cluster/workloads.ts';
import { type Cluster, type Finding, type Path, type Resource, type Rule, yaml } from '../../rule.ts';

export default {
  id: 'network-policy-blocks-dns',
  severity: 'error',
  docs: {
    summary: 'Pods whose egress is isolated need a rule that admits UDP 53 to the cluster’s DNS.',
    incident:
      'OLI, phase 3: every preview namespace gets a NetworkPolicy by script. What operators meet with the first such policy that lists ' +
      'egress: all that it names is admitted, but no name of it can be looked up, so that the database seems to be down.',
    symptoms: [
      'getaddrinfo EAI_AGAIN',
      'Temporary failure in name resolution',
      'Name or service not known',
      'could not translate host name',
      'dial tcp: lookup db on 10.43.0.10:53: read udp 10.42.0.9:46523->10.43.0.10:53: i/o timeout',
      ';; connection timed out; no servers could be reached',
      'java.net.UnknownHostException',
    ],
    fix:
      'Add an egress rule with UDP 53 (and TCP 53, for long answers) to the DNS pods: namespaceSelector kubernetes.io/metadata.name: ' +
      'kube-system and podSelector k8s-app: kube-dns in one peer. On OpenShift it is port 5353 in openshift-dns.',
    facts: [
      'The egress rules of all NetworkPolicies that select the pods; a rule that could admit UDP 53 to some DNS is enough',
      'A pod dials names where its environment, command or files name a Service of the environment, or, where it may leave the ' +
        'cluster, a URL outside',
      'An error where the environment is configured, renders the Namespace, or has its NetworkPolicies under existing; else a warning',
    ],
    silent: [
      'Rules without ports or without peers, named UDP ports, ranges that hold 53, UDP without a port, an ipBlock (a node-local DNS)',
      'UDP 53 to another namespace, whatever pods it names; port 5353, where the DNS pods of OpenShift listen; DNS that this environment renders, wherever it runs',
      'Pods with another dnsPolicy, with name servers or use-vc in dnsConfig, or on the host’s network',
      'Pods that nothing shows to dial names; names in hostAliases; a ConfigMap’s value that a later envFrom may override',
      'Namespaces, labels and policies that aren’t known; policies that name the port of a mesh’s tunnel (15008, 4143)',
      'Cilium, Calico, Antrea or AdminNetworkPolicy objects, Kyverno rules that generate NetworkPolicies, targets that don’t render: unchecked',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-deny-all-egress-traffic',
      'https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/',
      'https://kubernetes.io/docs/tasks/administer-cluster/dns-debugging-resolution/',
    ],
  },
  examples: {
    bad: [
      yaml`
        # All that the policy lists is admitted, and nothing of it can be found.
        apiVersion: v1
        kind: Namespace
        metadata: { name: preview }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web, namespace: preview }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers:
                - name: web
                  image: ghcr.io/example/web:1.4.2
                  env: [{ name: DATABASE_HOST, value: db }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: preview }
        spec: { selector: { app: db }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: preview, labels: { app: db } }
        spec: { containers: [{ name: db, image: 'postgres:17.5' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: web } }
          policyTypes: [Egress]
          egress: # <- no egress rule of Deployment/web admits UDP 53 to the cluster's DNS: it can't look up db (DATABASE_HOST)
            - to: [{ podSelector: { matchLabels: { app: db } } }]
      `,
      yaml`
        # Tries: without protocol, a port is TCP; a podSelector alone stays in the namespace.
        apiVersion: v1
        kind: Namespace
        metadata: { name: preview }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: tcp, namespace: preview, labels: { app: tcp } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_URL, value: 'postgres://db/app' }] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: own, namespace: preview, labels: { app: own } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', args: [--db-host=db.preview.svc.cluster.local] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: others, namespace: preview, labels: { app: others } }
        spec:
          dnsPolicy: ClusterFirst
          containers: [{ name: app, image: 'app:1.4.2', env: [{ name: API_URL, value: 'https://api.example.org/v2' }] }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: preview }
        spec: { selector: { app: db }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: preview, labels: { app: db } }
        spec: { containers: [{ name: db, image: 'postgres:17.5' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: tcp, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: tcp } }
          policyTypes: [Egress]
          egress:
            - to: [{ podSelector: { matchLabels: { app: db } } }]
            - to: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } } }]
              ports:
                - port: 443
                - port: 53 # <- DNS asks over UDP, and only TCP is admitted: Pod/tcp can't look up db (DB_URL)
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: own, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: own } }
          policyTypes: [Egress]
          egress:
            - to:
                - podSelector: { matchLabels: { app: db } }
            - to:
                - podSelector: { matchLabels: { k8s-app: kube-dns } } # <- a podSelector alone means pods of this namespace, and the cluster's DNS isn't in it: Pod/own can't look up db.preview.svc.cluster.local (db-host)
              ports: [{ protocol: UDP, port: 53 }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: others, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: others } }
          policyTypes: [Egress]
          egress:
            - ports: [{ port: 443 }]
            - to:
                - podSelector: { matchLabels: { app: unbound } } # <- a podSelector alone means pods of this namespace, and the cluster's DNS isn't in it: Pod/others can't look up api.example.org (API_URL)
              ports: [{ protocol: UDP, port: 53 }]
      `,
      yaml`
        # existing
        # One finding for what one policy does to several; ports that aren't those of DNS; a workload at rest; facts that isolate.
        # All Namespaces are known, and none of them that could run DNS has the label.
        apiVersion: v1
        kind: Namespace
        metadata: { name: kube-system }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: one, namespace: preview, labels: { part: all } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: two, namespace: preview, labels: { part: all } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: preview }
        spec: { selector: { app: db }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: preview, labels: { app: db } }
        spec: { containers: [{ name: db, image: 'postgres:17.5' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: none, namespace: preview }
        spec:
          podSelector: { matchLabels: { part: all } }
          policyTypes: [Egress]
          egress: [] # <- no egress rule of Pod/one and 1 more admits UDP 53 to the cluster's DNS: they can't look up db (DB_HOST)
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: idle, namespace: preview }
        spec:
          replicas: 0
          selector: { matchLabels: { app: idle } }
          template:
            metadata: { labels: { app: idle } }
            spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: deny, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: idle } }
          policyTypes: [Egress] # <- no egress rule of Deployment/idle admits UDP 53 to the cluster's DNS: it can't look up db (DB_HOST); replicas is 0: it bites at the first scale-up
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: guarded, namespace: preview, labels: { app: guarded } }
        spec: # <- no egress rule of Pod/guarded admits UDP 53 to the cluster's DNS: it can't look up db (DB_HOST)
          containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }]
        ---
        # existing
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: by-hand, namespace: preview }
        spec: { podSelector: { matchLabels: { app: guarded } }, policyTypes: [Egress] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: near, namespace: preview, labels: { app: near } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: near, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: near } }
          policyTypes: [Egress]
          egress: # <- no egress rule of Pod/near admits UDP 53 to the cluster's DNS: it can't look up db (DB_HOST)
            - to: [{ namespaceSelector: { matchLabels: { purpose: platform } } }]
            - to: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } }, podSelector: { matchLabels: { app: proxy } } }]
            - ports: [{ protocol: UDP, port: 54, endPort: 5352 }, { protocol: UDP, port: 5354 }, { protocol: SCTP }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: mislabelled, namespace: preview, labels: { app: mislabelled } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: mislabelled, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: mislabelled } }
          policyTypes: [Egress]
          egress:
            - to:
                - namespaceSelector: { matchLabels: { name: kube-system } } # <- no Namespace has the labels that this peer asks for: Pod/mislabelled can't look up db (DB_HOST)
                  podSelector: { matchLabels: { k8s-app: kube-dns } }
              ports: [{ protocol: UDP, port: 53 }]
      `,
    ],
    good: [
      yaml`
        # kube-system is there, whichever Namespaces are listed.
        apiVersion: v1
        kind: Namespace
        metadata: { name: preview }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: preview }
        spec: { selector: { app: db }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: preview, labels: { app: db } }
        spec: { containers: [{ name: db, image: 'postgres:17.5' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: preview, labels: { app: web } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: dns, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: web } }
          policyTypes: [Egress]
          egress:
            - to: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } } }]
              ports: [{ protocol: UDP, port: 53 }]
            - to: [{ podSelector: {} }]
        ---
        # existing
        apiVersion: v1
        kind: Namespace
        metadata: { name: ingress-nginx }
      `,
      yaml`
        # Each rule could be the one for DNS.
        apiVersion: v1
        kind: Namespace
        metadata: { name: preview }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: preview }
        spec: { selector: { app: db }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: preview, labels: { app: db } }
        spec: { containers: [{ name: db, image: 'postgres:17.5' }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: anyone, namespace: preview, labels: { app: anyone } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: anyone, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: anyone } }
          policyTypes: [Egress]
          egress: [{ ports: [{ protocol: UDP, port: 53 }] }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: no-ports, namespace: preview, labels: { app: no-ports } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: no-ports, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: no-ports } }
          policyTypes: [Egress]
          egress: [{ to: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } } }] }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: named, namespace: preview, labels: { app: named } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: named, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: named } }
          policyTypes: [Egress]
          egress: [{ ports: [{ protocol: UDP, port: dns }] }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: udp, namespace: preview, labels: { app: udp } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: udp, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: udp } }
          policyTypes: [Egress]
          egress: [{ ports: [{ protocol: UDP }] }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: range, namespace: preview, labels: { app: range } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: range, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: range } }
          policyTypes: [Egress]
          egress: [{ ports: [{ protocol: UDP, port: 50, endPort: 60 }] }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: filled-in, namespace: preview, labels: { app: filled-in } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: filled-in, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: filled-in } }
          policyTypes: [Egress]
          egress: [{ ports: [{ protocol: UDP, port: '${'${PORT}'}' }] }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: openshift, namespace: preview, labels: { app: openshift } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: openshift, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: openshift } }
          policyTypes: [Egress]
          egress: [{ to: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: openshift-dns } } }], ports: [{ protocol: UDP, port: 5353 }] }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: labelled, namespace: preview, labels: { app: labelled } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: labelled, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: labelled } }
          policyTypes: [Egress]
          egress: [{ to: [{ namespaceSelector: { matchLabels: { purpose: platform } }, podSelector: { matchLabels: { k8s-app: kube-dns } } }], ports: [{ protocol: UDP, port: 53 }] }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: node-local, namespace: preview, labels: { app: node-local } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: node-local, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: node-local } }
          policyTypes: [Egress]
          egress: [{ to: [{ ipBlock: { cidr: 169.254.20.10/32 } }], ports: [{ protocol: UDP, port: 53 }] }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: by-label, namespace: preview, labels: { app: by-label } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: by-label, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: by-label } }
          policyTypes: [Egress]
          egress: [{ to: [{ namespaceSelector: {}, podSelector: { matchExpressions: [{ key: k8s-app, operator: In, values: [kube-dns, node-local-dns] }] } }] }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: own-server, namespace: preview, labels: { app: own-server } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: own-server, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: own-server } }
          policyTypes: [Egress]
          egress: [{ to: [{ namespaceSelector: { matchLabels: { team: network } }, podSelector: { matchLabels: { app: unbound } } }], ports: [{ protocol: UDP, port: 53 }] }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: other-label, namespace: preview, labels: { app: other-label } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: other-label, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: other-label } }
          policyTypes: [Egress]
          egress: [{ to: [{ namespaceSelector: {}, podSelector: { matchLabels: { role: resolver } } }] }]
      `,
      yaml`
        # They don't ask the cluster's DNS, or not that way, or nothing shows that they ask.
        apiVersion: v1
        kind: Namespace
        metadata: { name: preview }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: preview }
        spec: { selector: { app: db }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: preview, labels: { app: db } }
        spec: { containers: [{ name: db, image: 'postgres:17.5' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: deny, namespace: preview }
        spec:
          podSelector: {}
          policyTypes: [Egress]
          egress: [{ to: [{ ipBlock: { cidr: 203.0.113.0/24 } }], ports: [{ port: 443 }] }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: host, namespace: preview, labels: { app: host } }
        spec: { hostNetwork: true, containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: default, namespace: preview, labels: { app: default } }
        spec: { dnsPolicy: Default, containers: [{ name: app, image: 'app:1.4.2', env: [{ name: API_URL, value: "https://api.example.org" }] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: servers, namespace: preview, labels: { app: servers } }
        spec: { dnsConfig: { nameservers: [203.0.113.53] }, containers: [{ name: app, image: 'app:1.4.2', env: [{ name: API_URL, value: "https://api.example.org" }] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: use-vc, namespace: preview, labels: { app: use-vc } }
        spec: { dnsConfig: { options: [{ name: use-vc }] }, containers: [{ name: app, image: 'app:1.4.2', env: [{ name: API_URL, value: "https://api.example.org" }] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: quiet, namespace: preview, labels: { app: quiet } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: LOG_LEVEL, value: info }] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: address, namespace: preview, labels: { app: address } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: API_URL, value: "https://203.0.113.9/v2" }] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: shown, namespace: preview, labels: { app: shown } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: PUBLIC_URL, value: "https://shop.example.org" }] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: off, namespace: preview, labels: { app: off } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: SEARCH_URL, value: "https://search.example.org" }, { name: SEARCH_ENABLED, value: "false" }] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: local, namespace: preview, labels: { app: local } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: API_URL, value: "http://api.localhost:8080" }] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: filled-in, namespace: preview, labels: { app: filled-in } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: API_URL, value: 'https://${'${HOST}'}/v2' }] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: word, namespace: preview, labels: { app: word } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: API_URL, value: "https://api" }] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: proxied, namespace: preview, labels: { app: proxied } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: API_URL, value: "https://api.example.org" }, { name: HTTPS_PROXY, value: "http://203.0.113.8:3128" }] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: alias, namespace: preview, labels: { app: alias } }
        spec: { hostAliases: [{ ip: 203.0.113.9, hostnames: [api.example.org] }], containers: [{ name: app, image: 'app:1.4.2', env: [{ name: API_URL, value: "https://api.example.org" }] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: test, namespace: preview, labels: { app: test }, annotations: { helm.sh/hook: test } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: API_URL, value: "https://api.example.org" }] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: first, namespace: preview, labels: { app: first }, annotations: { helm.sh/hook: pre-install } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: API_URL, value: "https://api.example.org" }] }] }
      `,
      yaml`
        # What can't leave the cluster isn't meant to; whoever takes a whole ConfigMap needn't dial all that it holds.
        apiVersion: v1
        kind: Namespace
        metadata: { name: preview }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: preview }
        spec: { selector: { app: db }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: preview, labels: { app: db } }
        spec: { containers: [{ name: db, image: 'postgres:17.5' }] }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: shared, namespace: preview }
        data: { DB_HOST: db }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: preview, labels: { app: web } }
        spec:
          containers:
            - name: app
              image: app:1.4.2
              env: [{ name: API_URL, value: 'https://api.example.org' }]
              envFrom: [{ configMapRef: { name: shared } }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: web } }
          policyTypes: [Egress]
          egress: [{ to: [{ podSelector: { matchLabels: { app: cache } } }] }]
      `,
      yaml`
        # The DNS of this environment runs elsewhere, and pods whose namespace isn't set may be anywhere.
        apiVersion: v1
        kind: Namespace
        metadata: { name: preview }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: resolver, namespace: preview, labels: { app: resolver } }
        spec:
          containers: [{ name: resolver, image: 'coredns:1.12', ports: [{ containerPort: 53, protocol: UDP }] }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: preview, labels: { app: web } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: preview }
        spec: { selector: { app: db }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: preview, labels: { app: db } }
        spec: { containers: [{ name: db, image: 'postgres:17.5' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: web, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: web } }
          policyTypes: [Egress]
          egress: [{ to: [{ podSelector: { matchLabels: { app: resolver } } }] }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: unset, labels: { app: unset } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: UNSET_DB_HOST, value: unset-db }] }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: unset-db }
        spec: { ports: [{ port: 5432 }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: unset }
        spec:
          podSelector: { matchLabels: { app: unset } }
          policyTypes: [Egress]
          egress: [{ to: [{ podSelector: {} }] }]
      `,
      yaml`
        # A policy that may select the pod admits DNS; traffic of meshed pods goes through a tunnel.
        apiVersion: v1
        kind: Namespace
        metadata: { name: preview }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: preview, labels: { app: web, stage: "${'${STAGE}'}" } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: preview }
        spec: { selector: { app: db }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: preview, labels: { app: db } }
        spec: { containers: [{ name: db, image: 'postgres:17.5' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: deny, namespace: preview }
        spec:
          podSelector: { matchLabels: { app: web } }
          policyTypes: [Egress]
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: perhaps, namespace: preview }
        spec:
          podSelector: { matchLabels: { stage: test } }
          policyTypes: [Egress]
          egress: [{ ports: [{ protocol: UDP, port: 53 }] }]
      `,
      yaml`
        apiVersion: v1
        kind: Namespace
        metadata: { name: preview }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: meshed, namespace: preview, labels: { app: meshed } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: preview }
        spec: { selector: { app: db }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: preview, labels: { app: db } }
        spec: { containers: [{ name: db, image: 'postgres:17.5' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: mesh, namespace: preview }
        spec:
          podSelector: {}
          policyTypes: [Egress]
          egress: [{ ports: [{ port: 15008 }] }]
      `,
      yaml`
        # Cilium decides, too.
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: { name: dns, namespace: preview }
        spec: { endpointSelector: {} }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: preview, labels: { app: web } }
        spec: { containers: [{ name: app, image: 'app:1.4.2', env: [{ name: DB_HOST, value: db }] }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: preview }
        spec: { selector: { app: db }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: db, namespace: preview, labels: { app: db } }
        spec: { containers: [{ name: db, image: 'postgres:17.5' }] }
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: deny, namespace: preview }
        spec:
          podSelector: {}
          policyTypes: [Egress]
      `,
    ],
  },
  *check(cluster) {
    const blocked = blockedPods(cluster);
    if (blocked.length === 0) return;
    const other = otherPolicies(cluster);
    if (other || !cluster.complete) {
      const reason = other
        ? `${other} decides on connections, too, and is not evaluated`
        : 'a target did not render, and what admits them may be in it';
      yield { unchecked: 'DNS look-ups that NetworkPolicies refuse', reason };
      return;
    }
    yield* merge(cluster, blocked);
  },
} satisfies Rule;

interface Blocked {
  workload: Workload;
  lookedUp: LookedUp;
  resource: Resource;
  path: Path;
  lacks: DnsMiss | undefined;
}

function blockedPods(cluster: Cluster): Blocked[] {
  const blocked: Blocked[] = [];
  if (policies(cluster).length === 0 || namesTunnel(cluster)) return blocked;
  for (const workload of cluster.workloads) {
    if (meetsNoPolicies(workload.resource) || !asksClusterDns(workload)) continue;
    const refusal = dnsRefusal(cluster, workload);
    const lookedUp = refusal && lookedUpBy(cluster, workload);
    if (!lookedUp) continue;
    const [best] = refusal.tries;
    if (best && !best.policy.resource.existing) {
      blocked.push({ workload, lookedUp, resource: asResource(best.policy), path: best.path, lacks: best.lacks });
    } else blocked.push({ workload, lookedUp, ...placeFor(workload, refusal.policies), lacks: undefined });
  }
  return blocked;
}

/** Where a rule for DNS is missing: in a policy that has egress rules, else in any, else at the pods that existing ones isolate. */
function placeFor(workload: Workload, policies: readonly Policy[]): { resource: Resource; path: Path } {
  const rendered = policies.filter(({ resource }) => !resource.existing);
  const hasRules = ({ resource }: Policy) => asList(resource.object.spec?.egress).length > 0;
  const policy = rendered.find(hasRules) ?? rendered[0];
  if (!policy) return { resource: workload.resource, path: workload.path };
  const { spec } = policy.resource.object;
  const path = spec?.egress ? ['spec', 'egress'] : spec?.policyTypes ? ['spec', 'policyTypes'] : ['spec'];
  return { resource: asResource(policy), path };
}

function asResource({ resource }: Policy): Resource {
  return resource as Resource<unknown> as Resource;
}

/** One finding for each place, whatever the number of pods. */
function* merge(cluster: Cluster, blocked: readonly Blocked[]): Iterable<Finding> {
  const places = new Map<Resource, Map<string, Blocked[]>>();
  for (const one of blocked) {
    const paths = places.get(one.resource) ?? new Map<string, Blocked[]>();
    places.set(one.resource, paths);
    const id = JSON.stringify(one.path);
    paths.set(id, [...(paths.get(id) ?? []), one]);
  }
  for (const paths of places.values()) for (const same of paths.values()) yield finding(cluster, same);
}

function finding(cluster: Cluster, all: readonly Blocked[]): Finding {
  const [first] = all;
  if (!first) throw new Error('a place is one because something is missing there');
  const { workload, lookedUp, resource, path, lacks } = first;
  const pods = `${workload.resource}${all.length > 1 ? ` and ${all.length - 1} more` : ''}`;
  const isIdle = all.every(({ workload: { replicas } }) => replicas === 0);
  const bites = isIdle ? '; replicas is 0: it bites at the first scale-up' : '';
  const { scope } = workload.resource;
  const isKnown = cluster.closes(scope) || cluster.knows('networking.k8s.io', 'NetworkPolicy', scope);
  const isSure = isKnown && all.some((one) => cluster.together(one.workload.resource, resource));
  const cause = lacks === undefined ? `no egress rule of ${pods} admits UDP 53 to the cluster's DNS` : CAUSES[lacks];
  const who = lacks === undefined ? (all.length > 1 ? 'they' : 'it') : pods;
  return {
    resource,
    path,
    message: `${cause}: ${who} can't look up ${lookedUp.host} (${lookedUp.name})${bites}`,
    ...(isIdle || !isSure ? { severity: 'warning' } : {}),
    related: [
      { message: `${workload.resource} is isolated for egress`, resource: workload.resource, path: workload.path },
    ],
  };
}

const CAUSES: Readonly<Record<DnsMiss, string>> = {
  udp: 'DNS asks over UDP, and only TCP is admitted',
  namespace: "a podSelector alone means pods of this namespace, and the cluster's DNS isn't in it",
  peer: 'no Namespace has the labels that this peer asks for',
};
