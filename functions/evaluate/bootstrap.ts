import { seededRandom } from '../core/random.ts';

const resamples = 1000;

/** Mean of `a - b` over paired images, with its 95 % bootstrap percentile interval (Efron and Tibshirani 1993). */
export function pairedDifference(a: ArrayLike<number>, b: ArrayLike<number>, seed: number) {
	const differences = Array.from(a, (value, i) => value - (b[i] as number));
	const random = seededRandom(seed);
	const means = Array.from({ length: resamples }, () => {
		let total = 0;
		for (let i = 0; i < differences.length; i++)
			total += differences[Math.floor(random() * differences.length)] as number;
		return total / differences.length;
	}).sort((x, y) => x - y);
	const mean = differences.reduce((total, value) => total + value, 0) / differences.length;
	return {
		mean,
		low: means[Math.floor(resamples * 0.025)] as number,
		high: means[Math.floor(resamples * 0.975)] as number,
	};
}
