import type { RenderContext, Rendered, Target } from './target.ts';

/** Renders a target with the tool that its type needs. Throws MissingToolError; whatever else goes wrong is a finding. */
export async function render(target: Target, context: RenderContext): Promise<Rendered> {
  switch (target.type) {
    case 'manifests':
      return (await import('./manifests.ts')).renderManifests(target, context);
    case 'kustomize':
      return (await import('./kustomize.ts')).renderKustomize(target, context);
    case 'helm':
      return (await import('./helm.ts')).renderHelm(target, context);
  }
}
