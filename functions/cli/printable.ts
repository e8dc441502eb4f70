// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controlCharacters = /[\u0000-\u001f\u007f-\u009f]/g;

/** Text from outside as part of a line on a terminal: control characters, which could forge lines or move the cursor, are replaced. */
export function printable(text: string): string {
	return text.replaceAll(controlCharacters, '\ufffd');
}
