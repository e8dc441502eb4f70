/** Columns aligned for reading: the first to the left, numbers and everything else to the right. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const lines = [head, ...rows];
	const widths = head.map((_, column) =>
		lines.reduce((width, line) => Math.max(width, (line[column] ?? '').length), 0),
	);
	const pad = (cell: string, column: number) =>
		column === 0 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number);
	return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}
