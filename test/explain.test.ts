import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { findingsHere } from '../src/explain/here.ts';
import { explainLine, parsePlace } from '../src/explain/line.ts';
import { lineText } from '../src/explain/line-text.ts';
import { shownValue } from '../src/explain/shown-value.ts';
import { explainTerminal, widthOf } from '../src/explain/terminal.ts';
import { wrap } from '../src/explain/wrap.ts';
import { pinned } from '../src/render/tools.ts';
import type { Rule } from '../src/rule.ts';
import { rules } from '../src/rules/index.ts';
import { SourceFiles } from '../src/source.ts';
import { likeliest, searchSymptoms } from '../src/symptom-search.ts';
import { lintFiles } from './examples.ts';
import { SYMPTOMS, UNRELATED } from './symptom-texts.ts';
import { tree } from './tree.ts';

vi.setConfig({ testTimeout: 60_000 });

const bin = fileURLToPath(new URL('../bin/k8s-lint.js', import.meta.url));
let tools: { kubectl: string; helm: string };
beforeAll(async () => {
  tools = await pinned('v35');
});

function run(directory: string, args: string[], input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, 'explain', ...args], {
    cwd: directory,
    encoding: 'utf8',
    input,
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
  });
  return { status, stdout, stderr };
}

const rule = (id: string): Rule => {
  const found = rules.find((candidate) => candidate.id === id);
  if (!found) throw new Error(`no rule ${id}`);
  return found;
};

describe('a rule at a terminal', () => {
  it('is wrapped, with the bad line marked and its message below', () => {
    const shown = explainTerminal(rule('host-network-port-mismatch'), { width: 60, color: 0 });
    expect(shown).toContain(`host-network-port-mismatch  error
\`hostPort\` must equal \`containerPort\` when the pod uses
\`hostNetwork\`.

What happened
  Devex, 2026-02-10, issue D: Traefik was to listen on 80
  and 443 of the node, without a load balancer. The values
`);
    expect(shown).toContain(`How it looks
  All hostPort must match their respective containerPort
      when hostNetwork is enabled
`);
    expect(shown).toContain(`Bad
    │ apiVersion: v1
    │ kind: Pod
    │ metadata: { name: traefik }
    │ spec:
    │   hostNetwork: true
    │   containers:
    │     - name: traefik
    │       image: traefik:v3.6.12
    │       ports:
    │         - containerPort: 8000
  > │           hostPort: 80
    │           ^ hostPort 80 must equal containerPort 8000
    │             under hostNetwork: the API server refuses
    │             the pod

Good
    │ apiVersion: v1
`);
  });

  it('shows the files of an example under their names', () => {
    const shown = explainTerminal(rule('render-failed'), { width: 80, color: 0 });
    expect(shown).toContain(`
    │       containers: [{ name: web, image: "nginx:1.29" }]

  dev/kustomization.yaml
    │ resources: [../base]
`);
    expect(shown).toContain(`
  > │         path: /spec/template/spec/securityContext
    │         ^ error in remove for path: '/spec/template/spec/securityContext':
`);
  });

  it.each([40, 60, 80, 100])(
    'keeps every rule within %i columns, but for manifests, addresses and single words',
    (width) => {
      for (const each of rules) {
        const wide = explainTerminal(each, { width, color: 0 })
          .split('\n')
          .filter((line) => line.length > width && !/^ {2}[ >] │ (?! *\^)/.test(line) && /\S\s+\S/.test(line.trim()));
        // A bullet or a mark stands before a word that is longer than the line.
        expect(wide.filter((line) => !/^\s*(?:│\s*)?[-^]? ?\S+$/.test(line.trim()))).toEqual([]);
      }
    },
  );

  it('says the same in colours, marks none of the examples with comments, and paints code and severity', () => {
    for (const each of rules) {
      const [plain, painted] = ([0, 1] as const).map((color) => explainTerminal(each, { width: 80, color }));
      expect(stripVTControlCharacters(painted ?? '')).toBe(plain);
      expect(plain).not.toContain('# <- ');
    }
    const painted = explainTerminal(rule('host-network-port-mismatch'), { width: 80, color: 1 });
    expect(painted).toContain('\u001b[31merror\u001b[39m');
    expect(painted).toContain('\u001b[36m`hostPort`\u001b[39m must equal');
    expect(painted).toContain('\u001b[31m> │\u001b[39m           \u001b[36mhostPort\u001b[39m: 80');
  });

  it('is as wide as the terminal, within what can be read, and 80 columns without one', () => {
    expect([{}, { columns: 20 }, { columns: 72 }, { columns: 300 }].map(widthOf)).toEqual([80, 40, 72, 100]);
  });

  it('paints the words of code that a line ends in between', () => {
    const layout = { width: 10, first: '', rest: '', paintCode: (code: string) => `<${code}>` };
    expect(wrap('say `optional: true`, or (`no`)', layout)).toEqual(['say', '<`optional:>', '<true`>, or', '(<`no`>)']);
  });

  it('as Markdown is its section of docs/rules.md; what no rule is called is told with the nearest', () => {
    const docs = readFileSync(new URL('../docs/rules.md', import.meta.url), 'utf8');
    const { stdout, status } = run('.', ['selector-mismatch', '--format', 'markdown']);
    expect(stdout.startsWith('## selector-mismatch\n\n**error** · ')).toBe(true);
    expect(docs).toContain(stdout);
    expect(status).toBe(0);
    expect(run('.', ['selector-mismatsh'])).toEqual({
      status: 2,
      stdout: '',
      stderr: 'k8s-lint: no rule is called "selector-mismatsh": did you mean "selector-mismatch"?\n',
    });
  });
});

describe('a text that a tool said', () => {
  const found = (text: string) => likeliest(searchSymptoms(text, rules), 4).map((match) => match.rule.id);

  it.each(SYMPTOMS)('$rule: $text', ({ rule: expected, text }) => {
    expect([expected].flat()).toContain(found(text)[0]);
  });

  it.each(UNRELATED)('none: %s', (text) => {
    expect(found(text)).toEqual([]);
  });

  it('leads to every rule by each telling symptom, with other names, in JSON and in colours', () => {
    const disguised = (symptom: string) =>
      `\u001b[31m${JSON.stringify({ level: 'error', ts: '2026-05-04T08:29:40Z', msg: symptom.replace(/"[\w.-]+"/g, '"other-7d4b9c6f8-x2x5z"') })}\u001b[0m`;
    for (const each of rules) {
      const telling = each.docs.symptoms.filter((symptom) => symptom.split(/\s+/).length >= 6);
      for (const symptom of telling) {
        const ids = searchSymptoms(disguised(symptom), rules).map((match) => match.rule.id);
        expect(ids, symptom).toContain(each.id);
      }
    }
  });

  it('is found in a description, line by line; what happens every day is no symptom', () => {
    const events = `Name:             indexer-0
Namespace:        search
Status:           Pending
Events:
  Type     Reason            Age                From               Message
  ----     ------            ----               ----               -------
  Normal   ScalingReplicaSet 6m                 deployment         Scaled down replica set indexer-6b7c from 3 to 1
  Warning  FailedScheduling  5m                 default-scheduler  0/3 nodes are available: 3 Insufficient memory.
  Warning  FailedMount       12s (x9 over 2m)   kubelet            MountVolume.SetUp failed for volume "config" : configmap "indexer" not found
`;
    const matches = likeliest(searchSymptoms(events, rules), 4);
    expect(matches.map(({ rule: { id }, symptom, line }) => ({ id, symptom, line }))).toEqual([
      {
        id: 'reference-missing',
        symptom: 'MountVolume.SetUp failed for volume "config" : configmap "app-config" not found',
        line: 'Warning FailedMount 12s (x9 over 2m) kubelet MountVolume.SetUp failed for volume "config" : configmap "indexer" not found',
      },
      {
        id: 'pod-unschedulable',
        symptom: 'Insufficient memory',
        line: 'Warning FailedScheduling 5m default-scheduler 0/3 nodes are available: 3 Insufficient memory.',
      },
    ]);
    const healthy = events.replace(/^ {2}Warning.*\n/gm, '').replace('Pending', 'Running');
    expect(searchSymptoms(healthy, rules)).toEqual([]);
  });

  it('is found at the end of a long log', () => {
    const log = Array.from({ length: 5000 }, (_, i) => `level=info msg="handled request ${i}" took=${i}ms`).join('\n');
    expect(found(`${log}\ndial tcp: lookup tempo on 10.0.0.10:53: no such host\n`)[0]).toBe('host-unresolved');
  });

  const shop = `apiVersion: v1
kind: Pod
metadata: { name: checkout, namespace: shop }
spec:
  containers:
    - name: checkout
      image: registry.example.com/checkout:1.0.0
      envFrom: [{ configMapRef: { name: settings } }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: mailer, namespace: shop }
spec:
  selector: { matchLabels: { app: mailer } }
  template:
    metadata: { labels: { app: mailer } }
    spec:
      containers:
        - name: mailer
          image: registry.example.com/mailer:1.0.0
          envFrom: [{ configMapRef: { name: limits } }]
`;
  const config = 'environments: { shop: { targets: [{ manifests: [shop.yaml] }] } }\n';

  it('names first what it names', async () => {
    const report = await lintFiles({ 'shop.yaml': shop, 'k8s-lint.yaml': config }, { rules: ['reference-missing'] });
    const named = (text: string) =>
      findingsHere(report, ['reference-missing'], text).map(({ diagnostic, named }) => [
        diagnostic.resource?.name,
        ...named,
      ]);
    expect(named('Error: configmap "limits" not found')).toEqual([['mailer', 'ConfigMap/limits'], ['checkout']]);
    expect(named('mailer-7d4b9c6f8-x2x5z is waiting')).toEqual([['mailer', 'Deployment/mailer'], ['checkout']]);
    expect(named('e-mailer and mailers, unlimited')).toEqual([['checkout'], ['mailer']]);
  });

  it('is explained, with where the rule finds something here; other texts are exit 1', async () => {
    const { kubectl, helm } = tools;
    // Its fields are unchecked, which is nothing of the rule.
    const widget = 'apiVersion: example.com/v1\nkind: Widget\nmetadata: { name: a, namespace: other }\n';
    const directory = tree({ 'shop.yaml': `${shop}---\n${widget}`, 'k8s-lint.yaml': config });
    const args = ['--kustomize', kubectl, '--helm', helm];
    const { stdout, stderr, status } = run(directory, ['-', ...args], '  Error: configmap "limits" not found\n');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const [, head = ''] = /^([\s\S]*?)\n\nWhat happened\n/.exec(stdout) ?? [];
    expect(head).toBe(`> Error: configmap "limits" not found
This is how reference-missing looks: Error: configmap "app-config" not found

reference-missing  error
What an object refers to must be rendered, exist, or be made by something.`);
    expect(stdout.slice(stdout.indexOf('\nIn this repository'))).toBe(`
In this repository
  shop.yaml:21:45  error  in shop (shop.yaml)
    there is no ConfigMap/limits in namespace shop: the container stays in
    CreateContainerConfigError
    the text names ConfigMap/limits
  shop.yaml:8:41  error  in shop (shop.yaml)
    there is no ConfigMap/settings in namespace shop: the container stays in
    CreateContainerConfigError
`);
    const unknown = run(directory, ['the', 'quick', 'brown', 'fox']);
    expect(unknown).toEqual({
      status: 1,
      stdout:
        "no rule's symptom looks like this: paste the message itself, as kubectl describe or the log has it; k8s-lint rules lists what is known\n",
      stderr: '',
    });
    const near = run(directory, ['selectormismatch']);
    expect([near.status, near.stdout]).toEqual([
      1,
      'no rule\'s symptom looks like this: did you mean the rule "selector-mismatch"?\n',
    ]);
  });

  it('is explained where there is nothing to lint, too', () => {
    const directory = tree({ 'notes.txt': 'hello' });
    const outside = run(directory, ['OOMKilled']);
    expect([outside.status, outside.stderr]).toEqual([0, '']);
    expect(outside.stdout).not.toContain('In this repository');
    mkdirSync(join(directory, '.git'));
    const { status, stdout } = run(directory, ['OOMKilled']);
    expect(status).toBe(0);
    expect(stdout).toContain('not looked for everywhere: nothing to lint');
  });
});

describe('a line', () => {
  const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      # a comment
      containers:
        - name: web
          image: registry.example.com/web:latest
          env: [{ name: MODE, value: slow }]
`;
  const files = {
    'base/kustomization.yaml':
      'resources: [deployment.yaml, service.yaml]\nconfigMapGenerator:\n  - name: settings\n    files: [app.properties]\n',
    'base/app.properties': 'mode=fast\nlimit=3\n',
    'base/deployment.yaml': deployment,
    'base/service.yaml':
      'apiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec:\n  selector: { app: wbe }\n  ports: [{ port: 80 }]\n',
    'overlays/dev/kustomization.yaml': 'resources: [../../base, secret.yaml]\n',
    'overlays/dev/secret.yaml':
      'apiVersion: v1\nkind: Secret\nmetadata: { name: login }\nstringData:\n  user: swordfish-1\n',
    'overlays/prod/kustomization.yaml':
      'resources: [../../base]\nnamePrefix: prod-\npatches: [{ path: replicas.yaml }]\n',
    'overlays/prod/replicas.yaml':
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec:\n  replicas: 3\n',
    'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 0.1.0\n',
    'chart/values.yaml':
      'replicas: 1\nimage:\n  tag: 1.0.0\ningress:\n  enabled: false\nlogin: swordfish-2\nunused: 1\nhost: example.com\n',
    'chart/templates/all.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: { name: shop }
spec:
  replicas: {{ .Values.replicas }}
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop } }
    spec:
      containers:
        - name: shop
          image: "registry.example.com/shop:{{ .Values.image.tag }}"
{{- if .Values.ingress.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: shop }
spec:
  rules:
    - host: {{ .Values.host }}
{{- end }}
---
apiVersion: v1
kind: Secret
metadata: { name: shop }
stringData: { word: {{ .Values.login }} }
`,
    'chart/templates/job.yaml': '{{- if .Values.job }}\nkind: Job\n{{- end }}\n',
    'envs/prod.yaml': 'replicas: 2\ningress: { enabled: true }\n',
    'facts.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n',
    'unread.yaml': 'a: 1\n',
    'k8s-lint.yaml': `environments:
  dev:
    targets: [{ kustomize: overlays/dev }, { helm: { chart: chart, release: shop, namespace: shop } }]
    existing: [facts.yaml]
  prod:
    targets: [{ kustomize: overlays/prod }, { helm: { chart: chart, release: shop, namespace: shop, values: [envs/prod.yaml] } }]
ignore:
  - { rule: image-tag-latest, reason: rebuilt every night }
`,
  };
  const cwd = () => tree(files);
  const story = (directory: string, place: string) => {
    const { kubectl, helm } = tools;
    return explainLine(place, { cwd: directory, kustomize: kubectl, helm });
  };
  /** What a line becomes, as `resource path = value: how in targets`, and what is said of it besides. */
  const becomes = async (directory: string, place: string): Promise<string[]> => {
    const { reached, notes } = await story(directory, place);
    const names = (targets: readonly { environment: string }[]) =>
      targets.map(({ environment }) => environment).join(' ');
    return [
      ...reached.map(
        ({ resource, path, value, how, targets }) =>
          `${resource} ${path.join('.')} = ${value}${how === undefined ? '' : `: ${how}`} in ${names(targets)}`,
      ),
      ...notes.map(({ text, targets }) => `${text} in ${names(targets)}`),
    ];
  };

  it('of a base, a patch and a kustomization: what becomes of it in which target, and what overrides it', async () => {
    const directory = cwd();
    expect(await becomes(directory, 'base/deployment.yaml:6')).toEqual([
      'Deployment/web spec.replicas = 1 in dev',
      'Deployment/prod-web spec.replicas = 3: overridden at overlays/prod/replicas.yaml:5:13 in prod',
    ]);
    const patch = await story(directory, 'overlays/prod/replicas.yaml:5');
    expect(patch.reached).toEqual([
      {
        resource: 'Deployment/prod-web',
        path: ['spec', 'replicas'],
        value: '3',
        way: [
          {
            message: 'the patch is listed here',
            location: { file: 'overlays/prod/kustomization.yaml', line: 3, column: 19 },
          },
          {
            message: 'it replaces what is written here',
            location: { file: 'base/deployment.yaml', line: 6, column: 13 },
          },
        ],
        targets: [{ environment: 'prod', target: 'overlays/prod' }],
      },
    ]);
    expect(await becomes(directory, 'overlays/prod/kustomization.yaml:2')).toEqual([
      expect.stringMatching(
        /^ConfigMap\/prod-settings metadata\.name = prod-settings-\w+: this prefix is put in front/,
      ),
      'Service/prod-web metadata.name = prod-web: this prefix is put in front of the name; the value is written at base/service.yaml:3:19 in prod',
      'Deployment/prod-web metadata.name = prod-web: this prefix is put in front of the name; the value is written at base/deployment.yaml:4:9 in prod',
    ]);
    expect(await becomes(directory, 'base/app.properties:2')).toEqual([
      'ConfigMap/settings data.app.properties = … limit=3 … in dev',
      'ConfigMap/prod-settings data.app.properties = … limit=3 … in prod',
    ]);
    // What holds values, a comment, one value of several on a line.
    expect(await becomes(directory, 'base/deployment.yaml:5')).toEqual([
      'Deployment/web spec = undefined in dev',
      'Deployment/prod-web spec = undefined in prod',
    ]);
    expect(await becomes(directory, 'base/deployment.yaml:11')).toEqual([]);
    expect(await becomes(directory, 'base/deployment.yaml:15:34')).toEqual([
      'Deployment/web spec.template.spec.containers.0.env.0.value = slow in dev',
      'Deployment/prod-web spec.template.spec.containers.0.env.0.value = slow in prod',
    ]);
  });

  it('of values and templates: what depends on it, what overrides it, what there would be', async () => {
    const directory = cwd();
    expect(await becomes(directory, 'chart/values.yaml:1')).toEqual([
      'Deployment/shop spec.replicas = 1 in dev',
      'replicas: overridden by envs/prod.yaml:1:11 in prod',
    ]);
    expect(await becomes(directory, 'chart/values.yaml:3')).toEqual([
      'Deployment/shop spec.template.spec.containers.0.image = registry.example.com/shop:1.0.0: depends on image.tag in dev prod',
    ]);
    expect(await becomes(directory, 'chart/values.yaml:5')).toEqual([
      'ingress.enabled: with another value, there is more: Ingress/shop in dev',
      'ingress.enabled: overridden by envs/prod.yaml:2:21 in prod',
    ]);
    expect(await becomes(directory, 'chart/values.yaml:7')).toEqual([
      'unused: nothing that is rendered depends on it in dev prod',
    ]);
    expect(await becomes(directory, 'chart/values.yaml:2')).toEqual([
      'image: holds tag; ask for one of their lines in dev prod',
    ]);
    expect(await becomes(directory, 'envs/prod.yaml:2')).toEqual([
      'Ingress/shop  = undefined: rendered because of ingress.enabled in prod',
    ]);
    expect(await becomes(directory, 'chart/templates/job.yaml:2')).toEqual([
      'the template renders nothing in dev prod',
    ]);
    expect(await becomes(directory, 'chart/Chart.yaml:3')).toEqual([
      'what templates take from this file is not followed in dev prod',
    ]);
    expect(await becomes(directory, 'chart/templates/all.yaml:5')).toEqual([
      'Deployment/shop spec.replicas = 1: the value is set at chart/values.yaml:1:11 in dev',
      'Deployment/shop spec.replicas = 2: the value is set at envs/prod.yaml:1:11 in prod',
    ]);
  });

  it('tells what is reported there and why, what is ignored there, and what is elsewhere', async () => {
    const directory = cwd();
    const selector = await story(directory, 'base/service.yaml:5');
    expect(
      selector.reported.map(({ rule: id, targets }) => [id, targets.map(({ environment }) => environment)]),
    ).toEqual([['service-selects-nothing', ['dev', 'prod']]]);
    const text = lineText(selector, rules, { width: 80, color: 0 });
    expect(text.slice(0, 9)).toEqual([
      'base/service.yaml:5',
      '    4 │ spec:',
      '  > 5 │   selector: { app: wbe }',
      '    6 │   ports: [{ port: 80 }]',
      '',
      'What is reported here',
      '  warning  selector app=wbe matches no pod: Service/web has no endpoints,',
      '    connections to it are refused; the pods of Deployment/web have app=web',
      '    service-selects-nothing',
    ]);
    expect(text).toContain('      k8s-lint explain service-selects-nothing tells more');
    expect(text.slice(text.indexOf('What becomes of it'))).toEqual([
      'What becomes of it',
      '  Service/web spec.selector.app = wbe',
      '      in dev (overlays/dev)',
      '  Service/prod-web spec.selector.app = wbe',
      '      in prod (overlays/prod)',
    ]);
    const image = await story(directory, 'base/deployment.yaml:14');
    expect(image.reported).toEqual([]);
    expect(image.suppressed.map(({ reason }) => reason)).toEqual(['rebuilt every night']);
    expect(lineText(image, rules, { width: 100, color: 0 })).toContain(
      '      ignored by k8s-lint.yaml:8:13: rebuilt every night',
    );
  });

  it('does not show the line that holds a credential, and tells of the finding at another line that took part in it', async () => {
    const directory = tree({
      'base/kustomization.yaml': 'configMapGenerator:\n  - name: settings\n    files: [app.properties]\n',
      'base/app.properties': 'mode=fast\npassword=kT7wq2xZ9p\n',
    });
    const credential = await story(directory, 'base/app.properties:2');
    expect(credential.reported.map((diagnostic) => diagnostic.rule)).toEqual(['plaintext-credential']);
    expect(credential.reached.map(({ value }) => value)).toEqual(['…']);
    const text = lineText(credential, rules, { width: 80, color: 0 });
    expect(text.slice(0, 3)).toEqual(['base/app.properties:2', '', 'What is reported here']);
    expect(text.join('\n')).not.toContain('kT7wq2xZ9p');
    const generator = await story(directory, 'base/kustomization.yaml:3');
    expect(generator.reported).toEqual([]);
    expect(generator.related.map(({ diagnostic, message }) => [diagnostic.rule, message])).toEqual([
      ['plaintext-credential', 'the generator reads the file here'],
    ]);
    expect(lineText(generator, rules, { width: 200, color: 0 })).toContain(
      '      it is at base/app.properties:2:1; of this line it says: the generator reads the file here',
    );
  });

  it('says when no target reads it, when it is a fact, and when it is the configuration', async () => {
    const directory = cwd();
    const last = async (place: string) =>
      lineText(await story(directory, place), rules, { width: 200, color: 0 }).at(-1);
    expect(await last('unread.yaml:1')).toMatch(/^No target reads this file, so that nothing becomes of it\. /);
    expect(await last('facts.yaml:2')).toBe('It is a fact of dev: what is in the cluster already, not rendered.');
    expect(await last('k8s-lint.yaml:2')).toBe('It is the configuration: nothing is rendered from it.');
  });

  it('finds the targets of a repository without a configuration, from wherever it is asked', async () => {
    const { 'k8s-lint.yaml': _, ...unconfigured } = files;
    const directory = tree({ ...unconfigured, '.git/': '' });
    const { reached } = await story(join(directory, 'base'), 'deployment.yaml:6');
    expect(reached.map(({ value, targets }) => [value, targets.map(({ target }) => target)])).toEqual([
      ['1', ['../overlays/dev']],
      ['3', ['../overlays/prod']],
    ]);
  });

  it('never shows the value of a Secret', async () => {
    const directory = cwd();
    for (const place of ['overlays/dev/secret.yaml:5', 'chart/values.yaml:6', 'chart/templates/all.yaml:26']) {
      const told = await story(directory, place);
      expect(told.reached.map(({ resource, value }) => [resource.split('/')[0], value])).toContainEqual([
        'Secret',
        '…',
      ]);
      expect(lineText(told, rules, { width: 80, color: 0 }).join('\n')).not.toContain('swordfish');
    }
  });

  it('masks what goes by the name of a secret, tokens and passwords in addresses', () => {
    const object = {
      kind: 'ConfigMap',
      data: { password: 'x', url: 'https://app:hunter2@db/x', app: 'a: 1\ntoken: abcdef\n', mode: 'fast', none: '' },
      env: [{ name: 'API_TOKEN', value: 'abc' }],
      args: ['--admin-password=abc'],
    };
    const shown = (...path: (string | number)[]) => shownValue(object, path);
    expect(shown('data', 'password')).toBe('…');
    expect(shown('data', 'url')).toBe('https://…@db/x');
    expect(shown('data', 'app')).toBe('a: 1 (and 1 more line)');
    expect(shownValue(object, ['data', 'app'], 1)).toBe('… token: … …');
    expect(shown('data', 'mode')).toBe('fast');
    expect(shown('data', 'none')).toBe('""');
    expect(shown('env', 0, 'value')).toBe('…');
    expect(shown('args', 0)).toBe('--admin-password=…');
    expect(shown('data')).toBeUndefined();
  });

  it('is read from the right: before the numbers, a colon is part of the name', () => {
    const directory = tree({ 'a.yaml': 'a: 1\nb: 2\n', 'notes:3': 'x\ny\n', 'one.yaml': 'a' });
    const parse = (text: string) => parsePlace(text, directory, new SourceFiles(directory));
    expect(parse('a.yaml:2')).toEqual({ file: 'a.yaml', line: 2 });
    expect(parse('./a.yaml:2:7')).toEqual({ file: 'a.yaml', line: 2, column: 7 });
    expect(parse('notes:3:2')).toEqual({ file: 'notes:3', line: 2 });
    expect(parse('notes:3:2:1')).toEqual({ file: 'notes:3', line: 2, column: 1 });
    expect(() => parse('C:\\k8s\\a.yaml:2')).toThrow(/^--at C:\\k8s\\a\.yaml:2: .*no such file$/);
    expect(() => parse('a.yaml:3')).toThrow('--at a.yaml:3: a.yaml has the lines 1 to 2');
    expect(() => parse('a.yaml:0')).toThrow('a.yaml has the lines 1 to 2');
    expect(() => parse('one.yaml:2')).toThrow('one.yaml has one line');
    expect(() => parse('a.yaml')).toThrow('--at a.yaml: write it as FILE:LINE, such as base/deployment.yaml:12');
    expect(() => parse('.:1')).toThrow('a directory, not a file');
  });

  it('is asked for by the command line: 0 where it is known, 2 where it is not there', () => {
    const { kubectl, helm } = tools;
    const directory = cwd();
    const known = run(directory, ['--at', 'unread.yaml:1', '--kustomize', kubectl, '--helm', helm]);
    expect([known.status, known.stderr]).toEqual([0, '']);
    expect(known.stdout).toContain('No target reads this file');
    const absent = run(directory, ['--at', 'nope.yaml:1']);
    expect(absent).toEqual({ status: 2, stdout: '', stderr: 'k8s-lint: --at nope.yaml:1: nope.yaml: no such file\n' });
    expect(run(directory, ['--at', 'unread.yaml:1', 'some text']).status).toBe(2);
    expect(run(directory, []).stderr).toContain('name a rule, paste what was said, or give a place: --at FILE:LINE');
  });
});
