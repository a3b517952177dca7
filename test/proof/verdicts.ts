import { expect } from 'vitest';
import type { Verdict } from './prove.ts';

/** Says how many places were proven, and fails where one was not. */
export function record(what: string, found: readonly Verdict[]): void {
  const count = (outcome: Verdict['outcome']) => found.filter((verdict) => verdict.outcome === outcome).length;
  const without = count('without line');
  const share = `${((without / Math.max(found.length, 1)) * 100).toFixed(1)} %`;
  const untried = count('not tried') === 0 ? '' : `, ${count('not tried')} not tried`;
  console.log(
    `kustomize, ${what}: ${found.length} places, ${found.length - without} with a line, ${count('proven')} proven${untried}, ${without} (${share}) without`,
  );
  expect(found.filter(({ outcome }) => outcome === 'unproven').map(shown)).toEqual([]);
}

export function shown({ name, target, diagnostic, why }: Verdict): string {
  const { location, rule, path = [], message } = diagnostic;
  const place = `${location.file}:${location.line ?? '?'}:${location.column ?? '?'}`;
  return [`${name} (${target}) ${place} ${rule} ${path.join('.')} ${message}`, ...(why ? [why] : [])].join('\n    ');
}
