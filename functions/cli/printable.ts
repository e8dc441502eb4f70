/** Control characters, separators of lines and paragraphs, and characters that change the direction of text. */
const controlCharacters = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Text from outside as part of a line on a terminal: characters that could forge lines, move the cursor or change the
 * reading order are replaced.
 */
export function printable(text: string): string {
	return text.replaceAll(controlCharacters, '\ufffd');
}

/** A moment, in UTC, to the millisecond. */
export function timeOf(ms: number): string {
	return new Date(ms).toISOString();
}
