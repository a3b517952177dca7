import { existsSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { SourceFinding } from '../cluster/cluster.ts';
import { valueAt } from '../cluster/workloads.ts';
import { isArchive, isChart, isFile, linkOutOf } from './helm/chart.ts';
import { explainFailure } from './helm/failure.ts';
import { HelmLocator, isCrd } from './helm/locate.ts';
import { type PrintedObject, readObjects, splitOutput } from './helm/output.ts';
import { secondRender, withoutRandom } from './helm/random.ts';
import { isSchemaFailure, needsRemoteSchema } from './helm/schema-failure.ts';
import { HelmChart } from './helm/target-chart.ts';
import { unknownValues } from './helm/value-unknown.ts';
import { HelmWay } from './helm/way.ts';
import { shownPath } from './manifests.ts';
import { isGarbage, type RunResult } from './run.ts';
import { type HelmTarget, isEncoded, type RenderContext, type Rendered, type RenderedObject } from './target.ts';
import { MissingToolError } from './tools.ts';

/**
 * Renders a chart with its values as a release, hooks and CRDs included. What helm has against it is a finding at the line
 * that causes it; a chart that nobody has configured and that needs values is left unchecked. Throws MissingToolError;
 * rejects when aborted.
 */
export async function renderHelm(target: HelmTarget, context: RenderContext): Promise<Rendered> {
  const absent = whatIsAbsent(target, context);
  if (absent) return { objects: [], findings: [absent], unchecked: [] };
  const out = linkOut(target, context);
  if (out !== undefined) {
    const reason = `${shownPath(out, context.cwd)} is a symbolic link out of the repository, which helm would follow`;
    return { objects: [], findings: [], unchecked: [{ what: target.name, reason }] };
  }
  const tool = await context.tools.helm();
  const helm = await HelmChart.read(target, context, tool);
  const rendered: Rendered = { objects: [], findings: [], unchecked: [], kubernetesVersion: tool.kubernetesVersion };

  let result = await helm.render();
  if (result.kind === 'failed' && needsRemoteSchema(result.stderr)) {
    const reason = 'its values.schema.json refers to one on the network, which is not fetched';
    rendered.unchecked.push({ what: `the values of ${target.name}`, reason });
    helm.skipSchema = true;
    result = await helm.render();
  }
  if (result.kind !== 'ok') {
    await addFailure(result, helm, rendered);
    return rendered;
  }

  if (isNoManifest(result.stdout)) {
    const message = 'helm template printed something else than manifests, and said that all is well';
    rendered.findings.push({ rule: 'render-failed', message, location: helm.configLocation });
    return rendered;
  }
  const printed = readOutput(result.stdout, helm);
  const objects = printed.filter(({ document }) => !document.error);
  const locator = new HelmLocator(helm, objects);
  const values = await knownValues(objects, helm, rendered);
  const way = new HelmWay(helm, locator);
  rendered.objects = objects.map((object, i) => renderedObject(object, values[i], helm, locator, way));
  for (const object of printed) await addMistakes(object, helm, locator, rendered);
  rendered.findings.push(...unknownValues(helm));
  return rendered;
}

function whatIsAbsent(target: HelmTarget, { cwd }: RenderContext): SourceFinding | undefined {
  const location = target.location ?? { file: shownPath(target.chart, cwd) };
  if (!isChart(target.chart) && !isArchive(target.chart)) {
    const message = existsSync(target.chart) ? 'is no chart: it has no Chart.yaml' : 'does not exist';
    return { rule: 'render-failed', message: `${shownPath(target.chart, cwd)} ${message}`, location };
  }
  const values = target.values.find((file) => !isFile(file));
  if (values === undefined) return undefined;
  const wrong = existsSync(values) ? 'is no file' : 'does not exist';
  return { rule: 'render-failed', message: `the values file ${shownPath(values, cwd)} ${wrong}`, location };
}

/** A link in a chart of this repository to what isn't in it: a pull request must not choose what else is read. */
function linkOut({ chart }: HelmTarget, { root }: RenderContext): string | undefined {
  if (!existsSync(join(root, '.git')) || !chart.startsWith(root + sep)) return undefined;
  return linkOutOf(realpathSync(root), chart);
}

async function addFailure(
  result: Exclude<RunResult, { kind: 'ok' }>,
  helm: HelmChart,
  rendered: Rendered,
): Promise<void> {
  const { target, context } = helm;
  const add = (message: string, more: { passing?: true } = {}) => {
    rendered.findings.push({ rule: 'render-failed', message, location: helm.configLocation, ...more });
  };
  switch (result.kind) {
    case 'timeout':
      return add(`helm template did not finish within ${context.timeout / 1000} s`, { passing: true });
    case 'output-limit':
      return add('helm template printed more than any cluster takes, and was stopped');
    case 'killed':
      return add(`helm template died (${result.signal})`, { passing: true });
    case 'not-started':
      throw new MissingToolError(`${helm.helm.command} can't be started: ${result.reason}`);
  }
  if (result.stderr.trim() === '') return add(`helm template failed without a message (exit code ${result.code})`);
  if (isGarbage(result.stderr))
    return add(`helm template failed (exit code ${result.code}), and what it says is no text`);
  const { findings, lacks } = await explainFailure(result.stderr, helm);
  const guessed = lacks === 'version' && context.kubernetesVersion === undefined;
  if (!guessed && (lacks === undefined || target.location)) {
    rendered.findings.push(...findings);
    // What a chart lacks may stand there under a name that it doesn't know; a schema names such keys itself.
    if (!isSchemaFailure(result.stderr)) rendered.findings.push(...unknownValues(helm));
    return;
  }
  rendered.unchecked.push({ what: target.name, reason: adviceFor(findings, lacks, helm) });
}

/** Why a chart is left unchecked, and what would let it be checked. */
function adviceFor(findings: readonly SourceFinding[], lacks: string | undefined, helm: HelmChart): string {
  const said = findings
    .map(({ message, location: { file, line } }) => `${message} (${file}${line === undefined ? '' : `:${line}`})`)
    .join('; ');
  if (lacks === 'dependencies') return said;
  if (lacks === 'version') return `${said}; set kubernetesVersion in k8s-lint.yaml, or --kubernetes-version`;
  const { target } = helm;
  const chart = helm.shown(target.chart);
  const entry = `- helm: { chart: ${chart}, release: ${target.release}, namespace: NAMESPACE, values: [VALUES_FILE] }`;
  return `it needs values: ${said}; add to the targets of an environment in k8s-lint.yaml: ${entry}`;
}

/** Whether nothing in an output comes from a template, although there is more in it than warnings. */
function isNoManifest(stdout: string): boolean {
  if (/^# Source: /m.test(stdout)) return false;
  return stdout.split('\n').some((line) => line.trim() !== '' && !/^(?:WARNING|level=|[IWE]\d{4} )/.test(line));
}

function readOutput(stdout: string, helm: HelmChart, like?: readonly PrintedObject[]): PrintedObject[] {
  const pieces = splitOutput(stdout, (source) => helm.isPrinted(source));
  return readObjects(pieces, like);
}

/** What the objects hold, with a mark where two renders of the chart differ. */
async function knownValues(objects: readonly PrintedObject[], helm: HelmChart, rendered: Rendered): Promise<unknown[]> {
  const known = objects.map(({ document }) => document.value);
  const second = secondRender(helm);
  if (!second) return known;
  const result = await helm.render(second);
  if (result.kind === 'ok') return withoutRandom(objects, readOutput(result.stdout, helm, objects));
  rendered.unchecked.push({
    what: `which values of ${helm.target.name} are random`,
    reason: 'its second render failed',
  });
  return known;
}

function renderedObject(
  object: PrintedObject,
  value: unknown,
  helm: HelmChart,
  locator: HelmLocator,
  way: HelmWay,
): RenderedObject {
  const { source } = object.piece;
  const { file, thirdParty } = helm.resolve(source);
  return {
    value,
    source: { file: helm.shown(file), ...(isCrd(source) && !thirdParty && { line: object.document.line }) },
    locate: (path, at = 'value', offset) =>
      offset === undefined || isEncoded(value, path)
        ? locator.locate(object, path, at)
        : locator.locateWithin(object, path, offset),
    way: (path, at = 'value') => way.of(object, path, at, valueAt(value, path)),
    ...(thirdParty && { thirdParty }),
  };
}

/** Duplicate keys, and documents of `crds/` that are no YAML: helm doesn't read these, the cluster refuses them. */
async function addMistakes(
  object: PrintedObject,
  helm: HelmChart,
  locator: HelmLocator,
  rendered: Rendered,
): Promise<void> {
  const { piece, document } = object;
  const { file, thirdParty } = helm.resolve(piece.source);
  if (document.error) {
    const { message, line, column } = document.error;
    if (!isCrd(piece.source)) {
      rendered.unchecked.push({ what: `an object of ${piece.source}`, reason: `it can't be read: ${message}` });
    } else {
      const place = { file: helm.shown(file), line, ...(column !== undefined && { column }) };
      const location = thirdParty ? helm.thirdPartyLocation(piece.source) : place;
      rendered.findings.push({ rule: 'render-failed', message, location });
    }
  }
  if (thirdParty) return;
  for (const { path, line, column } of document.duplicateKeys) {
    rendered.findings.push({
      rule: 'schema-invalid',
      severity: 'warning',
      message: `duplicate key "${String(path.at(-1))}": the last one wins`,
      location: await locator.locateLine(object, line, column),
    });
  }
}
