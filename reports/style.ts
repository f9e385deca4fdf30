/** The one style sheet: light and dark by the reader's setting, one column on a phone, no font or file from elsewhere. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1b1f24; --muted: #57606a; --line: #d5dae0; --faint: #f4f6f8;
  --first: #1a56b0; --second: #b4470c; --third: #5a6573; --fourth: #0f766e; --alarm: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --ink: #e7eaee; --muted: #a3adb8; --line: #3a424b; --faint: #1d2227;
    --first: #83b2ff; --second: #ffa266; --third: #b3bfcc; --fourth: #4fd1c1; --alarm: #ff8a80;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; overflow-wrap: anywhere; }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .25rem; overflow-wrap: anywhere; }
p { margin: .5rem 0; max-width: 46rem; overflow-wrap: anywhere; }
.lead { font-size: 1.1rem; }
.critical, .warning { font-weight: 600; }
.critical { color: var(--alarm); }
.warning { color: var(--second); }
.sound { font-weight: 600; color: var(--fourth); }
.note { color: var(--muted); }
.caution { border-left: 4px solid var(--alarm); padding: .25rem 1rem; background: var(--faint); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 1rem 0; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
code { font-family: ui-monospace, monospace; font-size: .88em; overflow-wrap: anywhere; }
.histogram { display: block; width: min(100%, 19rem); height: auto; margin: .5rem 0; }

article { border-top: 1px solid var(--line); margin-top: 1.25rem; }
figure { margin: 1.25rem 0 1.75rem; }
figcaption { font-weight: 600; }
figure svg { display: block; width: 100%; height: auto; }
figure .narrow { display: none; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.25rem; list-style: none; margin: .4rem 0; padding: 0; font-size: .9rem; }
.legend svg { display: inline-block; width: 28px; height: 10px; vertical-align: middle; margin-right: .4rem; }
.events { font-size: .9rem; margin: .4rem 0; padding-left: 0; list-style: none; }
.events b { display: inline-block; min-width: 1.6em; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; margin: .75rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--muted); padding-bottom: .25rem; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--muted); font-weight: 600; }
.right { text-align: right; }
th:first-child, td:first-child { white-space: nowrap; }
summary { cursor: pointer; color: var(--muted); font-size: .9rem; }
@media (max-width: 40rem) {
  figure .wide { display: none; }
  figure .narrow { display: block; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; }
}
@media print { details > table { display: none; } }
`
