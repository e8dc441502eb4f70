/** The page's style: system fonts, two columns on a desk, one on a phone; what is wide scrolls in its own box. */
export const demoStyle = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1200px; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif; color: #22221f; background: #fbfbf9; }
h1 { margin: 0 0 .25rem; font-size: 1.9rem; line-height: 1.2; }
h2 { margin: 0 0 .5rem; font-size: 1.1rem; }
header p { max-width: 46rem; margin: .25rem 0; }
.small, figcaption, .examples span { color: #5a5a55; font-size: .875rem; }
main { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1.25rem; margin-top: 1.25rem; }
.wide { grid-column: 1 / -1; overflow-x: auto; }
figure, section, main > .wide:first-child { margin: 0; padding: 1rem; background: #fff; border: 1px solid #e4e4e0; border-radius: 8px; }
.plot { overflow-x: auto; }
.plot svg { width: 100%; height: auto; max-width: 620px; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap; }
th { text-align: left; font-weight: 600; font-size: .875rem; color: #5a5a55; }
th, td { padding: .35rem .75rem .35rem 0; border-bottom: 1px solid #eeeeea; }
.examples { display: grid; grid-template-columns: repeat(auto-fill, minmax(7rem, 1fr)); gap: .75rem; margin: 0; padding: 0; list-style: none; }
.examples img { display: block; width: 100%; image-rendering: pixelated; border-radius: 4px; }
.examples b { display: block; font-weight: 600; font-size: .9rem; line-height: 1.25; margin-top: .35rem; }
.examples .wrong b { color: #a83232; }
@media (max-width: 800px) { main { grid-template-columns: minmax(0, 1fr); } body { padding: 1rem; } .plot svg { min-width: 420px; } }
`;
