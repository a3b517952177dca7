import { expect, it } from 'vitest';
import { readGraph } from '../src/render/kustomize/kustomization.ts';
import { withoutSecrets } from '../src/render/kustomize/refused/redact.ts';
import { yaml } from '../src/rule.ts';
import { SourceFiles } from '../src/source.ts';
import { tree } from './tree.ts';

const GENERATOR = yaml`
  apiVersion: builtin
  kind: SecretGenerator
  metadata: { name: access }
  literals: [password=hunter2]
`;

const inline = (text: string) => `\n  - |-\n    ${text.trim().replaceAll('\n', '\n    ')}\n`;
const json = (target: string) =>
  `target: ${target}\npatch: '[{ "op": "replace", "path": "/stringData/password", "value": "hunter2" }]'\n`;
const transformer = `apiVersion: builtin\nkind: PatchTransformer\nmetadata: { name: fix }\n${json('{ kind: Secret }')}`;

/** `hunter2` as the value of a Secret, in each place that kustomize reads one from. */
const PLACES: Record<string, Record<string, string>> = {
  'a resource': {
    'kustomization.yaml': 'resources: [access.yaml]\n',
    'access.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: { name: access }\nstringData: { password: hunter2 }\n',
  },
  'what a resource encodes': {
    'kustomization.yaml': 'resources: [access.yaml]\n',
    'access.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: { name: access }\ndata: { password: aHVudGVyMg== }\n',
  },
  'a List': {
    'kustomization.yaml': 'resources: [list.yaml]\n',
    'list.yaml': 'apiVersion: v1\nkind: List\nitems: [{ kind: Secret, stringData: { password: hunter2 } }]\n',
  },
  'a SecretList': {
    'kustomization.yaml': 'resources: [list.yaml]\n',
    'list.yaml': 'apiVersion: v1\nkind: SecretList\nitems: [{ kind: Secret, stringData: { password: hunter2 } }]\n',
  },
  'a generator': { 'kustomization.yaml': 'secretGenerator: [{ name: access, literals: [password=hunter2] }]\n' },
  "a generator's file": {
    'kustomization.yaml': 'secretGenerator: [{ name: access, envs: [access.env] }]\n',
    'access.env': 'password=hunter2\n',
  },
  'a plug-in in a file': { 'kustomization.yaml': 'generators: [access.yaml]\n', 'access.yaml': GENERATOR },
  'a plug-in in place': { 'kustomization.yaml': `generators:${inline(GENERATOR)}` },
  'a plug-in in a directory': {
    'kustomization.yaml': 'generators: [plugins]\n',
    'plugins/kustomization.yaml': 'resources: [access.yaml]\n',
    'plugins/access.yaml': GENERATOR,
  },
  'the file of a plug-in': {
    'kustomization.yaml': 'generators: [access.yaml]\n',
    'access.yaml': GENERATOR.replace('literals: [password=hunter2]', 'files: [password.txt]'),
    'password.txt': 'hunter2\n',
  },
  'a patch': {
    'kustomization.yaml': 'patches: [{ path: patch.yaml }]\n',
    'patch.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: { name: access }\nstringData: { password: hunter2 }\n',
  },
  'a JSON patch': { 'kustomization.yaml': `patches:\n  - ${json('{ kind: Secret }').replace('\n', '\n    ')}` },
  'a JSON patch for whatever has a name': {
    'kustomization.yaml': `patches:\n  - ${json('{ name: access }').replace('\n', '\n    ')}`,
  },
  'a JSON patch of all values': {
    'kustomization.yaml': `patches: [{ target: { kind: Secret }, path: patch.json }]\n`,
    'patch.json': '[{ "op": "add", "path": "/data", "value": { "password": "aHVudGVyMg==" } }]',
  },
  'a transformer': { 'kustomization.yaml': `transformers:${inline(transformer)}` },
};

it.each(Object.entries(PLACES))('no message holds the value of a Secret from %s', (_, files) => {
  const directory = tree(files);
  const sources = new SourceFiles(directory);
  const graph = readGraph(directory, sources);
  expect(withoutSecrets('Secret/access: hunter2 is wrong', graph, sources)).toBe('Secret/access: … is wrong');
});

it('keeps the words of other objects', () => {
  const directory = tree({
    'kustomization.yaml': `patches:\n  - ${json('{ kind: ConfigMap }').replace('\n', '\n    ')}`,
  });
  const sources = new SourceFiles(directory);
  expect(withoutSecrets('hunter2 is wrong', readGraph(directory, sources), sources)).toBe('hunter2 is wrong');
});
