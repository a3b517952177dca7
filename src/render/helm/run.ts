import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Inputs } from '../../cache/inputs.ts';
import { withPrivateDirectory } from '../private-directory.ts';
import { type RunResult, run } from '../run.ts';
import type { HelmTarget, RenderContext } from '../target.ts';
import type { Helm } from '../tools.ts';

export interface HelmRun {
  /** Writes the chart to render instead of the target's into an empty private directory. */
  prepare?(directory: string): Promise<void>;
  /** Values above all others. */
  override?: unknown;
  /** Print what was rendered, each template's whole output, even where helm then finds that it is no YAML. */
  raw?: boolean;
  /** Don't hold the values against values.schema.json. */
  skipSchema?: boolean;
  /** It only makes an answer more exact, and may not take long. */
  extra?: boolean;
  /** It is to be another run than the first one, with random numbers of its own. */
  again?: boolean;
}

/**
 * What every API server has, and helm doesn't know of without one: its own list is that of client-go and of
 * apiextensions (pkg/chart/common/capabilities.go).
 */
const SERVED_EVERYWHERE = ['apiregistration.k8s.io/v1', 'apiregistration.k8s.io/v1/APIService'];

/** Milliseconds. */
const EXTRA_TIMEOUT = 20_000;

/** The directory in which the values files of a run lie; helm names them in its messages. */
const VALUES_NAME = /(?:\S*[\\/])?k8s-lint-values-(\d+)\.yaml/g;

/**
 * Runs `helm template` for a target. What it says of values files names those of the target, absolute; `set` and the
 * override are called `values`. Rejects only when aborted, or where no temporary directory can be made.
 */
export async function runHelm(
  target: HelmTarget,
  helm: Helm,
  context: RenderContext,
  options: HelmRun = {},
): Promise<RunResult> {
  return withPrivateDirectory(async (directory) => {
    let chart = target.chart;
    if (options.prepare) {
      chart = join(directory, 'chart');
      try {
        await options.prepare(chart);
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code === undefined) throw error;
        return { kind: 'not-started', reason: `the chart can't be copied: ${message}` };
      }
    }
    const inline = [target.set, options.override].filter((values) => values !== undefined);
    const files = [...target.values, ...inline].map(async (values, i) => {
      // Under their own paths, helm would split them at commas and read % as an escape.
      const path = join(directory, `k8s-lint-values-${i}.yaml`);
      if (typeof values === 'string') await symlink(values, path);
      else await writeFile(path, JSON.stringify(values), { mode: 0o600 });
      return path;
    });
    const valuesFiles = await Promise.all(files);
    const settings = [
      ...(target.namespace === undefined ? [] : [`--namespace=${target.namespace}`]),
      ...(context.kubernetesVersion === undefined ? [] : [`--kube-version=${context.kubernetesVersion}.0`]),
      ...[...SERVED_EVERYWHERE, ...(target.apiVersions ?? [])].map((version) => `--api-versions=${version}`),
      ...(options.raw ? ['--debug'] : []),
      ...(options.skipSchema && canSkipSchema(helm) ? ['--skip-schema-validation'] : []),
    ];
    const values = valuesFiles.map((path) => `--values=${path}`);
    const args = ['template', '--include-crds', ...settings, ...values, '--', target.release, chart];
    const timeout = options.extra ? Math.min(context.timeout, EXTRA_TIMEOUT) : context.timeout;
    const start = async (): Promise<RunResult> => {
      const result = await run(helm.command, args, { cwd: directory, timeout, signal: context.signal });
      if (!('stderr' in result)) return result;
      // Among much else, --debug tells where the chart lies, which is nobody's business but of the run itself.
      const said = options.raw ? result.stderr.replace(/^(?!Error: ).*\n/gm, '') : result.stderr;
      const stderr = said.replace(VALUES_NAME, (_, i) => target.values[Number(i)] ?? 'values');
      return { ...result, stderr: stderr.replaceAll(chart, target.chart).replaceAll(`${directory}/`, '') };
    };
    const { cache, root } = context;
    const { identity } = helm;
    if (!cache || identity === undefined) return start();
    const describe = (inputs: Inputs) => {
      inputs.add('helm template', identity, target.release, ...settings);
      inputs.add(process.env.TZ, options.again ? 'again' : 'first');
      for (const file of target.values) inputs.addFile(file);
      for (const values of inline) inputs.add(JSON.stringify(values));
      // What helm says names the chart; what it prints doesn't.
      inputs.add(inputs.name(target.chart));
      inputs.addChart(chart);
    };
    return cache.run(root, directory, describe, start);
  });
}

/** The flag came with helm 3.16. */
function canSkipSchema({ major, version }: Helm): boolean {
  return major > 3 || Number(version.split('.')[1]) >= 16;
}
