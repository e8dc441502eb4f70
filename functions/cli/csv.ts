/** How a spreadsheet recognises a formula, which it would run: tenants name files and entries as they like. */
const formula = /^[=+\-@\t\r]/;

/**
 * A value of a CSV file in quotes (RFC 4180); what a spreadsheet would take for a formula gets an apostrophe before it.
 */
export function quoted(text: string): string {
	return `"${formula.test(text) ? "'" : ''}${text.replaceAll('"', '""')}"`;
}
