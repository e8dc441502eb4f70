import { formatUsd, nanoUsdPerUsd } from '../core/money.ts';
import { demoStyle } from './demo-style.ts';
import { type Html, html, htmlPage } from './html.ts';
import { colours, paletteStyle, policyColour, swatch } from './palette.ts';
import { figure, fromZero, percentLabel } from './plot.ts';
import { count, countOf } from './words.ts';

/** One batch that was billed. */
export interface TenantBatch {
	/** When its images came. */
	atMs: number;
	images: number;
	billedNanoUsd: number;
	/**
	 * Expected accuracy of its labels, by the card's curve; undefined where it has none, another package ran it, or its
	 * outcomes were not read.
	 */
	accuracy: number | undefined;
}

/** A tenant in a period. */
export interface TenantPage {
	tenant: string;
	period: string;
	startMs: number;
	/** Infinity where the period has no end. */
	endMs: number;
	nowMs: number;
	limitNanoUsd: number;
	softLimitNanoUsd: number | undefined;
	/** Charged to the account for the one that it continues. */
	carriedNanoUsd: number;
	/** All batches of the period, the oldest first. */
	batches: TenantBatch[];
	/** How many of them, the newest, had their outcomes read. */
	readBatches: number;
	/** Compute by policy, the cheapest first, of the batches that were read and ran the card's package. */
	policies: { id: string; macs: number; images: number }[];
	/** Those that were read and ran other packages: how many, and the compute and labels of all of them. */
	others: { batches: number; macs: number; images: number };
}

/** The period or, where that has no end, from the first batch until now; in UTC, the same wherever the page is made. */
function timeAxis({ startMs, endMs, nowMs, batches }: TenantPage) {
	const hasEnd = Number.isFinite(endMs);
	const beginMs = hasEnd ? startMs : Math.max(startMs, Math.min(nowMs, batches[0]?.atMs ?? nowMs), 0);
	const domain = [beginMs, hasEnd ? endMs : nowMs];
	return { beginMs, x: { field: 'at', type: 'temporal', title: 'UTC', scale: { type: 'utc', domain } } };
}

/** The page of `budgetnet page` as one self-contained HTML file. */
export async function renderTenantPage(data: TenantPage): Promise<string> {
	const figures = await Promise.all([spendPlot(data), accuracyPlot(data), policiesPlot(data)]);
	const { tenant, period, limitNanoUsd, batches, policies } = data;
	const images = batches.reduce((sum, batch) => sum + batch.images, 0);
	const title = `${tenant}, ${period}`;
	const body = html`<header>
<h1>${title}</h1>
<p>${count(images)} images in ${count(batches.length)} batches; ${formatUsd(spentOf(data))} of ${formatUsd(limitNanoUsd)} spent.</p>
<p class="small">As of ${new Date(data.nowMs).toISOString().slice(0, 16)}Z</p>
</header>
<main>
${figures}
</main>`;
	return htmlPage(`BudgetNet Batch: ${title}`, `${paletteStyle(policies.length)}${demoStyle}`, body);
}

function spentOf({ carriedNanoUsd, batches }: TenantPage): number {
	return batches.reduce((sum, { billedNanoUsd }) => sum + billedNanoUsd, carriedNanoUsd);
}

/** More points would not be visible, and would make the page heavy. */
const spendPointsMax = 2000;

/** What was spent after each batch; with many batches, after every so many and after the last. */
function spendCurve({ startMs, carriedNanoUsd, batches }: TenantPage): { at: number; usd: number }[] {
	const stride = Math.ceil(batches.length / spendPointsMax);
	let spent = carriedNanoUsd;
	return batches.flatMap(({ atMs, billedNanoUsd }, i) => {
		spent += billedNanoUsd;
		const isShown = (batches.length - 1 - i) % stride === 0;
		return isShown ? [{ at: Math.max(startMs, atMs), usd: spent / nanoUsdPerUsd }] : [];
	});
}

function spendPlot(data: TenantPage): Promise<Html> {
	const { startMs, endMs, nowMs, limitNanoUsd, softLimitNanoUsd, carriedNanoUsd } = data;
	const { beginMs, x } = timeAxis(data);
	const spentUsd = spentOf(data) / nanoUsdPerUsd;
	const curve = spendCurve(data);
	const points = [{ at: beginMs, usd: carriedNanoUsd / nanoUsdPerUsd }, ...curve, { at: nowMs, usd: spentUsd }];
	const limitUsd = limitNanoUsd / nanoUsdPerUsd;
	const pace = Number.isFinite(endMs)
		? [
				{ at: startMs, usd: 0 },
				{ at: endMs, usd: limitUsd },
			]
		: [];
	const soft = softLimitNanoUsd === undefined ? [] : [{ usd: softLimitNanoUsd / nanoUsdPerUsd }];
	const most = [limitUsd, spentUsd, ...soft.map(({ usd }) => usd)]; // a limit may be lowered below what is spent
	const y = { field: 'usd', type: 'quantitative', title: 'dollars', scale: fromZero(most) };
	const line = (color: string) => ({ type: 'line', color, strokeWidth: 1.5, strokeDash: [4, 4] });
	return figure({
		title: pace.length > 0 ? 'Spending, and the pace line' : 'Spending',
		caption: `By the time at which the images arrived.${pace.length > 0 ? ' The dashed line would spend the limit evenly.' : ''}`,
		key: [
			{ swatch: swatch(colours.accent), text: 'spent' },
			{ swatch: swatch(colours.ink), text: 'limit' },
			...(soft.length > 0 ? [{ swatch: swatch(colours.failed), text: 'soft limit' }] : []),
			...(pace.length > 0 ? [{ swatch: swatch(colours.soft), text: 'even pace' }] : []),
		],
		spec: () => ({
			height: 260,
			layer: [
				{ data: { values: pace }, mark: line(colours.soft), encoding: { x, y } },
				{ data: { values: [{ usd: limitUsd }] }, mark: { type: 'rule', color: colours.ink }, encoding: { y } },
				{ data: { values: soft }, mark: { type: 'rule', color: colours.failed }, encoding: { y } },
				{
					data: { values: points },
					mark: { type: 'line', interpolate: 'step-after', color: colours.accent, strokeWidth: 2 },
					encoding: { x, y },
				},
			],
		}),
	});
}

/** Said where not all batches' outcomes were read. */
function onlyNewest({ batches, readBatches }: TenantPage): string {
	return readBatches < batches.length ? ` Covers only the newest ${count(readBatches)} batches.` : '';
}

/** Said where other packages ran some of them: the card knows nothing of their labels. */
function withoutOthers({ others: { batches } }: TenantPage): string {
	return batches === 0 ? '' : ` Leaves out ${countOf(batches, 'batch', 'batches')} that other packages ran.`;
}

/** Areas of dots: the more there are, the smaller they are, or they would merge into one blot. */
const dotPxMax = 120;
const dotPxMin = 8;
const dotsPx = 40_000;
const manyDots = 300;

function accuracyPlot(data: TenantPage): Promise<Html> {
	const values = data.batches.flatMap(({ atMs, images, accuracy }) =>
		accuracy === undefined ? [] : [{ at: Math.max(data.startMs, atMs), images, accuracy }],
	);
	const said =
		values.length === 0
			? 'No batch with a label yet.'
			: 'One point per batch, larger for more images; by the model card, from the MACs that ran.';
	const largestPx = Math.min(dotPxMax, Math.max(dotPxMin, dotsPx / Math.max(1, values.length)));
	return figure({
		title: 'Expected accuracy',
		caption: `${said}${onlyNewest(data)}${withoutOthers(data)}`,
		spec: () => ({
			height: values.length === 0 ? 60 : 260,
			data: { values },
			mark: { type: 'circle', color: colours.accent, opacity: values.length > manyDots ? 0.4 : 0.7 },
			encoding: {
				x: timeAxis(data).x,
				y: {
					field: 'accuracy',
					type: 'quantitative',
					title: 'expected accuracy',
					scale: { zero: false },
					axis: { labelExpr: percentLabel, tickCount: 5 },
				},
				size: { field: 'images', type: 'quantitative', legend: null, scale: { zero: true, range: [0, largestPx] } },
			},
		}),
	});
}

/** Said where other packages ran some of them: their policies differ, though they may have the same ids. */
function othersAsOne({ others: { batches } }: TenantPage): string {
	return batches === 0 ? '' : ` Shows ${countOf(batches, 'batch', 'batches')} that other packages ran as one sum.`;
}

function policiesPlot(data: TenantPage): Promise<Html> {
	const values = data.policies.map(({ id, macs, images }, i) => ({
		id,
		gmacs: macs / 1e9,
		images,
		colour: policyColour(i),
	}));
	const { batches, macs, images } = data.others;
	if (batches > 0) values.push({ id: 'other packages', gmacs: macs / 1e9, images, colour: colours.deferred });
	return figure({
		title: 'Compute by policy',
		caption: `What each policy of the network consumed; the number beside a bar counts the images that the policy ran on.${onlyNewest(data)}${othersAsOne(data)}`,
		spec: () => ({
			height: 30 * Math.max(1, values.length),
			data: { values },
			encoding: {
				y: { field: 'id', type: 'nominal', sort: null, title: null },
				x: {
					field: 'gmacs',
					type: 'quantitative',
					title: 'GMACs',
					scale: fromZero(values.map(({ gmacs }) => gmacs)),
				},
			},
			layer: [
				{ mark: { type: 'bar' }, encoding: { color: { field: 'colour', type: 'nominal', scale: null } } },
				{ mark: { type: 'text', align: 'left', dx: 6 }, encoding: { text: { field: 'images', format: ',' } } },
			],
		}),
	});
}
