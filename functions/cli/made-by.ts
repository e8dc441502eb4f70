import type { RunFacts } from '../core/outcome.ts';

/** Which package a batch ran: its name and its digest, as in its report. */
export type MadeBy = Pick<RunFacts, 'model' | 'digest'>;

/** How many characters of a digest tell packages apart for people: `sha256:` and 12 digits. */
export const shortDigest = 'sha256:'.length + 12;

/** What the facts of a run say of its package: `none` without a digest where nothing ran. */
export function madeBy({ model, digest }: RunFacts): MadeBy {
	return { model, ...(digest === undefined ? {} : { digest }) };
}

/** In words: one line, or none for a batch that was given up. */
export function describeMadeBy({ model, digest }: { model: string; digest?: string | undefined }): string[] {
	if (digest === undefined) return model === 'none' ? [] : [`model ${model}`];
	return [`model ${model}, ${digest}`];
}
