import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { EvaluationRow } from './report.ts';

/** The series, drawn as a line, or as points where only points are known. In the order of the legend. */
const series: { method: string; name: string; colour: string; dash?: number[]; points?: boolean }[] = [
	{ method: 'oracle', name: 'oracle (knows the truth)', colour: '#878e99', dash: [2, 3] },
	{ method: 'gate', name: 'gate', colour: '#0b5a8a' },
	{ method: 'cascade', name: 'confidence cascade', colour: '#b06a00', dash: [7, 3] },
	{ method: 'static-mix', name: 'static mix of two', colour: '#586372', dash: [7, 3, 1, 3] },
	{ method: 'random', name: 'the same policies at random', colour: '#c2452d', dash: [4, 2] },
	{ method: 'published-thesis', name: 'thesis (published, soft)', colour: '#6b53a8', points: true },
	{ method: 'published-msdnet', name: 'MSDNet (published, soft)', colour: '#3f8f5b', points: true },
	{ method: 'published-l2w-den', name: 'L2W-DEN (published, soft)', colour: '#8c6d1f', points: true },
];

/** Accuracy against MACs as an SVG file that reads on a light and on a dark page. */
export async function curvePlot(title: string, rows: readonly EvaluationRow[]): Promise<string> {
	const shown = series.filter(({ method }) => rows.some((row) => row.method === method));
	const names = shown.map(({ name }) => name);
	const batch = Math.max(0, ...rows.filter((row) => row.method === 'static-mix').map((row) => row.batch));
	const values = shown.flatMap(({ method, name, points }) =>
		rows
			.filter((row) => row.method === method && (row.batch === batch || row.batch === 0))
			.map((row) => ({ name, macs: row.macs / 1e6, accuracy: 100 * row.accuracy, points: points ?? false })),
	);
	const encoding = {
		x: { field: 'macs', type: 'quantitative', title: 'million MACs an image', scale: { zero: false } },
		y: { field: 'accuracy', type: 'quantitative', title: 'accuracy in %', scale: { zero: false } },
		color: {
			field: 'name',
			type: 'nominal',
			title: null,
			scale: { domain: names, range: shown.map(({ colour }) => colour) },
			legend: { labelLimit: 0, symbolType: 'stroke', symbolSize: 600 },
		},
	};
	const dashes = { domain: names, range: shown.map(({ dash }) => dash ?? [1, 0]) };
	// For eyes and printers without colours. The legend is that of the colours: switched off here, there would be none.
	const strokeDash = { field: 'name', type: 'nominal', title: null, scale: dashes };
	const spec = {
		$schema: 'https://vega.github.io/schema/vega-lite/v6.json',
		title,
		width: 620,
		height: 380,
		background: 'white',
		padding: 12,
		data: { values },
		layer: [
			{
				transform: [{ filter: '!datum.points' }],
				mark: { type: 'line', point: { size: 30 } },
				encoding: { ...encoding, strokeDash },
			},
			{ transform: [{ filter: 'datum.points' }], mark: { type: 'point', size: 60 }, encoding },
		],
	} as TopLevelSpec;
	const view = new View(parse(compile(spec).spec), { renderer: 'none' });
	const svg = await view.toSVG();
	view.finalize();
	return `${svg}\n`;
}
