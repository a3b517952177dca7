import { sourceFindings } from '../../cluster/source-findings.ts';
import { type Rule, yaml } from '../../rule.ts';

const config = yaml`
  environments:
    prod: { targets: [{ helm: { chart: app, release: app, namespace: shop, values: [prod.yaml] } }] }
`;

const appChart = yaml`
  apiVersion: v2
  name: app
  version: 1.0.0
`;

export default {
  id: 'helm-value-unknown',
  severity: 'warning',
  docs: {
    summary: 'Every key in the values of a release must be one that its chart defines or reads.',
    incident:
      'Devex, 2026-02-10, issues D, E and H: the values of the Traefik chart were rewritten again and again (host ports, a node ' +
      'selector in a file of its own, ACME arguments), and helm upgraded each time without a word. A key that this version of the ' +
      'chart does not know looks exactly like one that works: the release is deployed, and the pods are what they were before. ' +
      'Charts rename keys between versions, and nothing but their templates tells.',
    symptoms: ['Release "traefik" has been upgraded. Happy Helming!'],
    fix:
      'Use the name that this version of the chart reads (`helm show values` prints those that it defines), move the key to where ' +
      'the chart expects it, or take it out.',
    facts: [
      "The user's values files and `set`; the chart's values.yaml, values.schema.json and templates, with those of its subcharts, " +
        'archives included',
    ],
    silent: [
      'A template uses an ancestor of the key whole: toYaml, range, with, include, index, get, dig, tpl. `.Values` itself may go to ' +
        'with and include, and its keys be read by index, get and dig',
      '`global`, `tags`, the conditions of dependencies, what `import-values` exchanges',
      'Keys of a dependency that is disabled',
      'null, which takes a default away',
      'Keys that hold an anchor for aliases elsewhere',
      'A values file that several charts get, where one of them knows the key',
    ],
    references: [
      'https://helm.sh/docs/chart_template_guide/values_files/',
      'https://helm.sh/docs/topics/charts/#schema-files',
      'https://helm.sh/docs/chart_best_practices/values/',
    ],
  },
  examples: {
    bad: [
      {
        files: {
          'k8s-lint.yaml': yaml`
            environments:
              prod:
                targets: [{ helm: { chart: traefik, release: traefik, namespace: traefik, values: [prod.yaml] } }]
          `,
          'prod.yaml': yaml`
            hostNetwork: true
            nodeselector: { devex.ingress: "true" } # <- the chart traefik doesn't know nodeselector: helm passes it over without a word; did you mean nodeSelector?
            globalArguments: [--global.checknewversion] # <- the chart traefik doesn't know globalArguments: helm passes it over without a word
            deployment:
              pod: { priorityClas: high } # <- the chart traefik doesn't know deployment.pod.priorityClas: helm passes it over without a word; did you mean deployment.pod.priorityClass?
            ports:
              web: { hostPort: 80 }
          `,
          'traefik/Chart.yaml': yaml`
            apiVersion: v2
            name: traefik
            version: 34.0.0
          `,
          'traefik/values.yaml': yaml`
            hostNetwork: false
            nodeSelector: {}
            deployment: { pod: {} }
            ports:
              web: { port: 8000 }
              websecure: { port: 8443 }
          `,
          'traefik/templates/deployment.yaml': yaml`
            apiVersion: v1
            kind: Pod
            metadata: { name: traefik }
            spec:
              hostNetwork: {{ .Values.hostNetwork }}
              priorityClassName: {{ .Values.deployment.pod.priorityClass }}
              nodeSelector: {{ toYaml .Values.nodeSelector | nindent 4 }}
              containers:
                - name: traefik
                  image: traefik:v3.3.2
                  ports:
                    {{- range $name, $config := .Values.ports }}
                    - { name: {{ $name }}, containerPort: {{ $config.port }}, hostPort: {{ $config.hostPort | default 0 }} }
                    {{- end }}
          `,
        },
      },
      {
        files: {
          'k8s-lint.yaml': yaml`
            environments:
              prod:
                targets:
                  - helm:
                      chart: app
                      release: app
                      namespace: shop
                      values: [prod.yaml]
                      set:
                        cache:
                          enabled: true
                          memory: 64Mi
                          size: 64Mi # <- the chart cache doesn't know cache.size: helm passes it over without a word
          `,
          'prod.yaml': yaml`
            cache.memory: 64Mi # <- the chart app doesn't know cache\.memory: helm passes it over without a word
            db: # <- the chart app doesn't know db: helm passes it over without a word
              database: shop
            enabled: false # <- the chart app doesn't know enabled: helm passes it over without a word; did you mean cache.enabled?
            site-name: shop
            sitename: shop # <- the chart app doesn't know sitename: helm passes it over without a word; did you mean site-name?
          `,
          'app/Chart.yaml': yaml`
            apiVersion: v2
            name: app
            version: 1.0.0
            dependencies: [{ name: cache, version: 1.0.0, condition: cache.enabled }]
          `,
          'app/templates/_helpers.tpl': '{{ define "site" }}{{ index .values "site-name" }}{{ end }}\n',
          'app/templates/configmap.yaml': yaml`
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: app }
            data: { site: {{ include "site" (dict "values" .Values) }} }
          `,
          'app/charts/cache/Chart.yaml': yaml`
            apiVersion: v2
            name: cache
            version: 1.0.0
          `,
          'app/charts/cache/templates/configmap.yaml': yaml`
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: cache }
            data: { memory: {{ .Values.memory }} }
          `,
        },
      },
      {
        files: {
          'k8s-lint.yaml': config,
          'prod.yaml': yaml`
            image:
              repository: nginx
              tags: "1.29" # <- the chart app doesn't know image.tags: helm passes it over without a word; did you mean image.tag?
          `,
          'app/Chart.yaml': appChart,
          'app/templates/configmap.yaml': yaml`
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: app }
            data: { image: {{ .Values.image.repository }}:{{ required "image.tag is required" .Values.image.tag }} }
          `,
        },
      },
    ],
    good: [
      {
        files: {
          'k8s-lint.yaml': config,
          'prod.yaml': yaml`
            .labels: &labels { team: shop }
            global: { registry: registry.example.com }
            tags: { backend: true }
            labels: *labels
            podLabels: { team: shop }
            env: { COLOR: red }
            hosts: [{ name: shop.example.com, port: 443, tls: true }]
            ports: { web: { port: 8000, redirectTo: websecure } }
            service: { main: { port: 80, protocol: TCP } }
            image: { repository: nginx, tags: "1.29" }
            cache: { size: 1Gi, ttl: 60 }
            theme-colors: { fore: red, back: blue }
            ingress: { host: shop.example.com, path: / }
            extra: "{{ .Values.motto }}"
            motto: Buy!
            resources: { limits: { memory: 64Mi } }
            probes: { live: { port: 80 } }
            affinity: null
            theme: { font: serif }
            unread: { color: red }
            api: { enabled: false, replicas: 2 }
          `,
          'app/Chart.yaml': yaml`
            apiVersion: v2
            name: app
            version: 1.0.0
            dependencies:
              - { name: worker, version: 1.0.0, alias: api, condition: api.enabled }
          `,
          'app/values.yaml': yaml`
            labels: {}
            unread: { color: blue }
          `,
          'app/values.schema.json':
            '{ "properties": { "theme": { "properties": { "font": { "type": "string" } } } } }\n',
          'app/templates/_helpers.tpl': yaml`
            {{ define "probe" }}{{ index .probes .name | toJson }}{{ end }}
            {{ define "image" }}{{ .image.repository }}{{ end }}
          `,
          'app/templates/configmap.yaml': yaml`
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: app
              labels: {{- toYaml .Values.labels | nindent 4 }}
            data:
              theme: {{ .Values.theme.color | default "blue" }}
              extra: {{ tpl .Values.extra . }}
              memory: {{ dig "limits" "memory" "none" .Values.resources }}
              probe: {{ include "probe" (dict "probes" .Values.probes "name" .Release.Name) | quote }}
              image: {{ include "image" (dict "image" .Values.image "context" $) }}
              cache: {{ get .Values.cache "size" }}
              color: {{ index .Values "theme-colors" "fore" }}
              host: {{ with .Values.ingress }}{{ .host }}{{ end }}
              {{- range $name, $port := .Values.ports }}
              {{ $name }}: "{{ $port.port }}"
              {{- end }}
              main: "{{ (index .Values.service "main").port }}"
              {{- with .Values.podLabels }}
              {{- toYaml . | nindent 2 }}
              {{- end }}
              {{- range $name, $value := .Values.env }}
              {{ $name }}: {{ $value }}
              {{- end }}
              hosts: {{ range .Values.hosts }}{{ .name }}:{{ get . "port" }} {{ end }}
          `,
          'app/charts/worker/Chart.yaml': yaml`
            apiVersion: v2
            name: worker
            version: 1.0.0
          `,
          'app/charts/worker/templates/configmap.yaml': yaml`
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: worker }
            data: { threads: "{{ .Values.threads }}" }
          `,
        },
      },
      {
        files: {
          'k8s-lint.yaml': yaml`
            environments:
              prod:
                targets:
                  - helm: { chart: app, release: app, namespace: shop, values: [common.yaml] }
                  - helm: { chart: worker, release: worker, namespace: shop, values: [common.yaml] }
          `,
          'common.yaml': yaml`
            color: red
            threads: 2
          `,
          'app/Chart.yaml': appChart,
          'app/templates/configmap.yaml': yaml`
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: app }
            data: { color: "{{ .Values.color }}" }
          `,
          'worker/Chart.yaml': yaml`
            apiVersion: v2
            name: worker
            version: 1.0.0
          `,
          'worker/templates/configmap.yaml': yaml`
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: worker }
            data: { threads: "{{ .Values.threads }}" }
          `,
        },
      },
    ],
  },
  check: (cluster) => sourceFindings(cluster, 'helm-value-unknown'),
} satisfies Rule;
