import { certaintyOf } from '../../cluster/workload/exec-probes.ts';
import { commandOf, probesOf } from '../../cluster/workload/probes.ts';
import { type Rule, yaml } from '../../rule.ts';

const UNNOTICED = {
  startupProbe: 'the container counts as started at once',
  readinessProbe: 'traffic reaches pods that are not ready',
  livenessProbe: 'a container that hangs is never restarted',
} as const;

const WHY = {
  always: 'the command cannot fail',
  'any-answer': 'redis-cli exits 0 whatever Redis answers, a refused password included',
} as const;

export default {
  id: 'probe-always-succeeds',
  severity: 'warning',
  docs: {
    summary: 'The command of an exec probe must be able to fail.',
    incident:
      'What operators meet: a probe in the way of a deadline gets `|| true`, and stays. From then on the dashboard is green, ' +
      'the rollout finishes at once, and a service that answers nothing keeps its traffic. `redis-cli -a "" ping` is the quiet one: it ' +
      'prints NOAUTH or WRONGPASS, and exits 0.',
    symptoms: [
      'NOAUTH Authentication required.',
      'AUTH failed: WRONGPASS invalid username-password pair or user is disabled.',
      'Warning: AUTH failed',
      'the pod is Ready and answers nothing',
    ],
    fix: 'Let the command ask the process itself, and exit with another status than 0 when the answer is wrong; or leave the probe out.',
    facts: ['The words of exec probes: shells, node -e, python -c, redis-cli'],
    silent: [
      'Whatever may still fail: a script under set -e, another exit before the end, a pipe, a condition, a program that decides',
      'redis-cli ping without a password, with one, or with -e, and where its output is looked at',
    ],
    references: [
      'https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/',
      'https://redis.io/docs/latest/develop/tools/cli/',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: web }
        spec:
          containers:
            - name: shells
              image: ghcr.io/acme/web:1
              startupProbe:
                exec:
                  command: [/bin/true] # <- startupProbe of container shells always succeeds (the command cannot fail): the container counts as started at once
              readinessProbe:
                exec:
                  command: [sh, -c, "curl -fs localhost/health || true"] # <- readinessProbe of container shells always succeeds (the command cannot fail): traffic reaches pods that are not ready
              livenessProbe:
                exec:
                  command: [/bin/bash, -c, "curl -fs 'localhost/health'; exit 0;"] # <- livenessProbe of container shells always succeeds (the command cannot fail): a container that hangs is never restarted
            - name: more
              image: ghcr.io/acme/web:1
              startupProbe:
                exec:
                  command: [sh, -ec, "test -f /ready && test -f /data/set || exit 0"] # <- startupProbe of container more always succeeds (the command cannot fail): the container counts as started at once
              readinessProbe:
                exec:
                  command: [sh, -c, "exit"] # <- readinessProbe of container more always succeeds (the command cannot fail): traffic reaches pods that are not ready
              livenessProbe:
                exec:
                  command: [sh, -ec, echo fine] # <- livenessProbe of container more always succeeds (the command cannot fail): a container that hangs is never restarted
            - name: programs
              image: ghcr.io/acme/web:1
              startupProbe:
                exec:
                  command: [node, -e, "console.log('ok'); process.exit(0)"] # <- startupProbe of container programs always succeeds (the command cannot fail): the container counts as started at once
              readinessProbe:
                exec:
                  command: [python3, -c, "import sys; sys.exit(0)"] # <- readinessProbe of container programs always succeeds (the command cannot fail): traffic reaches pods that are not ready
            - name: redis
              image: redis:7.4
              readinessProbe:
                exec:
                  command: [redis-cli, -a, "", ping] # <- readinessProbe of container redis always succeeds (redis-cli exits 0 whatever Redis answers, a refused password included): traffic reaches pods that are not ready
              livenessProbe:
                exec:
                  command: [sh, -c, "redis-cli --pass '' PING"] # <- livenessProbe of container redis always succeeds (redis-cli exits 0 whatever Redis answers, a refused password included): a container that hangs is never restarted
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: web }
        spec:
          containers:
            - name: program
              image: ghcr.io/acme/web:1
              startupProbe: { exec: { command: [/healthy] } }
              readinessProbe: { exec: { command: [sh, -c, "curl -fs localhost || exit 1; exit 0"] } }
              livenessProbe: { exec: { command: [sh, -c, "curl -fs localhost && true"] } }
            - name: errexit
              image: ghcr.io/acme/web:1
              startupProbe: { exec: { command: [sh, -ec, "curl -fs localhost; exit 0"] } }
              readinessProbe: { exec: { command: [sh, -c, "set -e; curl -fs localhost; exit 0"] } }
              livenessProbe: { exec: { command: [sh, -ec, "curl -fs localhost; echo x || true"] } }
            - name: conditions
              image: ghcr.io/acme/web:1
              startupProbe: { exec: { command: [sh, -c, "if curl -fs localhost; then true; else exit 1; fi"] } }
              readinessProbe: { exec: { command: [sh, -c, "curl -fs localhost; exit"] } }
              livenessProbe: { exec: { command: [sh, -c, "curl -s localhost | grep ok"] } }
            - name: quoted
              image: ghcr.io/acme/web:1
              startupProbe: { exec: { command: [sh, -c, "check '; exit 0'"] } }
              readinessProbe: { exec: { command: [sh, -c, "check # || true"] } }
              livenessProbe: { exec: { command: [sh, /probe.sh, "true"] } }
            - name: others
              image: ghcr.io/acme/web:1
              startupProbe: { exec: { command: [sh, -c, "echo ok > /data/probe"] } }
              readinessProbe: { exec: { command: [python, -c, "import sys; sys.exit(check())"] } }
              livenessProbe: { exec: { command: [node, -e, "require('http').get('http://localhost', (r) => process.exit(0))"] } }
            - name: scripts
              image: ghcr.io/acme/web:1
              startupProbe: { exec: { command: [node, /probe.js, process.exit(0)] } }
              readinessProbe: { exec: { command: [python, /probe.py, pass] } }
              livenessProbe: { httpGet: { port: 80 } }
            - name: redis
              image: redis:7.4
              startupProbe: { exec: { command: [redis-cli, ping] } }
              readinessProbe: { exec: { command: [redis-cli, -e, -a, "", ping] } }
              livenessProbe: { exec: { command: [sh, -c, "redis-cli -a '' ping | grep PONG"] } }
            - name: more-redis
              image: redis:7.4
              startupProbe: { exec: { command: [redis-cli, -a, secret, ping] } }
              readinessProbe: { exec: { command: [redis-cli, -a, "", --eval, /check.lua] } }
              livenessProbe: { exec: { command: [redis-check, -a, "", ping] } }
      `,
    ],
  },
  *check(cluster) {
    for (const workload of cluster.workloads) {
      for (const probe of probesOf(workload)) {
        const words = commandOf(probe).map(({ word }) => word);
        const certainty = words.length === 0 ? undefined : certaintyOf(words);
        if (certainty === undefined) continue;
        yield {
          resource: workload.resource,
          path: [...probe.path, 'exec', 'command'],
          message: `${probe.kind} of container ${probe.of.container.name} always succeeds (${WHY[certainty]}): ${UNNOTICED[probe.kind]}`,
        };
      }
    }
  },
} satisfies Rule;
