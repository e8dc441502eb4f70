import { macsForQuality } from '../core/curve.ts';
import { BudgetNetError } from '../core/errors.ts';
import type { ModelCard } from '../core/package.ts';
import type { Quality, Quota } from '../core/quota.ts';
import type { Connection } from './connect.ts';
import { type QuotaOptions, saidQuality } from './quota-options.ts';
import { mustBeNoOtherBuild, readCard, systemCard } from './system-price.ts';

/**
 * Refuses a floor or a ceiling that the model does not have: under them all images would wait, and a ceiling above all
 * accuracies would bind nothing. Refuses a floor above the ceiling, which would then bind nothing. What cannot be known
 * here is accepted; another build of the system's model here is not.
 * @throws BudgetNetError `invalid`
 */
export async function checkQualities(
	system: Pick<Connection, 'workers'>,
	{ model, floor, ceiling }: QuotaOptions & { model?: string },
	before: Pick<Quota, 'floor' | 'ceiling'> | undefined,
): Promise<void> {
	const named = model === undefined ? undefined : await readCard(model);
	const said = { '--floor': saidQuality('--floor', floor), '--ceiling': saidQuality('--ceiling', ceiling) };
	if (Object.values(said).every((quality) => quality === undefined)) return;
	const card = named ?? (await systemCard(system));
	if (!card) return;
	if (!named) mustBeNoOtherBuild(system.workers(), card);
	for (const [option, quality] of Object.entries(said)) if (quality) checkQuality(card, option, quality);
	checkOrder(
		card,
		floor === undefined ? before?.floor : said['--floor'],
		ceiling === undefined ? before?.ceiling : said['--ceiling'],
	);
}

function checkOrder(card: ModelCard, floor: Quality | undefined, ceiling: Quality | undefined): void {
	const [least, most] = [floor, ceiling].map((quality) => quality && macsForQuality(card, quality));
	if (least === undefined || most === undefined || least <= most) return;
	throw new BudgetNetError(
		'invalid',
		`floor ${Object.values(floor ?? {})} takes more compute than ceiling ${Object.values(ceiling ?? {})} allows: expected a floor at or below the ceiling (--floor none or --ceiling none removes one)`,
	);
}

function checkQuality(card: ModelCard, option: string, quality: Quality): void {
	if (macsForQuality(card, quality) !== undefined) return;
	const [said, expected] =
		'policy' in quality
			? [quality.policy, `one of its policies ${card.policies.map(({ id }) => id).join(', ')}`]
			: [quality.accuracy, `an accuracy of at most ${Math.max(...card.curve.map(({ accuracy }) => accuracy))}`];
	throw new BudgetNetError(
		'invalid',
		`${option} ${said}: model ${card.name} does not have that: expected ${expected} (for another model, pass --model NAME)`,
	);
}
