import type { Rule } from './rule.ts';

/** Shorter symptoms are words that any message may hold. */
const SHORTEST = 20;

/** The rule one of whose symptoms stands in a tool's message, spelled as operators see it; case doesn't matter. */
export function ruleOfSymptom(message: string, rules: readonly Rule[]): Rule | undefined {
  const text = normalize(message);
  return rules.find(
    (rule) =>
      rule.id !== 'render-failed' &&
      rule.docs.symptoms.some((symptom) => symptom.length >= SHORTEST && text.includes(normalize(symptom))),
  );
}

function normalize(text: string): string {
  return text.toLowerCase().replace(/\s+/g, ' ').trim();
}
