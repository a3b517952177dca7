import { asMap } from '../cluster/workloads.ts';
import { groupOf, type KubernetesObject } from '../resource.ts';
import { readYaml } from '../yaml.ts';

/** What a GitOps object says is deployed from this repository. Paths are as it writes them, relative to the repository's root. */
export interface Deployed {
  /** `Kustomization/apps` */
  by: string;
  /** A directory. */
  path: string;
  /** Where everything lands, or what names no namespace. */
  namespace?: string;
  /** Set where the path may be a chart. */
  helm?: { release: string; values: string[]; set?: Record<string, unknown> };
  /** What it says beside, which no target has: `patches`. */
  without: string[];
  /** The repository it names: a URL, or the name of a GitRepository. */
  source: { url: string } | { name: string };
  /** What it says of the cluster, where no path names an environment. */
  cluster?: string;
  /** How a directory without kustomization and chart is read. */
  recurse: boolean;
}

/**
 * What Flux Kustomizations (`spec.path`), HelmReleases of a chart in a GitRepository, and Argo CD Applications (`spec.source`,
 * `spec.sources`) deploy; nothing for other objects, and for what comes from elsewhere.
 * https://fluxcd.io/flux/components/kustomize/kustomizations/, https://fluxcd.io/flux/components/helm/helmreleases/,
 * https://argo-cd.readthedocs.io/en/stable/user-guide/application-specification/
 */
export function deployedBy(object: KubernetesObject): Deployed[] {
  const spec = asMap((object as { spec?: unknown }).spec);
  if (!spec) return [];
  const by = `${object.kind}/${object.metadata?.name}`;
  switch (`${groupOf(object.apiVersion)}/${object.kind}`) {
    case 'kustomize.toolkit.fluxcd.io/Kustomization':
      return ofKustomization(spec, by);
    case 'helm.toolkit.fluxcd.io/HelmRelease':
      return ofHelmRelease(spec, object, by);
    case 'argoproj.io/Application':
      return ofApplication(spec, object, by);
    default:
      return [];
  }
}

function ofKustomization(spec: Record<string, unknown>, by: string): Deployed[] {
  const name = gitRepository(spec.sourceRef);
  if (name === undefined) return [];
  const namespace = text(spec.targetNamespace);
  const without = ['components', 'images', 'namePrefix', 'nameSuffix', 'patches'].filter((key) => isGiven(spec[key]));
  return [
    { by, path: text(spec.path) ?? '.', recurse: true, without, source: { name }, ...(namespace && { namespace }) },
  ];
}

function ofHelmRelease(spec: Record<string, unknown>, object: KubernetesObject, by: string): Deployed[] {
  const chart = asMap(asMap(spec.chart)?.spec);
  const path = text(chart?.chart);
  const source = gitRepository(chart?.sourceRef);
  if (path === undefined || source === undefined) return [];
  const target = text(spec.targetNamespace);
  const namespace = target ?? text(object.metadata.namespace);
  const name = text(object.metadata.name) ?? 'release';
  // As Flux composes it: the namespace comes first where one is targeted.
  const release = text(spec.releaseName) ?? (target === undefined ? name : `${target}-${name}`);
  const set = asMap(spec.values);
  const values = texts(chart?.valuesFiles);
  const without = ['postRenderers', 'valuesFrom'].filter((key) => isGiven(spec[key]));
  return [
    {
      by,
      path,
      recurse: false,
      without,
      source: { name: source },
      ...(namespace && { namespace }),
      helm: { release, values, ...(set && { set }) },
    },
  ];
}

function ofApplication(spec: Record<string, unknown>, object: KubernetesObject, by: string): Deployed[] {
  const destination = asMap(spec.destination);
  const namespace = text(destination?.namespace);
  const cluster = text(destination?.name);
  const sources = [spec.source, ...(Array.isArray(spec.sources) ? spec.sources : [])];
  return sources.flatMap((item): Deployed[] => {
    const source = asMap(item);
    const path = text(source?.path);
    if (!source || path === undefined || source.chart !== undefined) return [];
    const helm = asMap(source.helm);
    const values = texts(helm?.valueFiles).map((file) =>
      // `$values/prod.yaml` stands for a file of another source, which may be this very repository; `/prod.yaml` for one at its root.
      /^[$/]/.test(file) ? file.replace(/^[^/]*\//, '') : `${path}/${file}`,
    );
    const set = asMap(helm?.valuesObject) ?? valuesIn(helm?.values);
    const kustomize = Object.keys(asMap(source.kustomize) ?? {}).filter((key) => key !== 'version');
    const parameters = ['parameters', 'fileParameters'].filter((key) => isGiven(helm?.[key]));
    const release = text(helm?.releaseName) ?? text(object.metadata.name) ?? 'release';
    return [
      {
        by,
        path,
        recurse: asMap(source.directory)?.recurse === true,
        without: [...kustomize, ...parameters].sort(),
        source: { url: text(source.repoURL) ?? '' },
        ...(namespace && { namespace }),
        ...(cluster && { cluster }),
        helm: { release, values, ...(set && { set }) },
      },
    ];
  });
}

/** The name of the GitRepository that a `sourceRef` means; undefined where it means something else. */
function gitRepository(sourceRef: unknown): string | undefined {
  const reference = asMap(sourceRef);
  return reference?.kind === 'GitRepository' ? (text(reference.name) ?? '') : undefined;
}

/** Values as text; what is no YAML map says nothing. */
function valuesIn(yaml: unknown): Record<string, unknown> | undefined {
  if (typeof yaml !== 'string') return undefined;
  try {
    return asMap(readYaml(yaml)[0]?.value);
  } catch {
    return undefined;
  }
}

function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function texts(value: unknown): string[] {
  return (Array.isArray(value) ? value : []).filter((item) => typeof item === 'string');
}
