import type { Diagnostic, Suppressed } from '../diagnostic.ts';
import type { Report } from '../report/report.ts';

/** A finding of a rule in this repository, with the names of it that a text holds. */
export interface Here {
  diagnostic: Diagnostic;
  /** `Deployment/web`, or the other objects that its message names; empty where the text names none. */
  named: readonly string[];
  /** Why it is not reported. */
  ignored?: string;
}

/**
 * The findings of rules in a report, those first whose objects a text names, then by the order of the rules; suppressed ones are
 * findings all the same.
 */
export function findingsHere({ diagnostics, suppressed }: Report, rules: readonly string[], text: string): Here[] {
  const all: Here[] = [
    ...diagnostics.map((diagnostic) => ({ diagnostic, named: namesIn(text, diagnostic) })),
    ...suppressed.map(({ diagnostic, reason }: Suppressed) => ({
      diagnostic,
      named: namesIn(text, diagnostic),
      ignored: reason,
    })),
  ];
  return all
    .filter(({ diagnostic }) => rules.includes(diagnostic.rule))
    .sort(
      (a, b) => rank(b, text) - rank(a, text) || rules.indexOf(a.diagnostic.rule) - rules.indexOf(b.diagnostic.rule),
    );
}

/** The object itself counts more than another that the message names, and both more with their namespace. */
function rank({ diagnostic: { resource }, named }: Here, text: string): number {
  const own = resource && named.includes(`${resource.kind}/${resource.name}`) ? 4 : 0;
  const inNamespace = resource?.namespace !== undefined && hasName(text, resource.namespace) ? 1 : 0;
  return own + (named.length > 0 ? 2 : 0) + inNamespace;
}

function namesIn(text: string, { resource, message }: Diagnostic): string[] {
  const own = resource ? [`${resource.kind}/${resource.name}`] : [];
  const others = message.match(/\b[A-Z][A-Za-z]+\/[a-z0-9][\w.-]*\w/g) ?? [];
  return [...new Set([...own, ...others])].filter((name) => hasName(text, name.slice(name.indexOf('/') + 1)));
}

/** Whether a text has a name as a word of its own, or with what Kubernetes appends to those of pods. */
function hasName(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at !== -1 && name !== ''; at = text.indexOf(name, at + 1)) {
    const before = text[at - 1] ?? ' ';
    const after = text.slice(at + name.length, at + name.length + 40);
    if (!/[\w.-]/.test(before) && POD_SUFFIX.test(after)) return true;
  }
  return false;
}

/** The hash of a ReplicaSet, the five letters of a pod, a StatefulSet's number, or the end of the word. */
const POD_SUFFIX = /^(?:-[a-z0-9]{6,10})?(?:-[a-z0-9]{5}|-\d+|-)?(?:\.(?![\w-])|[^\w.-]|$)/;
