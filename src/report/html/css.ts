/** The looks of the page, in light and in dark, on a screen of any width and on paper. */
export const css = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --panel: #ffffff; --ink: #1a1f26; --soft: #57606a; --edge: #d3d9e0; --sunk: #eef1f4;
  --error: #b3261e; --error-ground: #fdeceb; --warning: #8a5300; --warning-ground: #fdf3e0; --info: #0b5cad; --info-ground: #e7f1fb;
  --good: #1a7f37; --gate: #7a3ff2; --link: #0b5cad; --line: #8691a0; --mark: #fff4d6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0e1116; --panel: #171c23; --ink: #e6eaef; --soft: #a3adb8; --edge: #303842; --sunk: #10151b;
    --error: #ff8a80; --error-ground: #3a1614; --warning: #e9b44c; --warning-ground: #33260d; --info: #7db9f5; --info-ground: #10263d;
    --good: #5fcf7c; --gate: #b79bff; --link: #7db9f5; --line: #77828f; --mark: #3a3217;
  }
}
* { box-sizing: border-box; }
html { background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; scroll-padding-top: 7.5rem; }
body { margin: 0; overflow-wrap: anywhere; }
[hidden] { display: none !important; }
a { color: var(--link); }
code, pre, .mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .87em; }
code, .msg, .name { unicode-bidi: isolate; overflow-wrap: anywhere; }
:focus-visible { outline: 2.5px solid var(--link); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: .5rem; z-index: 9; padding: .4rem .8rem; background: var(--panel); }
.wide { max-width: 80rem; margin: 0 auto; padding-left: 1.5rem; padding-right: 1.5rem; }
h1, h2, h3, h4 { line-height: 1.3; margin: 0; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1.15rem; }
h3 { font-size: .95rem; font-weight: 600; }
h4 { font-size: 1rem; font-weight: 600; }
button, select, input { font: inherit; color: inherit; }
button { cursor: pointer; }

.top { padding-top: 1.6rem; padding-bottom: 1rem; }
.top .eyebrow { color: var(--soft); font-size: .85rem; letter-spacing: .02em; margin: 0 0 .15rem; }
.top .facts { color: var(--soft); margin: .25rem 0 0; }
.error-text { color: var(--error); } .warning-text { color: var(--warning); } .info-text { color: var(--info); } .good-text { color: var(--good); }
.alert { border: 1px solid var(--error); border-left-width: 5px; background: var(--error-ground); border-radius: 8px; padding: .7rem 1rem; margin: 1rem 0 0; }
.alert ul { margin: .3rem 0 0; padding-left: 1.2rem; }

.bar { background: var(--panel); border: 1px solid var(--edge); border-radius: 10px; padding: .6rem .8rem; display: flex; flex-wrap: wrap; gap: .5rem .8rem; align-items: center; margin-bottom: 1.2rem; }
.bar input[type=search] { flex: 1 1 13rem; min-width: 0; padding: .38rem .7rem; }
.bar input[type=search], .bar select { border: 1px solid var(--line); border-radius: 7px; background: var(--ground); }
.bar select { padding: .38rem .5rem; max-width: 100%; min-width: 0; flex: 0 1 15rem; }
.chips { display: flex; flex-wrap: wrap; gap: .35rem; border: 0; padding: 0; margin: 0; min-width: 0; }
.chip { border: 1px solid var(--edge); border-radius: 999px; background: var(--ground); padding: .22rem .75rem; white-space: nowrap; max-width: 100%; overflow: hidden; text-overflow: ellipsis; }
.chip:hover { border-color: var(--line); }
.chip[aria-pressed=true] { background: var(--ink); border-color: var(--ink); color: var(--panel); }
.chip[aria-pressed=true] * { color: inherit; }
.chip b { font-weight: 600; margin-left: .35rem; }
.plain { border: 1px solid var(--edge); border-radius: 7px; background: var(--panel); padding: .2rem .65rem; }
.plain:hover { border-color: var(--line); }
.count { color: var(--soft); margin: 0; }
.only-for { flex-basis: 100%; display: flex; flex-wrap: wrap; gap: .3rem .7rem; align-items: center; margin: 0; }

.environment { background: var(--panel); border: 1px solid var(--edge); border-radius: 10px; margin-bottom: .8rem; }
.environment > summary { padding: .7rem 1rem; display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: baseline; cursor: pointer; list-style: none; }
.environment > summary::before, .fold > summary::before { content: "▸"; color: var(--soft); display: inline-block; width: 1em; }
.environment[open] > summary::before, .fold[open] > summary::before { content: "▾"; }
summary::-webkit-details-marker { display: none; }
.environment > summary h2, .environment > summary span { display: inline; }
.environment .body { padding: 0 1rem 1rem; }
.soft { color: var(--soft); }
.incidents { list-style: none; margin: 0 0 .8rem; padding: 0; display: grid; gap: .5rem; }
.incidents li { border-left: 4px solid var(--error); background: var(--error-ground); border-radius: 6px; padding: .5rem .8rem; }
.incidents li.mild { border-left-color: var(--warning); background: var(--warning-ground); }
.incidents .by { color: var(--error); }
.incidents .mild .by { color: var(--warning); }
.incidents li p { margin: 0; }
.flow { display: flex; flex-wrap: wrap; gap: .15rem .5rem; align-items: center; font-weight: 600; }
.incidents .soft { font-size: .9rem; color: var(--ink); }
.frame { overflow: auto; border: 1px solid var(--edge); border-radius: 8px; background: var(--ground); max-height: 46rem; }
.frame svg { display: block; margin: 0 auto; }
.tools { display: flex; flex-wrap: wrap; gap: .4rem 1.1rem; align-items: center; margin: .6rem 0 0; font-size: .87rem; }
.tools .zoom { display: flex; gap: .3rem; margin-left: auto; }
.legend { display: flex; flex-wrap: wrap; flex: 1 1 20rem; gap: .2rem 1.1rem; margin: 0; padding: 0; list-style: none; color: var(--soft); }
.legend svg { vertical-align: -3px; margin-right: .35rem; }

.map { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
.map text { fill: var(--ink); font-size: 13px; }
.map .name { font-weight: 600; }
.map text.kind, .map .port { fill: var(--soft); font-size: 11px; font-weight: 400; }
.map .service .service, .map text.service { font-size: 12.5px; }
.map .box { fill: var(--panel); stroke: var(--line); }
.map .hurt .hit { stroke: var(--error); stroke-width: 2; }
.map .missing .box { stroke: var(--error); stroke-width: 1.5; stroke-dasharray: 5 4; fill: var(--error-ground); }
.map .missing text.kind { fill: var(--error); font-weight: 600; }
.map .rule { stroke: var(--edge); }
.map .plug { fill: none; stroke: var(--soft); stroke-width: 1.6; }
.map .gate { fill: var(--gate); }
.map .hit { fill: transparent; stroke: none; }
.map .node { cursor: pointer; outline: none; }
.map .node:hover .hit { fill: var(--link); fill-opacity: .08; }
.map .node:focus-visible .hit, .map .node[aria-pressed=true] .hit { stroke: var(--link); stroke-width: 3; }
.map .node[aria-pressed=true] .hit { fill: var(--link); fill-opacity: .14; }
.map .badge rect { fill: var(--info-ground); stroke: var(--info); }
.map .badge text { font-size: 11px; font-weight: 700; text-anchor: middle; fill: var(--info); }
.map .badge.error rect { fill: var(--error-ground); stroke: var(--error); } .map .badge.error text { fill: var(--error); }
.map .badge.warning rect { fill: var(--warning-ground); stroke: var(--warning); } .map .badge.warning text { fill: var(--warning); }
.map .line path { fill: none; stroke: var(--line); stroke-width: 1.6; }
.map .line .tip { fill: var(--line); stroke: none; }
.map .line .hit, .legend .line .hit { stroke: transparent; stroke-width: 14; }
.map .line.selects path:not(.hit):not(.tip) { stroke-width: 1; }
.map .line.unknown path:not(.hit):not(.tip) { stroke-dasharray: 2 4; }
.map .line.blocked path:not(.hit):not(.tip) { stroke: var(--error); stroke-width: 2.8; stroke-dasharray: 9 5; }
.map .line.missing path:not(.hit):not(.tip) { stroke: var(--error); stroke-width: 2.4; stroke-dasharray: 3 4; }
.map .line.blocked .tip, .map .line.missing .tip { fill: var(--error); }
.map .mild .box { stroke: var(--warning); fill: var(--warning-ground); }
.map .mild text.kind { fill: var(--warning); }
.map .line.mild path:not(.hit):not(.tip) { stroke: var(--warning); }
.map .line.mild .tip { fill: var(--warning); }
.map .line[role] { cursor: pointer; outline: none; }
.map .line[role]:focus-visible .hit { stroke: var(--link); stroke-opacity: .45; }
.map .line[aria-pressed=true] .hit { stroke: var(--link); stroke-opacity: .25; }
.map .label { cursor: pointer; }
.map .label rect { fill: var(--error-ground); stroke: var(--error); stroke-width: 1.5; }
.map .label text { fill: var(--error); text-anchor: middle; font-size: 12px; }
.map .label .strong { font-weight: 700; font-size: 13px; }
.map.chosen .node:not(.near), .map.chosen .line:not(.near), .map.chosen .label:not(.near) { opacity: .35; }

.fold { margin-top: .7rem; }
.fold > summary { cursor: pointer; list-style: none; }
.scroll { overflow-x: auto; max-height: 30rem; }
table { border-collapse: collapse; font-size: .87rem; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--edge); overflow-wrap: anywhere; }
td { min-width: 5rem; }
.names { margin: .2rem 0 .5rem; padding-left: 1.2rem; }

.group { margin: 1.6rem 0 .4rem; }
.group > h2 { margin-bottom: .5rem; }
.file { margin-bottom: 1rem; }
.file > h3 { position: sticky; top: 0; background: var(--ground); padding: .35rem 0; z-index: 1; overflow-wrap: anywhere; }
.finding { background: var(--panel); border: 1px solid var(--edge); border-left: 4px solid var(--info); border-radius: 8px; padding: .7rem .9rem .75rem; margin-bottom: .55rem; content-visibility: auto; contain-intrinsic-size: auto 11rem; }
.finding.error { border-left-color: var(--error); } .finding.warning { border-left-color: var(--warning); }
.finding:target, .finding.at { box-shadow: 0 0 0 2px var(--link); }
.finding .msg { font-weight: 500; font-size: 1rem; white-space: pre-line; }
.sev { display: inline-block; border-radius: 5px; padding: 0 .45rem; margin-right: .35rem; font-size: .82rem; font-weight: 700; }
.sev.error { color: var(--error); background: var(--error-ground); } .sev.warning { color: var(--warning); background: var(--warning-ground); } .sev.info { color: var(--info); background: var(--info-ground); }
.meta { display: flex; flex-wrap: wrap; gap: .1rem .9rem; align-items: baseline; margin: .3rem 0 0; color: var(--soft); font-size: .87rem; }
.meta code { font-size: .95em; }
.source { margin: .55rem 0 0; background: var(--sunk); border-radius: 6px; padding: .4rem 0; overflow-x: auto; line-height: 1.55; tab-size: 4; }
.source span { display: block; min-height: 1lh; padding: 0 .8rem; width: max-content; min-width: 100%; unicode-bidi: isolate; }
.source i { display: inline-block; min-width: 3.2em; padding-right: 1em; text-align: right; color: var(--soft); font-style: normal; user-select: none; }
.source .here { background: var(--mark); }
.source span { position: relative; }
.source .here i::before { content: "▸"; color: var(--error); position: absolute; left: .35rem; }
.way { margin: .5rem 0 0; padding-left: 1.1rem; font-size: .87rem; color: var(--soft); overflow-wrap: anywhere; }
.none { text-align: center; padding: 2rem 0; color: var(--soft); }
.clean { text-align: center; padding: 1.8rem 1rem; margin-bottom: 1.2rem; background: var(--panel); border: 1px solid var(--edge); border-radius: 10px; }
.clean .tick { font-size: 2.4rem; line-height: 1; color: var(--good); margin: 0 0 .3rem; }
.aside { margin: 1.6rem 0; }
.aside > details { background: var(--panel); border: 1px solid var(--edge); border-radius: 8px; padding: .5rem .9rem; margin: 0 0 .5rem; }
.aside ul { padding-left: 1.2rem; margin: .5rem 0; overflow-wrap: anywhere; }
.aside li { margin-bottom: .35rem; }
.story { margin-top: .6rem; }
.story h3 { margin: 1rem 0 .25rem; }
.story p { margin: .2rem 0; max-width: 46rem; white-space: pre-line; overflow-wrap: anywhere; }
.story ul { margin: .2rem 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
.story .source .note { color: var(--error); white-space: pre-wrap; width: 0; min-width: 100%; }
dialog { border: 1px solid var(--edge); border-radius: 12px 0 0 12px; padding: 0; color: inherit; background: var(--panel); width: min(46rem, 100vw); max-width: 100vw; height: 100dvh; max-height: 100dvh; margin: 0 0 0 auto; }
dialog::backdrop { background: #0008; }
dialog .head { position: sticky; top: 0; display: flex; gap: 1rem; justify-content: space-between; align-items: flex-start; padding: 1rem 1.3rem .6rem; background: var(--panel); border-bottom: 1px solid var(--edge); z-index: 2; }
dialog .story { padding: 0 1.3rem 2rem; }
footer { color: var(--soft); font-size: .85rem; padding-top: 1rem; padding-bottom: 2.5rem; }
@media (min-width: 50rem) {
  .bar { position: sticky; top: .5rem; z-index: 3; box-shadow: 0 2px 10px #0000001a; }
  .file > h3 { position: static; }
}
@media (max-width: 40rem) {
  .wide { padding-left: .75rem; padding-right: .75rem; }
  .environment .body { padding: 0 .6rem .7rem; }
  .bar select { flex-basis: 100%; }
  .finding { padding: .6rem .65rem; }
  .source i { min-width: 2.6em; padding-right: .7em; }
  dialog { border-radius: 0; }
}
@media print {
  html { background: none; font-size: 11px; }
  .bar, .skip, .zoom, .on-map, dialog { display: none !important; }
  .finding { content-visibility: visible; break-inside: avoid; }
  .frame { overflow: visible; max-height: none; border: 0; }
  .frame svg { max-width: 100%; height: auto; }
  .environment { break-inside: avoid-page; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
`;
