import { join } from 'node:path';
import { renderKustomize } from '../src/render/kustomize.ts';
import type { KustomizeTarget, RenderContext, Rendered } from '../src/render/target.ts';
import { findTools, pinned, type Tools } from '../src/render/tools.ts';
import type { Location } from '../src/resource.ts';
import { SourceFiles } from '../src/source.ts';
import { tree } from './tree.ts';

export type Toolchain = 'v31' | 'v35';
export const TOOLCHAINS: Toolchain[] = ['v31', 'v35'];
/** The pinned tools; their versions are asked for once. */
const tools = new Map<string, Promise<Tools>>();

function toolsOf(name: string): Promise<Tools> {
  let found = tools.get(name);
  if (!found) {
    found = find(name);
    tools.set(name, found);
  }
  return found;
}

/** `v31`, `v35`, or `v35 with helm 3`. */
async function find(name: string): Promise<Tools> {
  const { kubectl, helm } = await pinned(name === 'v31' ? 'v31' : 'v35');
  return findTools({ kustomize: kubectl, helm: name === 'v35 with helm 3' ? (await pinned('v31')).helm : helm });
}

export interface Built extends Rendered {
  cwd: string;
  context: RenderContext;
  /** `file:line: what stands there`, or only the file. */
  show(location: Location): string;
}

/** Renders one directory of a tree of files. */
export async function build(
  root: Record<string, string> | string,
  directory = '.',
  options: Partial<KustomizeTarget> & { with?: string; tools?: Tools; timeout?: number } = {},
): Promise<Built> {
  const cwd = typeof root === 'string' ? root : tree(root);
  const { with: toolchain = 'v35', tools: own, timeout = 60_000, ...target } = options;
  const chosen = own ?? (await toolsOf(toolchain));
  const context = { cwd, root: cwd, sources: new SourceFiles(cwd), tools: chosen, timeout };
  const rendered = await renderKustomize(
    { type: 'kustomize', name: directory, directory: join(cwd, directory), ...target },
    context,
  );
  const show = ({ file, line, column }: Location) => {
    if (line === undefined) return file;
    const text = context.sources.lines(file)[line - 1] ?? '(no such line)';
    return `${file}:${line}: ${text.slice((column ?? 1) - 1)}`;
  };
  return { ...rendered, cwd, context, show };
}

/** The findings, and what was not checked, a line each: `rule file:line: what stands there => message`. */
export function said({ findings, unchecked, show }: Built): string[] {
  return [
    ...findings.map(({ rule, location, message }) => `${rule} ${show(location)} => ${message}`),
    ...unchecked.map(({ what, reason }) => `unchecked ${what} => ${reason}`),
  ];
}

export const SERVICE = 'apiVersion: v1\nkind: Service\nmetadata: { name: web }\n';
export const DEPLOYMENT = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec: {}\n';

/** A kustomization in `.`, with the two objects that patches may be for. */
export function files(kustomization: string, more: Record<string, string> = {}): Record<string, string> {
  return { 'kustomization.yaml': kustomization, 'web.yaml': `${SERVICE}---\n${DEPLOYMENT}`, ...more };
}
