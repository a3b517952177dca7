// The script of the page: it filters and searches what is there, links the map with the findings, and opens the rules' stories.
// Written for browsers as they are; it makes no element out of text.

const articles = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('.finding')]);
const bar = document.querySelector('#bar');
const search = /** @type {HTMLInputElement | null} */ (document.querySelector('#q'));
const ruleChoice = /** @type {HTMLSelectElement | null} */ (document.querySelector('#rule'));
const maps = /** @type {SVGSVGElement[]} */ ([...document.querySelectorAll('svg.map[role]')]);

/**
 * What is asked for: texts, severities, one environment (its number), one rule, and what is chosen on a map.
 * @type {{ q: string, severities: Set<string>, environment: string, rule: string, chosen: Element | null }}
 */
const asked = { q: '', severities: new Set(), environment: '', rule: '', chosen: null };

/** @param {string} selector @param {ParentNode} [within] */
function all(selector, within = document) {
  return /** @type {HTMLElement[]} */ ([...within.querySelectorAll(selector)]);
}

/** @param {string} selector @param {ParentNode} [within] */
function one(selector, within = document) {
  return /** @type {HTMLElement | null} */ (within.querySelector(selector));
}

/** @param {Element} element @param {string} name */
function words(element, name) {
  return (element.getAttribute(name) ?? '').split(' ').filter((word) => word !== '');
}

/** What each finding is searched by. @type {string[] | undefined} */
let texts;

function searchable() {
  texts ??= articles.map((article) => {
    const file = article.closest('.file')?.querySelector('h3')?.textContent ?? '';
    return `${file} ${article.textContent}`.toLowerCase();
  });
  return texts;
}

/** Shows the findings that are asked for, and says how many. */
function apply() {
  const wanted = asked.q.toLowerCase().split(/\s+/).filter(Boolean);
  const read = wanted.length > 0 ? searchable() : [];
  const chosen = asked.chosen ? new Set(words(asked.chosen, 'data-f')) : undefined;
  let shown = 0;
  for (const [i, article] of articles.entries()) {
    const { s = '', r = '', i: number = '' } = article.dataset;
    const isShown =
      (asked.severities.size === 0 || asked.severities.has(s)) &&
      (asked.rule === '' || asked.rule === r) &&
      (asked.environment === '' || words(article, 'data-e').includes(asked.environment)) &&
      (!chosen || chosen.has(number)) &&
      wanted.every((word) => read[i]?.includes(word));
    if (article.hidden === isShown) article.hidden = !isShown;
    if (isShown) shown++;
  }
  for (const section of all('.file')) section.hidden = !one('.finding:not([hidden])', section);
  for (const section of all('.group')) section.hidden = !one('.file:not([hidden])', section);
  for (const section of all('.environment')) {
    section.hidden = asked.environment !== '' && section.dataset.e !== asked.environment;
  }
  const count = one('#count');
  const isFiltered = shown < articles.length;
  const noun = articles.length === 1 ? 'finding' : 'findings';
  if (count) count.textContent = isFiltered ? `${shown} of ${articles.length} ${noun}` : `${shown} ${noun}`;
  one('#none')?.toggleAttribute('hidden', shown > 0);
  const isAsked = asked.q !== '' || asked.severities.size > 0 || asked.environment !== '' || asked.rule !== '';
  one('#reset')?.toggleAttribute('hidden', !isAsked && !asked.chosen);
  one('#only-for')?.toggleAttribute('hidden', !asked.chosen);
  const text = one('#only-for-text');
  if (text && asked.chosen) text.textContent = `On the map: ${asked.chosen.getAttribute('aria-label')}`;
}

/** Brings the controls in line with what is asked for. */
function showControls() {
  if (search && search.value !== asked.q) search.value = asked.q;
  if (ruleChoice) ruleChoice.value = asked.rule;
  for (const chip of all('[data-severity]')) {
    chip.setAttribute('aria-pressed', String(asked.severities.has(chip.dataset.severity ?? '')));
  }
  for (const chip of all('[data-environment]')) {
    chip.setAttribute('aria-pressed', String(chip.dataset.environment === asked.environment));
  }
}

/** What is asked for stands in the address, so that it can be passed on. */
function writeAddress() {
  const params = new URLSearchParams();
  if (asked.q !== '') params.set('q', asked.q);
  if (asked.severities.size > 0) params.set('severity', [...asked.severities].sort().join(','));
  if (asked.environment !== '') params.set('environment', environmentName(asked.environment));
  if (asked.rule !== '') params.set('rule', asked.rule);
  const hash = params.toString();
  history.replaceState(null, '', hash === '' ? location.href.replace(/#.*$/, '') : `#${hash}`);
}

/** @param {string} number */
function environmentName(number) {
  return one(`.environment[data-e="${number}"] h2`)?.textContent ?? number;
}

/** What stands in an address, as it was before it was put there. @param {string} text */
function plain(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function readAddress() {
  const hash = plain(location.hash.slice(1));
  if (hash.startsWith('f-')) reveal(document.getElementById(hash));
  if (hash.startsWith('rule-')) openStory(hash.slice('rule-'.length), null);
  // The name of a place on the page asks for no filter.
  if (hash !== '' && !hash.includes('=')) return;
  const params = new URLSearchParams(location.hash.slice(1));
  asked.q = params.get('q') ?? '';
  asked.rule = params.get('rule') ?? '';
  const name = params.get('environment');
  const section = all('.environment').find((candidate) => one('h2', candidate)?.textContent === name);
  asked.environment = name === null ? '' : (section?.dataset.e ?? (/^\d+$/.test(name) ? name : ''));
  const known = new Set(all('[data-severity]').map((chip) => chip.dataset.severity ?? ''));
  asked.severities = new Set((params.get('severity') ?? '').split(',').filter((severity) => known.has(severity)));
  if (ruleChoice && ![...ruleChoice.options].some(({ value }) => value === asked.rule)) asked.rule = '';
  openMap();
  showControls();
  apply();
}

/** Shows one finding, whatever was asked for. @param {HTMLElement | null} article */
function reveal(article) {
  if (!article) return;
  if (article.hidden) {
    choose(null);
    Object.assign(asked, { q: '', severities: new Set(), environment: '', rule: '' });
    showControls();
    apply();
  }
  for (const other of all('.finding.at')) other.classList.remove('at');
  article.classList.add('at');
  article.tabIndex = -1;
  article.scrollIntoView({ block: 'center' });
  article.focus({ preventScroll: true });
}

/** The map of the environment that was asked for is open. */
function openMap() {
  const section = asked.environment === '' ? null : one(`.environment[data-e="${asked.environment}"]`);
  if (section instanceof HTMLDetailsElement) section.open = true;
}

function changed() {
  showControls();
  apply();
  writeAddress();
}

function listen() {
  search?.addEventListener('input', () => {
    asked.q = search.value.trim();
    changed();
  });
  ruleChoice?.addEventListener('change', () => {
    asked.rule = ruleChoice.value;
    changed();
  });
  bar?.addEventListener('submit', (event) => event.preventDefault());
  for (const chip of all('[data-severity]')) {
    chip.addEventListener('click', () => {
      const severity = chip.dataset.severity ?? '';
      if (!asked.severities.delete(severity)) asked.severities.add(severity);
      changed();
    });
  }
  for (const chip of all('[data-environment]')) {
    chip.addEventListener('click', () => {
      const number = chip.dataset.environment ?? '';
      asked.environment = asked.environment === number ? '' : number;
      if (asked.chosen && asked.environment !== '' && mapOf(asked.chosen)?.dataset.e !== asked.environment)
        choose(null);
      openMap();
      changed();
    });
  }
  one('#reset')?.addEventListener('click', () => {
    Object.assign(asked, { q: '', severities: new Set(), environment: '', rule: '' });
    choose(null);
    changed();
    search?.focus();
  });
  one('#only-for-clear')?.addEventListener('click', () => {
    const back = asked.chosen;
    choose(null);
    changed();
    if (back instanceof SVGElement) back.focus();
  });
  document.addEventListener('keydown', (event) => {
    const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey && search) {
      event.preventDefault();
      search.focus();
    }
    if (event.key === 'Escape' && asked.chosen && !isTyping) {
      choose(null);
      changed();
    }
  });
  document.addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const rule = target?.closest('a.rule');
    if (rule instanceof HTMLAnchorElement) {
      event.preventDefault();
      openStory(rule.hash.slice('#rule-'.length), rule);
    }
    const link = target?.closest('a[href^="#f-"]');
    if (link instanceof HTMLAnchorElement) {
      event.preventDefault();
      history.replaceState(null, '', link.hash);
      reveal(document.getElementById(plain(link.hash.slice(1))));
    }
    const button = target?.closest('.on-map');
    if (button) showOnMap(button.closest('.finding'));
  });
  addEventListener('hashchange', readAddress);
  addEventListener('beforeprint', () => {
    for (const details of document.querySelectorAll('details.environment')) details.setAttribute('open', '');
  });
}

/* The map */

/** @param {Element} element */
function mapOf(element) {
  return /** @type {HTMLElement | null} */ (element.closest('.frame'));
}

/** What can be chosen on maps. @param {ParentNode} map */
function choices(map) {
  return /** @type {SVGElement[]} */ ([...map.querySelectorAll('.node[role], .line[role]')]);
}

/** Chooses a node or a line of a map, or nothing. @param {Element | null} element */
function choose(element) {
  asked.chosen?.setAttribute('aria-pressed', 'false');
  for (const map of maps) map.classList.remove('chosen');
  for (const near of document.querySelectorAll('.near')) near.classList.remove('near');
  asked.chosen = element;
  if (!element) return;
  element.setAttribute('aria-pressed', 'true');
  const map = element.closest('svg');
  if (!map) return;
  map.classList.add('chosen');
  element.classList.add('near');
  const node = element.getAttribute('data-n');
  const ends = new Set([node, element.getAttribute('data-a'), element.getAttribute('data-b')]);
  for (const line of map.querySelectorAll('[data-a]')) {
    const [a, b] = [line.getAttribute('data-a'), line.getAttribute('data-b')];
    const isNear = node === null ? ends.has(a) && ends.has(b) : a === node || b === node;
    if (!isNear) continue;
    line.classList.add('near');
    for (const end of [a, b]) ends.add(end);
  }
  for (const other of map.querySelectorAll('.node')) {
    if (ends.has(other.getAttribute('data-n'))) other.classList.add('near');
  }
}

/** @param {Element} element */
function toggle(element) {
  choose(asked.chosen === element ? null : element);
  changed();
}

/** One stop for Tab in each map: the arrows go on from there. @param {SVGElement} element */
function settle(element) {
  const map = element.closest('svg');
  for (const other of map?.querySelectorAll('[tabindex="0"]') ?? []) other.setAttribute('tabindex', '-1');
  element.setAttribute('tabindex', '0');
}

/** The nearest choice in a direction. @param {SVGElement} from @param {string} key */
function nearest(from, key) {
  const map = from.closest('svg');
  if (!map) return undefined;
  const here = centre(from);
  let best;
  let least = Number.POSITIVE_INFINITY;
  for (const other of choices(map)) {
    if (other === from) continue;
    const { x, y } = centre(other);
    const [along, aside] =
      key === 'ArrowLeft' || key === 'ArrowRight' ? [x - here.x, y - here.y] : [y - here.y, x - here.x];
    const ahead = key === 'ArrowRight' || key === 'ArrowDown' ? along : -along;
    if (ahead < 4) continue;
    const distance = ahead + 2.5 * Math.abs(aside);
    if (distance < least) {
      least = distance;
      best = other;
    }
  }
  return best;
}

/** @param {Element} element */
function centre(element) {
  const { left, top, width, height } = (element.querySelector('.hit') ?? element).getBoundingClientRect();
  return { x: left + width / 2, y: top + height / 2 };
}

/** The line that a label stands on. @param {Element} label */
function lineOf(label) {
  const ends = `[data-a="${label.getAttribute('data-a')}"][data-b="${label.getAttribute('data-b')}"]`;
  return label.closest('svg')?.querySelector(`.line.blocked${ends}`);
}

/** @param {SVGSVGElement} map */
function listenTo(map) {
  const list = choices(map);
  (list.find((element) => element.classList.contains('blocked')) ?? list[0])?.setAttribute('tabindex', '0');
  map.addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const label = target?.closest('.label');
    const element = label ? lineOf(label) : target?.closest('[role=button]');
    if (element instanceof SVGElement) {
      settle(element);
      toggle(element);
    } else if (asked.chosen) {
      choose(null);
      changed();
    }
  });
  map.addEventListener('keydown', (event) => {
    const element = event.target;
    if (!(element instanceof SVGElement)) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      toggle(element);
    }
    if (event.key.startsWith('Arrow')) {
      event.preventDefault();
      const next = nearest(element, event.key);
      if (next) {
        settle(next);
        next.focus();
        next.scrollIntoView({ block: 'nearest', inline: 'nearest' });
      }
    }
  });
  const frame = mapOf(map);
  const body = frame?.parentElement;
  if (!frame || !body) return;
  const natural = map.width.baseVal.value;
  const ratio = map.height.baseVal.value / natural;
  let scale = 1;
  /** @param {number} to */
  const zoom = (to) => {
    const middle = (frame.scrollLeft + frame.clientWidth / 2) / scale;
    scale = Math.min(2.5, Math.max(0.15, to));
    map.style.width = `${natural * scale}px`;
    map.style.height = `${natural * scale * ratio}px`;
    frame.scrollLeft = middle * scale - frame.clientWidth / 2;
  };
  for (const button of all('[data-zoom]', body)) {
    button.addEventListener('click', () => {
      const kind = button.dataset.zoom;
      zoom(kind === 'in' ? scale * 1.25 : kind === 'out' ? scale / 1.25 : Math.min(1, frame.clientWidth / natural));
    });
  }
  const start = () => {
    // A little too wide is made to fit; of what is far too wide, the red is shown first.
    const fit = frame.clientWidth / natural;
    if (fit < 1) zoom(Math.max(fit, 0.72));
    const red = map.querySelector('.label, .line.blocked, .line.missing');
    if (red && frame.scrollWidth > frame.clientWidth) {
      const { left, width } = red.getBoundingClientRect();
      frame.scrollLeft += left + width / 2 - frame.getBoundingClientRect().left - frame.clientWidth / 2;
    }
  };
  const details = frame.closest('details');
  if (details?.open) start();
  else details?.addEventListener('toggle', start, { once: true });
}

/** @param {Element | null | undefined} article */
function showOnMap(article) {
  const number = article?.getAttribute('data-i');
  if (!article || number === null || number === undefined) return;
  const environments = asked.environment === '' ? words(article, 'data-e') : [asked.environment];
  for (const environment of environments) {
    const section = one(`.environment[data-e="${environment}"]`);
    const found = section ? choices(section).filter((element) => words(element, 'data-f').includes(number)) : [];
    const best = found.find((element) => element.classList.contains('line')) ?? found[0];
    if (!best) continue;
    for (let outer = best.closest('details'); outer; outer = outer.parentElement?.closest('details') ?? null) {
      outer.open = true;
    }
    choose(best);
    changed();
    settle(best);
    best.focus({ preventScroll: true });
    best.scrollIntoView({ block: 'center', inline: 'center' });
    return;
  }
}

/* The stories */

/** @param {string} id @param {HTMLElement | null} from */
function openStory(id, from) {
  const dialog = /** @type {HTMLDialogElement | null} */ (document.querySelector('#story'));
  const story = document.getElementById(`rule-${id}`)?.querySelector('.story');
  if (!dialog || !story) return;
  const title = one('#story-title');
  if (title) title.textContent = id;
  one('#story-body')?.replaceChildren(story.cloneNode(true));
  dialog.addEventListener('close', () => from?.focus(), { once: true });
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

one('#story-close')?.addEventListener('click', () => {
  /** @type {HTMLDialogElement | null} */ (document.querySelector('#story'))?.close();
});
one('#story')?.addEventListener('click', (event) => {
  if (event.target === event.currentTarget) /** @type {HTMLDialogElement} */ (event.currentTarget).close();
});

for (const element of all('#bar, .zoom')) element.hidden = false;
const known = new Set(maps.flatMap((map) => choices(map).flatMap((element) => words(element, 'data-f'))));
for (const button of all('.on-map'))
  button.hidden = !known.has(button.closest('.finding')?.getAttribute('data-i') ?? '');
listen();
// What the first search would wait for.
if ('requestIdleCallback' in window) requestIdleCallback(() => searchable());
for (const map of maps) listenTo(map);
readAddress();
