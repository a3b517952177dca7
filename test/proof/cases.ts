import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rules } from '../../src/rules/index.ts';
import { readExample } from '../examples.ts';
import { readTree } from '../tree.ts';
import type { Case } from './prove.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));

/** Every repository of the fixtures. */
export function fixtureCases(): Case[] {
  const projects = readdirSync(join(fixtures, 'projects')).flatMap((name) =>
    ['broken', 'fixed'].map((state) => join('projects', name, state)),
  );
  const fine = readdirSync(join(fixtures, 'fine')).map((name) => join('fine', name));
  return [...projects, ...fine].map((name) => ({ name, files: readTree(join(fixtures, name)) }));
}

/** Every example of a rule that holds a kustomization. */
export function exampleCases(): Case[] {
  return rules.flatMap(({ id, examples }) =>
    [...examples.bad, ...examples.good].flatMap((example, i) => {
      const { files } = readExample(example);
      const isKustomize = Object.keys(files).some((file) => /(^|\/)(kustomization\.ya?ml|Kustomization)$/.test(file));
      return isKustomize ? [{ name: `${id} ${i}`, files }] : [];
    }),
  );
}

/** The ways to put a stream below a kustomization, as files of a directory; the overlay is what is linted. */
const WRAPS: readonly ((manifest: string) => Record<string, string>)[] = [
  (manifest) => ({
    'base/manifest.yaml': manifest,
    'base/kustomization.yaml': 'resources:\n  - manifest.yaml\n',
    'overlay/kustomization.yaml': 'resources:\n  - ../base\ncommonAnnotations:\n  team: shop\n',
  }),
  (manifest) => ({
    'base/manifest.yaml': manifest,
    'base/kustomization.yaml': 'resources: [manifest.yaml]\nnamePrefix: a-\n',
    'part/kustomization.yaml':
      'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nlabels:\n  - pairs:\n      part: shop\n',
    'overlay/kustomization.yaml': 'resources: [../base]\ncomponents: [../part]\nnameSuffix: -z\n',
  }),
  (manifest) => ({
    'base/manifest.yaml': manifest,
    'base/kustomization.yaml': 'resources:\n  - manifest.yaml\n',
    'overlay/kustomization.yaml':
      'namespace: shop\nresources:\n  - ../base\npatches:\n  - target: { kind: Deployment|StatefulSet }\n    patch: |-\n      - op: add\n        path: /metadata/annotations\n        value: { team: shop }\n',
  }),
];

/** Every bad example that is a stream, below a base and an overlay. */
export function wrappedCases(): Case[] {
  let count = 0;
  return rules.flatMap(({ id, examples }) =>
    examples.bad.flatMap((example, i): Case[] => {
      if (typeof example !== 'string') return [];
      const { 'manifest.yaml': manifest = '', 'existing.yaml': existing } = readExample(example).files;
      const files = WRAPS[count++ % WRAPS.length]?.(manifest) ?? {};
      if (existing !== undefined) files['existing.yaml'] = existing;
      const facts = existing === undefined ? '' : ', existing: [existing.yaml]';
      files['k8s-lint.yaml'] = `environments: { one: { targets: [{ kustomize: overlay }]${facts} } }\n`;
      return [{ name: `${id}-${i}`, files }];
    }),
  );
}
