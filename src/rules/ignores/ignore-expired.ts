import { type Rule, yaml } from '../../rule.ts';

const web = yaml`
  apiVersion: v1
  kind: Pod
  metadata: { name: web }
  spec:
    containers:
      - name: web
        image: nginx:latest
`;

export default {
  id: 'ignore-expired',
  severity: 'warning',
  docs: {
    summary: 'An ignore holds no longer than its `until`; after that day its finding is reported again.',
    incident:
      'matchID, 2026-05-17, verdict of the review: ":latest everywhere. Accepted for POC, but pin a digest before promoting to ' +
      'prod/ overlay". The overlays were merged that day, and the condition stayed in a comment on a pull request that nobody ' +
      'opens again. With a date, such an exception comes back by itself.',
    symptoms: ['this ignore of image-tag-latest expired on 2026-05-31, and what it covered is still found'],
    fix: 'Fix what was put off. If it is still right to wait, set a later date, and say in the reason why.',
    facts: ["`until` of the ignores in k8s-lint.yaml, against today's date in UTC"],
    silent: [
      'On the day itself, which is the last one in UTC',
      'What it covered is gone: then ignore-unused says so',
      'Another ignore still covers it',
    ],
    references: ['https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html'],
  },
  examples: {
    bad: [
      {
        files: {
          'k8s-lint.yaml': yaml`
            ignore:
              - rule: image-tag-latest
                reason: accepted for the proof of concept
                until: 2020-05-31 # <- this ignore of image-tag-latest expired on 2020-05-31, and what it covered is still found: fix it, or set a later date
          `,
          'web.yaml': web,
        },
      },
    ],
    good: [
      {
        files: {
          'k8s-lint.yaml': yaml`
            ignore:
              - { rule: image-tag-latest, reason: accepted for the proof of concept, until: 2999-12-31 }
          `,
          'web.yaml': web,
        },
      },
      {
        files: {
          'k8s-lint.yaml': yaml`
            ignore:
              - { rule: image-tag-latest, file: web.yaml, reason: accepted for the proof of concept, until: 2020-05-31 }
              - { rule: image-tag-latest, resource: Pod/web, reason: it is rebuilt every night }
          `,
          'web.yaml': web,
        },
      },
    ],
  },
} satisfies Rule;
