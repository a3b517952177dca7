import { describe, expect, it } from 'vitest';
import apiNotServed from '../src/rules/api/api-not-served.ts';
import { lintFiles } from './examples.ts';
import { type Manifest, resourceOf, clusterOf as withoutSchemas } from './in-memory.ts';

const definition: Manifest = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    names: { kind: 'Widget', plural: 'widgets' },
    versions: [
      { name: 'v1', served: true, storage: true },
      { name: 'v1beta1', served: false, storage: false },
    ],
  },
};
const widget = { apiVersion: 'example.com/v1beta1', kind: 'Widget', metadata: { name: 'a', namespace: 'shop' } };
const release = {
  apiVersion: 'helm.toolkit.fluxcd.io/v2',
  kind: 'HelmRelease',
  metadata: { name: 'shop', namespace: 'apps' },
};
const refused = 'serves v1, not v1beta1: applying it fails with "no matches for kind"';

function said(...resources: Parameters<typeof withoutSchemas>[0]): [severity: string, message: string][] {
  return [...apiNotServed.check(withoutSchemas(resources))].map(({ severity = 'error', message }) => [
    severity,
    message,
  ]);
}

describe('a version that a definition does not serve', () => {
  const existing = () => resourceOf(definition, { existing: true });

  it('is an error by what is rendered, and by what is there', () => {
    const error = [['error', `CustomResourceDefinition/widgets.example.com ${refused}`]];
    expect(said(definition, widget)).toEqual(error);
    expect(said(existing(), widget)).toEqual(error);
    expect(said(existing(), widget, resourceOf(release, { existing: true }))).toEqual(error);
  });

  it('is a warning where something rendered may install a later one', () => {
    expect(said(existing(), widget, release)).toEqual([
      ['warning', `CustomResourceDefinition/widgets.example.com ${refused}`],
    ]);
    expect(said(definition, widget, release).map(([severity]) => severity)).toEqual(['error']);
  });

  it('is a warning where the definition only lies in the same directory', async () => {
    const files = { 'definition.yaml': JSON.stringify(definition), 'widget.yaml': JSON.stringify(widget) };
    const beside = await lintFiles(files, { rules: [apiNotServed.id] });
    expect(beside.diagnostics.map(({ severity }) => severity)).toEqual(['warning']);
    const one = await lintFiles({ 'all.yaml': Object.values(files).join('\n---\n') }, { rules: [apiNotServed.id] });
    expect(one.diagnostics.map(({ severity }) => severity)).toEqual(['error']);
  });

  it('is none where the definition does not say', () => {
    for (const versions of [undefined, [], [{ served: true }], 'v1', [null], [{ name: `\${VERSION}`, served: true }]]) {
      expect(said({ ...definition, spec: { ...(definition.spec as object), versions } }, widget)).toEqual([]);
    }
  });
});

describe('a controller that nobody knows', () => {
  const other = { apiVersion: 'other.example.org/v1', kind: 'Other', metadata: { name: 'a', namespace: 'shop' } };
  const missing = (kind: string, group: string) => [
    'error',
    `no CustomResourceDefinition of this environment defines ${kind} in ${group}: applying it fails with "no matches for kind"`,
  ];

  it('installs nothing while its own kind is not defined', () => {
    const known = resourceOf(definition, { existing: true });
    const gadget = { ...widget, kind: 'Gadget', apiVersion: 'gadgets.example.net/v1' };
    expect(said(known, gadget, other)).toEqual([
      missing('Gadget', 'gadgets.example.net'),
      missing('Other', 'other.example.org'),
    ]);
    expect(said(known, { ...widget, apiVersion: 'example.com/v1' }, gadget)).toEqual([]);
    // Its own group is what it came with.
    expect(
      said(known, { ...widget, apiVersion: 'example.com/v1' }, { ...gadget, apiVersion: 'example.com/v1' }),
    ).toEqual([missing('Gadget', 'example.com')]);
  });
});
