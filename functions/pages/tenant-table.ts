import { formatUsd } from '../core/money.ts';
import type { DemoPage } from './demo-data.ts';
import { type Html, html } from './html.ts';
import { count, percent, percentDown } from './words.ts';

type Tenant = DemoPage['tenants'][number];

/** Tenants' names and quotas are words; everything else is numbers, aligned to the right. */
const columns: { head: string; cell: (tenant: Tenant) => string }[] = [
	{ head: 'quota pays for', cell: ({ quota }) => quota },
	{ head: 'accuracy', cell: ({ accuracy, labelled }) => (labelled === 0 ? '–' : percent(accuracy)) },
	{ head: 'share of full MACs', cell: ({ share, labelled }) => (labelled === 0 ? '–' : percent(share)) },
	{
		head: 'budget consumed',
		cell: ({ budgetMacs, consumedMacs }) => (budgetMacs === 0 ? '–' : percentDown(consumedMacs / budgetMacs)),
	},
	{ head: 'spent', cell: ({ spentNanoUsd }) => formatUsd(spentNanoUsd) },
	{ head: 'limit', cell: ({ limitNanoUsd }) => formatUsd(limitNanoUsd) },
	{ head: 'images', cell: ({ images }) => count(images) },
	{ head: 'labelled', cell: ({ labelled }) => count(labelled) },
	{ head: 'failed', cell: ({ failed }) => count(failed) },
	{ head: 'deferred', cell: ({ deferred }) => count(deferred) },
	{
		head: 'images/s',
		cell: ({ labelled, imagesPerSecond }) => (labelled === 0 ? '–' : count(Math.round(imagesPerSecond))),
	},
];

/** The tenants side by side; accuracy and share count labelled images. */
export function tenantTable(tenants: readonly Tenant[]): Html {
	const rows = tenants.map(
		(tenant) =>
			html`<tr><th scope="row">${tenant.tenant}</th>${columns.map(({ cell }) => html`<td>${cell(tenant)}</td>`)}</tr>`,
	);
	return html`<section>
<h2 id="tenants">Tenants</h2>
<div class="scroll" role="region" aria-labelledby="tenants" tabindex="0">
<table>
<thead><tr><th scope="col">tenant</th>${columns.map(({ head }) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>
${rows}
</tbody>
</table>
</div>
<p class="note">Accuracy and share count labelled images only; the share is their MACs as a fraction of the full network’s.</p>
</section>`;
}
