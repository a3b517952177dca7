import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Diagnostic } from '../src/diagnostic.ts';
import { lint } from '../src/lint.ts';
import { pinned } from '../src/render/tools.ts';
import { writeHtml } from '../src/report/html.ts';
import type { Report } from '../src/report/report.ts';
import type { Severity } from '../src/rule.ts';
import { SourceFiles } from '../src/source.ts';
import { chromiumPath, launch, open } from './browser.ts';
import { contrast } from './contrast.ts';
import { largeStream } from './large-stream.ts';
import { tree } from './tree.ts';

const projects = fileURLToPath(new URL('../fixtures/projects/', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'k8s-lint-html-'));
const path = chromiumPath();
const unavailable = 'there is no Chromium on PATH';
let browser: Browser;
let algosu: string;

const RED =
  'Deployment/problem-service dials Service/postgres:5432 (DATABASE_HOST in Secret/problem-service-secrets): refused by egress policy NetworkPolicy/problem-policy';

async function reportOn(cwd: string): Promise<Report> {
  const { kubectl, helm } = await pinned('v35');
  return lint({ cwd, kustomize: kubectl, helm, picture: true, today: '2026-06-15' });
}

function htmlOf(report: Report, cwd: string, severity: Severity = 'warning'): string {
  return writeHtml(report, { severity, color: 0, prefix: '', sources: new SourceFiles(cwd) });
}

function save(name: string, html: string): string {
  const file = join(directory, name);
  writeFileSync(file, html);
  return file;
}

/** A property of what an element looks like. */
function styleOf(element: Locator, property: string): Promise<string> {
  return element.evaluate((node: never, name) => {
    const global = globalThis as unknown as { getComputedStyle(of: never): { getPropertyValue(name: string): string } };
    return global.getComputedStyle(node).getPropertyValue(name);
  }, property);
}

function shownFindings(page: Page): Promise<number> {
  return page.locator('.finding:visible').count();
}

beforeAll(async () => {
  const cwd = join(projects, 'algosu', 'broken');
  [browser] = (await Promise.all([
    path === undefined ? undefined : launch(path),
    reportOn(cwd).then((report) => {
      algosu = save('algosu.html', htmlOf(report, cwd));
    }),
  ])) as [Browser, undefined];
});

afterAll(async () => {
  await browser?.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Runs in the browser of this machine; where there is none, the test is reported as not run. */
function inBrowser(name: string, run: () => Promise<void>): void {
  it(name, async ({ skip }) => {
    if (path === undefined) skip(unavailable);
    await run();
  });
}

describe('the page of algosu', () => {
  inBrowser('shows the connection that a policy blocks, red and named', async () => {
    const { page, complaints, close } = await open(browser, algosu);
    expect(await page.title()).toBe('k8s-lint: 15 errors, 9 warnings');
    const red = page.locator('.environment[data-e="0"] .line.blocked[role]');
    expect(await red.count()).toBe(1);
    expect(await red.getAttribute('aria-label')).toBe(RED);
    const [path, label] = [red.locator('path').nth(1), page.locator('.environment[data-e="0"] .label')];
    const error = await styleOf(page.locator('.sev.error').first(), 'color');
    expect(await styleOf(path, 'stroke')).toBe(error);
    expect(await styleOf(path, 'stroke-dasharray')).not.toBe('none');
    expect(await label.locator('text').allTextContents()).toEqual(['✕ blocked: port 5432', 'egress: problem-policy']);
    expect(await label.isVisible()).toBe(true);
    // Before anything is scrolled.
    const box = await label.boundingBox();
    expect(box && box.y + box.height).toBeLessThan(900);
    expect(await page.locator('.incidents').first().innerText()).toMatch(
      /Deployment\/problem-service[\s\S]*Service\/postgres:5432[\s\S]*refused by egress policy NetworkPolicy\/problem-policy/,
    );

    await label.click();
    expect(await page.locator('.finding:visible .msg').allTextContents()).toEqual([
      'Deployment/problem-service dials postgres:5432 (DATABASE_HOST in Secret/problem-service-secrets), but egress policy NetworkPolicy/problem-policy refuses it: connections time out or are refused',
    ]);
    await page.getByRole('button', { name: 'Show all again' }).click();
    expect(await shownFindings(page)).toBe(24);

    await page.getByRole('article', { name: 'dials postgres:5432' }).getByRole('button', { name: 'map' }).click();
    expect(await page.evaluate<string>(`document.activeElement.getAttribute('aria-label')`)).toBe(RED);
    expect(complaints).toEqual([]);
    await close();
  });

  inBrowser('filters by text, severity, environment and rule, and keeps that in its address', async () => {
    const { page, complaints, close } = await open(browser, algosu);
    const count = page.locator('#count');
    expect(await count.innerText()).toBe('24 findings');
    await page.getByRole('searchbox').fill('problem-policy DATABASE_HOST');
    expect(await count.innerText()).toBe('1 of 24 findings');
    expect(await shownFindings(page)).toBe(1);
    expect(page.url()).toMatch(/#q=problem-policy\+DATABASE_HOST$/);
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    expect(await count.innerText()).toBe('24 findings');

    await page.getByRole('button', { name: /warning/ }).click();
    expect(await count.innerText()).toBe('9 of 24 findings');
    expect(await page.locator('.finding.error:visible').count()).toBe(0);
    await page.getByRole('button', { name: 'staging' }).click();
    expect(await count.innerText()).toBe('0 of 24 findings');
    expect(await page.locator('#none').isVisible()).toBe(true);
    await page.getByRole('button', { name: /warning/ }).click();
    expect(await count.innerText()).toBe('1 of 24 findings');
    expect(await page.locator('.environment:visible h2').allTextContents()).toEqual(['staging']);
    await page.getByRole('button', { name: 'All environments' }).click();
    await page.getByRole('combobox').selectOption('host-unresolved');
    expect(await shownFindings(page)).toBe(1);
    await page.reload();
    expect(await count.innerText()).toBe('1 of 24 findings');
    expect(await page.getByRole('combobox').inputValue()).toBe('host-unresolved');
    expect(complaints).toEqual([]);
    await close();
  });

  inBrowser('opens at one finding', async () => {
    const { page, close } = await open(browser, algosu);
    const article = page.getByRole('article', { name: 'dials postgres:5432' });
    const link = await article.getByRole('link', { name: 'Link to this finding' }).getAttribute('href');
    await close();
    const again = await open(browser, algosu, {}, link ?? '');
    expect(await again.page.evaluate<string>('document.activeElement.id')).toBe(link?.slice(1));
    expect(await again.page.getByRole('article', { name: 'dials postgres:5432' }).isVisible()).toBe(true);
    expect(again.complaints).toEqual([]);
    await again.close();
  });

  inBrowser('tells the story of a rule, and comes back', async () => {
    const { page, complaints, close } = await open(browser, algosu);
    const link = page
      .getByRole('article', { name: 'dials postgres:5432' })
      .getByRole('link', { name: 'network-policy' });
    await link.click();
    const story = page.getByRole('dialog', { name: 'network-policy-blocks-connection' });
    expect(await story.isVisible()).toBe(true);
    const text = await story.innerText();
    for (const title of ['What happened', 'What to change', 'How it looks', 'Bad', 'Good'])
      expect(text).toContain(title);
    expect(text).toContain('AlgoSu, sprint 81, G2');
    expect(text).toMatch(/# <- .* dials /);
    await page.keyboard.press('Escape');
    expect(await story.isVisible()).toBe(false);
    expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('network-policy-blocks-connection');
    expect(complaints).toEqual([]);
    await close();
  });

  inBrowser('can be used with the keyboard alone', async () => {
    const { page, complaints, close } = await open(browser, algosu);
    const focused = () =>
      page.evaluate<{ name: string; outline: boolean }>(`(() => {
        const element = document.activeElement;
        const mark = element.querySelector?.('.hit') ?? element;
        const style = getComputedStyle(mark);
        if (element === document.body) return { name: '', outline: false };
        const outline = (style.outlineStyle !== 'none' && style.outlineWidth !== '0px') || style.stroke !== 'none';
        return { name: element.getAttribute('aria-label') ?? element.textContent.trim().slice(0, 60), outline };
      })()`);
    const stops: string[] = [];
    for (let i = 0; i < 300; i++) {
      await page.keyboard.press('Tab');
      const { name, outline } = await focused();
      if (name === '') break;
      expect(outline, `focus on ${name}`).toBe(true);
      stops.push(name);
    }
    // Out at the other end: nothing holds it.
    expect(stops.length).toBeLessThan(300);
    expect(stops[0]).toBe('Skip to the findings');
    expect(stops[1]).toBe('Search in the findings');
    // One stop for a whole map, at what is red.
    expect(stops.filter((name) => name === RED)).toHaveLength(1);

    await page.locator('.line.blocked[role]').first().focus();
    await page.keyboard.press('ArrowLeft');
    const left = await focused();
    expect(left.name).toMatch(/^(?:Deployment|Service)\/problem-service/);
    await page.keyboard.press('Enter');
    expect(await page.locator('#only-for-text').innerText()).toContain('problem-service');
    expect(await shownFindings(page)).toBe(1);
    await page.keyboard.press('Escape');
    expect(await shownFindings(page)).toBe(24);
    await page.keyboard.press('/');
    await page.keyboard.type('host-unresolved');
    expect(await shownFindings(page)).toBe(1);
    expect(complaints).toEqual([]);
    await close();
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 400]) {
      inBrowser(`is readable ${width} pixels wide, ${colorScheme}`, async () => {
        const { page, complaints, close } = await open(browser, algosu, {
          colorScheme,
          viewport: { width, height: 900 },
        });
        await page.evaluate(`document.querySelectorAll('details').forEach((details) => { details.open = true; })`);
        await page.getByRole('button', { name: /warning/ }).click();
        await page.getByRole('button', { name: /warning/ }).click();
        expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(width);
        const { seen, poor } = await page.evaluate<{ seen: number; poor: string[] }>(contrast);
        expect(seen).toBeGreaterThan(500);
        expect(poor).toEqual([]);
        expect(complaints).toEqual([]);
        await close();
      });
    }
  }

  inBrowser('is all there without its script, and on paper', async () => {
    const { page, close } = await open(browser, algosu, { javaScriptEnabled: false });
    expect(await shownFindings(page)).toBe(24);
    expect(await page.locator('.line.blocked[role]').first().isVisible()).toBe(true);
    expect(await page.locator('#bar').isVisible()).toBe(false);
    await page.emulateMedia({ media: 'print' });
    expect(await shownFindings(page)).toBe(24);
    await close();
  });
});

/** What a run costs the browser's main thread, in milliseconds of its own time, whatever else the machine does. */
async function busy(page: Page, run: () => Promise<unknown>): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const spent = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
  };
  const before = await spent();
  await run();
  const after = await spent();
  await session.detach();
  return (after - before) * 1000;
}

describe('a large page', () => {
  inBrowser('of 5,000 resources and 5,000 findings opens and filters at once', async () => {
    const cwd = tree({
      'all.yaml': largeStream(10, 100),
      'k8s-lint.yaml': 'environments: { prod: { targets: [{ manifests: [all.yaml] }] } }\n',
    });
    const report = await reportOn(cwd);
    expect(report.summary.resources).toBe(5000);
    const [first] = report.diagnostics;
    if (!first) throw new Error('something is found in it');
    const more = Array.from(
      { length: 5000 - report.diagnostics.length },
      (_, i): Diagnostic => ({
        ...first,
        message: `${first.message} (${i})`,
        location: { file: 'all.yaml', line: i * 5 + 1, column: 1 },
        fingerprint: `made-${i}`,
      }),
    );
    const html = htmlOf({ ...report, diagnostics: [...report.diagnostics, ...more] }, cwd);
    const file = save('large.html', html);
    const { page, complaints, close } = await open(browser, algosu);
    const opening = await busy(page, () => page.goto(`file://${file}`));
    expect(opening).toBeLessThan(2000);
    expect(await page.locator('#count').innerText()).toBe('5000 findings');
    const red = await page.locator('.environment > .body > .frame .line.blocked[role]').count();
    expect(red).toBeGreaterThan(10);
    expect(await page.locator('.environment > .body > .frame .card').count()).toBeLessThanOrEqual(60);
    for (const text of ['app-3', 'app-31 image', 'nothing of the kind', '']) {
      const type = () =>
        page.evaluate(`new Promise((done) => {
          const search = document.querySelector('#q');
          search.value = ${JSON.stringify(text)};
          search.dispatchEvent(new Event('input'));
          requestAnimationFrame(() => requestAnimationFrame(done));
        })`);
      expect(await busy(page, type), `searching for "${text}"`).toBeLessThan(200);
    }
    expect(await page.locator('#count').innerText()).toBe('5000 findings');
    expect(complaints).toEqual([]);
    await close();
  });
});

describe('a page without much', () => {
  const empty: Report = {
    diagnostics: [],
    suppressed: [],
    unchecked: [],
    environments: ['prod'],
    summary: { errors: 0, warnings: 0, infos: 0, ignored: 0, targets: 1, resources: 3 },
    rules: ['image-tag-latest'],
    failures: [],
  };

  inBrowser('says that nothing was found', async () => {
    const { page, complaints, close } = await open(browser, save('clean.html', htmlOf(empty, directory)));
    expect(await page.title()).toBe('k8s-lint: nothing found');
    expect(await page.getByRole('heading').allTextContents()).toEqual(['Nothing found', 'Nothing to mend.']);
    expect(complaints).toEqual([]);
    await close();
  });

  it('says why nothing was judged', () => {
    const html = htmlOf({ ...empty, environments: [], note: 'nothing selected: a.md reaches no target' }, directory);
    expect(html).toContain('<title>k8s-lint: nothing was judged</title>');
    expect(html).toContain('<h1>Nothing was judged</h1>');
    expect(html).toContain('<p>nothing selected: a.md reaches no target</p>');
  });

  inBrowser('says what was fixed, ignored, not checked, and what failed', async () => {
    const fixed: Diagnostic = {
      rule: 'image-tag-latest',
      severity: 'warning',
      message: 'image web has no tag',
      location: { file: 'web.yaml', line: 3, column: 5 },
      related: [],
      targets: [{ environment: 'prod', target: 'prod' }],
      fingerprint: 'abc',
    };
    const report: Report = {
      ...empty,
      since: {
        ref: 'origin/main',
        commit: '0123456789abcdef',
        before: { errors: 1, warnings: 2, infos: 0 },
        fixed: [fixed],
      },
      failures: ['helm is missing'],
      suppressed: [
        { diagnostic: fixed, reason: 'on purpose', location: { file: 'web.yaml', line: 2 }, kind: 'inSource' },
      ],
      unchecked: [{ what: 'Nodes', reason: 'existing holds no Node', target: 'prod' }],
    };
    const { page, complaints, close } = await open(browser, save('since.html', htmlOf(report, directory)));
    const text = await page.evaluate<string>(
      `(document.querySelectorAll('details').forEach((details) => { details.open = true; }), document.body.innerText)`,
    );
    for (const part of [
      'Nothing new found in what was judged',
      'Compared with origin/main (0123456789ab): 1 finding fixed, 3 that were there before not shown.',
      'helm is missing',
      'image web has no tag web.yaml:3:5',
      'on purpose',
      'Nodes: existing holds no Node',
    ]) {
      expect(text).toContain(part);
    }
    expect(complaints).toEqual([]);
    await close();
  });
});

describe('hostile text', () => {
  const evil = '</script><img src=x onerror=alert(1)><script>alert(2)</script>';
  const long = 'n'.repeat(5000);

  inBrowser('is text', async () => {
    const name = `"'><svg onload=alert(3)>\u202egnp.exe`;
    const cwd = tree({ 'bad.yaml': `# ${evil}\nkind: '${evil}'\nname: ${long}\nx: "\u202eabc"\n` });
    const diagnostic: Diagnostic = {
      rule: 'reference-missing',
      severity: 'error',
      message: `there is no Secret/${evil} ${name} ${long}\nsecond line <b>`,
      resource: { apiVersion: 'v1', kind: evil, name },
      path: ['metadata'],
      location: { file: 'bad.yaml', line: 2, column: 1 },
      related: [{ message: evil, location: { file: `${evil}.yaml`, line: 1 } }],
      targets: [{ environment: evil, target: name }],
      fingerprint: `x"><img src=x onerror=alert(4)>`,
    };
    const node = { kind: evil, name: `${name}${long}`, namespace: long, findings: [diagnostic.fingerprint] };
    const report: Report = {
      diagnostics: [diagnostic],
      suppressed: [{ diagnostic, reason: evil, location: { file: evil }, kind: 'external' }],
      unchecked: [{ what: evil, reason: evil, target: evil }],
      environments: [evil, name],
      pictures: [
        {
          environment: evil,
          nodes: [
            { type: 'entry', ...node, facts: [evil, long] },
            { type: 'service', ...node, facts: [evil] },
            { type: 'workload', ...node, facts: [], isolated: { egress: [0] } },
          ],
          edges: [
            {
              ...{ from: 0, to: 1, type: 'routes', state: 'blocked', port: evil, places: [evil] },
              ...{ blockedBy: [{ side: 'egress', policy: 0 }], findings: [diagnostic.fingerprint] },
            },
          ],
          policies: [{ kind: 'NetworkPolicy', name: evil, findings: [] }],
          notes: [evil],
        },
      ],
      summary: { errors: 1, warnings: 0, infos: 0, ignored: 1, targets: 1, resources: 1 },
      rules: [],
      failures: [evil],
      note: evil,
    };
    const html = htmlOf(report, cwd);
    expect(html).not.toMatch(/\u202e/);
    for (const width of [1280, 400]) {
      const { page, complaints, close } = await open(browser, save('hostile.html', html), {
        viewport: { width, height: 900 },
      });
      await page.evaluate(`document.querySelectorAll('details').forEach((details) => { details.open = true; })`);
      expect(await page.locator('img, [onload], [onerror]').count()).toBe(0);
      expect(await page.locator('script').count()).toBe(1);
      expect(await page.locator('.finding .msg').textContent()).toContain(evil);
      expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(width);
      expect(complaints).toEqual([]);
      await close();
    }
  });
});

describe('the file', () => {
  it('is the same each time, and asks for nothing from elsewhere', async () => {
    const cwd = join(projects, 'oli', 'broken');
    const [one, other] = await Promise.all([reportOn(cwd), reportOn(cwd)]);
    const html = htmlOf(one, cwd);
    expect(htmlOf(other, cwd)).toBe(html);
    expect(html.match(/(?:src|href|action|data)="(?!#|https:\/\/|data:,")[^"]*"/g)).toBe(null);
    expect(html.match(/<(?:link|img|iframe|script|object|embed)\b[^>]*>/g)).toEqual([
      '<link rel="icon" href="data:,">',
      '<script type="module">',
    ]);
    // All but the data: what each page carries.
    expect(htmlOf({ ...one, diagnostics: [], pictures: [], suppressed: [], unchecked: [] }, cwd).length).toBeLessThan(
      60_000,
    );
  });

  it('shows no value of a Secret', async () => {
    const cwd = join(projects, 'algosu', 'broken');
    const { readFileSync } = await import('node:fs');
    const secrets = readFileSync(join(cwd, 'infra/overlays/dev/secrets.yaml'), 'utf8');
    const values = [...secrets.matchAll(/(?:PASSWORD|SECRET|TOKEN)\w*: *['"]?([^\s'"#]{6,})/g)].map(
      (match) => match[1],
    );
    expect(values.length).toBeGreaterThan(0);
    const html = htmlOf(await reportOn(cwd), cwd);
    for (const value of values) expect(html).not.toContain(value);
  });
});
