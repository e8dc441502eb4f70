/** The page's style: system fonts, two columns on a desk, one on a phone; what is wider scrolls in its own box. */
export const demoStyle = `
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1240px; padding: 2rem 1.25rem 3rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); }
h1 { margin: 0; font-size: 2.1rem; line-height: 1.15; letter-spacing: -.02em; }
h2 { margin: 0 0 .5rem; font-size: 1.1rem; line-height: 1.3; }
p, ul, figure { margin: 0; padding: 0; }
header p { max-width: 44rem; margin-top: .5rem; font-size: 1.1rem; }
header .small { font-size: .875rem; }
.small, .note, figcaption, .ran { color: var(--soft); }
.note, figcaption { font-size: .9375rem; }
main { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem; margin-top: 1.5rem; }
section { grid-column: 1 / -1; }
section, figure { min-width: 0; break-inside: avoid; padding: 1.1rem 1.25rem; background: var(--paper); border: 1px solid var(--line); border-radius: 10px; }
.stack { display: flex; flex-direction: column; gap: 1rem; min-width: 0; }
.stack > :last-child { flex: 1; }
.plot svg { display: block; width: 100%; height: auto; overflow: visible; }
.plot text { paint-order: stroke; }
.narrow { display: none; max-width: 30rem; }
figcaption { margin-top: .6rem; }
.key { display: flex; flex-wrap: wrap; gap: .15rem 1rem; margin-bottom: .6rem; list-style: none; font-size: .875rem; color: var(--soft); }
.key li { display: flex; align-items: center; }
.swatch { display: inline-block; flex: none; width: .8em; height: .8em; margin-right: .4em; border-radius: 2px; background: var(--accent); print-color-adjust: exact; -webkit-print-color-adjust: exact; forced-color-adjust: none; }
.swatch.stroke { width: 1.4em; height: 2px; background: var(--soft); }
.swatch.dot { border-radius: 50%; background: var(--policy-0); border: 1px solid var(--soft); }
.swatch.whisker { width: .6em; height: .6em; border-radius: 0; transform: rotate(45deg); margin: 0 .6em 0 .2em; }
.swatch.mark { width: 2.5px; height: 1em; border-radius: 0; background: var(--ink); }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9375rem; }
th, td { padding: .5rem 0 .5rem 1.1rem; text-align: right; white-space: nowrap; border-top: 1px solid var(--line); }
thead th { border-top: 0; vertical-align: bottom; white-space: normal; font-weight: 400; font-size: .875rem; line-height: 1.25; color: var(--soft); }
th:first-child { position: sticky; left: 0; padding-left: 0; padding-right: .5rem; text-align: left; background: var(--paper); max-width: 11rem; overflow: hidden; text-overflow: ellipsis; }
td:nth-child(2), thead th:nth-child(2) { text-align: left; padding-left: .6rem; }
table + .note, .scroll + .note { margin-top: .6rem; }
.examples { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); gap: 1rem; margin-top: .9rem; list-style: none; font-size: .9375rem; line-height: 1.35; }
.examples li { min-width: 0; overflow-wrap: anywhere; }
.examples img { display: block; width: 100%; aspect-ratio: 1; object-fit: contain; margin-bottom: .4rem; image-rendering: pixelated; border-radius: 4px; }
.wrong { color: var(--failed); }
.ran { font-size: .875rem; }
.ran span { white-space: nowrap; }
@media (max-width: 1180px) { main { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 560px) {
	body { padding: 1.25rem .75rem 2rem; }
	h1 { font-size: 1.7rem; }
	section, figure { padding: .9rem .85rem; }
	.broad { display: none; }
	.narrow { display: block; }
	.examples { grid-template-columns: repeat(auto-fill, minmax(6rem, 1fr)); gap: .75rem; }
}
`;
