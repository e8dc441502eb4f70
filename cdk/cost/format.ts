/** A table of Markdown. */
export function table(head: string[], rows: string[][]): string {
	return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

export function money(usd: number): string {
	return usd >= 0.1 || usd === 0 ? usd.toFixed(2) : usd.toPrecision(2);
}

const numerals = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

/** A count as prose has it. */
export function inWords(count: number): string {
	return numerals[count] ?? String(count);
}

export function significant(value: number): string {
	return value >= 100 ? value.toFixed(0) : Number(value.toPrecision(2)).toString();
}
