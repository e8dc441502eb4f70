import { z } from 'zod';
import { BudgetNetError } from './errors.ts';

/** Money: whole nano-USD (1 USD = 10^9), at most 2^53 - 1, which is about nine million dollars. */
export const nanoUsdSchema = z.int().min(0);

export const nanoUsdPerUsd = 1_000_000_000;
const usdPattern = /^\$?([1-9]\d{0,2}(?:,\d{3})+|\d+)(?:\.(\d{1,9}))?$/;

/**
 * Reads dollars as people write them ("5", "0.25", "$1,000.00"), exactly.
 * @param what names them in the error, as "--limit"
 * @throws BudgetNetError `invalid`
 */
export function parseUsd(text: string, what = ''): number {
	const said = `${what} "${text}"`.trimStart();
	const match = usdPattern.exec(text.trim());
	if (!match)
		throw new BudgetNetError('invalid', `${said} is not an amount: expected dollars such as 5, 0.25 or $1,000.00`);
	const whole = BigInt((match[1] as string).replaceAll(',', ''));
	const nano = whole * BigInt(nanoUsdPerUsd) + BigInt((match[2] ?? '').padEnd(9, '0'));
	if (nano > BigInt(Number.MAX_SAFE_INTEGER))
		throw new BudgetNetError(
			'invalid',
			`${said} is too much: expected at most $${Math.floor(Number.MAX_SAFE_INTEGER / nanoUsdPerUsd)}`,
		);
	return Number(nano);
}

/** Dollars for people: at least two decimals, as many as the amount has. */
export function formatUsd(nanoUsd: number): string {
	const size = Math.abs(nanoUsd);
	const decimals = String(size % nanoUsdPerUsd)
		.padStart(9, '0')
		.replace(/0{1,7}$/, '');
	return `${nanoUsd < 0 ? '-' : ''}$${Math.floor(size / nanoUsdPerUsd).toLocaleString('en-US')}.${decimals}`;
}
