import { describe, expect, it } from 'vitest';
import { rules } from '../src/rules/index.ts';
import { ruleOfSymptom } from '../src/symptoms.ts';

describe('a message leads to the rule', () => {
  const cases: [expected: string | undefined, message: string][] = [
    [
      'host-network-port-mismatch',
      'ERROR: All hostPort must match their  respective containerPort when HostNetwork is enabled',
    ],
    // Some other rule knows a shorter part of it.
    ['webhook-not-ready', 'no endpoints available for service "cert-manager-webhook"'],
    ['credentials-disagree', 'psql: FATAL: password authentication failed for user "app"'],
    [undefined, 'Error: rendering failed'],
    // Too short to tell anything.
    [undefined, 'it was OOMKilled'],
  ];
  it.each(cases)('%s: %s', (expected, message) => {
    expect(ruleOfSymptom(message, rules)?.id).toBe(expected);
  });
});
