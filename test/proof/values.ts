import { dirname, join } from 'node:path';
import { renderKustomize } from '../../src/render/kustomize.ts';
import { findTools, pinned } from '../../src/render/tools.ts';
import type { Path } from '../../src/resource.ts';
import { SourceFiles } from '../../src/source.ts';
import { type Case, type Claim, type Layer, written } from './prove.ts';

/** The directories of a repository that hold a kustomization, components aside. */
export function targetsOf({ files }: Case): string[] {
  return Object.entries(files).flatMap(([file, text]) => {
    const isKustomization = /(^|\/)(kustomization\.ya?ml|Kustomization)$/.test(file);
    const isFlux = /^apiVersion: kustomize\.toolkit/m.test(text);
    return isKustomization && !isFlux && !/^kind: Component/m.test(text) ? [dirname(file)] : [];
  });
}

/**
 * Where the product says that what a kustomization renders is written: also what no rule reports. Without apiVersion and kind,
 * which nothing changes, and without the fields of generated objects that hold others.
 */
export async function valuesOf({ files }: Case, target: string, layer: Layer): Promise<Claim[]> {
  const { kubectl, helm } = await pinned(layer);
  return written(files, async (cwd) => {
    const tools = findTools({ kustomize: kubectl, helm });
    const context = { cwd, root: cwd, sources: new SourceFiles(cwd), tools, timeout: 60_000 };
    const directory = join(cwd, target);
    const { objects } = await renderKustomize({ type: 'kustomize', name: target, directory }, context);
    const claims: Claim[] = [];
    for (const { value, displayName, locate } of objects) {
      const { apiVersion, kind, metadata } = value as { apiVersion: string; kind: string; metadata: Metadata };
      const { namespace } = metadata;
      const isGenerated = displayName !== undefined || kind === 'ConfigMap' || kind === 'Secret';
      const name = displayName ?? metadata.name;
      const resource = { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
      for (const path of pathsOf(value)) {
        // What a generator makes without being told, and what no kustomization changes.
        const isGiven = path.length > 0 && path[0] !== 'apiVersion' && path[0] !== 'kind';
        if (!isGiven || (isGenerated && path.length === 1)) continue;
        claims.push({ rule: 'value', message: '', resource, path, location: await locate(path) });
      }
    }
    return claims;
  });
}

interface Metadata {
  name: string;
  namespace?: string;
}

/** Every path of a value, nulls aside. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return value === null ? [] : [path];
  const below = Array.isArray(value)
    ? value.flatMap((item, i) => pathsOf(item, [...path, i]))
    : Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...path, key]));
  return [path, ...below];
}
