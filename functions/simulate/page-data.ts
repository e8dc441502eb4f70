import type { PacingResult, SimulationPage } from '../pages/simulation-page.ts';
import type { Simulation } from './run.ts';
import { ageDays, deferredShare, paceParts, type Tally, unspentShare, worstWeekAccuracy } from './tally.ts';

const daysPerPoint = 7;

/** What the simulation's page shows. */
export function pageData({ even, eager, seconds }: Simulation): SimulationPage {
	return { seconds, pacings: [resultOf('even', even), resultOf('eager', eager)] };
}

function resultOf(pacing: string, tally: Tally): PacingResult {
	const { images, periods, periodsOverLimit, lost, failed, near } = tally;
	return {
		pacing,
		images,
		periods,
		periodsOverLimit,
		lost,
		failed,
		nearPeriods: near.periods,
		unspentShare: unspentShare(tally),
		deferredShare: deferredShare(tally),
		worstWeekAccuracy: worstWeekAccuracy(tally),
		accuracies: accuraciesOf(tally),
		spentShares: spentSharesOf(tally),
		ages: tally.ages.map((count, i) => ({ days: ageDays[i] as number, images: count })),
	};
}

/** For all images dropped, by the week; a day alone says little. */
function accuraciesOf({ days }: Tally): { day: number; accuracy: number }[] {
	const points: { day: number; accuracy: number }[] = [];
	for (let day = 0; day + daysPerPoint <= days.length; day += daysPerPoint) {
		const week = days.slice(day, day + daysPerPoint);
		const sum = (pick: (one: Tally['days'][number]) => number) => week.reduce((total, one) => total + pick(one), 0);
		const images = sum((one) => one.images);
		points.push({ day, accuracy: sum((one) => one.right) / Math.max(1, images) });
	}
	return points;
}

function spentSharesOf({ pace }: Tally): { part: number; share: number }[] {
	let spent = 0;
	const points = [{ part: 0, share: 0 }];
	for (const [i, nanoUsd] of pace.spentNanoUsd.entries()) {
		spent += nanoUsd;
		points.push({ part: (i + 1) / paceParts, share: spent / Math.max(1, pace.limitNanoUsd) });
	}
	return points;
}
