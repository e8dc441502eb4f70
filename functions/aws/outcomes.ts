import { type BatchRef, mustBeOf, objectKeys } from '../core/batch.ts';
import { assert, BudgetNetError } from '../core/errors.ts';
import { type Outcome, outcomeSchema, type RunFacts, runFactsSchema } from '../core/outcome.ts';
import { parseJson } from '../core/parse.ts';
import type { Report } from '../core/report.ts';
import { asciiJson } from './ascii-json.ts';
import type { Bucket } from './bucket.ts';
import { mustFit } from './must-fit.ts';
import { listOutcomes } from './outcome-list.ts';

/** The most bytes of a batch's outcomes object. */
export const outcomesBytesMax = 8 * 1024 * 1024;

/** What became of the batches: the outcomes objects, which are authoritative, and the reports made from them. */
export interface Outcomes {
	/**
	 * Writes the outcomes of an attempt, unless another attempt's are there: the commit point of a batch. 'exists' may
	 * mean this attempt's own, written by a call whose answer was lost: read the facts to know whose they are.
	 * @throws BudgetNetError `invalid` when they are too large or readers would refuse them, `unavailable`
	 */
	commit(ref: BatchRef, facts: RunFacts, outcomes: Outcome[]): Promise<'committed' | 'exists'>;
	/** The facts of the attempt that won, without its outcomes. */
	facts(ref: BatchRef): Promise<RunFacts | undefined>;
	read(ref: BatchRef): Promise<{ facts: RunFacts; outcomes: Outcome[] } | undefined>;
	putReport(ref: BatchRef, report: Report): Promise<void>;
	/**
	 * A tenant's batches that have outcomes, the oldest first.
	 * @param since only those of this day (UTC, as 2026-11-24) and later: earlier ones are not even looked at
	 * @param until only those of this day and earlier
	 * @throws BudgetNetError `invalid` when there are more than `outcomesListedMax`
	 */
	list(tenant: string, since?: string, until?: string): Promise<BatchRef[]>;
}

const factsName = 'facts';
/** S3's limit for all metadata of an object, less the name. */
const factsBytesMax = 2048 - factsName.length;

/** Outcomes as JSON Lines in S3; the facts of the run are in the object's metadata, so one write publishes both. */
export function createOutcomes(results: Bucket): Outcomes {
	return {
		async commit(ref, facts, outcomes) {
			const key = objectKeys.outcomes(ref);
			assert(facts.batchId === ref.batchId && facts.tenant === ref.tenant, `${key}: facts of another batch`);
			assert(facts.images === outcomes.length, `${key}: facts of ${facts.images} images, ${outcomes.length} outcomes`);
			const lines = outcomes.map((outcome) => JSON.stringify(outcome));
			const text = lines.map((line) => `${line}\n`).join('');
			mustFit(key, text, outcomesBytesMax);
			const metadata = { [factsName]: asciiJson(facts) };
			// Outcomes are written only once, so what readers would refuse must not be written at all.
			readFacts(ref, metadata);
			readLines(key, lines);
			mustFit(`metadata of ${key}`, metadata[factsName] as string, factsBytesMax);
			const options = { ifNoneMatch: true, metadata };
			const result = await results.putText(key, text, 'application/jsonl', options);
			return result === 'written' ? 'committed' : 'exists';
		},

		async facts(ref) {
			const key = objectKeys.outcomes(ref);
			const found = await results.head(key);
			return found && readFacts(ref, found.Metadata ?? {});
		},

		async read(ref) {
			const key = objectKeys.outcomes(ref);
			const found = await results.getText(key, outcomesBytesMax);
			if (!found) return undefined;
			const facts = readFacts(ref, found.metadata);
			const lines = found.text.split('\n').slice(0, -1);
			if (lines.length !== facts.images)
				throw new BudgetNetError('invalid', `${key} has ${lines.length} lines: its facts say ${facts.images} images`);
			return { facts, outcomes: readLines(key, lines) };
		},

		async putReport(ref, report) {
			await results.putText(objectKeys.report(ref), `${JSON.stringify(report)}\n`, 'application/json');
		},

		list: (tenant, since, until) => listOutcomes(results, tenant, since, until),
	};
}

function readLines(key: string, lines: readonly string[]): Outcome[] {
	return lines.map((line, i) => parseJson(outcomeSchema, line, `line ${i + 1} of ${key}`));
}

function readFacts(ref: BatchRef, metadata: Record<string, string>): RunFacts {
	const key = objectKeys.outcomes(ref);
	const facts = parseJson(runFactsSchema, metadata[factsName] ?? '', `metadata of ${key}`);
	mustBeOf(ref, facts, `metadata of ${key}`);
	return facts;
}
