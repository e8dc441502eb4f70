/** The middle value; of an even number of values, the upper of the two in the middle. NaN for none. */
export function median(values: readonly number[]): number {
	return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
