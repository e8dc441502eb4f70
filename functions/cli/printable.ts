/** Control characters, what ends a line or a paragraph, and what turns the direction of what follows. */
const controlCharacters = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Text from outside as part of a line on a terminal: characters that could forge lines, move the cursor or turn
 * the order of what is read are replaced.
 */
export function printable(text: string): string {
	return text.replaceAll(controlCharacters, '\ufffd');
}

/** A moment, in UTC, to the millisecond. */
export function timeOf(ms: number): string {
	return new Date(ms).toISOString();
}
