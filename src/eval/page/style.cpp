#include "eval/page/style.h"

namespace oasis::eval::page {

// Series colours after Okabe and Ito, "Color Universal Design" (2008), darkened or lightened until
// they stand out from the background.
const char* style_sheet() {
  return R"css(
:root {
  --bg: #ffffff; --panel: #f5f7f9; --raised: #ffffff; --ink: #1a1f26; --muted: #56606c;
  --line: #dde2e8; --strong-line: #b9c1cb; --accent: #0a5fa0; --tint: #e8f1f9;
  --best: #00694b; --worst: #a83e00; --alert: #fdf3e7; --alert-line: #d9822b;
  --s0: #0072b2; --s1: #c65200; --s2: #00805c; --s3: #a8568a; --s4: #8a6d00; --s5: #3b3b98;
  --mono: ui-monospace, "SFMono-Regular", Menlo, Consolas, "Liberation Mono", monospace;
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #12161b; --panel: #1a2027; --raised: #222932; --ink: #e3e8ed; --muted: #9ba7b4;
    --line: #2b333d; --strong-line: #48535f; --accent: #74bdf5; --tint: #1a2c3d;
    --best: #4fcaa0; --worst: #f29b62; --alert: #2c2319; --alert-line: #c67a2c;
    --s0: #56b4e9; --s1: #f08a4b; --s2: #3cc79a; --s3: #dd94bf; --s4: #e3bd3f; --s5: #a3a3f5;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { scroll-padding-top: 4rem; -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--bg); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Inter,
    "Liberation Sans", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
header, main, footer {
  max-width: 74rem; margin: 0 auto; padding: 0 clamp(1rem, 4vw, 2.5rem); overflow-wrap: anywhere;
}
header { padding-top: clamp(1.5rem, 5vw, 3rem); padding-bottom: 1rem; }
h1 { font-size: clamp(1.5rem, 4.5vw, 2.1rem); line-height: 1.2; letter-spacing: -0.015em;
  font-weight: 650; margin: 0 0 .5rem; }
h2 { font-size: 1.3rem; line-height: 1.3; letter-spacing: -0.01em; font-weight: 650;
  margin: 0 0 .9rem; }
h3 { font-size: 1rem; font-weight: 650; margin: 1.9rem 0 .6rem; }
section { padding: 2.2rem 0 .6rem; }
section + section { border-top: 1px solid var(--line); margin-top: 1.6rem; }
p { margin: 0 0 .8rem; max-width: 68ch; }
a { color: var(--accent); text-underline-offset: .15em; text-decoration-thickness: 1px; }
code, .path { font-family: var(--mono); font-size: .86em; }
.muted, .lead { color: var(--muted); }
.lead { margin: 0; }
.small { font-size: .86rem; }
footer { color: var(--muted); font-size: .86rem; padding-top: 2.5rem; padding-bottom: 3rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
.vh { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: 1rem; top: -4rem; background: var(--raised); padding: .5rem .8rem;
  z-index: 9; }
.skip:focus { top: .5rem; }
html:not(.js) .js-only, .js .no-js { display: none !important; }

nav { position: sticky; top: 0; z-index: 5; background: var(--bg);
  border-bottom: 1px solid var(--line); }
nav ul { display: flex; gap: 1.5rem; overflow-x: auto; list-style: none; max-width: 74rem;
  margin: 0 auto; padding: 0 clamp(1rem, 4vw, 2.5rem); scrollbar-width: none; }
nav a { display: block; padding: .75rem 0; color: var(--muted); text-decoration: none;
  white-space: nowrap; font-size: .92rem; }
nav a:hover { color: var(--ink); }
nav a:focus-visible { outline-offset: -3px; }

.scroll { position: relative; overflow-x: auto; margin: 0 0 1rem; border: 1px solid var(--line); border-radius: 8px;
  background: var(--raised); max-width: 100%; overflow-wrap: normal; }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: .9rem; }
th, td { padding: .5rem .8rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
tbody:last-child tr:last-child > *, tfoot tr:last-child > * { border-bottom: 0; }

sup { line-height: 0; font-size: .75em; }
thead th { color: var(--muted); font-weight: 550; font-size: .82rem; vertical-align: bottom;
  background: var(--panel); white-space: nowrap; }
tbody th { font-weight: 550; min-width: 8rem; }
th:first-child { position: sticky; left: 0; z-index: 1; background: var(--raised); }
thead th:first-child, tfoot th, tfoot td, tfoot th:first-child { background: var(--panel); }
.num { text-align: right; white-space: nowrap; }
.unit { color: var(--muted); font-weight: 400; }
.definition { display: block; color: var(--muted); font-weight: 400; font-size: .82rem;
  line-height: 1.4; max-width: 30rem; min-width: 13rem; }
.value { font-weight: 600; }
.where { display: block; color: var(--muted); font-size: .82rem; overflow-wrap: anywhere;
  white-space: normal; min-width: 10.5rem; }
.where a { color: inherit; }
.best { color: var(--best); font-weight: 650; }
.worst { color: var(--worst); font-weight: 650; }
.best::before { content: "\25B4\00A0"; }
.worst::before { content: "\25BE\00A0"; }
tr.own > * { background: var(--tint); font-weight: 600; }
tr.group th { background: var(--panel); color: var(--muted); font-weight: 600; font-size: .82rem; }
thead button { all: unset; cursor: pointer; display: inline-flex; align-items: baseline; gap: .3em; }
thead button:hover { color: var(--ink); }
thead button:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px;
  border-radius: 3px; }
thead button::after { content: "\25BE"; opacity: 0; }
thead button:hover::after, thead button:focus-visible::after { opacity: .6; }
[aria-sort=ascending] button::after { content: "\25B2"; opacity: 1; color: var(--accent); }
[aria-sort=descending] button::after { content: "\25BC"; opacity: 1; color: var(--accent); }
.strip { display: block; width: 160px; height: 22px; }
.strip .axis { stroke: var(--strong-line); }
.strip circle { fill: var(--s0); fill-opacity: .65; }
.strip .mean { stroke: var(--ink); stroke-width: 2; }

.alert { background: var(--alert); border-left: 4px solid var(--alert-line); border-radius: 6px;
  padding: .8rem 1rem; margin: 0 0 1rem; }
.alert > :last-child { margin-bottom: 0; }
.alert ul, ul.plain { margin: .3rem 0 0; padding-left: 1.1rem; }
ul.plain { margin-bottom: 1rem; }
dl.facts { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr; gap: .35rem 1.2rem;
  margin: 0 0 1rem; font-size: .92rem; }
dl.facts dt { color: var(--muted); }
dl.facts dd { margin: 0; min-width: 0; }
ol.footnotes { font-size: .86rem; color: var(--muted); padding-left: 1.4rem; }

.cards { display: grid; gap: 1rem; margin: 0 0 1.4rem; padding: 0; list-style: none;
  grid-template-columns: repeat(auto-fill, minmax(clamp(9.5rem, 30vw, 13rem), 1fr)); }
.cards a { display: block; border: 1px solid var(--line); border-radius: 8px; overflow: hidden;
  color: inherit; text-decoration: none; background: var(--raised); height: 100%; }
.cards a:hover { border-color: var(--accent); }
.cards img { display: block; width: 100%; aspect-ratio: 16 / 9; object-fit: cover;
  background: var(--panel); }
html:not(.js) .cards img { display: none; }
.cards a > span { display: block; padding: 0 .8rem; font-size: .86rem; color: var(--muted); }
.cards a > .title { padding-top: .55rem; color: var(--ink); font-weight: 600; }
.cards a > span:last-child { padding-bottom: .65rem; }

details.clip { border: 1px solid var(--line); border-radius: 10px; background: var(--panel);
  margin: 0 0 .8rem; }
details.clip > summary { cursor: pointer; padding: .8rem 1.1rem; display: flex; flex-wrap: wrap;
  gap: .1rem 1.2rem; align-items: baseline; list-style: none; border-radius: 10px; }
details.clip > summary::-webkit-details-marker { display: none; }
details.clip > summary::before { content: "\203A"; font-size: 1.3em; line-height: 1;
  color: var(--muted); width: .6em; margin-right: -.7rem; }
details.clip[open] > summary::before { transform: rotate(90deg); }
.clip-name { font-weight: 650; }
.clip-scores { color: var(--muted); font-size: .88rem; }
.clip-body { padding: .2rem 1.1rem 1.1rem; border-top: 1px solid var(--line); }
.clip-body > h3:first-child { margin-top: 1rem; }

fieldset { border: 0; margin: 0; padding: 0; min-width: 0; }
.pills { display: flex; flex-wrap: wrap; gap: .35rem; align-items: center; margin: 0 0 .7rem; }
.pills legend { float: left; padding: 0 .4rem 0 0; color: var(--muted); font-size: .86rem; }
.pills label { position: relative; cursor: pointer; font-size: .86rem; max-width: 100%; }
.pills input { position: absolute; inset: 0; opacity: 0; margin: 0; width: 100%; height: 100%;
  cursor: pointer; }
.pills span { display: block; padding: .25rem .75rem; border: 1px solid var(--strong-line);
  border-radius: 999px; background: var(--raised); }
.pills label:hover span { border-color: var(--accent); }
.pills input:checked + span { background: var(--accent); border-color: var(--accent);
  color: var(--bg); font-weight: 600; }
.pills input:focus-visible + span { outline: 3px solid var(--accent); outline-offset: 2px; }
.choices { border-bottom: 1px solid var(--line); margin-bottom: 1rem; padding-bottom: .8rem; }

figure { margin: 0; min-width: 0; }
.compare { margin: 0 0 1.2rem; }
.stage { overflow: hidden; border-radius: 8px; background: var(--line); position: relative; }
.stage:not(.zoomed) { touch-action: pan-y pinch-zoom; cursor: ew-resize; }
.stage.zoomed { overflow: auto; cursor: ew-resize; }
.layers { position: relative; margin: 0 auto; --at: 50%; }
.layer { position: relative; margin: 0 0 .8rem; }
.layer img { display: block; width: 100%; height: auto; user-select: none; -webkit-user-drag: none; }
.tag { position: absolute; top: .6rem; left: .6rem; padding: .1rem .6rem; border-radius: 999px;
  background: rgb(10 14 18 / .72); color: #fff; font-size: .8rem; }
.js .layers.stacked { display: grid; }
.js .stacked .layer { grid-area: 1 / 1; margin: 0; visibility: hidden; }
.js .stacked .layer.left { visibility: visible; clip-path: inset(0 calc(100% - var(--at)) 0 0); }
.js .stacked .layer.right { visibility: visible; clip-path: inset(0 0 0 var(--at)); }
.js .stacked .layer.right:not(.left) .tag { left: auto; right: .6rem; }
.js .stacked .layer.left.right { clip-path: none; }
.divider { position: absolute; top: 0; bottom: 0; left: var(--at); width: 2px; margin-left: -1px;
  background: #fff; box-shadow: 0 0 0 1px rgb(0 0 0 / .45); pointer-events: none; }
.divider::after { content: "\2039\2009\203A"; position: absolute; top: 50%; left: 50%;
  transform: translate(-50%, -50%); width: 2.1rem; height: 2.1rem; border-radius: 50%;
  background: #fff; color: #1a1f26; font: 600 1.05rem/1.95rem sans-serif; text-align: center;
  box-shadow: 0 0 0 1px rgb(0 0 0 / .3); }
.sides { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1.5rem; }
.controls { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; align-items: center;
  margin-top: .5rem; }
.controls .pills { margin: 0; }
.controls input[type=range] { flex-basis: 100%; }
input[type=range] { flex: 1 1 12rem; min-width: 0; width: 100%; height: 2rem; margin: 0;
  accent-color: var(--accent); cursor: pointer; touch-action: pan-y; }

.plots { display: grid; gap: 1.2rem 1.6rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); }
.plots.single { grid-template-columns: minmax(0, 44rem); }
.plot figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem;
  font-size: .9rem; margin-bottom: .3rem; }
.plot .name { font-weight: 600; }
.read { color: var(--muted); }
.swatch { width: 24px; height: 4px; vertical-align: middle; margin: 0 .35em 0 .7em; overflow: visible; }
.swatch path { fill: none; stroke: currentColor; stroke-width: 2.5; }
.later { visibility: hidden; }
.reading .later { visibility: visible; }
.axes { display: grid; grid-template-columns: 3.6rem minmax(0, 1fr); font-size: .75rem;
  color: var(--muted); }
.ylabels { position: relative; }
.ylabels span { position: absolute; right: .5rem; transform: translateY(-50%); }
.xlabels { position: relative; grid-column: 2; height: 1.3rem; }
.xlabels span { position: absolute; top: .15rem; transform: translateX(-50%); white-space: nowrap; }
.xlabels span.end { transform: translateX(-100%); }
.xlabels span.start { transform: none; }
.xname { grid-column: 2; text-align: center; }
.area { position: relative; height: 9.5rem; background: var(--raised);
  border: 1px solid var(--line); border-radius: 4px; cursor: crosshair; touch-action: pan-y; }
.area svg { display: block; width: 100%; height: 100%; overflow: visible; }
.area path { fill: none; vector-effect: non-scaling-stroke; stroke-width: 1.75;
  stroke-linejoin: round; }
.area .grid { stroke: var(--line); stroke-width: 1; }
.area .mark { stroke: var(--muted); stroke-width: 1; stroke-dasharray: 2 4; }
.area .edge { stroke-width: 3; stroke-dasharray: 1 4; }
.cursor { position: absolute; top: 0; bottom: 0; width: 1px; margin-left: -.5px; display: none;
  background: var(--ink); opacity: .55; pointer-events: none; }
.reading .cursor { display: block; }
.s0 { color: var(--s0); } .s1 { color: var(--s1); } .s2 { color: var(--s2); }
.s3 { color: var(--s3); } .s4 { color: var(--s4); } .s5 { color: var(--s5); }
path.s0, path.s1, path.s2, path.s3, path.s4, path.s5 { stroke: currentColor; }
path.d1 { stroke-dasharray: 7 3; } path.d2 { stroke-dasharray: 2 3; }
path.d3 { stroke-dasharray: 9 3 2 3; } path.d4 { stroke-dasharray: 12 4; }
path.d5 { stroke-dasharray: 4 2; }
.legend { font-size: .86rem; color: var(--muted); margin: 0 0 .8rem; }
.legend .swatch { margin-left: 0; }
.legend > span { margin-right: 1.2rem; display: inline-block; max-width: 100%; }
.scrubber { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: center; font-size: .88rem;
  margin-top: .5rem; }
.scrubber output { min-width: 13ch; color: var(--muted); }

.slices { display: grid; gap: .8rem; }
.slices img { display: block; width: 100%; border-radius: 6px; background: var(--line); }
.slices figcaption { font-size: .86rem; color: var(--muted); margin-bottom: .25rem; }

.whisker { display: block; width: 100%; min-width: 9rem; height: 1.6rem; overflow: visible; }
.whisker path { fill: none; vector-effect: non-scaling-stroke; stroke: currentColor; }
.whisker .zero { stroke: var(--strong-line); stroke-dasharray: 3 3; }
.whisker .range { stroke-width: 2; }
.whisker .point { stroke-width: 9; stroke-linecap: round; }
.better { color: var(--best); } .worse { color: var(--worst); } .unclear { color: var(--muted); }
td.reading-cell { white-space: nowrap; font-weight: 600; }

@media (prefers-reduced-motion: no-preference) {
  html { scroll-behavior: smooth; }
  details.clip > summary::before { transition: transform .15s; }
  .cards a, .pills span { transition: border-color .15s, background-color .15s; }
}
@media (max-width: 40rem) {
  th, td { padding: .45rem .6rem; }
  .clip-body, details.clip > summary { padding-left: .8rem; padding-right: .8rem; }
  dl.facts { grid-template-columns: 1fr; gap: 0; }
  dl.facts dd { margin-bottom: .5rem; }
  th:first-child { position: static; }
  .area { height: 8rem; }
  .definition { min-width: 9rem; }
  .where { min-width: 7rem; }
}
@media print {
  nav, .js-only, .skip { display: none; }
  .scroll { overflow: visible; }
}
)css";
}

}  // namespace oasis::eval::page
