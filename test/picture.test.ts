import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { lint } from '../src/lint.ts';
import { type Picture, type PictureEdge, picture } from '../src/picture.ts';
import { pinned } from '../src/render/tools.ts';
import { drawMap } from '../src/report/html/map.ts';
import type { Report } from '../src/report/report.ts';
import { yaml } from '../src/rule.ts';
import { rules } from '../src/rules/index.ts';
import { readExample } from './examples.ts';
import { clusterOf, type Manifest } from './in-memory.ts';
import { readTree, tree } from './tree.ts';

const projects = fileURLToPath(new URL('../fixtures/projects/', import.meta.url));

async function look(files: Record<string, string>, only?: string[]): Promise<Report> {
  const { kubectl, helm } = await pinned('v35');
  const tools = { kustomize: kubectl, helm };
  return lint({ cwd: tree(files), ...tools, picture: true, today: '2026-06-15', ...(only ? { rules: only } : {}) });
}

function edgesOf({ pictures = [] }: Report): PictureEdge[] {
  return pictures.flatMap(({ edges }) => edges);
}

/** The findings of a rule, and those of the edges that should be red for it. */
function compared(report: Report, rule: string, isRed: (edge: PictureEdge) => boolean) {
  const red = edgesOf(report).filter(isRed);
  return {
    reported: [...new Set(report.diagnostics.filter((one) => one.rule === rule).map((one) => one.fingerprint))].sort(),
    drawn: [...new Set(red.flatMap(({ findings }) => findings))].sort(),
    unexplained: red.filter(({ findings }) => findings.length === 0).length,
  };
}

const RED: Record<string, (edge: PictureEdge) => boolean> = {
  'network-policy-blocks-connection': ({ type, state }) => type === 'dials' && state === 'blocked',
  'network-policy-blocks-ingress': ({ type, state }) => type === 'routes' && state === 'blocked',
  'host-unresolved': ({ type, state }) => type === 'dials' && state === 'missing',
};

describe('what is red is what the rule reports', () => {
  const cases = rules.flatMap(({ id, examples }) =>
    id in RED ? [...examples.bad, ...examples.good].map((example, i) => ({ id, i, example })) : [],
  );
  it.each(cases)('$id, example $i', async ({ id, example }) => {
    const report = await look(readExample(example).files, [id]);
    const { reported, drawn, unexplained } = compared(report, id, RED[id] ?? (() => false));
    expect(drawn).toEqual(reported);
    expect(unexplained).toBe(0);
  });

  it.each(readdirSync(projects))('%s', async (name) => {
    const report = await look(readTree(join(projects, name, 'broken')));
    for (const [rule, isRed] of Object.entries(RED)) {
      const { reported, drawn, unexplained } = compared(report, rule, isRed);
      expect(drawn).toEqual(reported);
      expect(unexplained).toBe(0);
    }
  });
});

/** A picture in words: nodes, then edges. */
function told({ nodes, edges, policies }: Picture): string[] {
  const name = (i: number) => `${nodes[i]?.type} ${nodes[i]?.kind}/${nodes[i]?.name}`;
  return [
    ...nodes.map(({ facts, isolated }, i) =>
      [name(i), ...facts, ...Object.entries(isolated ?? {}).map(([side, list]) => `${side} ${list?.length}`)].join(' '),
    ),
    ...edges.map(({ from, to, type, state, port, places, blockedBy }) => {
      const by = blockedBy.map(({ side, policy }) => ` by ${side} ${policies[policy]?.name}`).join('');
      return `${name(from)} ${type} ${name(to)} ${port ?? '-'} ${state}${by} (${places.join(', ')})`;
    }),
  ];
}

const SERVER: Manifest[] = [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'db', namespace: 'shop' },
    spec: { selector: { app: 'db' }, ports: [{ port: 5432 }] },
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'db', namespace: 'shop', labels: { app: 'db' } },
    spec: { containers: [{ name: 'db', image: 'postgres:17.5' }] },
  },
];

function client(value: string, name = 'web'): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', labels: { app: name } },
    spec: { containers: [{ name, image: 'example/web:1.4.2', env: [{ name: 'DB_HOST', value }] }] },
  };
}

describe('a picture', () => {
  it('shows who dials whom, and what limits them', () => {
    const policy = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'db', namespace: 'shop' },
      spec: {
        podSelector: { matchLabels: { app: 'db' } },
        ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }] }],
      },
    };
    const ingress = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'web', namespace: 'shop' },
      spec: {
        rules: [
          {
            host: 'db.example.com',
            http: {
              paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'db', port: { number: 5432 } } } }],
            },
          },
        ],
      },
    };
    expect(told(picture(clusterOf([ingress, ...SERVER, client('db'), client('db', 'job'), policy]), []))).toEqual([
      'entry Ingress/web db.example.com',
      'service Service/db 5432',
      'workload Pod/db ingress 1',
      'workload Pod/web',
      'workload Pod/job',
      'service Service/db selects workload Pod/db - ok ()',
      'entry Ingress/web routes service Service/db 5432 blocked by ingress db ()',
      'workload Pod/web dials service Service/db 5432 ok (DB_HOST)',
      'workload Pod/job dials service Service/db 5432 blocked by ingress db (DB_HOST)',
    ]);
  });

  it('calls nothing admitted where others decide, too', () => {
    const cilium = {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumNetworkPolicy',
      metadata: { name: 'allow', namespace: 'shop' },
      spec: {},
    };
    const drawn = picture(clusterOf([...SERVER, client('db'), cilium]), []);
    expect(drawn.notes).toEqual(['CiliumNetworkPolicy/allow decides on connections, too, and is not evaluated']);
    expect(drawn.edges.map(({ type, state }) => `${type} ${state}`)).toEqual(['selects ok', 'dials unknown']);
  });

  it('holds the host and the port of a Secret, and nothing else of it', async () => {
    const report = await look({
      'all.yaml': yaml`
        apiVersion: v1
        kind: Secret
        metadata: { name: app, namespace: shop }
        stringData: { DATABASE_URL: 'postgres://shop:hunter2@db:5432/orders' }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: db, namespace: shop }
        spec: { selector: { app: db }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop }
        spec:
          containers:
            - { name: web, image: 'example/web:1.4.2', envFrom: [{ secretRef: { name: app } }] }
      `,
    });
    const text = JSON.stringify(report.pictures);
    expect(text).toContain('DATABASE_URL in Secret/app');
    expect(text).not.toMatch(/hunter2|orders|shop:/);
  });
});

describe('a card', () => {
  it('cuts what would stand under the numbers of its findings', () => {
    const node = (findings: string[]) => ({
      kind: 'Service',
      name: 'deces-backend',
      type: 'service' as const,
      facts: ['8080 NodePort'],
      findings,
    });
    const drawn = (findings: string[]) => {
      const picture = { environment: 'a', nodes: [node(findings)], edges: [], policies: [], notes: [] };
      const found = new Map(
        ['a', 'b'].map((id, index) => [
          id,
          { index, id, severity: index === 0 ? ('error' as const) : ('warning' as const) },
        ]),
      );
      return /class="port"[^>]*>([^<]*)</.exec(drawMap(picture, found, 'a').svg)?.[1];
    };
    expect([drawn([]), drawn(['a']), drawn(['a', 'b'])]).toEqual(['8080 NodePort', '8080 …rt', '']);
  });
});
