import type { Example, Rule } from './rule.ts';

/** A rule as plain text: what `explain` prints and SARIF's help holds. Lines are not wrapped. */
export function explainText(rule: Rule): string {
  return sections(rule)
    .map(({ title, body }) => (title === '' ? body : `${title}\n${indent(body)}`))
    .join('\n\n');
}

/** A rule as Markdown: a section of docs/rules.md. */
export function explainMarkdown(rule: Rule): string {
  const { docs, examples } = rule;
  const parts = [
    `**${rule.severity}** · ${docs.summary}`,
    `**What happened.** ${docs.incident}`,
    `**How it looks.**\n\n${docs.symptoms.map((symptom) => `- \`${symptom.replaceAll('`', "'")}\``).join('\n')}`,
    `**What to change.** ${docs.fix}`,
    `**Where the facts come from.**\n\n${docs.facts.map((text) => `- ${text}`).join('\n')}`,
    ...(docs.silent?.length ? [`**Silent when.**\n\n${docs.silent.map((text) => `- ${text}`).join('\n')}`] : []),
    ...(docs.tables ?? []).map(({ title, lines }) => `**${title}.**\n\n${lines.map(listed).join('\n')}`),
    ...fenced('Bad', telling(examples.bad)),
    ...fenced('Good', telling(examples.good)),
    `**More.** ${docs.references.map((url) => `<${url}>`).join(' ')}`,
  ];
  return parts.join('\n\n');
}

function listed(line: string): string {
  return `- \`${line}\``;
}

function fenced(title: string, example: Example | undefined): string[] {
  return example === undefined ? [] : [`**${title}.**\n\n\`\`\`yaml\n${exampleText(example)}\n\`\`\``];
}

const READABLE_LINES = 40;

/** The first example that a person reads at a glance, else the shortest. The others are for the tests. */
export function telling(examples: readonly Example[]): Example | undefined {
  const byLength = examples.map((example) => ({ example, lines: exampleText(example).split('\n').length }));
  const short = byLength.find(({ lines }) => lines <= READABLE_LINES);
  return (short ?? byLength.sort((a, b) => a.lines - b.lines)[0])?.example;
}

function shown(title: string, example: Example | undefined): Section[] {
  return example === undefined ? [] : [{ title, body: exampleText(example) }];
}

interface Section {
  title: string;
  body: string;
}

function sections({ id, severity, docs, examples }: Rule): Section[] {
  return [
    { title: '', body: `${id} (${severity})\n${docs.summary}` },
    { title: 'What happened', body: docs.incident },
    { title: 'How it looks', body: docs.symptoms.join('\n') },
    { title: 'What to change', body: docs.fix },
    { title: 'Where the facts come from', body: docs.facts.map((text) => `- ${text}`).join('\n') },
    ...(docs.silent?.length ? [{ title: 'Silent when', body: docs.silent.map((text) => `- ${text}`).join('\n') }] : []),
    ...(docs.tables ?? []).map(({ title, lines }) => ({ title, body: lines.join('\n') })),
    ...shown('Bad', telling(examples.bad)),
    ...shown('Good', telling(examples.good)),
    { title: 'More', body: docs.references.join('\n') },
  ];
}

/** An example as one text: a stream as it is, several files one after the other under their names. */
export function exampleText(example: Example): string {
  if (typeof example === 'string') return example.trimEnd();
  return Object.entries(example.files)
    .map(([file, text]) => `# ${file}\n${text.trimEnd()}`)
    .join('\n\n');
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? line : `  ${line}`))
    .join('\n');
}

/** docs/rules.md: every rule with what it knows. */
export function rulesPage(rules: readonly Rule[]): string {
  const contents = rules.map(({ id, docs }) => `- [\`${id}\`](#${id}) ${docs.summary}`).join('\n');
  const chapters = rules.map((rule) => `## ${rule.id}\n\n${explainMarkdown(rule)}`).join('\n\n');
  return `# Rules\n\nMade by \`npm run docs\` from the rules themselves: edit the rule, not this page.\n\n${contents}\n\n${chapters}\n`;
}
