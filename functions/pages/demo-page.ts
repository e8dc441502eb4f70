import { accuracyPlot } from './accuracy-plot.ts';
import { blocksPlot } from './blocks-plot.ts';
import { budgetPlot } from './budget-plot.ts';
import type { DemoPage } from './demo-data.ts';
import { demoStyle } from './demo-style.ts';
import { exampleSections } from './examples.ts';
import { html, htmlPage } from './html.ts';
import { moneyPlot } from './money-plot.ts';
import { paletteStyle } from './palette.ts';
import { policiesPlot } from './policies-plot.ts';
import { tenantTable } from './tenant-table.ts';
import { countOf, countOfCapital } from './words.ts';

export type { DemoPage } from './demo-data.ts';

/** The demo's page as one self-contained HTML file. */
export async function renderDemoPage(data: DemoPage): Promise<string> {
	const { card, machine, tenants } = data;
	const [accuracy, policies, money, blocks, budget] = await Promise.all([
		accuracyPlot(data),
		policiesPlot(data),
		moneyPlot(data),
		blocksPlot(data),
		budgetPlot(data),
	]);
	const title = `One network, ${countOf(tenants.length, 'quota')}`;
	const body = html`<header>
<h1>${title}</h1>
<p>${countOfCapital(tenants.length, 'tenant')} dropped the same images; each image got as much of one network as its tenant’s quota could pay, so accuracy falls gently and the bill never passes the limit.</p>
<p class="small">Model ${card.name} ${card.version} on ${machine}</p>
</header>
<main>
${tenantTable(tenants)}
<div class="stack">
${[accuracy, policies, money]}
</div>
<div class="stack">
${[blocks, budget]}
</div>
${exampleSections(data)}
</main>`;
	return htmlPage(`BudgetNet Batch: ${title.toLowerCase()}`, `${paletteStyle(card.policies.length)}${demoStyle}`, body);
}
