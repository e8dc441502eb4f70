import { demoStyle } from './demo-style.ts';
import { type Html, html, htmlPage } from './html.ts';
import { colours, paletteStyle, swatch } from './palette.ts';
import { type Figure, figure, fromZero, percentLabel } from './plot.ts';
import { count, percent } from './words.ts';

/** One way of pacing, simulated. */
export interface PacingResult {
	pacing: string;
	images: number;
	periods: number;
	periodsOverLimit: number;
	lost: number;
	/** Images that waited for too long. */
	failed: number;
	/** Periods whose demand at full quality is 0.9 to 1.1 of the quota. */
	nearPeriods: number;
	unspentShare: number;
	/** Days that an image waited, on average. */
	deferredShare: number;
	worstWeekAccuracy: number;
	/** Expected accuracy of all tenants, by the first day of each week. */
	accuracies: { day: number; accuracy: number }[];
	/** Spent so far, by the part of the month that has passed. */
	spentShares: { part: number; share: number }[];
	/** Images that were deferred for longer than `days` (and no longer than the next entry's). */
	ages: { days: number; images: number }[];
}

export interface SimulationPage {
	pacings: PacingResult[];
	seconds: number;
}

const palette = [colours.accent, colours.failed];
/** For printers, to which both colours are the same grey. */
const dashes = [
	[1, 0],
	[7, 3],
];

/** The simulation's page as one self-contained HTML file. */
export async function renderSimulationPage({ pacings, seconds }: SimulationPage): Promise<string> {
	const figures = await Promise.all([pacePlot(pacings), accuracyPlot(pacings), agesPlot(pacings)]);
	const [first] = pacings;
	const body = html`<header>
<h1>A year of quotas</h1>
<p>${count(first?.images ?? 0)} images of made-up tenants, once under each kind of pacing, through the planner and the ledger that run on AWS.</p>
<p class="small">Simulated in ${seconds.toFixed(0)} s. Accuracy is what the model card expects; an image that waits counts as wrong.</p>
</header>
<main>
${table(pacings)}
${figures}
</main>`;
	return htmlPage('BudgetNet Batch: a year of quotas', `${paletteStyle(1)}${demoStyle}`, body);
}

const columns: { head: string; cell: (result: PacingResult) => string }[] = [
	{ head: 'periods', cell: ({ periods }) => count(periods) },
	{ head: 'periods above the limit', cell: ({ periodsOverLimit }) => count(periodsOverLimit) },
	{ head: 'images lost', cell: ({ lost }) => count(lost) },
	{ head: 'waited too long', cell: ({ failed }) => count(failed) },
	{ head: 'periods with demand near the quota', cell: ({ nearPeriods }) => count(nearPeriods) },
	{ head: 'of these: unspent', cell: ({ unspentShare }) => percent(unspentShare) },
	{ head: 'of these: days an image waited', cell: ({ deferredShare }) => deferredShare.toFixed(3) },
	{ head: 'of these: worst week’s accuracy', cell: ({ worstWeekAccuracy }) => percent(worstWeekAccuracy) },
];

function table(pacings: readonly PacingResult[]): Html {
	const rows = pacings.map(
		(result) =>
			html`<tr><th scope="row">${result.pacing}</th>${columns.map(({ cell }) => html`<td>${cell(result)}</td>`)}</tr>`,
	);
	return html`<section>
<h2 id="pacings">Kinds of pacing</h2>
<div class="scroll" role="region" aria-labelledby="pacings" tabindex="0">
<table>
<thead><tr><th scope="col">pacing</th>${columns.map(({ head }) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>
${rows}
</tbody>
</table>
</div>
<p class="note">Demand is near the quota if full quality for every image would cost 0.9 to 1.1 times the quota: every image dropped and, for the money and the deferrals, also those that waited when the period began.</p>
</section>`;
}

function keyOf(pacings: readonly PacingResult[]): NonNullable<Figure['key']> {
	return pacings.map(({ pacing }, i) => ({ swatch: swatch(palette[i] as string), text: pacing }));
}

/** Tells the ways of pacing apart by `range`, which has one value of a channel for each. */
function byPacing(pacings: readonly PacingResult[], range: readonly unknown[]): object {
	const domain = pacings.map(({ pacing }) => pacing);
	return { field: 'pacing', type: 'nominal', scale: { domain, range }, legend: null };
}

function pacePlot(pacings: readonly PacingResult[]): Promise<Html> {
	const values = pacings.flatMap(({ pacing, spentShares }) => spentShares.map((point) => ({ pacing, ...point })));
	const percentAxis = { labelExpr: percentLabel, tickCount: 5 };
	const x = { field: 'part', type: 'quantitative', title: 'part of the month that has passed', axis: percentAxis };
	const y = { field: 'share', type: 'quantitative', title: 'spent share of the limit', axis: percentAxis };
	return figure({
		title: 'Spending over the month',
		caption: 'Months whose demand is near the quota; the thin line is the pace that would spend evenly.',
		key: keyOf(pacings),
		spec: () => ({
			height: 260,
			layer: [
				{
					data: {
						values: [
							{ part: 0, share: 0 },
							{ part: 1, share: 1 },
						],
					},
					mark: { type: 'line', color: colours.soft, strokeWidth: 1, strokeDash: [4, 4] },
					encoding: { x, y },
				},
				{
					data: { values },
					mark: { type: 'line', strokeWidth: 2 },
					encoding: { x, y, color: byPacing(pacings, palette), strokeDash: byPacing(pacings, dashes) },
				},
			],
		}),
	});
}

function accuracyPlot(pacings: readonly PacingResult[]): Promise<Html> {
	const values = pacings.flatMap(({ pacing, accuracies }) => accuracies.map((point) => ({ pacing, ...point })));
	return figure({
		title: 'Expected accuracy through the year',
		caption: 'All tenants, week by week; images that wait count as wrong.',
		key: keyOf(pacings),
		spec: () => ({
			height: 260,
			data: { values },
			mark: { type: 'line', strokeWidth: 2 },
			encoding: {
				x: { field: 'day', type: 'quantitative', title: 'day of the year', scale: { domain: [0, 365] } },
				y: {
					field: 'accuracy',
					type: 'quantitative',
					title: 'expected accuracy',
					scale: { zero: false },
					axis: { labelExpr: percentLabel, tickCount: 5 },
				},
				color: byPacing(pacings, palette),
				strokeDash: byPacing(pacings, dashes),
			},
		}),
	});
}

function agesPlot(pacings: readonly PacingResult[]): Promise<Html> {
	const nameOf = (days: number, next: number | undefined) =>
		next === undefined ? `over ${days} days` : next === 1 ? 'up to a day' : `${days} to ${next} days`;
	const values = pacings.flatMap(({ pacing, images: all, ages }) =>
		ages.map(({ days, images }, i) => ({
			pacing,
			age: nameOf(days, ages[i + 1]?.days),
			share: images / Math.max(1, all),
		})),
	);
	return figure({
		title: 'How long images waited',
		caption: 'Of all images, including those of tenants who drop far more than they pay for.',
		key: keyOf(pacings),
		spec: () => ({
			height: 260,
			data: { values },
			mark: { type: 'bar' },
			encoding: {
				y: { field: 'age', type: 'nominal', sort: null, title: null },
				yOffset: { field: 'pacing', sort: null },
				x: {
					field: 'share',
					type: 'quantitative',
					title: 'share of all images',
					scale: fromZero(values.map(({ share }) => share)),
					axis: { labelExpr: percentLabel, tickCount: 5 },
				},
				color: byPacing(pacings, palette),
			},
		}),
	});
}
