import type { Rule } from './rule.ts';

/** Shorter symptoms are words that any message may hold. */
const SHORTEST = 20;

/** The rule one of whose symptoms stands in a tool's message, spelled as operators see it; case doesn't matter, the longest counts. */
export function ruleOfSymptom(message: string, rules: readonly Rule[]): Rule | undefined {
  const text = normalize(message);
  let found: { rule: Rule; length: number } | undefined;
  for (const rule of rules) {
    if (rule.id === 'render-failed') continue;
    for (const symptom of rule.docs.symptoms.map(normalize)) {
      if (symptom.length < SHORTEST || symptom.length <= (found?.length ?? 0) || !text.includes(symptom)) continue;
      found = { rule, length: symptom.length };
    }
  }
  return found?.rule;
}

function normalize(text: string): string {
  return text.toLowerCase().replace(/\s+/g, ' ').trim();
}
