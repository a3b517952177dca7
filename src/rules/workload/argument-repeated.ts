import { whenMade } from '../../cluster/scheduling/postponed.ts';
import { repeatedFlags } from '../../cluster/workload/flags.ts';
import { containersOf } from '../../cluster/workloads.ts';
import { type Rule, yaml } from '../../rule.ts';

export default {
  id: 'argument-repeated',
  severity: 'error',
  docs: {
    summary: 'A flag that a program takes once must not be given twice.',
    incident:
      'What operators meet: an overlay sets the retention of Prometheus with a JSON patch, replace /spec/template/spec/containers/0/args/2. ' +
      'The base gains an argument, the index now hits another flag, and the retention is there twice. kustomize is content, the ' +
      'API server is content, and Prometheus, Alertmanager, the exporters and Thanos, which all parse with kingpin, exit at once.',
    symptoms: [
      "flag 'storage.tsdb.retention.time' cannot be repeated",
      "Error parsing command line arguments: flag 'storage.tsdb.retention.time' cannot be repeated",
      "alertmanager: error: flag 'log.level' cannot be repeated, try --help",
    ],
    fix: 'Remove one of the two. In a JSON patch, add to the end (args/-) or test before replacing an index, or patch a list of your own.',
    facts: ['command and args; the program is the one that command names, or else the one that the image is named for'],
    silent: [
      'Cumulative flags: --web.listen-address, --enable-feature, --cluster.peer, --collector.sysctl.include …',
      'Programs in which the last one wins: Loki, Promtail, kube-state-metrics and whatever else does not parse with kingpin',
      'Scripts of a shell, and what follows --',
    ],
    references: [
      'https://github.com/alecthomas/kingpin/blob/master/app.go',
      'https://prometheus.io/docs/prometheus/latest/command-line/prometheus/',
      'https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: prometheus }
        spec:
          selector: { matchLabels: { app: prometheus } }
          template:
            metadata: { labels: { app: prometheus } }
            spec:
              initContainers:
                - name: sidecar
                  image: quay.io/thanos/thanos:v0.42.5
                  restartPolicy: Always
                  args:
                    - sidecar
                    - --tsdb.path=/prometheus
                    - --tsdb.path=/data # <- --tsdb.path is given twice: thanos exits with "flag 'tsdb.path' cannot be repeated"
              containers:
                - name: prometheus
                  image: quay.io/prometheus/prometheus:v3.7.3
                  args:
                    - --config.file=/etc/prometheus/prometheus.yml
                    - --storage.tsdb.retention.time=15d
                    - --web.enable-lifecycle
                    - --storage.tsdb.retention.time=3d # <- --storage.tsdb.retention.time is given twice: prometheus exits with "flag 'storage.tsdb.retention.time' cannot be repeated"
                    - --no-web.enable-lifecycle # <- --web.enable-lifecycle is given twice: prometheus exits with "flag 'web.enable-lifecycle' cannot be repeated"
                - name: node-exporter
                  image: rancher/mirrored-prometheus-node-exporter:v1.10.2
                  args:
                    - --path.rootfs
                    - /host
                    - --path.rootfs=/host/root # <- --path.rootfs is given twice: node_exporter exits with "flag 'path.rootfs' cannot be repeated"
                - name: alertmanager
                  image: registry.example.com/acme/monitoring:1
                  command:
                    - /bin/alertmanager
                    - --log.level=info
                  args:
                    - --log.level=debug # <- --log.level is given twice: alertmanager exits with "flag 'log.level' cannot be repeated"
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: monitoring }
        spec:
          containers:
            - name: prometheus
              image: prom/prometheus:v3.7.3
              args: [--web.listen-address=:9090, "--web.listen-address=:9091", --enable-feature=a, --enable-feature=b, --, --x=1, --x=2]
            - name: alertmanager
              image: prom/alertmanager:v0.29.0
              args: [--cluster.peer=a, --cluster.peer=b, --web.external-url=http://a, --web.route-prefix=/]
            - name: node-exporter
              image: prom/node-exporter:v1.10.2
              args: [--collector.sysctl.include=a, --collector.sysctl.include=b, "--collector.textfile.directory=/a", "--collector.textfile.directory=/b"]
            - name: thanos
              image: thanosio/thanos:v0.42.5
              args: [query, --endpoint=a, --endpoint=b, --query.replica-label=a, --query.replica-label=b]
            - name: loki
              image: grafana/loki:3.5.0
              args: [--config.file=/a, --config.file=/b]
            - name: wrapped
              image: prom/prometheus:v3.7.3
              command: [sh, -c, exec prometheus "$0" "$@"]
              args: [--config.file=/a, --config.file=/b]
            - name: unknown
              image: "${'${IMAGE}'}"
              args: [--config.file=/a, --config.file=/b]
            - name: placeholder
              image: prom/prometheus:v3.7.3
              args: ["${'${FIRST}'}", "${'${FIRST}'}", "--${'${NAME}'}=1", "--${'${NAME}'}=1"]
      `,
    ],
  },
  *check(cluster) {
    for (const workload of cluster.workloads) {
      const { resource } = workload;
      for (const container of containersOf(workload)) {
        for (const { program, flag, path, first } of repeatedFlags(container)) {
          yield whenMade(workload, {
            resource,
            path,
            message: `--${flag} is given twice: ${program} exits with "flag '${flag}' cannot be repeated"`,
            related: [{ message: 'given here already', resource, path: first.path }],
          });
        }
      }
    }
  },
} satisfies Rule;
