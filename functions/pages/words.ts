/** A part of one in percent, as people read it. */
export function percent(part: number, decimals = 1): string {
	return `${(100 * part).toFixed(decimals)}\u00a0%`;
}

/** The same, rounded down: "100.0 %" appears only where it is everything. */
export function percentDown(part: number): string {
	return percent(Math.floor(1000 * part + 1e-9) / 1000);
}

/** A whole number with separators. */
export function count(value: number): string {
	return value.toLocaleString('en-US');
}

const words = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];

/** "one quota", "four quotas", "11 quotas". */
export function countOf(value: number, noun: string, plural = `${noun}s`): string {
	return `${words[value] ?? count(value)} ${value === 1 ? noun : plural}`;
}

/** The same at the start of a sentence. */
export function countOfCapital(value: number, noun: string): string {
	const text = countOf(value, noun);
	return text.charAt(0).toUpperCase() + text.slice(1);
}
