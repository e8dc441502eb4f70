const controlCharacters = /\p{Cc}/gu;

/**
 * Text from outside as part of a line on a terminal: control characters, which could forge lines or move the cursor,
 * are replaced.
 */
export function printable(text: string): string {
	return text.replaceAll(controlCharacters, '\ufffd');
}

/** A moment, in UTC, to the millisecond. */
export function timeOf(ms: number): string {
	return new Date(ms).toISOString();
}
