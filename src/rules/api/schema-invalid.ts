import { excessiveRequests } from '../../cluster/quota/resource-bounds.ts';
import { didYouMean } from '../../cluster/references/hints.ts';
import { strayMounts } from '../../cluster/references/volume-mounts.ts';
import { whenMade } from '../../cluster/scheduling/postponed.ts';
import { sourceFindings } from '../../cluster/source-findings.ts';
import { valueAt } from '../../cluster/workloads.ts';
import { type Rule, yaml } from '../../rule.ts';

/** Text that is text without quotes too: the value itself is wrong, not what put quotes around it. */
const WORD = /^(?!(?:true|false|yes|no|on|off|y|n|null)$)[a-z]/i;

/** A CustomResourceDefinition as people write it, for the examples. */
const CRD = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: backups.example.org }
spec:
  group: example.org
  scope: Namespaced
  names: { kind: Backup, plural: backups }
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [schedule, retries]
              properties:
                schedule: { type: string, pattern: '^[^ ]+( [^ ]+){4}$' }
                retries: { type: integer, minimum: 0, default: 3 }
                mode: { type: string, enum: [full, incremental] }
                port: { x-kubernetes-int-or-string: true }
                options: { type: object, x-kubernetes-preserve-unknown-fields: true }
              oneOf:
                - required: [mode]
                - required: [port]
---
`.trimStart();

export default {
  id: 'schema-invalid',
  severity: 'error',
  docs: {
    summary:
      'The API server must take every object: right types, all that it needs, and no field that it doesn’t know.',
    incident:
      'Devex, 2026-02-10: the issuers, certificates and Traefik values were rewritten several times until they worked, and nothing ' +
      'checked them before they reached the cluster; the report asks for schema validation in CI. matchID, May 2026: the ' +
      'ConfigMap of deces-ui holds `API_AGG_GLOBAL_BURST: 30 nodelay` unquoted, one edit away from `30`, which is a number that ' +
      'no ConfigMap takes. OLI copies default.env into a Secret and ports into values of a chart, and there every `5432` and `true` ' +
      'that loses its quotes stops the preview of a pull request. In each case the mistake shows at the apply, object by object, ' +
      'or never: helm only warns of an unknown field, and what it should have set is not set.',
    symptoms: [
      'json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
      'json: cannot unmarshal bool into Go struct field EnvVar.spec.template.spec.containers.env.value of type string',
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
      'json: cannot unmarshal string into Go struct field',
      'json: cannot unmarshal string into Go struct field ContainerPort.spec.template.spec.containers.ports.containerPort of type int32',
      'strict decoding error: unknown field',
      'error validating data: ValidationError',
      'spec.template.spec.containers[0].image: Required value',
      'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"',
      'spec.template.spec.containers[0].resources.requests: Invalid value: "2Gi": must be less than or equal to memory limit of 1Gi',
      'pathType: Unsupported value: "prefix": supported values: "Exact", "ImplementationSpecific", "Prefix"',
      'in body must be of type string',
      'in body must be of type integer',
      'quantities must match the regular expression',
      'illegal base64 data at input byte',
      'a lowercase RFC 1123 subdomain must consist of',
      'a valid label must be an empty string or consist of alphanumeric characters',
    ],
    fix:
      'Quote numbers and booleans where a string belongs (ConfigMap data, env values, labels, annotations, args), in a Helm template ' +
      'with `| quote`. Correct the name of an unknown field, or move it to the object that has it: `kubectl explain` shows where. ' +
      'Add what is missing.',
    facts: [
      "The JSON Schemas of Kubernetes 1.29 to 1.36, of the environment's kubernetesVersion, else of the version that the renderer assumes",
      'The schemas of CustomResourceDefinitions that are rendered or under `existing`, else of those that ship with k8s-lint',
    ],
    silent: [
      'null: the API server takes it as absent, so that `ports: null` is no wrong type and a null in a required place is missing',
      'strings that something fills in later: `${VAR}`, `$(VAR)`, `{{ … }}`, `<path:…>`, SOPS files and values',
      'kinds without a schema: they are counted as unchecked',
      'unknown fields where a CustomResourceDefinition keeps them (x-kubernetes-preserve-unknown-fields)',
      'fields that one of the two neighbours of a Kubernetes version without a schema knows',
      'the status of a custom resource: the API server drops it',
    ],
    references: [
      'https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation',
      'https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema',
      'https://kubernetes.io/docs/concepts/overview/working-with-objects/names/',
      'https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/',
    ],
  },
  examples: {
    bad: [
      // A request above the limit of the same container.
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web }
        spec:
          replicas: 0
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              initContainers:
                - name: migrate
                  image: web:1
                  resources:
                    requests:
                      cpu: 1.5 # <- the cpu request 1500m is above the limit 1 of the same container (must be less than or equal to cpu limit of 1)
                    limits: { cpu: 1 }
              containers:
                - name: web
                  image: web:1
                  resources:
                    requests:
                      memory: 1Gi # <- the memory request 1Gi is above the limit 512Mi of the same container (must be less than or equal to memory limit of 512Mi)
                    limits: { memory: 512Mi }
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: store }
        spec:
          serviceName: store
          replicas: 0
          selector: { matchLabels: { app: store } }
          template:
            metadata: { labels: { app: store } }
            spec:
              containers:
                - name: store
                  image: store:1
                  resources:
                    requests:
                      memory: 1Gi # <- the memory request 1Gi is above the limit 1G of the same container (must be less than or equal to memory limit of 1G); replicas is 0: it bites at the first scale-up
                    limits: { memory: 1G }
      `,
      // Unquoted scalars.
      yaml`
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: web
          labels:
            release: 12 # <- release is the number 12, not a string: quote it (json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string)
          annotations:
            checked: yes # <- checked is the boolean true, not a string: quote it (json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.annotations of type string)
        data:
          PORT: 8080 # <- PORT is the number 8080, not a string: quote it (json: cannot unmarshal number into Go struct field ConfigMap.data of type string)
          BURST: 30 nodelay
      `,
      yaml`
        apiVersion: v1
        kind: Secret
        metadata: { name: database }
        stringData:
          password: 123456 # <- password is a number, not a string: quote it (json: cannot unmarshal number into Go struct field Secret.stringData of type string)
        data:
          user: admin! # <- data.user: illegal base64 data
      `,
      // Types, fields and values of a workload.
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web }
        spec:
          replicas: "2" # <- replicas is the string "2", not an integer: drop the quotes (json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32)
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              securityContext: { runAsNonRoot: "true" } # <- runAsNonRoot is the string "true", not a boolean: drop the quotes (json: cannot unmarshal string into Go struct field PodSecurityContext.spec.template.spec.securityContext.runAsNonRoot of type bool)
              containers:
                - name: web
                  image: nginx:1.29
                  hostNetwork: true # <- strict decoding error: unknown field "spec.template.spec.containers[0].hostNetwork"; it belongs to "spec.template.spec"
                  runAsUser: 1000 # <- strict decoding error: unknown field "spec.template.spec.containers[0].runAsUser"; it belongs to "spec.template.spec.containers[0].securityContext"
                  imagePullPolcy: Always # <- strict decoding error: unknown field "spec.template.spec.containers[0].imagePullPolcy"; did you mean "imagePullPolicy"?
                  frobnicate: true # <- strict decoding error: unknown field "spec.template.spec.containers[0].frobnicate"
                  command: run # <- command is the string "run", not a list (json: cannot unmarshal string into Go struct field Container.spec.template.spec.containers.command of type []string)
                  args: [--verbose, 1] # <- args[1] is the number 1, not a string: quote it (json: cannot unmarshal number into Go struct field Container.spec.template.spec.containers.args of type string)
                  env:
                    - name: DEBUG
                      value: true # <- value is the boolean true, not a string: quote it (json: cannot unmarshal bool into Go struct field EnvVar.spec.template.spec.containers.env.value of type string)
                  resources:
                    limits: { memory: 512MB } # <- spec.template.spec.containers[0].resources.limits.memory: Invalid value: "512MB": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'
                  livenessProbe:
                    httpGet: { port: 70000 } # <- spec.template.spec.containers[0].livenessProbe.httpGet.port: Invalid value: 70000: must be between 1 and 65535, inclusive
              volumes:
                - name: data
                  configMap: { name: web, defaultMode: 644 } # <- spec.template.spec.volumes[0].configMap.defaultMode: Invalid value: 644: must be between 0 and 511, inclusive
      `,
      // Missing: the nearest parent that lacks it.
      yaml`
        apiVersion: batch/v1
        kind: Job
        metadata: { name: migrate }
        spec:
          template:
            spec: # <- "restartPolicy" is missing (spec.template.spec.restartPolicy: Required value)
              containers:
                - image: "" # <- "image" is empty (spec.template.spec.containers[0].image: Required value) && "name" is missing (spec.template.spec.containers[0].name: Required value)
                  env: []
      `,
      yaml`
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: My_Site # <- metadata.name: Invalid value: "My_Site": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character
          labels: { "team/web/eu": a } # <- metadata.labels: Invalid value: "team/web/eu": a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character with an optional DNS subdomain prefix and '/'
        spec:
          rules:
            - http:
                paths:
                  - path: /
                    pathType: prefix # <- spec.rules[0].http.paths[0].pathType: Invalid value: "prefix": supported values: "Exact", "Prefix", "ImplementationSpecific"
                    backend: { service: { name: web, port: { name: http } } }
      `,
      // A CustomResourceDefinition of the same render.
      `${CRD}${yaml`
        apiVersion: example.org/v1
        kind: Backup
        metadata: { name: nightly }
        spec:
          schedule: nightly # <- spec.schedule: Invalid value: "nightly": must match '^[^ ]+( [^ ]+){4}$'
          retries: -1 # <- spec.retries: Invalid value: -1: must be greater than or equal to 0
          mode: half # <- spec.mode: Invalid value: "half": supported values: "full", "incremental"
          keep: 3 # <- strict decoding error: unknown field "spec.keep"
          port: true # <- port is the boolean true, not an integer or a string (spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean")
        ---
        apiVersion: example.org/v1
        kind: Backup
        metadata: { name: weekly }
        spec: # <- "schedule" is missing (spec.schedule: Required value) && spec must validate one and only one schema (oneOf)
          retries: 1
      `}`,
      // One that is in the cluster.
      `${CRD.replace('apiVersion', '# existing\napiVersion')}${yaml`
        apiVersion: example.org/v1
        kind: Backup
        metadata: { name: nightly }
        spec: { schedule: "0 3 * * *", mode: full, keep: 3 } # <- strict decoding error: unknown field "spec.keep"
      `}`,
      // A bundled one: other releases may know the field, but hardly take another type.
      yaml`
        apiVersion: cert-manager.io/v1
        kind: Certificate
        metadata: { name: web }
        spec: # <- "issuerRef" is missing (spec.issuerRef: Required value) (by @kubernetes-models/cert-manager 6.0.0; the release in your cluster may differ)
          secretName: web-tls
          dnsName: [example.org] # <- strict decoding error: unknown field "spec.dnsName"; did you mean "dnsNames"? (by @kubernetes-models/cert-manager 6.0.0; the release in your cluster may differ)
          dnsNames: example.org # <- dnsNames is the string "example.org", not a list (spec.dnsNames: Invalid value: "string": spec.dnsNames in body must be of type array: "string") (by @kubernetes-models/cert-manager 6.0.0; the release in your cluster may differ)
      `,
      // Neither neighbour of 1.31 knows a field that came with 1.33.
      {
        kubernetesVersion: '1.31',
        files: {
          'pod.yaml': yaml`
            apiVersion: v1
            kind: Pod
            metadata: { name: web }
            spec:
              containers:
                - name: web
                  image: nginx:1.29
                  lifecycle:
                    stopSignal: SIGTERM # <- strict decoding error: unknown field "spec.containers[0].lifecycle.stopSignal"
          `,
        },
      },
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              initContainers:
                - name: init
                  image: web:1
                  volumeMounts:
                    - name: cache # <- no volume of the pod is called "cache" (volumeMounts[0].name: Not found: "cache")
                      mountPath: /cache
              containers:
                - name: web
                  image: web:1
                  volumeMounts:
                    - { name: web-config, mountPath: /etc/web }
                    - name: web-confg # <- no volume of the pod is called "web-confg" (volumeMounts[1].name: Not found: "web-confg"); did you mean "web-config"?
                      mountPath: /etc/more
              volumes: [{ name: web-config, configMap: { name: web } }]
          volumeClaimTemplates: [] # <- strict decoding error: unknown field "spec.volumeClaimTemplates"
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: database }
        spec:
          serviceName: database
          selector: { matchLabels: { app: database } }
          template:
            metadata: { labels: { app: database } }
            spec:
              containers:
                - name: database
                  image: postgres:17.2
                  volumeMounts:
                    - name: pgdata # <- no volume of the pod is called "pgdata" (volumeMounts[0].name: Not found: "pgdata")
                      mountPath: /var/lib/postgresql/data
          volumeClaimTemplates:
            - metadata: { name: storage }
              spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
      `,
    ],
    good: [
      // null is absent, quoted is a string, both kinds of ports, empty strings, what others fill in.
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
          creationTimestamp: null
          annotations: { checked: "yes", note: null }
          labels: { app.kubernetes.io/version: "1.0", empty: "" }
        spec:
          replicas: ${'${REPLICAS}'}
          strategy: { rollingUpdate: { maxSurge: 25%, maxUnavailable: 0 } }
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              nodeSelector: null
              containers:
                - name: web
                  image: nginx:1.29
                  imagePullPolicy: ""
                  ports: [{ name: http, containerPort: 8080 }, { containerPort: 0x1F90 }]
                  env: [{ name: DEBUG, value: "true" }, { name: EMPTY, value: null }, { name: USER, value: "${'${USER}'}" }]
                  command: null
                  livenessProbe: { httpGet: { port: http } }
                  readinessProbe: { httpGet: { port: 8080 } }
                  resources: { limits: { cpu: 1, memory: 1.5Gi }, requests: { cpu: 100m, memory: $(MEMORY) } }
              volumes: [{ name: data, configMap: { name: web, defaultMode: 0644 } }]
        ---
        apiVersion: v1
        kind: Secret
        metadata: { generateName: database- }
        data: { user: YWRtaW4=, password: "<path:secret/data/db#password>", token: "${'${TOKEN}'}" }
      `,
      // A claim's volume, names that are filled in, templates that controllers fill in.
      yaml`
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: database }
        spec:
          serviceName: database
          selector: { matchLabels: { app: database } }
          template:
            metadata: { labels: { app: database } }
            spec:
              containers:
                - name: database
                  image: postgres:17.2
                  volumeMounts:
                    - { name: data, mountPath: /var/lib/postgresql/data }
                    - { name: config, mountPath: /etc/postgresql }
                    - { name: "${'${EXTRA}'}", mountPath: /extra }
              volumes: [{ name: config, configMap: { name: database } }]
          volumeClaimTemplates:
            - metadata: { name: data }
              spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: within-its-limits }
        spec:
          containers:
            - { name: equal, image: "web:1", resources: { requests: { cpu: 1, memory: 1024Mi }, limits: { cpu: 1000m, memory: 1Gi } } }
            - { name: other, image: "web:1", resources: { requests: { memory: 2Gi }, limits: { cpu: 1 } } }
            - { name: later, image: "web:1", resources: { requests: { memory: 2Gi }, limits: { memory: "${'${MEMORY}'}" } } }
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: Rollout
        metadata: { name: not-checked-as-a-pod }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers: [{ name: web, image: "web:1", resources: { requests: { cpu: 2 }, limits: { cpu: 1 } } }]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: filled-in }
        spec:
          containers: [{ name: web, image: "web:1", volumeMounts: [{ name: data-1, mountPath: /data }] }]
          volumes: [{ name: "data-${'${ID}'}", emptyDir: {} }]
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: Rollout
        metadata: { name: web }
        spec:
          selector: { matchLabels: { app: web } }
          template:
            metadata: { labels: { app: web } }
            spec:
              containers: [{ name: web, image: "web:1", volumeMounts: [{ name: data, mountPath: /data }] }]
      `,
      // Kyverno may bring it within its limit.
      yaml`
        apiVersion: v1
        kind: Pod
        metadata: { name: web }
        spec:
          containers: [{ name: web, image: "web:1", resources: { requests: { cpu: 2 }, limits: { cpu: 1 } } }]
        ---
        apiVersion: kyverno.io/v1
        kind: ClusterPolicy
        metadata: { name: cap }
        spec: { rules: [{ name: cap, match: { any: [{ resources: { kinds: [Pod] } }] }, mutate: { patchStrategicMerge: { spec: {} } } }] }
      `,
      // SOPS decrypts the object before it is applied.
      yaml`
        apiVersion: v1
        kind: Secret
        metadata: { name: database }
        data: { password: "ENC[AES256_GCM,data:c2VjcmV0,type:str]" }
        sops: { version: 3.9.0, mac: "ENC[AES256_GCM,data:bWFj,type:str]" }
      `,
      // Unknown fields where they are kept, a default in place of a required field, an integer or a string, a status.
      `${CRD}${yaml`
        apiVersion: example.org/v1
        kind: Backup
        metadata: { name: nightly }
        spec: { schedule: "0 3 * * *", mode: full, options: { any: { thing: 1 } } }
        status: { phase: Done }
        ---
        apiVersion: example.org/v1
        kind: Backup
        metadata: { name: hourly }
        spec: { schedule: "0 * * * *", port: 8080 }
        ---
        apiVersion: example.org/v1
        kind: Backup
        metadata: { name: daily }
        spec: { schedule: "${'${SCHEDULE}'}", port: http }
      `}`,
      // What the packages don't tell of a free-form field, kinds without a schema, versions that nobody declares.
      yaml`
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: { name: web }
        spec:
          interval: 5m
          chartRef: { kind: OCIRepository, name: web }
          values: { replicas: 2, anything: { goes: [here] } }
        ---
        apiVersion: example.com/v1
        kind: Widget
        metadata: { name: web }
        spec: { port: "80", unknown: true }
        ---
        apiVersion: autoscaling/v2beta2
        kind: HorizontalPodAutoscaler
        metadata: { name: web }
        spec: { anything: goes }
      `,
      // 1.32, the neighbour above 1.31, knows a field that 1.30 doesn't.
      {
        kubernetesVersion: '1.31',
        files: {
          'claim.yaml': yaml`
            apiVersion: v1
            kind: Pod
            metadata: { name: web }
            spec:
              resources: { limits: { cpu: 1 } }
              containers: [{ name: web, image: "nginx:1.29" }]
          `,
        },
      },
    ],
  },
  *check(cluster) {
    yield* sourceFindings(cluster, 'schema-invalid');
    for (const { resource, error } of cluster.schemaErrors) {
      const { path, message, severity, kind } = error;
      const value = valueAt(resource.object, path);
      const at = error.at ?? (kind === 'type' && !(typeof value === 'string' && WORD.test(value)) ? 'type' : undefined);
      yield { resource, path, message, ...(severity && { severity }), ...(at && { at }) };
    }
    for (const workload of cluster.workloads) {
      for (const { name, path, volumes } of strayMounts(workload)) {
        const message = `no volume of the pod is called "${name}" (volumeMounts[${path.at(-2)}].name: Not found: "${name}")`;
        yield { resource: workload.resource, path, message: `${message}${didYouMean(name, volumes)}` };
      }
      for (const { resource: name, request, limit, path } of excessiveRequests(cluster, workload)) {
        const message = `the ${name} request ${request} is above the limit ${limit} of the same container (must be less than or equal to ${name} limit of ${limit})`;
        const finding = { resource: workload.resource, path, message };
        yield workload.resource.kind === 'StatefulSet' ? whenMade(workload, finding) : finding;
      }
    }
  },
} satisfies Rule;
