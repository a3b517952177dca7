import { sourceFindings } from '../../cluster/source-findings.ts';
import { type Rule, yaml } from '../../rule.ts';

export default {
  id: 'render-failed',
  severity: 'error',
  docs: {
    summary: 'Every target must render: what kustomize and helm refuse, nobody can deploy.',
    incident:
      'Algosu, sprint 81: the dev overlay became a pile of JSON patches that remove securityContext and move probes. Such a patch ' +
      'holds on to paths of the base; when the base moves them, kustomize stops, and the whole environment stops with it. ' +
      'Devex, 2026-02-10, issue D: helm refused the Traefik release with `All hostPort must match their respective containerPort ' +
      'when hostNetwork is enabled`. Both surface when somebody deploys, unless a pull request renders.',
    symptoms: [
      'Error: accumulating resources',
      'no matches for Id Deployment.v1.apps/web.[noNs]; failed to find unique target for patch Deployment.v1.apps/web.[noNs]',
      'may not add resource with an already registered id',
      'replace operation does not apply: doc is missing path',
      "error in remove for path: '/spec/template/spec/securityContext': Unable to remove nonexistent key: securityContext: missing value",
      'unable to parse SM or JSON patch from',
      'invalid Kustomization: json: unknown field',
      'MalformedYAMLError: yaml: line 4: found character that cannot start any token in File: deployment.yaml',
      'mapping key "metadata" already defined at line 3',
      'Error: execution error at',
      'Error: template:',
      'executing "app/templates/deployment.yaml" at <.Values.image.tag>: nil pointer evaluating interface {}.tag',
      'Error: YAML parse error on',
      "Error: values don't meet the specifications of the schema(s) in the following chart(s)",
      'found in Chart.yaml, but missing in charts/ directory',
    ],
    fix:
      'Read the tool’s own message at the line that it is about, and render the target by hand: `kubectl kustomize DIR`, ' +
      '`helm template CHART`. Where the message belongs to another rule, `k8s-lint explain` of that rule says more.',
    facts: [
      'What the tool printed, traced to the file and line of the kustomization, chart or values that caused it',
      'The symptoms of the other rules: a message that matches one names that rule',
    ],
    silent: [
      'Targets that can’t be rendered here (remote bases, plug-ins, charts without their values) are counted as unchecked',
      'Warnings that kustomize and helm print while they render',
    ],
    references: [
      'https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/',
      'https://helm.sh/docs/helm/helm_template/',
    ],
  },
  examples: {
    bad: [
      {
        files: {
          'base/kustomization.yaml': 'resources: [deployment.yaml]\n',
          'base/deployment.yaml': yaml`
            apiVersion: apps/v1
            kind: Deployment
            metadata: { name: web }
            spec:
              selector: { matchLabels: { app: web } }
              template:
                metadata: { labels: { app: web } }
                spec:
                  containers: [{ name: web, image: "nginx:1.29" }]
          `,
          'dev/kustomization.yaml': yaml`
            resources: [../base]
            patches:
              - target: { kind: Deployment, name: web }
                patch: |-
                  - op: remove
                    path: /spec/template/spec/securityContext # <- error in remove for path: '/spec/template/spec/securityContext': Unable to remove nonexistent key: securityContext: missing value
          `,
        },
      },
      {
        files: {
          'kustomization.yaml': yaml`
            resources: [service.yaml]
            patches:
              - path: patch.yaml # <- no resource matches strategic merge patch "Service.v1.[noGrp]/website.[noNs]": no matches for Id Service.v1.[noGrp]/website.[noNs]; failed to find unique target for patch Service.v1.[noGrp]/website.[noNs]
          `,
          'service.yaml': yaml`
            apiVersion: v1
            kind: Service
            metadata: { name: web }
            spec: { ports: [{ port: 80 }] }
          `,
          'patch.yaml': yaml`
            apiVersion: v1
            kind: Service
            metadata: { name: website }
            spec: { type: NodePort }
          `,
        },
      },
      {
        files: {
          'kustomization.yaml': 'resources: [config.yaml]\n',
          'config.yaml': yaml`
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: web }
            data: { a: "1" }
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: api }
            data: { a: "1" }
            metadata: { name: api } # <- mapping key "metadata" already defined
          `,
        },
      },
    ],
    good: [
      {
        files: {
          'kustomization.yaml': yaml`
            resources: [service.yaml]
            patches:
              - target: { kind: Service }
                patch: |-
                  - op: add
                    path: /spec/type
                    value: NodePort
          `,
          'service.yaml': yaml`
            apiVersion: v1
            kind: Service
            metadata: { name: web }
            spec: { ports: [{ port: 80 }] }
          `,
        },
      },
      { files: { 'kustomization.yaml': 'resources: ["https://github.com/example/base?ref=v1"]\n' } },
    ],
  },
  check: (cluster) => sourceFindings(cluster, 'render-failed'),
} satisfies Rule;
