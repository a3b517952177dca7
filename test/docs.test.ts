import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { explainText, rulesPage } from '../src/explain.ts';
import { pinned } from '../src/render/tools.ts';
import { rules } from '../src/rules/index.ts';
import { readTree } from './tree.ts';

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

  it('the README tells of incidents what the projects show', () => {
    const told = [...read('README.md').matchAll(/^\| (\w+): .* \| `([a-z-]+)` \| (.*) \|$/gm)];
    expect(told.length).toBeGreaterThan(20);
    for (const [, project = '', rule, message] of told) {
      const files = readTree(fileURLToPath(new URL(`fixtures/projects/${project}/broken`, root)));
      const marker = `${rule}: ${message?.replaceAll('\\|', '|')}`;
      expect(Object.values(files).some((text) => text.includes(marker))).toBe(true);
    }
  });

  it('every rule explains itself', () => {
    for (const rule of rules) {
      const text = explainText(rule);
      const { incident, fix, symptoms, facts, silent = [] } = rule.docs;
      for (const part of [rule.id, incident, fix, ...symptoms, ...facts, ...silent]) expect(text).toContain(part);
    }
  });
});
