import { BudgetNetError } from '../core/errors.ts';

/** @throws BudgetNetError `invalid` when `what`, about to be written, is longer than its place or its reader takes */
export function mustFit(what: string, text: string, bytesMax: number): void {
	const bytes = Buffer.byteLength(text);
	if (bytes > bytesMax) throw new BudgetNetError('invalid', `${what} has ${bytes} bytes: expected at most ${bytesMax}`);
}
