import { existsSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { isBelow } from '../../../below.ts';
import type { SourceFinding } from '../../../cluster/cluster.ts';
import { notForCluster } from '../../../cluster/foreign.ts';
import { asMap } from '../../../cluster/workloads.ts';
import { GitIgnore } from '../../../gitignore.ts';
import type { RepositoryTexts } from '../../../repository-texts.ts';
import { sniff } from '../../../sniff.ts';
import type { SourceFiles } from '../../../source.ts';
import { list } from '../../../walk.ts';
import { readYaml } from '../../../yaml.ts';
import { isFile } from '../../helm/chart.ts';
import { PerRun } from '../../per-run.ts';
import type { RenderContext } from '../../target.ts';
import { realPath } from '../files.ts';
import {
  KUSTOMIZATION_FILES,
  type Kustomization,
  type KustomizationGraph,
  readKustomization,
} from '../kustomization.ts';

/** By the real path of the kustomization's directory. */
const known = new PerRun<Promise<SourceFinding[]>>();

/**
 * The manifests below the directories of a graph's kustomizations that no kustomization lists, a finding each. kustomize's load
 * restrictions let only the kustomizations above a file list it. Silent for what somebody names: another configuration, or a text
 * that documents it as applied by hand.
 */
export async function orphans(graph: KustomizationGraph, context: RenderContext): Promise<SourceFinding[]> {
  const { texts } = context;
  if (!texts) return [];
  const found = new Map<string, SourceFinding>();
  for (const kustomization of graph.kustomizations) {
    const own = known.get(context.sources, kustomization.realDirectory, () =>
      orphansOf(kustomization, { ...context, texts }),
    );
    for (const finding of await own) found.set(finding.location.file, finding);
  }
  return [...found.values()];
}

type Context = RenderContext & { texts: RepositoryTexts };

async function orphansOf(kustomization: Kustomization, context: Context): Promise<SourceFinding[]> {
  const { directory, document } = kustomization;
  if (!document || document.error || !isBelow(directory, context.root)) return [];
  const findings: SourceFinding[] = [];
  for (const file of await manifestsBelow(directory, context.root)) {
    if (isListed(file, context) || context.named?.has(file) || isExample(file)) continue;
    const object = firstObject(file, context.sources);
    if (!object || isMentioned(file, context)) continue;
    const { shown, others, index } = object;
    const more = others === 0 ? '' : ` and ${others} more`;
    findings.push({
      rule: 'kustomize-orphan',
      message: `no kustomization lists ${basename(file)}: ${shown}${more} ${others === 0 ? 'is' : 'are'} never rendered`,
      location: context.sources.locate(file, index, []),
    });
  }
  return findings;
}

function isManifestName(name: string): boolean {
  return ['.yaml', '.yml', '.json'].includes(extname(name)) && !KUSTOMIZATION_FILES.some((known) => known === name);
}

/** Beyond this many directories it is no kustomization's own place, but one that stands at the top of everything. */
const MAX_DIRECTORIES = 500;

/** The YAML and JSON files below a kustomization, without what belongs to a chart, to another kustomization, or not to git. */
async function manifestsBelow(directory: string, root: string): Promise<string[]> {
  const files: string[] = [];
  const queue = [{ directory, ignored: await GitIgnore.above(directory, root) }];
  for (const [count, { directory: current, ignored }] of queue.entries()) {
    if (count >= MAX_DIRECTORIES) return [];
    const listing = await list(current);
    if (listing.files.includes('Chart.yaml')) continue;
    if (current !== directory && KUSTOMIZATION_FILES.some((name) => listing.files.includes(name))) continue;
    const rules = listing.files.includes('.gitignore') ? await ignored.enter(current) : ignored;
    for (const name of listing.files) {
      const file = join(current, name);
      if (isManifestName(name) && !rules.ignores(file, false)) files.push(file);
    }
    for (const name of listing.directories) {
      const below = join(current, name);
      if (name !== 'node_modules' && !name.startsWith('.') && !rules.ignores(below, true)) {
        queue.push({ directory: below, ignored: rules });
      }
    }
  }
  return files;
}

/** Whether a file would be found here, as far as it and the kustomizations above it tell. The path is absolute. */
export function mayBeOrphan(file: string, context: Pick<RenderContext, 'root' | 'sources'>): boolean {
  const isOpen = isManifestName(basename(file)) && !isExample(file) && !isListed(file, context);
  return isOpen && isFile(file) && sniff(file).what === 'manifest';
}

/** Whether a kustomization at or above a file names it, as whatever, or a link to it. */
function isListed(file: string, { root, sources }: Pick<RenderContext, 'root' | 'sources'>): boolean {
  const real = realPath(file);
  for (let directory = dirname(file); isBelow(directory, root); directory = dirname(directory)) {
    const kustomization = readKustomization(directory, sources);
    // What can't be read may list it.
    if (kustomization && (!kustomization.document || kustomization.document.error)) return true;
    const entries = kustomization?.entries ?? [];
    if (entries.some(({ what, absolute }) => what === 'file' && realPath(absolute) === real)) return true;
    if (dirname(directory) === directory) break;
  }
  return false;
}

/** Whether a file's name says that it is there to be copied or looked at. */
function isExample(file: string): boolean {
  return /(?:^|[._-])(?:examples?|samples?|templates?|dist|disabled|old|bak|backup)(?:[._-]|$)/i.test(
    basename(file, extname(file)),
  );
}

/** The first object of a file that is for a cluster, and how many more there are. */
function firstObject(file: string, sources: SourceFiles): { shown: string; others: number; index: number } | undefined {
  if (sniff(file).what !== 'manifest') return undefined;
  const objects = readYaml(sources.text(file)).flatMap(({ value, index }) => {
    const { apiVersion, kind, metadata } = asMap(value) ?? {};
    if (typeof apiVersion !== 'string' || typeof kind !== 'string') return [];
    if (apiVersion === 'builtin' || notForCluster(apiVersion, kind)) return [];
    const name = asMap(metadata)?.name;
    return [{ shown: typeof name === 'string' ? `${kind}/${name}` : `a ${kind}`, index }];
  });
  const [first] = objects;
  return first && { ...first, others: objects.length - 1 };
}

/**
 * Whether a text of the repository names the file: by its name from the same directory or one above it, by its directory and name from
 * anywhere; or has `kubectl apply` take its whole directory.
 */
function isMentioned(file: string, { texts, root }: Context): boolean {
  const { all } = texts;
  if (all === 'too many') return true;
  const directory = dirname(file);
  const name = basename(file);
  return (
    appliedDirectories(texts, root).has(directory) ||
    [...syncedDirectories(texts, root)].some((synced) => isBelow(directory, synced)) ||
    all.some((source) => {
      const isNear = isBelow(directory, dirname(source.file));
      return source.file !== file && names(source.text, basename(directory), name, isNear);
    })
  );
}

/** Whether a text names a file: by its directory and its name, and with `alone` by its name where no other directory stands before it. */
function names(text: string, directory: string, name: string, alone: boolean): boolean {
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1)) {
    const before = text[at - 1] ?? ' ';
    if (/[\w.-]/.test(before) || /[\w-]/.test(text[at + name.length] ?? ' ')) continue;
    if (
      before !== '/' ? alone : text.slice(0, at).endsWith(`${directory}/`) || (alone && text.startsWith('./', at - 2))
    ) {
      return true;
    }
  }
  return false;
}

const applied = new WeakMap<RepositoryTexts, ReadonlySet<string>>();

/** What `-f` of a `kubectl` is given somewhere, taken from the root of the repository and from where it is written. */
function appliedDirectories(texts: RepositoryTexts, root: string): ReadonlySet<string> {
  let found = applied.get(texts);
  if (!found) {
    const sources = texts.all === 'too many' ? [] : texts.all.filter(({ text }) => text.includes('kubectl'));
    found = new Set(
      sources.flatMap(({ file, text }) =>
        [...text.matchAll(/\s(?:-R?f|--filename)[= ]["']?([\w./-]+)/g)].flatMap(([, path = '.']) => [
          resolve(root, path),
          resolve(dirname(file), path),
        ]),
      ),
    );
    applied.set(texts, found);
  }
  return found;
}

const synced = new WeakMap<RepositoryTexts, ReadonlySet<string>>();

/**
 * The directories that an Application of Argo CD or a Kustomization of Flux takes all manifests of, below it too: their `path`, from
 * the root of the repository, where no kustomization says what is taken.
 */
function syncedDirectories(texts: RepositoryTexts, root: string): ReadonlySet<string> {
  let found = synced.get(texts);
  if (!found) {
    const sources = texts.all === 'too many' ? [] : texts.all.filter(({ text }) => SYNCS.test(text));
    const paths = sources.flatMap(({ text }) => [...text.matchAll(/[\s{,]path: *["']?([\w.][\w./-]*)/g)]);
    const directories = paths.map(([, path = '.']) => resolve(root, path));
    const isWhole = (directory: string) =>
      directory !== root &&
      isBelow(directory, root) &&
      !KUSTOMIZATION_FILES.some((name) => existsSync(join(directory, name)));
    found = new Set(directories.filter(isWhole));
    synced.set(texts, found);
  }
  return found;
}

const SYNCS = /apiVersion: *["']?(?:argoproj\.io|kustomize\.toolkit\.fluxcd\.io)\//;
