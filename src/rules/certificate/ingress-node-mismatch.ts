import { challengesOf } from '../../cluster/certificates/challenges.ts';
import { addressesOf, type DnsAddress } from '../../cluster/certificates/dns-records.ts';
import { controllersOf, controllersOfClass, type Serving } from '../../cluster/routes/controllers.ts';
import {
  type HostListener,
  hostListenerOf,
  type NodeRefusal,
  nodeAt,
  webListeners,
} from '../../cluster/routes/host-listeners.ts';
import { routesOf } from '../../cluster/routes/routes.ts';
import { type NodeFacts, showTaint } from '../../cluster/scheduling/scheduling.ts';
import { type Cluster, type Finding, type Rule, yaml } from '../../rule.ts';

const NODES = `        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: node-a, labels: { kubernetes.io/hostname: node-a, kubernetes.io/os: linux } }
        status:
          addresses: [{ type: InternalIP, address: 10.0.0.11 }, { type: ExternalIP, address: 212.2.255.241 }, { type: Hostname, address: node-a }]
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: node-b, labels: { kubernetes.io/hostname: node-b, kubernetes.io/os: linux, ingress: 'true' } }
        status: { addresses: [{ type: InternalIP, address: 10.0.0.12 }] }`;

const RECORD = `        # existing
        apiVersion: externaldns.k8s.io/v1alpha1
        kind: DNSEndpoint
        metadata: { name: repl, namespace: default }
        spec:
          endpoints: [{ dnsName: repl.example.com, recordType: A, targets: [212.2.255.241] }]`;

const INGRESS = `        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: repl, namespace: default }
        spec:
          ingressClassName: traefik
          rules:
            - host: repl.example.com
              http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: repl, port: { number: 80 } } } }] }`;

const DNS_ENDPOINT = { group: 'externaldns.k8s.io', kind: 'DNSEndpoint' } as const;

/** Every host that comes in through a controller, and the controllers that may take it. */
function servedHosts(cluster: Cluster): Map<string, Set<Serving['workload']> | 'unknown'> {
  const hosts = new Map<string, Set<Serving['workload']> | 'unknown'>();
  const add = (host: string, serving: readonly Serving[] | undefined) => {
    const known = hosts.get(host) ?? new Set();
    if (serving === undefined || known === 'unknown' || serving.some(({ certain }) => !certain)) {
      hosts.set(host, 'unknown');
    } else hosts.set(host, new Set([...known, ...serving.map(({ workload }) => workload)]));
  };
  for (const route of routesOf(cluster)) {
    for (const { host } of route.matches ?? []) {
      if (host !== undefined && addressesOf(cluster, host).length > 0) add(host, controllersOf(cluster, route));
    }
  }
  for (const { host, routeClass, resource } of challengesOf(cluster)) {
    if (routeClass === undefined || addressesOf(cluster, host).length === 0) continue;
    add(host, controllersOfClass(cluster, routeClass, { group: 'networking.k8s.io', namespace: resource.namespace }));
  }
  return hosts;
}

interface Mismatch {
  listener: HostListener;
  /** The Nodes that may run the controller. */
  nodes: ReadonlySet<NodeFacts>;
  node: NodeFacts;
  records: { host: string; record: DnsAddress }[];
}

/** Records at addresses of Nodes that don't run the pods behind them, or need not. */
function mismatches(cluster: Cluster): Mismatch[] {
  const found = new Map<string, Mismatch>();
  for (const [host, workloads] of servedHosts(cluster)) {
    if (workloads === 'unknown') continue;
    const listeners = [...workloads].flatMap((workload) => hostListenerOf(cluster, workload) ?? []);
    const [listener] = listeners;
    if (listener === undefined || listeners.length < workloads.size) continue;
    const nodes = new Set(listeners.flatMap((one) => [...one.nodes]));
    // Where no Node takes them, that is another story.
    if (nodes.size === 0) continue;
    for (const record of addressesOf(cluster, host)) {
      const node = nodeAt(cluster, record.address);
      if (node === undefined || listeners.some((one) => one.everywhere && one.nodes.has(node))) continue;
      if (takesElse(cluster, node, workloads)) continue;
      const key = `${listener.workload.resource} ${listener.workload.resource.scope} ${node.name}`;
      const known = found.get(key);
      if (known) known.records.push({ host, record });
      else found.set(key, { listener, nodes, node, records: [{ host, record }] });
    }
  }
  return [...found.values()];
}

/** Whether something else that may run on a Node takes its web ports: it may pass the requests on. */
function takesElse(cluster: Cluster, node: NodeFacts, workloads: ReadonlySet<Serving['workload']>): boolean {
  return webListeners(cluster).some(
    (other) => !workloads.has(other) && hostListenerOf(cluster, other)?.nodes.has(node) !== false,
  );
}

export default {
  id: 'ingress-node-mismatch',
  severity: 'error',
  docs: {
    summary: 'DNS points at a Node that runs the ingress controller, where it listens on the ports of its Node.',
    incident:
      'Devex, 2026-02-10, issue I: no load balancer, Traefik on the ports of its Node, DNS at the one Node with a public address. ' +
      'After an upgrade the scheduler put Traefik on the other Node: "connection refused" on port 80, and the HTTP-01 challenge could ' +
      'not pass. Every fix before that was right and changed nothing, because the traffic still ended at the wrong Node.',
    symptoms: [
      'Waiting for HTTP-01 challenge propagation: failed to perform self check GET request',
      'Get "http://repl.example.com/.well-known/acme-challenge/token": dial tcp 212.2.255.241:80: connect: connection refused',
      'dial tcp 212.2.255.241:80: connect: connection refused',
    ],
    fix:
      'Pin the controller to the Nodes that DNS names (a nodeSelector on a label of theirs), run it as a DaemonSet on all of them, or ' +
      'change the record.',
    facts: [
      'Reads A, AAAA and CNAME records of DNSEndpoints, the addresses of Nodes, routes and HTTP-01 challenges, and what the scheduler would do with the pods of their controller.',
      'Needs Node and DNSEndpoint among existing. Write a DNSEndpoint for records that ExternalDNS doesn’t manage, too.',
    ],
    silent: [
      'Addresses of no Node: a load balancer, a floating address, a router',
      'Controllers that aren’t in this environment, or that don’t take ports of their Node',
      'A Service of type LoadBalancer, with external addresses or with the node port itself leads to the controller from every Node',
      'A DaemonSet, or replicas enough for all Nodes that take the pods',
      'Another workload on that Node takes the port: it may pass the requests on',
      'Hosts that no route and no HTTP-01 certificate of this environment names',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/',
      'https://kubernetes-sigs.github.io/external-dns/latest/docs/sources/crd/',
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
              nodeSelector: # <- DNS points repl.example.com at 212.2.255.241 (Node/node-a), where Deployment/traefik never runs, only on node-b: connections to ports 80 and 443 are refused
                ingress: 'true'
              hostNetwork: true
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--providers.kubernetesingress]
                  ports: [{ containerPort: 80 }, { containerPort: 443 }]
        ---
${INGRESS}
        ---
${RECORD}
        ---
${NODES}
      `,
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec: # <- DNS points repl.example.com at 212.2.255.241 (Node/node-a), but Deployment/traefik may land on node-b as well: then connections to ports 80 and 443 are refused
              hostNetwork: true
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--providers.kubernetesingress]
                  ports: [{ containerPort: 80 }, { containerPort: 443 }]
        ---
${INGRESS}
        ---
${RECORD}
        ---
${NODES}
      `,
      yaml`
        # hostPort alone; the host of an HTTP-01 certificate, by an alias and a wildcard; another controller exists and cannot be edited here.
        apiVersion: externaldns.k8s.io/v1alpha1
        kind: DNSEndpoint
        metadata: { name: repl, namespace: default }
        spec:
          endpoints:
            - { dnsName: app.example.com, recordType: CNAME, targets: [lb.nodes.example.com.] }
            - dnsName: '*.nodes.example.com'
              recordType: A
              targets:
                - 203.0.113.7
                - 212.2.255.241 # <- DNS points app.example.com and 1 more at 212.2.255.241 (Node/node-a), where DaemonSet/traefik never runs, only on node-b: connections to port 80 are refused
                - 10.0.0.12
        ---
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: app, namespace: default }
        spec: { secretName: app, dnsNames: [app.example.com, b.nodes.example.com, elsewhere.example.com], issuerRef: { name: letsencrypt, kind: ClusterIssuer } }
        ---
        apiVersion: cert-manager.io/v1
        kind: ClusterIssuer
        metadata: { name: letsencrypt }
        spec:
          acme:
            server: https://acme-v02.api.letsencrypt.org/directory
            privateKeySecretRef: { name: letsencrypt }
            solvers: [{ http01: { ingress: { ingressClassName: traefik } } }]
        ---
        # existing
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: ingress, operator: Exists }] }] } } }
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--providers.kubernetesingress]
                  ports: [{ containerPort: 8000, hostPort: 80 }, { containerPort: 9000, hostPort: 9000 }]
        ---
${NODES}
      `,
      yaml`
        # By its name.
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              nodeName: node-b # <- DNS points repl.example.com at 212.2.255.241 (Node/node-a), where Deployment/traefik never runs, only on node-b: connections to port 80 are refused
              hostNetwork: true
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--providers.kubernetesingress]
                  ports: [{ containerPort: 80 }]
        ---
${INGRESS}
        ---
${RECORD}
        ---
${NODES}
      `,
      yaml`
        # The Node has a taint, and the selector fits.
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec: # <- DNS points repl.example.com at 212.2.255.241 (Node/node-a), where Deployment/traefik never runs (no toleration for public=yes:NoSchedule), only on node-b: connections to port 80 are refused
              nodeSelector: { kubernetes.io/os: linux }
              hostNetwork: true
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--providers.kubernetesingress]
                  ports: [{ containerPort: 80 }]
        ---
${INGRESS}
        ---
${RECORD}
        ---
${NODES.replace('status:', "spec: { taints: [{ key: public, value: 'yes', effect: NoSchedule }] }\n        status:")}
      `,
      yaml`
        # Two replicas for three Nodes; of the host ports, none is declared.
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          replicas: 2
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec: # <- DNS points repl.example.com at 212.2.255.241 (Node/node-a), but Deployment/traefik may land on node-b, node-c as well: then connections to ports 80 and 443 are refused
              hostNetwork: true
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--providers.kubernetesingress]
                  ports: []
        ---
${INGRESS}
        ---
${RECORD}
        ---
${NODES}
        ---
        # existing
        apiVersion: v1
        kind: Node
        metadata: { name: node-c, labels: { kubernetes.io/hostname: node-c, kubernetes.io/os: linux } }
      `,
    ],
    good: [
      yaml`
        # Pinned to the Node that DNS names.
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              nodeSelector: { kubernetes.io/hostname: node-a }
              hostNetwork: true
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--providers.kubernetesingress]
                  ports: [{ containerPort: 80 }, { containerPort: 443 }]
        ---
${INGRESS}
        ---
${RECORD}
        ---
${NODES}
      `,
      yaml`
        # On every Node.
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              hostNetwork: true
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--providers.kubernetesingress]
                  ports: [{ containerPort: 80 }, { containerPort: 443 }]
        ---
${INGRESS}
        ---
${RECORD}
        ---
${NODES}
      `,
      yaml`
        # Replicas for every Node.
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          replicas: 2
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              hostNetwork: true
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--providers.kubernetesingress]
                  ports: [{ containerPort: 80 }, { containerPort: 443 }]
        ---
${INGRESS}
        ---
${RECORD}
        ---
${NODES}
      `,
      yaml`
        # Scaled to nothing.
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          replicas: 0
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              hostNetwork: true
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--providers.kubernetesingress]
                  ports: [{ containerPort: 80 }, { containerPort: 443 }]
        ---
${INGRESS}
        ---
${RECORD}
        ---
${NODES}
      `,
      yaml`
        # A load balancer leads to it from everywhere.
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              nodeSelector: { ingress: 'true' }
              hostNetwork: true
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--providers.kubernetesingress]
                  ports: [{ containerPort: 80 }, { containerPort: 443 }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: traefik, namespace: traefik }
        spec: { type: LoadBalancer, selector: { app: traefik }, ports: [{ port: 80 }] }
        ---
${INGRESS}
        ---
${RECORD}
        ---
${NODES}
      `,
      yaml`
        # External addresses do, too.
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              nodeSelector: { ingress: 'true' }
              hostNetwork: true
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--providers.kubernetesingress]
                  ports: [{ containerPort: 80 }, { containerPort: 443 }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: traefik, namespace: traefik }
        spec: { externalIPs: [212.2.255.241], selector: { app: traefik }, ports: [{ port: 80 }] }
        ---
${INGRESS}
        ---
${RECORD}
        ---
${NODES}
      `,
      yaml`
        # And a node port by its number.
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              nodeSelector: { ingress: 'true' }
              hostNetwork: true
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--providers.kubernetesingress]
                  ports: [{ containerPort: 80 }, { containerPort: 443 }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: traefik, namespace: traefik }
        spec: { type: NodePort, selector: { app: traefik }, ports: [{ port: 80, nodePort: 80 }] }
        ---
${INGRESS}
        ---
${RECORD}
        ---
${NODES}
      `,
      yaml`
        # It takes no port of its Node.
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              nodeSelector: { ingress: 'true' }
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--providers.kubernetesingress]
                  ports: [{ containerPort: 80 }, { containerPort: 443 }]
        ---
${INGRESS}
        ---
${RECORD}
        ---
${NODES}
      `,
      yaml`
        # It takes other ports of its Node.
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              nodeSelector: { ingress: 'true' }
              hostNetwork: true
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--providers.kubernetesingress]
                  ports: [{ containerPort: 8000 }, { containerPort: 8443 }]
        ---
${INGRESS}
        ---
${RECORD}
        ---
${NODES}
      `,
      yaml`
        # Something else takes the port on that Node.
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              nodeSelector: { ingress: 'true' }
              hostNetwork: true
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--providers.kubernetesingress]
                  ports: [{ containerPort: 80 }, { containerPort: 443 }]
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: edge-proxy, namespace: edge }
        spec:
          selector: { matchLabels: { app: edge } }
          template:
            metadata: { labels: { app: edge } }
            spec:
              nodeSelector: { kubernetes.io/hostname: node-a }
              containers: [{ name: haproxy, image: 'haproxy:3.2.0', ports: [{ containerPort: 80, hostPort: 80 }] }]
        ---
${INGRESS}
        ---
${RECORD}
        ---
${NODES}
      `,
      yaml`
        # The address of no Node, and a host that nothing here serves.
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              nodeSelector: { ingress: 'true' }
              hostNetwork: true
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--providers.kubernetesingress]
                  ports: [{ containerPort: 80 }, { containerPort: 443 }]
        ---
${INGRESS}
        ---
        # existing
        apiVersion: externaldns.k8s.io/v1alpha1
        kind: DNSEndpoint
        metadata: { name: repl, namespace: default }
        spec:
          endpoints:
            - { dnsName: repl.example.com, recordType: A, targets: [203.0.113.7] }
            - { dnsName: node-a.example.com, recordType: A, targets: [212.2.255.241] }
            - { dnsName: repl.example.com, recordType: TXT, targets: [212.2.255.241] }
            - { dnsName: alias.example.com, recordType: CNAME, targets: [alias.example.com] }
        ---
${NODES}
      `,
      yaml`
        # Another controller takes the class; which one takes the other host is not known.
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              nodeSelector: { ingress: 'true' }
              hostNetwork: true
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--providers.kubernetesingress]
                  ports: [{ containerPort: 80 }, { containerPort: 443 }]
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: { name: other, namespace: default }
        spec: { ingressClassName: nginx, rules: [{ host: repl.example.com }] }
        ---
${RECORD}
        ---
${NODES}
      `,
      yaml`
        # No Node takes its pods: that is for pod-unschedulable.
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              nodeSelector: { ingress: 'yes' }
              hostNetwork: true
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--providers.kubernetesingress]
                  ports: [{ containerPort: 80 }, { containerPort: 443 }]
        ---
${INGRESS}
        ---
${RECORD}
        ---
${NODES}
      `,
      yaml`
        # No record is known.
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              nodeSelector: { ingress: 'true' }
              hostNetwork: true
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--providers.kubernetesingress]
                  ports: [{ containerPort: 80 }, { containerPort: 443 }]
        ---
${INGRESS}
        ---
${NODES}
      `,
      yaml`
        # No Node is known.
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: traefik, namespace: traefik }
        spec:
          selector: { matchLabels: { app: traefik } }
          template:
            metadata: { labels: { app: traefik } }
            spec:
              nodeSelector: { ingress: 'true' }
              hostNetwork: true
              containers:
                - name: traefik
                  image: traefik:v3.6.12
                  args: [--providers.kubernetesingress]
                  ports: [{ containerPort: 80 }, { containerPort: 443 }]
        ---
${INGRESS}
        ---
${RECORD}
      `,
    ],
  },
  *check(cluster) {
    if (webListeners(cluster).length === 0) return;
    const knowsRecords = cluster.list(DNS_ENDPOINT.group, DNS_ENDPOINT.kind).length > 0;
    const knowsNodes = cluster.knows('', 'Node');
    if (!knowsRecords || !knowsNodes) {
      yield* whatIsMissing(cluster, knowsRecords, knowsNodes);
      return;
    }
    for (const mismatch of mismatches(cluster)) {
      const finding = report(mismatch);
      if (finding) yield finding;
    }
  },
} satisfies Rule;

function* whatIsMissing(cluster: Cluster, knowsRecords: boolean, knowsNodes: boolean) {
  // Without facts of any kind, nobody has described the cluster.
  if (!cluster.resources.some(({ existing }) => existing)) return;
  const isSaid = cluster.knows(DNS_ENDPOINT.group, DNS_ENDPOINT.kind);
  const serving = new Set(
    routesOf(cluster)
      .flatMap((route) => controllersOf(cluster, route) ?? [])
      .map(({ workload }) => workload),
  );
  const [first] = webListeners(cluster).filter((workload) => serving.has(workload) && !workload.resource.existing);
  if (first === undefined || (isSaid && !knowsRecords)) return;
  const missing = [...(knowsRecords ? [] : ['DNSEndpoints']), ...(knowsNodes ? [] : ['Nodes'])].join(' and ');
  yield {
    unchecked: `whether DNS points at the Nodes that run ${first.resource}`,
    reason: `list ${missing} under existing`,
    resource: first.resource,
  };
}

function report({ listener, nodes, node, records }: Mismatch): Finding | undefined {
  const [first] = records;
  if (first === undefined) return undefined;
  const { workload, ports, refusals } = listener;
  const refusal = refusals.get(node);
  const { resource } = workload;
  const hosts = records.length === 1 ? first.host : `${first.host} and ${records.length - 1} more`;
  const names = [...nodes].map(({ name }) => name).sort();
  const others = names.filter((name) => name !== node.name);
  const shown = others.length > 3 ? `${others.slice(0, 3).join(', ')} …` : others.join(', ');
  const on = `port${ports.length === 1 ? '' : 's'} ${ports.join(' and ')}`;
  const isPinned = !nodes.has(node);
  const points = `DNS points ${hosts} at ${first.record.address} (${node.resource})`;
  const message = isPinned
    ? `${points}, where ${resource} never runs${why(refusal)}, only on ${shown}: connections to ${on} are refused`
    : `${points}, but ${resource} may land on ${shown} as well: then connections to ${on} are refused`;
  const record = { resource: first.record.resource, path: first.record.path };
  const pin = { resource, path: refusal?.path ?? workload.path };
  const [at, other] = resource.existing ? [record, pin] : [pin, record];
  return {
    ...at,
    message,
    ...(isPinned ? {} : { severity: 'warning' }),
    related: [
      { ...other, message: resource.existing ? 'what decides on which Nodes it runs' : 'the record' },
      { resource: node.resource, path: [], message: 'the Node that DNS points at' },
    ],
  };
}

function why(refusal: NodeRefusal | undefined): string {
  return refusal?.taint ? ` (no toleration for ${showTaint(refusal.taint)})` : '';
}
