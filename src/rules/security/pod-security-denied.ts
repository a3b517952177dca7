import { contested } from '../../cluster/contested.ts';
import { postponed } from '../../cluster/scheduling/postponed.ts';
import { securityMutator } from '../../cluster/security/pod-mutators.ts';
import type { Violation } from '../../cluster/security/pod-security/controls.ts';
import { showViolations, violationsOf } from '../../cluster/security/pod-security/evaluate.ts';
import { type Demand, policyOf, showDemand } from '../../cluster/security/pod-security/policy.ts';
import type { Workload } from '../../cluster/workloads.ts';
import { type Cluster, type Finding, type Resource, type Rule, yaml } from '../../rule.ts';

export default {
  id: 'pod-security-denied',
  severity: 'error',
  docs: {
    summary: 'Pods must keep to the Pod Security Standard that their Namespace enforces.',
    incident:
      'Oceanid, 2025-10-12, fix 1: the Namespace pulumi-system had the label pod-security.kubernetes.io/enforce: restricted, and the ' +
      'chart of the Pulumi operator sets no seccomp profile. For more than four days no new pod came up, and everything that waited ' +
      'for the operator waited. A Deployment is accepted all the same: at apply there is a warning at most, and only the events of ' +
      'the ReplicaSet say that its pods are refused.',
    symptoms: [
      'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
      'pods "web-7d4b9c6f8-x2x5z" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "web" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "web" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "web" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "web" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
      'Warning: would violate PodSecurity "restricted:latest"',
      'Error creating: pods "web-" is forbidden: violates PodSecurity',
    ],
    fix:
      'For restricted, give the pod `securityContext: { runAsNonRoot: true, seccompProfile: { type: RuntimeDefault } }` and every ' +
      'container `securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }`. What needs the host ' +
      '(CNI, storage, node agents) belongs into a Namespace of its own that enforces privileged.',
    facts: [
      'Labels of the Namespace, rendered or under existing: pod-security.kubernetes.io/enforce, warn, audit, each with its -version.',
      'The Kubernetes version: latest is that of the cluster. Where it is not set, only what every version from 1.25 on forbids counts.',
      'A warning where Namespace and pod are only plain files side by side, which may be alternatives.',
    ],
    silent: [
      'A Namespace that is neither rendered nor existing, or that targets label differently',
      'Defaults and exemptions of an AdmissionConfiguration, that cannot be known: a Namespace without labels asks nothing',
      'Windows pods (spec.os.name), for what Windows lacks, from 1.25 on; pods in a user namespace (hostUsers: false), from 1.35 on',
      'Where Kyverno, Gatekeeper, a mutating admission policy or OpenShift may set security contexts: unchecked',
      'Services of Knative, which gives its pods security contexts (secure-pod-defaults)',
      'Values that are filled in later',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/security/pod-security-standards/',
      'https://kubernetes.io/docs/concepts/security/pod-security-admission/',
      'https://github.com/kubernetes/kubernetes/tree/master/staging/src/k8s.io/pod-security-admission/policy',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: v1
        kind: Namespace
        metadata:
          name: pulumi-system
          labels: { pod-security.kubernetes.io/enforce: restricted }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: operator, namespace: pulumi-system }
        spec:
          selector: { matchLabels: { app: operator } }
          template:
            metadata: { labels: { app: operator } }
            spec:
              securityContext: { runAsNonRoot: true }
              containers:
                - name: manager
                  image: pulumi/pulumi-kubernetes-operator:v2.2.0
                  securityContext: # <- pods of Deployment/operator are forbidden: violates PodSecurity "restricted:latest": seccompProfile (pod or container "manager" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")
                    allowPrivilegeEscalation: false
                    capabilities: { drop: [ALL] }
      `,
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: agent, namespace: tools }
        spec:
          hostNetwork: true # <- Pod/agent is forbidden: violates PodSecurity "baseline:v1.30": host namespaces (hostNetwork=true), hostPath volumes (volume "logs"), hostPort (container "agent" uses hostPort 9100), privileged (container "agent" must not set securityContext.privileged=true)
          containers:
            - name: agent
              image: agent:1
              ports: [{ containerPort: 9100 }]
              livenessProbe: { httpGet: { host: 127.0.0.1, port: 9100 } }
              securityContext: { privileged: true }
          volumes:
            - { name: logs, hostPath: { path: /var/log } }
            - { name: tmp }
        ---
        apiVersion: batch/v1
        kind: CronJob
        metadata: { name: later, namespace: tools }
        spec:
          schedule: "0 3 * * *"
          suspend: true
          jobTemplate:
            spec:
              template:
                spec:
                  restartPolicy: Never
                  containers:
                    - name: dump
                      image: postgres:16
                      securityContext:
                        capabilities:
                          add: [NET_RAW] # <- pods of CronJob/later are forbidden: violates PodSecurity "baseline:v1.30": non-default capabilities (container "dump" must not include "NET_RAW" in securityContext.capabilities.add); it is suspended: it bites when it resumes
        ---
        # existing
        apiVersion: v1
        kind: Namespace
        metadata:
          name: tools
          labels:
            pod-security.kubernetes.io/enforce: baseline
            pod-security.kubernetes.io/enforce-version: v1.30
      `,
      yaml`
        apiVersion: v1
        kind: Namespace
        metadata:
          name: warned
          labels: { pod-security.kubernetes.io/enforce: baseline, pod-security.kubernetes.io/warn: restricted }
        ---
        apiVersion: v1
        kind: Namespace
        metadata:
          name: audited
          labels: { pod-security.kubernetes.io/audit: baseline }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: plain, namespace: warned }
        spec:
          securityContext: { runAsNonRoot: true, seccompProfile: { type: RuntimeDefault } }
          containers:
            - name: web
              image: web:1
              securityContext: # <- Namespace/warned warns about Pod/plain: would violate PodSecurity "restricted:latest": unrestricted capabilities (container "web" must set securityContext.capabilities.drop=["ALL"])
                allowPrivilegeEscalation: false
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: host, namespace: audited }
        spec:
          hostPID: true # <- Namespace/audited audits Pod/host: would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)
          containers: [{ name: web, image: "web:1" }]
      `,
      {
        kubernetesVersion: '1.34',
        files: {
          'probes.yaml': yaml`
            apiVersion: v1
            kind: Namespace
            metadata:
              name: prod
              labels: { pod-security.kubernetes.io/enforce: baseline, pod-security.kubernetes.io/enforce-version: v1.99 }
            ---
            apiVersion: v1
            kind: Pod
            metadata: { name: web, namespace: prod }
            spec:
              containers:
                - name: web
                  image: web:1
                  livenessProbe:
                    httpGet:
                      port: 80
                      host: 127.0.0.1 # <- Pod/web is forbidden: violates PodSecurity "baseline:v1.99": probe or lifecycle host (container "web" uses probe or lifecycle host "127.0.0.1")
          `,
        },
      },
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: Namespace
        metadata: { name: open }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: unlabelled, namespace: open }
        spec:
          hostNetwork: true
          containers: [{ name: web, image: "web:1" }]
      `,
      yaml`
        apiVersion: v1
        kind: Namespace
        metadata:
          name: strict
          labels: { pod-security.kubernetes.io/enforce: restricted }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: keeps-to-it, namespace: strict }
        spec:
          securityContext: { runAsNonRoot: true, seccompProfile: { type: RuntimeDefault } }
          containers:
            - name: web
              image: web:1
              ports: [{ containerPort: 8080 }]
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL], add: [NET_BIND_SERVICE] } }
          volumes:
            - { name: data, persistentVolumeClaim: { claimName: data } }
            - { name: tmp }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: windows, namespace: strict }
        spec:
          os: { name: windows }
          securityContext: { runAsNonRoot: true }
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: in-a-user-namespace-that-newer-clusters-allow, namespace: strict }
        spec:
          hostUsers: false
          securityContext: { seccompProfile: { type: RuntimeDefault } }
          containers:
            - name: web
              image: web:1
              securityContext: { runAsUser: 0, allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: probe-host-that-older-clusters-allow, namespace: strict }
        spec:
          securityContext: { runAsNonRoot: true, seccompProfile: { type: RuntimeDefault } }
          containers:
            - name: web
              image: web:1
              livenessProbe: { httpGet: { host: 127.0.0.1, port: 80 } }
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
        ---
        apiVersion: serving.knative.dev/v1
        kind: Service
        metadata: { name: defaulted-by-knative, namespace: strict }
        spec:
          template:
            spec:
              containers: [{ image: "web:1" }]
        ---
        apiVersion: v1
        kind: PodTemplate
        metadata: { name: makes-no-pods, namespace: strict }
        template:
          spec:
            containers: [{ name: web, image: "web:1" }]
      `,
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: namespace-is-not-known, namespace: elsewhere }
        spec:
          hostNetwork: true
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Namespace
        metadata:
          name: unset
          labels: { pod-security.kubernetes.io/enforce: restricted }
        ---
        apiVersion: v1
        kind: Namespace
        metadata:
          name: not-a-level
          labels: { pod-security.kubernetes.io/enforce: "${'${LEVEL}'}", pod-security.kubernetes.io/warn: privileged }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: level-is-filled-in-later, namespace: not-a-level }
        spec:
          hostNetwork: true
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: unset }
        spec:
          hostNetwork: true
          containers: [{ name: web, image: "web:1" }]
      `,
      yaml`
        apiVersion: v1
        kind: Namespace
        metadata:
          name: mutated
          labels: { pod-security.kubernetes.io/enforce: restricted }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: filled-in, namespace: mutated }
        spec:
          containers: [{ name: web, image: "web:1" }]
        ---
        apiVersion: kyverno.io/v1
        kind: ClusterPolicy
        metadata: { name: security-defaults }
        spec:
          rules:
            - name: add
              match: { any: [{ resources: { kinds: [Pod] } }] }
              mutate: { patchStrategicMerge: { spec: { securityContext: { runAsNonRoot: true } } } }
      `,
      {
        files: {
          'k8s-lint.yaml': 'environments: { prod: { targets: [{ manifests: [a.yaml] }, { manifests: [b.yaml] }] } }\n',
          'a.yaml': yaml`
            apiVersion: v1
            kind: Namespace
            metadata: { name: app, labels: { pod-security.kubernetes.io/enforce: privileged } }
            ---
            apiVersion: v1
            kind: Pod
            metadata: { name: judged-by-one-of-two, namespace: app }
            spec:
              hostNetwork: true
              containers: [{ name: web, image: "web:1", resources: { requests: { memory: 4Gi } } }]
          `,
          'b.yaml': yaml`
            apiVersion: v1
            kind: Namespace
            metadata: { name: app, labels: { pod-security.kubernetes.io/enforce: baseline } }
          `,
        },
      },
    ],
  },
  *check(cluster) {
    const namespaces = policies(cluster);
    if (namespaces.size === 0) return;
    let isMutatorSaid = false;
    for (const workload of cluster.workloads) {
      const { resource } = workload;
      const namespace = namespaces.get(resource.scope);
      if (namespace === undefined || resource.existing || resource.kind === 'PodTemplate') continue;
      if (resource.group === 'serving.knative.dev') continue;
      const finding = judge(cluster, workload, namespace);
      if (finding === undefined) continue;
      const mutator = securityMutator(cluster);
      if (mutator === undefined) yield finding;
      else if (!isMutatorSaid) {
        isMutatorSaid = true;
        yield {
          unchecked: 'pods against the Pod Security Standards of their Namespace',
          reason: `${mutator} may set security contexts before they are judged`,
        };
      }
    }
  },
} satisfies Rule;

/** Namespaces whose labels ask something of their pods, by name. */
function policies(cluster: Cluster): Map<string, Resource> {
  const found = new Map<string, Resource>();
  for (const namespace of cluster.list('', 'Namespace')) {
    const { enforce, warn, audit } = policyOf(namespace);
    if ((enforce ?? warn ?? audit) && !contested(cluster, namespace)) found.set(namespace.name, namespace);
  }
  return found;
}

function judge(cluster: Cluster, workload: Workload, namespace: Resource): Finding | undefined {
  const { resource } = workload;
  const { enforce, warn, audit } = policyOf(namespace);
  const modes = [
    ['enforces', enforce],
    ['warns about', warn],
    ['audits', audit],
  ] as const;
  for (const [verb, demand] of modes) {
    const violations = demand === undefined ? [] : violationsOf(workload, demand, cluster.kubernetesVersion);
    const [first, ...others] = violations;
    if (demand === undefined || first === undefined) continue;
    const related = [
      { message: `${namespace} ${verb} ${demand.level}`, resource: namespace, path: demand.path },
      ...others.map((violation) => ({ message: showViolations([violation]), resource, path: violation.path })),
    ];
    if (demand !== enforce) {
      const message = `${namespace} ${verb} ${resource}: would violate ${describe(demand, violations)}`;
      return { resource, path: first.path, message, severity: 'info', related };
    }
    const later = postponed(workload);
    const subject = resource.kind === 'Pod' ? `${resource} is` : `pods of ${resource} are`;
    return {
      resource,
      path: first.path,
      message: `${subject} forbidden: violates ${describe(demand, violations)}${later === undefined ? '' : `; ${later}`}`,
      ...(later === undefined && cluster.together(namespace, resource) ? {} : { severity: 'warning' }),
      related,
    };
  }
  return undefined;
}

/** `PodSecurity "restricted:latest": …`, in the words of the admission plugin. */
function describe(demand: Demand, violations: readonly Violation[]): string {
  return `PodSecurity "${showDemand(demand)}": ${showViolations(violations)}`;
}
