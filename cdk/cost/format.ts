/** A table of Markdown. */
export function table(head: string[], rows: string[][]): string {
	return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

export function money(usd: number): string {
	return usd >= 0.1 || usd === 0 ? usd.toFixed(2) : usd.toPrecision(2);
}

export function significant(value: number): string {
	return value >= 100 ? value.toFixed(0) : Number(value.toPrecision(2)).toString();
}
