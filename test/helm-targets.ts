import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderHelm } from '../src/render/helm.ts';
import type { HelmTarget, RenderContext, Rendered } from '../src/render/target.ts';
import { findTools, pinned, type Tools } from '../src/render/tools.ts';
import type { Location } from '../src/resource.ts';
import { SourceFiles } from '../src/source.ts';
import { tree } from './tree.ts';

export type Layer = 'v31' | 'v35';
export const LAYERS: readonly Layer[] = ['v31', 'v35'];

const tools = new Map<Layer, Promise<Tools>>();

/** The pinned tools of a layer; their versions are asked for once. */
function toolsOf(layer: Layer): Promise<Tools> {
  let found = tools.get(layer);
  if (!found) {
    found = pinned(layer).then(({ helm, kubectl }) => findTools({ helm, kustomize: kubectl }));
    tools.set(layer, found);
  }
  return found;
}

export type TargetOptions = Partial<Omit<HelmTarget, 'chart' | 'values'>> & {
  /** Relative to the directory, as are `values`. */
  chart?: string;
  values?: string[];
};

/** Renders a chart below a directory, with locations relative to it. */
export async function renderIn(
  root: string,
  layer: Layer,
  { chart = 'app', values = [], ...options }: TargetOptions = {},
  context: Partial<RenderContext> = {},
): Promise<Rendered> {
  const target: HelmTarget = {
    type: 'helm',
    name: chart,
    release: 'rel',
    namespace: 'ns',
    ...options,
    chart: join(root, chart),
    values: values.map((file) => join(root, file)),
  };
  return renderHelm(target, {
    cwd: root,
    root,
    sources: new SourceFiles(root),
    tools: await toolsOf(layer),
    timeout: 60_000,
    ...context,
  });
}

/** Where k8s-lint.yaml would name a target. */
export const CONFIGURED = { location: { file: 'k8s-lint.yaml', line: 3, column: 5 } };

export function at({ file, line, column }: Location): string {
  return [file, line, column].filter((part) => part !== undefined).join(':');
}

/** The smallest chart, in `app/`, with files that come on top. */
export function chart(files: Record<string, string>): string {
  const own = Object.fromEntries(Object.entries(files).map(([file, text]) => [`app/${file}`, text]));
  return tree({ 'app/Chart.yaml': 'apiVersion: v2\nname: app\nversion: 0.1.0\n', ...own });
}

/** The files of fixtures/charts/shop, under `shop/`. */
export function shopFiles(): Record<string, string> {
  return readTree(fileURLToPath(new URL('../fixtures/charts/', import.meta.url)), 'shop');
}

function readTree(directory: string, prefix: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const name of readdirSync(join(directory, prefix))) {
    const path = join(prefix, name);
    if (statSync(join(directory, path)).isDirectory()) Object.assign(files, readTree(directory, path));
    else files[path] = readFileSync(join(directory, path), 'utf8');
  }
  return files;
}
