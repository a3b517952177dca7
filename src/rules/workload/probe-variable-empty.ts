import { environmentOf } from '../../cluster/connections/environment.ts';
import { whenMade } from '../../cluster/scheduling/postponed.ts';
import { commandOf, type Probe, probesOf, variableReferences } from '../../cluster/workload/probes.ts';
import { asList, asMap, type Workload } from '../../cluster/workloads.ts';
import { type Cluster, type Finding, type Rule, yaml } from '../../rule.ts';

/** Where a variable of a probe's command gets its value, when the kubelet can't expand it there. */
function sourceOf(entry: Record<string, unknown>): string | undefined {
  if (entry.value !== undefined && entry.value !== null && entry.value !== '') return undefined;
  const from = asMap(entry.valueFrom) ?? {};
  const reference = asMap(from.secretKeyRef) ?? asMap(from.configMapKeyRef);
  if (reference) return `${from.secretKeyRef ? 'Secret' : 'ConfigMap'}/${reference.name}`;
  const [kind] = Object.keys(from);
  return kind;
}

/** Whether a command hands its last words to a shell as a script. */
function isScript(words: readonly { word: string }[], at: number): boolean {
  return words.slice(0, at).some(({ word }) => /^-[a-z]*c$/.test(word));
}

function* judge(cluster: Cluster, workload: Workload, probe: Probe): Generator<Finding> {
  const words = commandOf(probe);
  const declared = new Map(asList(probe.of.container.env).map((item) => [asMap(item)?.name, asMap(item) ?? {}]));
  for (const [i, { word, path }] of words.entries()) {
    for (const name of new Set(variableReferences(word))) {
      const entry = declared.get(name);
      const source = entry && sourceOf(entry);
      const finding = { resource: workload.resource, path };
      if (source !== undefined) {
        const message = `$(${name}) is empty in ${probe.kind}: the kubelet expands only literal values there, and ${name} comes from ${source}`;
        yield { ...finding, message };
      }
      if (entry || environmentOf(cluster, workload, probe.of).get(name)?.via !== 'envFrom') continue;
      const then = isScript(words, i)
        ? `the shell runs ${name} as a command`
        : 'the program gets these very characters';
      const message = `$(${name}) stays as it is in ${probe.kind}: the kubelet expands only variables of env there, not those of envFrom, so ${then}`;
      yield { ...finding, message };
    }
  }
}

export default {
  id: 'probe-variable-empty',
  severity: 'error',
  docs: {
    summary: "`$(VAR)` in an exec probe must be a literal of the container's own `env`.",
    incident:
      'What operators meet: in command and args, $(REDIS_PASSWORD) is the password. In an exec probe the same text is the empty string: ' +
      'there the kubelet expands with what is written in env and nothing else, and a valueFrom has no value there. So `redis-cli -a ""` ' +
      'asks without a password, and `pg_isready -U ""` for nobody. A variable of envFrom is left as it stands, and inside sh -c that is ' +
      'a command substitution: the shell looks for a program of that name.',
    symptoms: [
      'sh: 1: REDIS_PASSWORD: not found',
      '/bin/sh: POSTGRES_USER: not found',
      'Readiness probe failed: NOAUTH Authentication required.',
      'AUTH failed: WRONGPASS invalid username-password pair or user is disabled.',
      'FATAL:  no PostgreSQL user name specified in startup packet',
    ],
    fix: 'Let a shell of the container expand it: command: [sh, -c, \'redis-cli -a "$REDIS_PASSWORD" ping\'], with $VAR or ${VAR}.',
    facts: ['The env and envFrom of the container, and the keys of the ConfigMaps and Secrets that envFrom names'],
    silent: [
      'Variables with a literal value',
      '$$(VAR): an escaped dollar sign, the shell gets $(VAR)',
      '$(date) and other commands: nothing declares a variable of that name',
      'envFrom of an object whose keys are not known',
      '$VAR and ${VAR}: the shell of the container expands them',
    ],
    references: [
      'https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/container/helpers.go',
      'https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: settings }
        data: { POSTGRES_USER: app }
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: store }
        spec:
          serviceName: store
          selector: { matchLabels: { app: store } }
          template:
            metadata: { labels: { app: store } }
            spec:
              containers:
                - name: redis
                  image: redis:7.4
                  env:
                    - name: REDIS_PASSWORD
                      valueFrom: { secretKeyRef: { name: redis, key: password } }
                    - name: POD_IP
                      valueFrom: { fieldRef: { fieldPath: status.podIP } }
                    - name: NODE
                      value: ""
                      valueFrom: { configMapKeyRef: { name: settings, key: node } }
                  readinessProbe:
                    exec:
                      command:
                        - redis-cli
                        - -h
                        - $(POD_IP) # <- $(POD_IP) is empty in readinessProbe: the kubelet expands only literal values there, and POD_IP comes from fieldRef
                        - -a
                        - $(REDIS_PASSWORD) # <- $(REDIS_PASSWORD) is empty in readinessProbe: the kubelet expands only literal values there, and REDIS_PASSWORD comes from Secret/redis
                        - $(NODE)-$(NODE) # <- $(NODE) is empty in readinessProbe: the kubelet expands only literal values there, and NODE comes from ConfigMap/settings
                        - ping
                - name: postgres
                  image: postgres:17
                  envFrom: [{ configMapRef: { name: settings } }]
                  livenessProbe:
                    exec:
                      command: [sh, -c, pg_isready -U $(POSTGRES_USER)] # <- $(POSTGRES_USER) stays as it is in livenessProbe: the kubelet expands only variables of env there, not those of envFrom, so the shell runs POSTGRES_USER as a command
                  startupProbe:
                    exec:
                      command: [pg_isready, -U, $(POSTGRES_USER)] # <- $(POSTGRES_USER) stays as it is in startupProbe: the kubelet expands only variables of env there, not those of envFrom, so the program gets these very characters
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: settings }
        data: { POSTGRES_USER: app, date: today }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: store }
        spec:
          containers:
            - name: redis
              image: redis:7.4
              env:
                - { name: PORT, value: "6379" }
                - { name: EMPTY, value: "" }
                - name: REDIS_PASSWORD
                  valueFrom: { secretKeyRef: { name: redis, key: password } }
                - name: TWICE
                  valueFrom: { secretKeyRef: { name: redis, key: password } }
                - { name: TWICE, value: last }
              args: [--requirepass, $(REDIS_PASSWORD)]
              livenessProbe:
                exec:
                  command: [sh, -c, "redis-cli -p $(PORT) -a \"$REDIS_PASSWORD\" ping $(EMPTY) $(TWICE) $(date)"]
              readinessProbe:
                exec:
                  command: [sh, -c, "echo $$(REDIS_PASSWORD) ${'${REDIS_PASSWORD}'}"]
              startupProbe:
                httpGet: { port: 6379, path: /$(REDIS_PASSWORD) }
            - name: postgres
              image: postgres:17
              env: [{ name: POSTGRES_USER, value: app }]
              envFrom: [{ configMapRef: { name: settings } }, { secretRef: { name: unknown } }]
              livenessProbe:
                exec:
                  command: [sh, -c, "pg_isready -U $(POSTGRES_USER) $$(date) $(hostname)"]
      `,
    ],
  },
  *check(cluster) {
    for (const workload of cluster.workloads) {
      for (const probe of probesOf(workload)) {
        for (const finding of judge(cluster, workload, probe)) yield whenMade(workload, finding);
      }
    }
  },
} satisfies Rule;
