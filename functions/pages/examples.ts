import type { DemoPage } from './demo-data.ts';
import { type Html, html } from './html.ts';
import { policyColour, swatch } from './palette.ts';
import { percent } from './words.ts';

type Example = DemoPage['examples'][number];

/** Images whose label came from the cheapest and from the costliest policy that has examples. */
export function exampleSections({ card, examples }: DemoPage): Html[] {
	const ids = card.policies.map(({ id }) => id);
	const shown = ids.filter((id) => examples.some(({ policy }) => policy === id));
	const cheapest = shown.at(0);
	const costliest = shown.at(-1);
	const of = (id: string) => examples.filter(({ policy }) => policy === id).map((example) => cardOf(example, ids));
	if (cheapest === undefined || costliest === undefined) return [];
	if (cheapest === costliest) return [section(`Images that ${cheapest} labelled`, '', of(cheapest))];
	return [
		section(
			`Easy images: they left after ${cheapest}`,
			'The gate expected to gain more on other images.',
			of(cheapest),
		),
		section(`Hard images: they went on to ${costliest}`, 'The gate expected to gain most on these.', of(costliest)),
	];
}

function section(title: string, sentence: string, cards: Html[]): Html {
	return html`<section>
<h2>${title}</h2>
${sentence === '' ? '' : html`<p class="note">${sentence}</p>`}
<ul class="examples">
${cards}
</ul>
</section>`;
}

function cardOf({ policy, policies, label, truth, confidence, png }: Example, ids: readonly string[]): Html {
	const wrong = truth !== '' && truth !== label;
	const before = policies.slice(0, -1).map((id) => html`${id} → `);
	return html`<li>
<img alt="${truth || label}" src="data:image/png;base64,${Buffer.from(png).toString('base64')}">
<p><b>${label}</b> ${percent(confidence, 0)}</p>
${wrong ? html`<p class="wrong">wrong: it is ${truth}</p>` : ''}
<p class="ran">${before}<span>${swatch(policyColour(ids.indexOf(policy)))}${policy}</span></p>
</li>`;
}
