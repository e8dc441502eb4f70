import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { escapeHtml } from './html.ts';

const config = {
	font: 'system-ui, sans-serif',
	background: 'transparent',
	axis: {
		labelFontSize: 12,
		titleFontSize: 12,
		titleFontWeight: 'normal',
		gridColor: '#e4e4e0',
		domainColor: '#8a8a85',
		labelColor: '#3b3b38',
		titleColor: '#3b3b38',
	},
	legend: { labelFontSize: 12, titleFontSize: 12, titleFontWeight: 'normal', orient: 'top' },
	view: { stroke: null },
} as const;

/** Colours from cheap (light) to costly (dark), safe for colour-blind eyes. */
export function policyColours(policies: number): string[] {
	const ramp = ['#fde0a3', '#f7b267', '#f08a4b', '#d95d5b', '#a83f6f', '#5f2a6b', '#33164f'];
	return Array.from(
		{ length: policies },
		(_, i) => ramp[Math.round((i * (ramp.length - 1)) / Math.max(policies - 1, 1))] as string,
	);
}

/** Renders a vega-lite specification to a figure with an SVG that scales with the page. */
export async function figure(title: string, caption: string, spec: object): Promise<string> {
	const complete = { $schema: 'https://vega.github.io/schema/vega-lite/v6.json', ...spec, config } as TopLevelSpec;
	const view = new View(parse(compile(complete).spec), { renderer: 'none' });
	const svg = (await view.toSVG()).replace(/<svg /, `<svg role="img" aria-label="${escapeHtml(title)}" `);
	view.finalize();
	return `<figure><h2>${escapeHtml(title)}</h2><div class="plot">${svg}</div><figcaption>${escapeHtml(caption)}</figcaption></figure>`;
}
