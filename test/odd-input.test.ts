import { describe, expect, it } from 'vitest';
import { yaml } from '../src/rule.ts';
import { lintFiles } from './examples.ts';

/** What everything below lands beside: a client, a server, and the policies between them. */
const BASE = yaml`
  apiVersion: v1
  kind: Namespace
  metadata: { name: shop }
  ---
  apiVersion: v1
  kind: Service
  metadata: { name: db, namespace: shop }
  spec: { selector: { app: db }, ports: [{ name: postgres, port: 5432 }] }
  ---
  apiVersion: apps/v1
  kind: StatefulSet
  metadata: { name: db, namespace: shop }
  spec:
    serviceName: db
    selector: { matchLabels: { app: db } }
    template:
      metadata: { labels: { app: db } }
      spec:
        containers:
          - name: db
            image: postgres:16.4
            ports: [{ name: postgres, containerPort: 5432 }]
            volumeMounts: [{ name: data, mountPath: /var/lib/postgresql/data }]
    volumeClaimTemplates:
      - metadata: { name: data }
        spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`;

const client = (env: string, volumes = '') => yaml`
  apiVersion: apps/v1
  kind: Deployment
  metadata: { name: client, namespace: shop }
  spec:
    selector: { matchLabels: { app: client } }
    template:
      metadata: { labels: { app: client } }
      spec:
        containers:
          - name: client
            image: registry.example.com/client:1.0.0
            env: [${env}]
            ${volumes}
`;

const policy = (spec: string) => yaml`
  apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: { name: odd, namespace: shop }
  spec: ${spec}
`;

async function found(...documents: string[]) {
  const report = await lintFiles({
    'k8s-lint.yaml': 'environments: { prod: { targets: [{ manifests: [all.yaml] }] } }\n',
    'all.yaml': [BASE, ...documents].join('---\n'),
  });
  expect(report.failures).toEqual([]);
  return report.diagnostics.map(({ severity, rule, message }) => `${severity} ${rule}: ${message}`);
}

const DIALS = '{ name: DB_HOST, value: db }, { name: DB_PORT, value: "5432" }';

describe('odd input', () => {
  it.each([
    [
      'an unknown operator',
      '{ podSelector: { matchExpressions: [{ key: app, operator: Equals, values: [client] }] }, policyTypes: [Egress] }',
    ],
    [
      'both sides empty',
      '{ podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{ to: [], ports: [] }] }',
    ],
    ['no types and nothing else but a selector of nobody', '{ podSelector: { matchLabels: { app: "" } } }'],
    [
      'IPv6 blocks',
      '{ podSelector: { matchLabels: { app: client } }, policyTypes: [Egress], egress: [{ to: [{ ipBlock: { cidr: "::/0", except: ["fd00::/8"] } }] }] }',
    ],
    [
      'a named port on the wrong side',
      '{ podSelector: { matchLabels: { app: client } }, policyTypes: [Egress], egress: [{ ports: [{ port: postgres }] }, { ports: [{ port: 53, protocol: UDP }] }] }',
    ],
  ])('in a policy, %s: no false error', async (_, spec) => {
    const messages = await found(client(DIALS), policy(spec));
    expect(messages.filter((message) => /^error (?!schema-invalid)/.test(message))).toEqual([]);
  });

  it.each([
    ['userinfo with an @ and a slash', 'postgres://user:p@ss/w:1@db:5432/shop'],
    ['userinfo without a host', 'postgres://user:pass@'],
    ['an IPv6 host', 'postgres://user:pass@[fd00::1]:5432/shop'],
    ['a host with a trailing dot', 'postgres://db.shop.svc.cluster.local.:5432/shop'],
    ['a port that is a name', 'postgres://db:postgres/shop'],
    ['a port beyond all', 'postgres://db:99999/shop'],
    ['nothing but a scheme', 'postgres://'],
    ['percent signs that mean nothing', 'postgres://us%er:%zz@db:5432/%'],
  ])('in a URL, %s: no false finding', async (_, url) => {
    expect(
      await found(
        client(`{ name: DATABASE_URL, valueFrom: { secretKeyRef: { name: client, key: url } } }`),
        yaml`
      apiVersion: v1
      kind: Secret
      metadata: { name: client, namespace: shop }
      stringData: { url: ${JSON.stringify(url)} }
    `,
      ),
    ).toEqual([]);
  });

  it('quantities that do not parse are told once, and nothing is added up', async () => {
    const messages = await found(
      client(DIALS, 'resources: { requests: { cpu: "1..5", memory: 1Zi }, limits: { cpu: "", memory: 1e } }'),
      yaml`
        apiVersion: v1
        kind: ResourceQuota
        metadata: { name: quota, namespace: shop }
        spec: { hard: { limits.cpu: "x", requests.memory: 1Gi, pods: "1e3" } }
      `,
    );
    expect(messages.filter((message) => !message.includes('schema-invalid'))).toEqual([
      expect.stringMatching(/^error quota-needs-resources: .*requests\.memory for: db/),
    ]);
  });

  it('Secrets whose data is no base64, and ConfigMaps with binaryData, say nothing about hosts', async () => {
    const messages = await found(
      client(
        '{ name: DB_HOST, valueFrom: { secretKeyRef: { name: odd, key: host } } }',
        'envFrom: [{ configMapRef: { name: odd } }]',
      ),
      yaml`
        apiVersion: v1
        kind: Secret
        metadata: { name: odd, namespace: shop }
        data: { host: "not base64!" }
      `,
      yaml`
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: odd, namespace: shop }
        binaryData: { DB_URL: //79/A==, OTHER: AAECAw== }
        data: { DB_NAME: shop }
      `,
    );
    expect(messages.filter((message) => !message.includes('schema-invalid'))).toEqual([]);
  });

  it('templates without containers, or without anything, are the schema’s affair alone', async () => {
    const template = (name: string, spec: string) => yaml`
      apiVersion: apps/v1
      kind: Deployment
      metadata: { name: ${name}, namespace: shop }
      spec: ${spec}
    `;
    const messages = await found(
      template(
        'a',
        '{ selector: { matchLabels: { app: a } }, template: { metadata: { labels: { app: a } }, spec: { containers: [] } } }',
      ),
      template('b', '{ selector: { matchLabels: { app: b } }, template: { metadata: { labels: { app: b } } } }'),
      template(
        'c',
        '{ selector: { matchLabels: { app: c } }, template: { metadata: { labels: { app: c } }, spec: { containers: [null] } } }',
      ),
      template('d', '{}'),
    );
    expect(messages.filter((message) => !message.includes('schema-invalid'))).toEqual([]);
    expect(messages.length).toBeGreaterThan(2);
  });

  it('ports as names and numbers meet', async () => {
    expect(
      await found(
        client(DIALS),
        policy(
          '{ podSelector: { matchLabels: { app: db } }, policyTypes: [Ingress], ingress: [{ from: [{ podSelector: { matchLabels: { app: client } } }], ports: [{ port: postgres }] }] }',
        ),
      ),
    ).toEqual([]);
  });

  it('5,000 policies in one namespace are judged in seconds', async () => {
    const policies = Array.from({ length: 5000 }, (_, i) =>
      policy(
        `{ podSelector: { matchLabels: { app: client } }, policyTypes: [Egress], egress: [{ to: [{ podSelector: { matchLabels: { app: server-${i} } } }] }, { ports: [{ port: 53, protocol: UDP }] }] }`,
      ).replace('name: odd', `name: policy-${i}`),
    );
    const messages = await found(client(DIALS), ...policies);
    expect(messages.filter((message) => message.startsWith('error'))).toEqual([
      expect.stringMatching(/^error network-policy-blocks-connection: Deployment\/client dials db:5432 /),
    ]);
  });
});
