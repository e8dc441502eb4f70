import { expect, test } from 'vitest';
import { printable } from './printable.ts';

test.each([
	['a new line', 'acme/\nalert: forged'],
	['an escape sequence', 'acme/\u001b[2J'],
	['one of eight bits', 'acme/\u009b2J'],
	['a turn to the left', 'acme/\u202egnp.tac'],
	['an isolate', 'acme/\u2066x'],
	['a line separator', 'acme/\u2028x'],
])('%s is replaced', (_, text) => {
	expect(printable(text)).toMatch(/^acme\/\ufffd/);
});

test('characters that belong in names are kept, including joiners and combining marks', () => {
	for (const name of ['acme/Zoë.png', 'acme/می\u200cخواهم.png', 'acme/👩\u200d🔬.png'])
		expect(printable(name)).toBe(name);
});
