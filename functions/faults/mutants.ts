/** A version of the code with one write moved, and the write after which a kill must show it. */
export interface Mutant {
	what: string;
	file: string;
	/** Text that occurs once, and what it becomes. */
	change: readonly (readonly [before: string, after: string])[];
	killAfter: string;
}

/** A mutant's file, changed. @throws Error unless the text to be changed occurs exactly once */
export function mutated(text: string, { file, change }: Pick<Mutant, 'file' | 'change'>): string {
	let changed = text;
	for (const [before, after] of change) {
		if (changed.split(before).length !== 2) throw new Error(`${file}: expected once: ${before}`);
		changed = changed.replace(before, after);
	}
	return changed;
}

/** Each breaks the order of writes in one place; the campaign must fail for each. */
export const mutants: readonly Mutant[] = [
	{
		what: 'images are claimed before the intent is written',
		file: 'functions/planner/handler.ts',
		change: [
			['		await intend(parts, batch, candidates);\n', ''],
			[
				'candidates);\n		if (parts.nowMs() < untilMs)',
				'candidates);\n		await intend(parts, batch, candidates);\n		if (parts.nowMs() < untilMs)',
			],
		],
		killAfter: 'claim',
	},
	{
		what: 'a reservation is noted after it is made',
		file: 'functions/planner/plan.ts',
		change: [
			[
				"	if (!isNoted && !(await batches.addReservation(batchId, { rid, period }, reservations.length))) return 'stale';\n",
				'',
			],
			[
				'	return ledger.reserve(request);',
				'	const refused = await ledger.reserve(request);\n	await batches.addReservation(batchId, { rid, period }, reservations.length);\n	return refused;',
			],
		],
		killAfter: 'reserve',
	},
	{
		what: 'a batch counts as sent before its message is',
		file: 'functions/planner/plan.ts',
		change: [
			['	await parts.batchQueue.send(message, { groupId: tenant });\n', ''],
			[
				'{ deadlineMs: message.deadlineMs });\n',
				'{ deadlineMs: message.deadlineMs });\n	await parts.batchQueue.send(message, { groupId: tenant });\n',
			],
		],
		killAfter: 'state-sent',
	},
];
