import { type Rule, yaml } from '../../rule.ts';

const pod = (image: string) => yaml`
  apiVersion: v1
  kind: Pod
  metadata: { name: web }
  spec:
    containers:
      - name: web
        image: ${image}
`;

export default {
  id: 'ignore-unused',
  severity: 'warning',
  docs: {
    summary: 'An ignore covers a finding that is there; one that covers nothing is to be removed.',
    incident:
      'matchID, 2026-05-17, review of the Kapsule overlays: a comment in the local overlay said that the patch keeps "ONLY the ' +
      'fix-data-permissions init container", while the render still had both; "the comment lies about behavior". An ignore is ' +
      'such a comment. Once its finding is gone, or its rule or its file has another name, it explains what is not there, and ' +
      'waits to hide the next mistake of that kind.',
    symptoms: [
      'this ignore of image-tag-latest matches nothing: remove it',
      'this ignores nothing: write it as "# k8s-lint-ignore RULE: reason"',
      'this entry of the baseline, for image-tag-latest, matches nothing any more: remove it',
    ],
    fix:
      'Remove the ignore. If a finding is still reported beside it, correct its rule, its file or its resource; a comment stands ' +
      'on the line of the finding or alone on the line above, and always gives its reason. `k8s-lint baseline --prune` removes the ' +
      'entries of a baseline whose findings are gone.',
    facts: ['The ignores of k8s-lint.yaml, of comments and of a baseline, against what the whole run found'],
    silent: [
      'Only some of the rules, environments or paths are linted: it may match elsewhere',
      'A target does not render, was not checked, or holds objects whose wrong types keep them from the rules: it may match there',
      'What looks like such a comment inside of a string or a block scalar',
    ],
    references: ['https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html'],
  },
  examples: {
    bad: [
      {
        files: {
          'k8s-lint.yaml': yaml`
            ignore:
              - rule: image-tag-latest # <- this ignore of image-tag-latest matches nothing: remove it
                resource: Pod/web
                reason: the demo always runs the newest build
          `,
          'web.yaml': pod('nginx:1.29.1'),
        },
      },
      {
        files: {
          'web.yaml': yaml`
            apiVersion: v1
            kind: Pod
            metadata: { name: web }
            spec:
              containers:
                - name: web
                  # k8s-lint-ignore image-tag-latest: the demo always runs the newest build # <- this ignore of image-tag-latest matches nothing: remove it
                  image: nginx:1.29.1
                - name: sidecar
                  image: nginx:latest # k8s-lint-ignore image-tag-latest # <- this ignores nothing: write it as "# k8s-lint-ignore RULE: reason"
                - name: other
                  image: nginx:latest # k8s-lint-ignore image-tag-lates: typing is hard # <- this ignores nothing: no rule is called "image-tag-lates": did you mean "image-tag-latest"?
                - name: neighbour
                  image: nginx:latest # k8s-lint-ignore image-tag-latest: this one is meant
                - name: last
                  image: nginx:latest
          `,
        },
      },
      {
        files: {
          'k8s-lint.yaml': yaml`
            rules: { image-tag-latest: off }
            ignore:
              - rule: image-tag-latest # <- this ignore of image-tag-latest matches nothing, since the rule is off: remove it
                reason: the demo always runs the newest build
          `,
          'web.yaml': pod('nginx:latest'),
        },
      },
    ],
    good: [
      {
        files: {
          'k8s-lint.yaml': yaml`
            ignore:
              - { rule: image-tag-latest, file: "demo/**", resource: "Pod/w*", reason: the demo always runs the newest build }
          `,
          'demo/web.yaml': pod('nginx:latest'),
        },
      },
      {
        files: {
          'web.yaml': yaml`
            apiVersion: v1
            kind: Pod
            metadata: { name: web }
            spec:
              containers:
                - name: web
                  # k8s-lint-ignore image-tag-latest: the demo always runs the newest build
                  image: nginx:latest
                - name: sidecar
                  image: nginx:latest # k8s-lint-ignore image-tag-latest: the demo always runs the newest build
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: docs }
            data:
              howto: |
                # k8s-lint-ignore image-tag-latest: text, and no comment
          `,
        },
      },
      {
        files: {
          'k8s-lint.yaml': yaml`
            ignore:
              - { rule: image-tag-latest, resource: Pod/web, reason: the demo always runs the newest build }
          `,
          'prod/kustomization.yaml': 'resources: [web.yaml]\n',
        },
      },
    ],
  },
} satisfies Rule;
