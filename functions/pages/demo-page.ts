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

/** The demo's page as one self-contained HTML file. */
export async function renderDemoPage(data: DemoPage): Promise<string> {
	const { card, machine, tenants } = data;
	const [accuracy, budget, policies, blocks, money] = await Promise.all([
		accuracyPlot(data),
		budgetPlot(data),
		policiesPlot(data),
		blocksPlot(data),
		moneyPlot(data),
	]);
	const title = `One network, ${countOf(tenants.length, 'quota')}`;
	const body = html`<header>
<h1>${title}</h1>
<p>${countOfCapital(tenants.length, 'tenant')} dropped ${tenants.length > 1 ? 'the same images' : 'images'}: where a quota is short, each image gets a smaller part of one network, and accuracy falls instead of the bill rising.</p>
<p class="small">Model ${card.name} ${card.version} on ${machine}</p>
</header>
<main>
${tenantTable(tenants)}
<div class="stack">
${[accuracy, budget]}
</div>
<div class="stack">
${[policies, blocks, money]}
</div>
${exampleSections(data)}
</main>`;
	return htmlPage(`BudgetNet Batch: ${title.toLowerCase()}`, `${paletteStyle(card.policies.length)}${demoStyle}`, body);
}
