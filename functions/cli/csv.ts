/** A value of a CSV file in quotes (RFC 4180). */
export function quoted(text: string): string {
	return `"${text.replaceAll('"', '""')}"`;
}
