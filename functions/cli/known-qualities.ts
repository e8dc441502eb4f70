import { macsForQuality } from '../core/curve.ts';
import { BudgetNetError } from '../core/errors.ts';
import type { ModelCard } from '../core/package.ts';
import type { Quality } from '../core/quota.ts';
import type { Connection } from './connect.ts';
import { type QuotaOptions, saidQuality } from './quota-options.ts';
import { mustBeRun, readCard, systemCard } from './system-price.ts';

/**
 * Refuses a floor or a ceiling that the model does not have: under them all images would wait, and a ceiling
 * above all accuracies would be none. What cannot be known here is accepted; but not that another build of the
 * system's model is here.
 * @throws BudgetNetError `invalid`
 */
export async function checkQualities(
	system: Pick<Connection, 'workers'>,
	{ model, floor, ceiling }: QuotaOptions & { model?: string },
): Promise<void> {
	const said = { '--floor': saidQuality('--floor', floor), '--ceiling': saidQuality('--ceiling', ceiling) };
	if (Object.values(said).every((quality) => quality === undefined)) return;
	const card = model === undefined ? await systemCard(system) : await readCard(model);
	if (!card) return;
	if (model === undefined) mustBeRun(system.workers(), card);
	for (const [option, quality] of Object.entries(said)) if (quality) checkQuality(card, option, quality);
}

function checkQuality(card: ModelCard, option: string, quality: Quality): void {
	if (macsForQuality(card, quality) !== undefined) return;
	const [said, expected] =
		'policy' in quality
			? [quality.policy, `one of its policies ${card.policies.map(({ id }) => id).join(', ')}`]
			: [quality.accuracy, `an accuracy of at most ${Math.max(...card.curve.map(({ accuracy }) => accuracy))}`];
	throw new BudgetNetError(
		'invalid',
		`${option} ${said}: model ${card.name} does not have that: expected ${expected} (--model says another model)`,
	);
}
