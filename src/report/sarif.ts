import type { Log, ReportingDescriptor, Result, Run, Location as SarifLocation } from 'sarif';
import { version } from '../cli.ts';
import type { Diagnostic, Suppressed } from '../diagnostic.ts';
import { explainMarkdown, explainText } from '../explain.ts';
import type { Location } from '../resource.ts';
import type { Rule, Severity } from '../rule.ts';
import { rules } from '../rules/index.ts';
import { printableJson } from './harmless.ts';
import type { ReporterOptions } from './index.ts';
import type { Report } from './report.ts';
import { fromRoot, shown, showTarget } from './shown.ts';

const LEVELS: Record<Severity, Result.level> = { error: 'error', warning: 'warning', info: 'note' };

/**
 * SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), as GitHub code scanning reads it: URIs relative to the
 * repository, rule help, fingerprints that survive moved lines, and ignored findings as suppressed results.
 */
export function writeSarif(report: Report, { severity, prefix }: ReporterOptions): string {
  const diagnostics = shown(report.diagnostics, severity);
  const used = new Set(
    [...diagnostics, ...report.suppressed.map(({ diagnostic }) => diagnostic)].map(({ rule }) => rule),
  );
  const descriptors = rules.filter((rule) => used.has(rule.id));
  const index = new Map(descriptors.map((rule, i) => [rule.id, i]));
  const run: Run = {
    tool: {
      driver: {
        name: 'k8s-lint',
        semanticVersion: version(),
        rules: descriptors.map(describeRule),
      },
    },
    columnKind: 'utf16CodeUnits',
    originalUriBaseIds: { SRCROOT: { description: { text: 'The root of the repository.' } } },
    invocations: [
      {
        executionSuccessful: report.failures.length === 0,
        toolExecutionNotifications: report.failures.map((text) => ({ level: 'error', message: { text } })),
      },
    ],
    results: [
      ...diagnostics.map((diagnostic) => describeResult(diagnostic, index, prefix)),
      ...report.suppressed.map((suppressed) => describeSuppressed(suppressed, index, prefix)),
    ],
  };
  const log: Log = { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] };
  return `${printableJson(log)}\n`;
}

function describeRule(rule: Rule): ReportingDescriptor {
  return {
    id: rule.id,
    shortDescription: { text: rule.docs.summary },
    help: { text: explainText(rule), markdown: explainMarkdown(rule) },
    defaultConfiguration: { level: LEVELS[rule.severity] },
    ...(rule.docs.references[0] === undefined ? {} : { helpUri: rule.docs.references[0] }),
  };
}

function describeResult(diagnostic: Diagnostic, index: ReadonlyMap<string, number>, prefix: string): Result {
  const { rule, severity, message, location, related, targets, fingerprint, resource } = diagnostic;
  const ruleIndex = index.get(rule);
  return {
    ruleId: rule,
    ...(ruleIndex === undefined ? {} : { ruleIndex }),
    level: LEVELS[severity],
    message: { text: message },
    locations: [describeLocation(location, prefix, resource)],
    ...(related.length === 0
      ? {}
      : {
          relatedLocations: related.map((place, id) => ({
            id,
            ...describeLocation(place.location, prefix),
            message: { text: place.message },
          })),
        }),
    partialFingerprints: { 'k8sLint/v1': fingerprint },
    properties: { targets: targets.map(showTarget) },
  };
}

function describeSuppressed(
  { diagnostic, reason, kind, location }: Suppressed,
  index: ReadonlyMap<string, number>,
  prefix: string,
): Result {
  return {
    ...describeResult(diagnostic, index, prefix),
    suppressions: [{ kind, justification: reason, location: describeLocation(location, prefix) }],
  };
}

function describeLocation(
  { file, line, column }: Location,
  prefix: string,
  resource?: Diagnostic['resource'],
): SarifLocation {
  const region = line === undefined ? {} : { region: { startLine: line, ...(column ? { startColumn: column } : {}) } };
  const name = resource && [resource.namespace, resource.kind, resource.name].filter((part) => part).join('/');
  return {
    physicalLocation: {
      artifactLocation: { uri: encodePath(fromRoot(file, prefix)), uriBaseId: 'SRCROOT' },
      ...region,
    },
    ...(name === undefined ? {} : { logicalLocations: [{ fullyQualifiedName: name, kind: 'resource' }] }),
  };
}

/** A relative path as a URI reference: no segment may look like a scheme. */
function encodePath(file: string): string {
  return file.split('/').map(encodeURIComponent).join('/');
}
