import type { z } from 'zod';
import { BudgetNetError } from './errors.ts';

/**
 * Checks outside input by its schema.
 * @param what names the input in the error, such as "message of queue batches"
 * @throws BudgetNetError `invalid`, with the path of each field that does not fit, if there are fields
 */
export function parse<T>(schema: z.ZodType<T>, input: unknown, what: string): T {
	const result = schema.safeParse(input);
	if (result.success) return result.data;
	const problems = result.error.issues
		.slice(0, 5)
		.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${inOurWords(message)}` : inOurWords(message)));
	throw new BudgetNetError('invalid', `${what} is invalid: ${problems.join('; ')}`);
}

/** Rewords Zod's own messages; those of our schemas are ours already. */
function inOurWords(message: string): string {
	return message
		.replace(/^Invalid input: expected (.*), received undefined$/, 'missing, expected $1')
		.replace(/^Invalid (?:input|option): /, '');
}

/** `parse` of JSON text. */
export function parseJson<T>(schema: z.ZodType<T>, text: string, what: string): T {
	let input: unknown;
	try {
		input = JSON.parse(text);
	} catch (error) {
		throw new BudgetNetError('invalid', `${what} is not JSON`, { cause: error });
	}
	return parse(schema, input, what);
}
