import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mutants, mutated } from './mutants.ts';

const root = join(import.meta.dirname, '..', '..');

test.each(mutants)('the code that a mutant moves is still there: $what', (mutant) => {
	const text = readFileSync(join(root, mutant.file), 'utf8');
	expect(mutated(text, mutant)).not.toBe(text);
});
