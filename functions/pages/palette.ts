import { type Html, html } from './html.ts';

/** Cheap to costly: lightness falls all the way, so that colour-blind eyes and grey printers see the same order. */
const onPaper = ['#c5e6ad', '#84cfae', '#45b3b9', '#2b8dba', '#2a649f', '#253f7d', '#161c48'];
/** On a dark page the costly end must not sink into the background. */
const onSlate = ['#eaf6c6', '#aee0ba', '#6cc6c4', '#44a4cf', '#4a83cd', '#5a67bd', '#6b53a8'];

/** The colours that plots and text share, as CSS variables, so that one SVG serves a light and a dark page. */
export const colours = {
	ink: 'var(--ink)',
	soft: 'var(--soft)',
	line: 'var(--line)',
	paper: 'var(--paper)',
	accent: 'var(--accent)',
	failed: 'var(--failed)',
	deferred: 'var(--deferred)',
} as const;

/** The colour of policy `index`, the same everywhere on the page. */
export function policyColour(index: number): string {
	return `var(--policy-${index})`;
}

/** The colour of text on a policy's colour. */
export function textOnPolicy(index: number): string {
	return `var(--on-policy-${index})`;
}

/** A swatch for keys and lists. */
export function swatch(colour: string): Html {
	return html`<i class="swatch" style="background:${colour}"></i>`;
}

/** Defines all of these variables. */
export function paletteStyle(policies: number): string {
	const ramp = (stops: readonly string[]) =>
		Array.from({ length: policies }, (_, i) => {
			const colour = colourAt(stops, placeOf(i, policies));
			return `--policy-${i}: ${colour}; --on-policy-${i}: ${inkOn(colour)};`;
		}).join(' ');
	return `
:root { color-scheme: light dark; --ink: #1b2430; --soft: #586372; --line: #e1e5ea; --paper: #ffffff; --ground: #f5f7f9;
	--accent: #0b5a8a; --failed: #c2452d; --deferred: #cfd5dc; ${ramp(onPaper)} }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaef; --soft: #a3adb9; --line: #323b47; --paper: #1a212a; --ground: #11161c;
	--accent: #7cc4ee; --failed: #f0876f; --deferred: #4a5563; ${ramp(onSlate)} } }
`;
}

/** A dark or a light ink, whichever contrasts more (WCAG 2: contrast ratio). */
function inkOn(colour: string): string {
	const dark = '#12233a';
	const light = '#ffffff';
	const contrast = (ink: string) => {
		const [low = 0, high = 0] = [luminance(colour), luminance(ink)].sort((a, b) => a - b);
		return (high + 0.05) / (low + 0.05);
	};
	return contrast(dark) > contrast(light) ? dark : light;
}

/** Relative luminance of a colour such as #12ab34, 0 to 1 (WCAG 2). */
function luminance(colour: string): number {
	const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
		const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
		return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Where a policy stands between the cheapest (0) and the costliest (1). */
function placeOf(index: number, policies: number): number {
	return policies > 1 ? index / (policies - 1) : 1;
}

function colourAt(stops: readonly string[], place: number): string {
	const at = place * (stops.length - 1);
	const low = stops[Math.floor(at)] as string;
	const high = stops[Math.ceil(at)] as string;
	const channel = (colour: string, i: number) => Number.parseInt(colour.slice(1 + 2 * i, 3 + 2 * i), 16);
	const mixed = [0, 1, 2].map((i) => Math.round(channel(low, i) + (at % 1) * (channel(high, i) - channel(low, i))));
	return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}
