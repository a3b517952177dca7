import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { explainText, rulesPage } from '../src/explain.ts';
import { pinned } from '../src/render/tools.ts';
import { rules } from '../src/rules/index.ts';

const root = new URL('../', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), 'utf8');

describe('docs', () => {
  it('docs/rules.md is what the rules say: npm run docs writes it', () => {
    expect(read('docs/rules.md')).toBe(rulesPage(rules));
  });

  it('the README shows what its first command prints', async () => {
    const readme = read('README.md');
    const command = /^ {4}npm ci && node (bin\/k8s-lint\.js .*)$/m.exec(readme)?.[1] ?? '';
    const shown = /```text\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    const { kubectl, helm } = await pinned('v35');
    const args = [...command.split(' '), '--kustomize', kubectl, '--helm', helm];
    const { stdout, status } = spawnSync(process.execPath, args, {
      cwd: fileURLToPath(root),
      encoding: 'utf8',
    });
    // What the README leaves out stands as a line with `…`.
    const parts = shown.split(/^…\n/m).filter((part) => part !== '');
    expect(parts.length).toBeGreaterThan(1);
    for (const part of parts) expect(stdout).toContain(part);
    expect(status).toBe(1);
  });

  it('every rule explains itself', () => {
    for (const rule of rules) {
      const text = explainText(rule);
      for (const part of [rule.id, rule.docs.incident, rule.docs.fix, ...rule.docs.symptoms])
        expect(text).toContain(part);
    }
  });
});
