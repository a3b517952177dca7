import { accessSync, constants, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, isAbsolute, join, resolve } from 'node:path';
import type { RenderCache } from '../cache/render-cache.ts';
import { pinnedTool } from './pinned.ts';
import { withPrivateDirectory } from './private-directory.ts';
import { run } from './run.ts';

/** A tool that is needed isn't there, or isn't what it should be. Its message says what was looked for and how to get it. */
export class MissingToolError extends Error {
  override name = 'MissingToolError';
}

export interface Kustomize {
  /** Absolute path of the executable. */
  command: string;
  /** What goes before the directory: `['build']`, or `['kustomize']` for kubectl. */
  args: readonly ['build'] | readonly ['kustomize'];
  /** kustomize's own version, `5.7.1`, also inside kubectl. */
  version: string;
  /** `1.35`: kubectl's. kustomize alone knows no version of Kubernetes. */
  kubernetesVersion?: string;
  /** What its renders are kept by; absent where they can't be. */
  identity?: string;
}

export interface Helm {
  /** Absolute path of the executable. */
  command: string;
  /** `3.17.3` */
  version: string;
  major: 3 | 4;
  /** `1.32`: what its charts see where nobody names a version. */
  kubernetesVersion: string;
  /** What its renders are kept by; absent where they can't be. */
  identity?: string;
}

/** The tools that targets need. Each is looked up when it is first asked for; both throw MissingToolError. */
export interface Tools {
  kustomize(): Promise<Kustomize>;
  helm(): Promise<Helm>;
}

export interface ToolOptions {
  /** What --kustomize names: a kustomize or a kubectl. */
  kustomize?: string | undefined;
  /** What --helm names. */
  helm?: string | undefined;
  /** Its PATH is searched; that of this process unless told. */
  env?: NodeJS.ProcessEnv | undefined;
  /** Knows what tools are that it has met. */
  cache?: RenderCache | undefined;
}

/** The layer that carries the tools of developers and CI. */
const LAYER = 'v35';
/** Milliseconds for a tool to say its version. */
const PATIENCE = 20_000;

const KUSTOMIZE_ADVICE =
  'Install kustomize (https://kubectl.docs.kubernetes.io/installation/kustomize/) or kubectl (https://kubernetes.io/docs/tasks/tools/), or name one with --kustomize PATH.';
const KUBECTL_ADVICE = 'Install kubectl (https://kubernetes.io/docs/tasks/tools/) or name one with --kubectl PATH.';
const HELM_ADVICE = 'Install helm (https://helm.sh/docs/intro/install/) or name one with --helm PATH.';

/**
 * The tools to render with: those named by hand, else those on PATH (kustomize before kubectl), else the ones that the npm
 * package of the lambda layer carries.
 */
export function findTools(options: ToolOptions): Tools {
  const env = options.env ?? process.env;
  let kustomize: Promise<Kustomize> | undefined;
  let helm: Promise<Helm> | undefined;
  return {
    kustomize: () => {
      kustomize ??= find({
        what: 'kustomize',
        named: options.kustomize,
        option: '--kustomize',
        names: ['kustomize', 'kubectl'],
        pinned: 'kubectl',
        advice: KUSTOMIZE_ADVICE,
        env,
        identify: remembering('kustomize', options.cache, identifyKustomize),
      });
      return kustomize;
    },
    helm: () => {
      helm ??= find({
        what: 'helm',
        named: options.helm,
        option: '--helm',
        names: ['helm'],
        pinned: 'helm',
        advice: HELM_ADVICE,
        env,
        identify: remembering('helm', options.cache, identifyHelm),
      });
      return helm;
    },
  };
}

/** The absolute path of the kubectl to ask a cluster with: named by hand, else on PATH, else the pinned one. Throws MissingToolError. */
export async function findKubectl(named: string | undefined, env = process.env): Promise<string> {
  const { path } = await find({
    what: 'kubectl',
    named,
    option: '--kubectl',
    names: ['kubectl'],
    pinned: 'kubectl',
    advice: KUBECTL_ADVICE,
    env,
    identify: identifyKubectl,
  });
  return path;
}

/** The paths of the tools of a pinned layer; unpacks them where needed. Throws MissingToolError where it can't be used. */
export async function pinned(layer: 'v31' | 'v35'): Promise<{ kubectl: string; helm: string }> {
  try {
    return { kubectl: await pinnedTool(layer, 'kubectl'), helm: await pinnedTool(layer, 'helm') };
  } catch (error) {
    throw new MissingToolError((error as Error).message);
  }
}

interface Search<T> {
  what: string;
  named: string | undefined;
  option: string;
  names: readonly string[];
  pinned: 'kubectl' | 'helm';
  advice: string;
  env: NodeJS.ProcessEnv;
  /** What the executable is; a text says why it can't be used. */
  identify(command: string, env: NodeJS.ProcessEnv): Promise<T | string>;
}

async function find<T>(search: Search<T>): Promise<T> {
  const { what, named, option, names, env, advice, identify } = search;
  if (named !== undefined) {
    const found = executable(resolve(named)) ?? (await identify(resolve(named), env));
    if (typeof found === 'string')
      throw new MissingToolError(`${option} ${named} can't be used as ${what}: it ${found}`);
    return found;
  }
  const tried: string[] = [];
  for (const name of names) {
    const command = onPath(name, env);
    if (command === undefined) {
      tried.push(`no ${name} on PATH`);
      continue;
    }
    const found = await identify(command, env);
    if (typeof found !== 'string') return found;
    tried.push(`${command} ${found}`);
  }
  try {
    const command = await pinnedTool(LAYER, search.pinned);
    const found = await identify(command, env);
    if (typeof found !== 'string') return found;
    tried.push(`${command} ${found}`);
  } catch (error) {
    tried.push((error as Error).message);
  }
  throw new MissingToolError(`${what} was not found: ${tried.join('; ')}. ${advice}`);
}

/** Why a file can't be executed, undefined where it can. */
function executable(file: string): string | undefined {
  try {
    if (!statSync(file).isFile()) return 'is not a file';
  } catch {
    return 'does not exist';
  }
  try {
    accessSync(file, constants.X_OK);
  } catch {
    return 'is not executable';
  }
  return undefined;
}

/** The first executable of that name on PATH. Relative entries are passed over: the working directory may be anyone's. */
function onPath(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const files = process.platform === 'win32' ? [`${name}.exe`] : [name];
  return (env.PATH ?? env.Path ?? '')
    .split(delimiter)
    .filter((directory) => isAbsolute(directory))
    .flatMap((directory) => files.map((file) => join(directory, file)))
    .find((file) => executable(file) === undefined);
}

/** Asks a tool what it is only where its file isn't known. What only starts a tool is asked each time. */
function remembering<T extends { command: string; identity?: string }>(
  what: string,
  cache: RenderCache | undefined,
  identify: Search<T>['identify'],
): Search<T>['identify'] {
  if (!cache) return identify;
  return async (command, env) => {
    const { toolFile, digestOfTool } = await import('../cache/tool.ts');
    const file = toolFile(command);
    if (!file) return identify(command, env);
    let answer: T | string | undefined;
    const kept = await cache.fact([what, ...file.signature], async () => {
      answer = await identify(command, env);
      const digest = typeof answer === 'string' ? undefined : await digestOfTool(file);
      return digest === undefined ? undefined : JSON.stringify([digest, answer]);
    });
    if (kept === undefined) return answer ?? identify(command, env);
    const [identity, told] = JSON.parse(kept) as [string, T];
    return { ...told, command, identity };
  };
}

/** How the text starts that says of a tool that it takes too long. */
const SILENT = "doesn't";

/** Runs a tool for its version; a text says why there is none. */
async function ask(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ stdout: string } | string> {
  const result = await run(command, args, { cwd: tmpdir(), timeout: PATIENCE, maxOutput: 1024 * 1024, env });
  switch (result.kind) {
    case 'ok':
      return result;
    case 'not-started':
      return `can't be started: ${result.reason}`;
    case 'timeout':
      return `${SILENT} answer \`${args.join(' ')}\` within ${PATIENCE / 1000} s`;
    case 'output-limit':
      return `answers \`${args.join(' ')}\` with more than a version`;
    case 'killed':
      return `dies by ${result.signal} at \`${args.join(' ')}\``;
    case 'failed': {
      const line = result.stderr.trim().split('\n')[0] ?? '';
      return `fails at \`${args.join(' ')}\` with exit code ${result.code}${line && `: ${line}`}`;
    }
  }
}

/** kustomize and kubectl are one file each that people rename: what it answers tells what it is, its name only what to ask first. */
async function identifyKustomize(command: string, env: NodeJS.ProcessEnv): Promise<Kustomize | string> {
  const [first, second] = basename(command).includes('kustomize')
    ? [askKustomize, askKubectl]
    : [askKubectl, askKustomize];
  const answer = await first(command, env);
  // What hangs at one question hangs at the other.
  if (typeof answer !== 'string' || answer.startsWith(SILENT)) return answer;
  const other = await second(command, env);
  return typeof other === 'string' ? answer : other;
}

/** kustomize prints `v5.7.1`, and before 5 `{Version:kustomize/v4.5.7 …}`. */
async function askKustomize(command: string, env: NodeJS.ProcessEnv): Promise<Kustomize | string> {
  const answer = await ask(command, ['version'], env);
  if (typeof answer === 'string') return answer;
  const version = /^(?:\{Version:)?(?:kustomize\/)?v?(\d+\.\d+\.\d+)/.exec(answer.stdout.trim())?.[1];
  return version ? { command, args: ['build'], version } : 'is neither kustomize nor kubectl';
}

async function askKubectl(command: string, env: NodeJS.ProcessEnv): Promise<Kustomize | string> {
  const answer = await ask(command, ['version', '--client', '-o', 'json'], env);
  if (typeof answer === 'string') return answer;
  const versions = kubectlVersions(answer.stdout);
  if (!versions) return 'is neither kustomize nor kubectl';
  if (!versions.kustomize) return 'is a kubectl that does not say which kustomize it holds: too old';
  return { command, args: ['kustomize'], version: versions.kustomize, kubernetesVersion: versions.kubernetes };
}

async function identifyKubectl(command: string, env: NodeJS.ProcessEnv): Promise<string | { path: string }> {
  const answer = await ask(command, ['version', '--client', '-o', 'json'], env);
  if (typeof answer === 'string') return answer;
  return kubectlVersions(answer.stdout) ? { path: command } : 'is not kubectl';
}

function kubectlVersions(text: string): { kubernetes: string; kustomize: string | undefined } | undefined {
  try {
    const { clientVersion, kustomizeVersion } = JSON.parse(text);
    const kubernetes = /^v?(\d+\.\d+)/.exec(clientVersion.gitVersion)?.[1];
    if (!kubernetes) return undefined;
    return { kubernetes, kustomize: /(\d+\.\d+\.\d+)/.exec(kustomizeVersion ?? '')?.[1] };
  } catch {
    return undefined;
  }
}

const PROBE_TEMPLATE = 'probe: {{ .Capabilities.HelmVersion.Version }} {{ .Capabilities.KubeVersion.Version }}\n';

/** Renders a chart that prints both versions: `helm version` doesn't tell the Kubernetes version that charts see. */
async function identifyHelm(command: string, env: NodeJS.ProcessEnv): Promise<Helm | string> {
  return withPrivateDirectory(async (chart) => {
    await mkdir(join(chart, 'templates'));
    await writeFile(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: probe\nversion: 0.0.0\n');
    await writeFile(join(chart, 'templates', 'probe.yaml'), PROBE_TEMPLATE);
    const answer = await ask(command, ['template', 'probe', chart], env);
    if (typeof answer === 'string') return answer;
    const versions = /^probe: v?(\d+\.\d+\.\S+) v?(\d+\.\d+)/m.exec(answer.stdout);
    if (!versions?.[1] || !versions[2]) return 'is not helm';
    const major = Number.parseInt(versions[1], 10);
    if (major !== 3 && major !== 4) return `is helm ${versions[1]}, and only helm 3 and 4 are known`;
    return { command, version: versions[1], major, kubernetesVersion: versions[2] };
  });
}
