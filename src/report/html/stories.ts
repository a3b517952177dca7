import { exampleText, telling } from '../../explain.ts';
import type { Example, Rule } from '../../rule.ts';
import { esc, link, prose } from './escape.ts';

/** The stories of rules, folded: what happened, how it looked, what to change. */
export function stories(rules: readonly Rule[]): string {
  return rules
    .map(
      (rule) =>
        `<details id="rule-${esc(rule.id)}"><summary><code>${esc(rule.id)}</code> <span class="soft">${prose(rule.docs.summary)}</span></summary>` +
        `${story(rule)}</details>`,
    )
    .join('\n');
}

function story({ docs, examples }: Rule): string {
  const { summary, incident, symptoms, fix, facts, silent = [], tables = [], references } = docs;
  return (
    `<div class="story"><p><strong>${prose(summary)}</strong></p>` +
    `<h3>What happened</h3><p>${prose(incident)}</p>` +
    `<h3>What to change</h3><p>${prose(fix)}</p>` +
    `<h3>How it looks</h3>${list(symptoms, (text) => `<code>${esc(text)}</code>`)}` +
    example('Bad', telling(examples.bad)) +
    example('Good', telling(examples.good)) +
    `<h3>Where the facts come from</h3>${list(facts, prose)}` +
    (silent.length > 0 ? `<h3>Silent when</h3>${list(silent, prose)}` : '') +
    tables
      .map(({ title, lines }) => `<h3>${esc(title)}</h3>${list(lines, (text) => `<code>${esc(text)}</code>`)}`)
      .join('') +
    `<h3>More</h3>${list(references, link)}</div>`
  );
}

function list(items: readonly string[], show: (item: string) => string): string {
  return `<ul>${items.map((item) => `<li>${show(item)}</li>`).join('')}</ul>`;
}

function example(title: string, shown: Example | undefined): string {
  if (shown === undefined) return '';
  const rows = exampleText(shown)
    .split('\n')
    .map((line) => {
      const at = line.indexOf('# <- ');
      return at === -1
        ? `<span>${esc(line)}</span>`
        : `<span class="here">${esc(line.slice(0, at).trimEnd())}</span><span class="note">${esc(line.slice(at))}</span>`;
    });
  return `<h3>${title}</h3><pre class="source" tabindex="0"><code>${rows.join('')}</code></pre>`;
}
