/** How a spreadsheet knows a formula, which it would run: names of files and entries are whatever tenants call them. */
const formula = /^[=+\-@\t\r]/;

/**
 * A value of a CSV file in quotes (RFC 4180); what a spreadsheet would take for a formula has an apostrophe before it.
 */
export function quoted(text: string): string {
	return `"${formula.test(text) ? "'" : ''}${text.replaceAll('"', '""')}"`;
}
