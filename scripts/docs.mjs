// Writes docs/rules.md from the built rules. A test fails when the page is stale.
import { writeFileSync } from 'node:fs';
import { rulesPage } from '../dist/explain.js';
import { rules } from '../dist/rules/index.js';

writeFileSync(new URL('../docs/rules.md', import.meta.url), rulesPage(rules));
