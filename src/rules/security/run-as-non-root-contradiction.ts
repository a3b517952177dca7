import { whenMade } from '../../cluster/scheduling/postponed.ts';
import { securityContextOf } from '../../cluster/security/security-context.ts';
import { containersOf } from '../../cluster/workloads.ts';
import { type Rule, yaml } from '../../rule.ts';

export default {
  id: 'run-as-non-root-contradiction',
  severity: 'error',
  docs: {
    summary: 'A container that must not run as root (`runAsNonRoot`) must not be given uid 0 (`runAsUser`).',
    incident:
      'AlgoSu, sprint 81, decision D2: data directories had the wrong owner, and the usual cure, an init container that runs ' +
      "chown as root, was ruled out: the pod's runAsNonRoot: true holds for init containers too. The kubelet doesn't start such " +
      'a container; the pod stays in CreateContainerConfigError (Init:CreateContainerConfigError) for ever.',
    symptoms: [
      "container's runAsUser breaks non-root policy",
      'Error: container\'s runAsUser breaks non-root policy (pod: "postgres-0_algosu(0f6b4a55)", container: chown)',
      'Init:CreateContainerConfigError',
    ],
    fix:
      'Give that one container `securityContext: { runAsUser: 0, runAsNonRoot: false }`: its own settings override those of the pod. ' +
      'Or give it a uid other than 0, or drop the container: where the volume takes an fsGroup, nothing needs to be chowned.',
    facts: [
      'The security context of each container, init containers included: its own settings override those of the pod.',
    ],
    silent: [
      'A container whose own runAsNonRoot is false, or whose own runAsUser is not 0, whatever the pod says',
      'No runAsUser: then the uid of the image counts, and nobody knows it here',
      'Values that are filled in later',
    ],
    references: [
      'https://kubernetes.io/docs/tasks/configure-pod-container/security-context/',
      'https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kuberuntime/security_context_others.go',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: postgres }
        spec:
          serviceName: postgres
          selector: { matchLabels: { app: postgres } }
          template:
            metadata: { labels: { app: postgres } }
            spec:
              securityContext:
                runAsNonRoot: true
                runAsUser: 999
              initContainers:
                - name: chown
                  image: busybox:1.37
                  command: [chown, -R, "999:999", /data]
                  securityContext:
                    runAsUser: 0 # <- runAsUser 0 under runAsNonRoot: true of the pod: the kubelet refuses to start init container chown
              containers:
                - name: postgres
                  image: postgres:16
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: own }
        spec:
          securityContext:
            runAsUser: 0 # <- runAsUser 0 under runAsNonRoot: true of the container: the kubelet refuses to start container web
          containers:
            - name: web
              image: nginx:1.29
              securityContext: { runAsNonRoot: true }
            - name: sidecar
              image: busybox:1.37
        ---
        apiVersion: batch/v1
        kind: CronJob
        metadata: { name: both-of-the-pod }
        spec:
          schedule: "0 3 * * *"
          jobTemplate:
            spec:
              template:
                spec:
                  restartPolicy: Never
                  securityContext:
                    runAsNonRoot: true
                    runAsUser: 0 # <- runAsUser 0 under runAsNonRoot: true of the pod: the kubelet refuses to start container dump
                  containers:
                    - name: dump
                      image: postgres:16
                    - name: the-same-mistake
                      image: postgres:16
                    - name: as-somebody
                      image: postgres:16
                      securityContext: { runAsUser: 999 }
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: overridden }
        spec:
          securityContext: { runAsNonRoot: true, runAsUser: 0 }
          initContainers:
            - name: chown
              image: busybox:1.37
              securityContext: { runAsNonRoot: false }
          containers:
            - name: web
              image: nginx:1.29
              securityContext: { runAsUser: 101 }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: uid-of-the-image }
        spec:
          securityContext: { runAsNonRoot: true, runAsUser: null }
          containers:
            - name: web
              image: nginx:1.29
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: filled-in-later }
        spec:
          securityContext: { runAsNonRoot: true, runAsUser: "${'${UID}'}" }
          containers:
            - name: web
              image: nginx:1.29
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: root-is-allowed }
        spec:
          securityContext: { runAsUser: 0 }
          containers:
            - name: web
              image: nginx:1.29
      `,
    ],
  },
  *check(cluster) {
    for (const workload of cluster.workloads) {
      if (workload.resource.existing) continue;
      const seen = new Set<string>();
      for (const container of containersOf(workload)) {
        const { runAsUser, runAsNonRoot } = securityContextOf(workload, container);
        if (runAsUser?.value !== 0 || runAsNonRoot?.value !== true) continue;
        // A pod's own contradiction is one mistake, however many containers it stops.
        const written = runAsUser.path.join('/');
        if (seen.has(written)) continue;
        seen.add(written);
        const holder = runAsNonRoot.path.length === workload.path.length + 2 ? 'pod' : 'container';
        yield whenMade(workload, {
          resource: workload.resource,
          path: runAsUser.path,
          message:
            `runAsUser 0 under runAsNonRoot: true of the ${holder}: the kubelet refuses to start ` +
            `${KINDS[container.list]} ${container.container.name}`,
        });
      }
    }
  },
} satisfies Rule;

const KINDS = { initContainers: 'init container', containers: 'container', ephemeralContainers: 'ephemeral container' };
