import { formatUsd } from '../core/money.ts';
import type { ModelCard } from '../core/package.ts';
import { accuracyPlot, blocksPlot, budgetPlot, moneyPlot, policiesPlot } from './demo-plots.ts';
import { demoStyle } from './demo-style.ts';
import { escapeHtml, htmlPage } from './html.ts';

/** All that the demo's page shows. */
export interface DemoPage {
	card: ModelCard;
	/** In words. */
	machine: string;
	tenants: {
		tenant: string;
		/** In words. */
		quota: string;
		images: number;
		labelled: number;
		failed: number;
		deferred: number;
		accuracy: number;
		share: number;
		limitNanoUsd: number;
		spentNanoUsd: number;
	}[];
	batches: {
		tenant: string;
		images: number;
		budgetMacs: number;
		consumedMacs: number;
		policies: Record<string, { labels: number; runs: number }>;
	}[];
	/** Images that left early, and images that got everything. */
	examples: { policies: string[]; label: string; truth: string; confidence: number; png: Uint8Array }[];
}

/** The page as one self-contained HTML file. */
export async function renderDemoPage(data: DemoPage): Promise<string> {
	const plots = await Promise.all([
		accuracyPlot(data),
		policiesPlot(data),
		budgetPlot(data),
		blocksPlot(data),
		moneyPlot(data),
	]);
	const { name, version } = data.card;
	const body = `<header>
<h1>One network, four quotas</h1>
<p>Four tenants dropped the same images. Each batch ran under a hard compute budget that its tenant’s quota could pay; the gate chose how much of the network each image got.</p>
<p class="small">${escapeHtml(`${name} ${version}, on ${data.machine}`)}</p>
</header>
<main>
<div class="wide">${tenantTable(data)}</div>
${plots.join('\n')}
${exampleSection(data, 'Easy images: the first policy was enough', ({ policies }) => policies.length === 1)}
${exampleSection(data, 'Hard images: they got the costliest policy too', ({ policies }) => policies.length > 1)}
</main>`;
	return htmlPage('BudgetNet Batch: one network, four quotas', demoStyle, body);
}

function tenantTable({ tenants }: DemoPage): string {
	const percent = (part: number) => `${(100 * part).toFixed(1)} %`;
	const head = [
		'tenant',
		'quota pays for',
		'labelled',
		'failed',
		'deferred',
		'accuracy',
		'share of full compute',
		'spent',
		'limit',
	];
	const rows = tenants.map((t) => [
		t.tenant,
		t.quota,
		`${t.labelled} of ${t.images}`,
		String(t.failed),
		String(t.deferred),
		percent(t.accuracy),
		percent(t.share),
		formatUsd(t.spentNanoUsd),
		formatUsd(t.limitNanoUsd),
	]);
	const line = (cells: readonly string[], tag: string) =>
		`<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;
	return `<table><thead>${line(head, 'th')}</thead><tbody>${rows.map((row) => line(row, 'td')).join('\n')}</tbody></table>`;
}

function exampleSection(
	{ examples }: DemoPage,
	title: string,
	belongs: (example: DemoPage['examples'][number]) => boolean,
): string {
	const cards = examples.filter(belongs).map(({ policies, label, truth, confidence, png }) => {
		const wrong = truth !== '' && truth !== label;
		const image = `<img alt="${escapeHtml(truth || label)}" src="data:image/png;base64,${Buffer.from(png).toString('base64')}">`;
		const text = `${label} ${(100 * confidence).toFixed(0)} %${wrong ? ` (it is ${truth})` : ''}`;
		return `<li class="${wrong ? 'wrong' : 'right'}">${image}<b>${escapeHtml(text)}</b><span>${escapeHtml(policies.join(' → '))}</span></li>`;
	});
	return cards.length === 0
		? ''
		: `<section class="wide"><h2>${escapeHtml(title)}</h2><ul class="examples">${cards.join('\n')}</ul></section>`;
}
