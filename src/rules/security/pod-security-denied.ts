import { contested } from '../../cluster/contested.ts';
import { securityMutator } from '../../cluster/pod-mutators.ts';
import type { Violation } from '../../cluster/pod-security/controls.ts';
import { showViolations, violationsOf } from '../../cluster/pod-security/evaluate.ts';
import { type Demand, policyOf, showDemand } from '../../cluster/pod-security/policy.ts';
import { postponed } from '../../cluster/postponed.ts';
import type { Workload } from '../../cluster/workloads.ts';
import { type Cluster, type Finding, type Resource, type Rule, yaml } from '../../rule.ts';

export default {
  id: 'pod-security-denied',
  severity: 'error',
  docs: {
    summary: 'Pods must keep to the Pod Security Standard that their Namespace enforces.',
    incident:
      'Oceanid, 2025-10-12, fix 1: the Namespace pulumi-system had the label pod-security.kubernetes.io/enforce: restricted, and the ' +
      'chart of the Pulumi operator set no seccomp profile. The Deployment was accepted, its pods were refused, and for four days ' +
      'everything that waited for the operator waited. Only the events of the ReplicaSet said why: at apply there is a warning, ' +
      'that no GitOps controller shows.',
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
    ],
    silent: [
      'A Namespace that is neither rendered nor existing, or that targets label differently',
      'Defaults and exemptions of an AdmissionConfiguration, that cannot be known: a Namespace without labels asks nothing',
      'Windows pods (spec.os.name), for what Windows lacks, from 1.25 on; pods in a user namespace (hostUsers: false), from 1.35 on',
      'Where Kyverno, Gatekeeper, a mutating admission policy or OpenShift may set security contexts: unchecked',
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
      const finding = judge(workload, namespace, cluster.kubernetesVersion);
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

function judge(workload: Workload, namespace: Resource, version: string | undefined): Finding | undefined {
  const { resource } = workload;
  const { enforce, warn, audit } = policyOf(namespace);
  const modes = [
    ['enforces', enforce],
    ['warns about', warn],
    ['audits', audit],
  ] as const;
  for (const [verb, demand] of modes) {
    const violations = demand === undefined ? [] : violationsOf(workload, demand, version);
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
      ...(later === undefined ? {} : { severity: 'warning' }),
      related,
    };
  }
  return undefined;
}

/** `PodSecurity "restricted:latest": …`, in the words of the admission plugin. */
function describe(demand: Demand, violations: readonly Violation[]): string {
  return `PodSecurity "${showDemand(demand)}": ${showViolations(violations)}`;
}
