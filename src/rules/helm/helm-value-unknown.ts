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
      'A template takes an ancestor as a whole: toYaml, range, with, include, index, get, dig, tpl. Where it is clear which keys ' +
        'these go on to read, the others are reported',
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
            ports:
              web:
                hostPort: 80
                redirectTo: { port: websecure } # <- the chart traefik doesn't know ports.web.redirectTo: helm passes it over without a word; did you mean ports.web.redirections?
          `,
          'traefik/Chart.yaml': yaml`
            apiVersion: v2
            name: traefik
            version: 34.0.0
          `,
          'traefik/values.yaml': yaml`
            hostNetwork: false
            nodeSelector: {}
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
              nodeSelector: {{ toYaml .Values.nodeSelector | nindent 4 }}
              containers:
                - name: traefik
                  image: traefik:v3.3.2
                  args:
                    {{- range $name, $config := .Values.ports }}
                    - --entryPoints.{{ $name }}.address=:{{ $config.port }}
                    {{- with $config.redirections }}
                    - --entryPoints.{{ $name }}.http.redirections.entryPoint.to={{ .entryPoint.to }}
                    {{- end }}
                    {{- end }}
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
            hosts:
              - name: shop.example.com
                tls: true # <- the chart app doesn't know hosts[0].tls: helm passes it over without a word
          `,
          'app/Chart.yaml': yaml`
            apiVersion: v2
            name: app
            version: 1.0.0
            dependencies: [{ name: cache, version: 1.0.0, condition: cache.enabled }]
          `,
          'app/values.yaml': 'hosts: []\n',
          'app/templates/configmap.yaml': yaml`
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: app }
            data:
              hosts: {{ range .Values.hosts }}{{ .name }} {{ end }}
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
            hosts: [{ name: shop.example.com, port: 443 }]
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
          'app/templates/_helpers.tpl': '{{ define "probe" }}{{ index .probes .name | toJson }}{{ end }}\n',
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
  *check(cluster) {
    for (const { environment, target, findings } of cluster.targets) {
      for (const { rule, ...finding } of findings) {
        if (rule === 'helm-value-unknown') yield { ...finding, target: { environment, target } };
      }
    }
  },
} satisfies Rule;
