import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { type Html, html, trusted } from './html.ts';
import { colours } from './palette.ts';

/**
 * A plot is drawn twice, for a desk and for a phone, because text that scales with its plot cannot be read on one of
 * them.
 */
interface Canvas {
	widthPx: number;
	narrow: boolean;
}

const canvases: readonly Canvas[] = [
	{ widthPx: 540, narrow: false },
	{ widthPx: 330, narrow: true },
];

const config = {
	font: 'system-ui, sans-serif',
	background: 'transparent',
	padding: 2,
	aria: false, // one label for the whole picture; the marks' own would be read one by one
	axis: {
		labelFontSize: 12,
		titleFontSize: 12,
		titleFontWeight: 'normal',
		titlePadding: 8,
		gridColor: colours.line,
		domain: false,
		ticks: false,
		labelPadding: 6,
		labelColor: colours.ink,
		titleColor: colours.soft,
	},
	axisBand: { grid: false },
	text: { color: colours.ink, fontSize: 12, baseline: 'middle' },
	view: { stroke: null },
} as const;

/** A scale from zero to the largest of these, even if there are none. */
export function fromZero(values: readonly number[]): object {
	return { domain: [0, Math.max(...values, 0) || 1], nice: true };
}

/** An axis label in percent, as the text writes it. */
export const percentLabel = "format(100 * datum.value, '.3~g') + '\u00a0%'";

/** What a figure shows; `spec` is vega-lite without its width. */
export interface Figure {
	title: string;
	/** One sentence: what to see. */
	caption: string;
	key?: { swatch: Html; text: string }[];
	spec: (canvas: Canvas) => object;
}

/** A figure with its plot as SVG. */
export async function figure({ title, caption, key = [], spec }: Figure): Promise<Html> {
	const drawn = await Promise.all(canvases.map((canvas) => draw(title, canvas, spec(canvas))));
	const entries = key.map((entry) => html`<li>${entry.swatch}${entry.text}</li>`);
	return html`<figure>
<h2>${title}</h2>
${key.length > 0 ? html`<ul class="key">${entries}</ul>` : ''}
${drawn}
<figcaption>${caption}</figcaption>
</figure>`;
}

async function draw(title: string, canvas: Canvas, spec: object): Promise<Html> {
	const complete = {
		$schema: 'https://vega.github.io/schema/vega-lite/v6.json',
		width: canvas.widthPx,
		autosize: { type: 'fit-x', contains: 'padding' },
		...spec,
		config,
	} as TopLevelSpec;
	const view = new View(parse(compile(complete).spec), { renderer: 'none' });
	// Inside HTML an SVG needs no namespaces; without them the page holds no address at all.
	const svg = (await view.toSVG()).replaceAll(/ xmlns(:xlink)?="[^"]*"/g, '');
	view.finalize();
	const label = html`<svg role="img" aria-label="${title}" `.html;
	return html`<div class="plot ${canvas.narrow ? 'narrow' : 'broad'}">${trusted(svg.replace('<svg ', () => label))}</div>`;
}
