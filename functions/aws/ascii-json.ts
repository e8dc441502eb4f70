/**
 * JSON in ASCII, with everything else escaped. For places that refuse some characters: HTTP headers (all beyond
 * Latin-1) and queue messages (U+FFFE and U+FFFF; emulators refuse more).
 */
export function asciiJson(value: unknown): string {
	const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
	return JSON.stringify(value).replaceAll(/[\u007f-\uffff]/g, escaped);
}
