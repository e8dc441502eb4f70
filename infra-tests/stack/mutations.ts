import type { Policies, Statement } from './policies.ts';

/** One statement removed or widened. */
export interface Mutation {
	name: string;
	side: keyof Policies;
	/** Role name or ARN whose statement it is. */
	owner: string;
	/** The owner's statements after the mutation. */
	statements: Statement[];
	/** Actions that the statement names, before or after. */
	actions: string[];
}

type Change = [how: string, statement: Statement | undefined];

/** Every statement of a stack, removed as a whole and in each of its parts, and widened in every way it can be. */
export function* mutationsOf(policies: Policies): Generator<Mutation> {
	for (const side of ['identity', 'resource'] as const)
		for (const [owner, statements] of policies[side])
			for (const [i, statement] of statements.entries())
				for (const [how, changed] of [...removals(statement), ...widenings(statement, side)]) {
					const rest = changed ? statements.with(i, changed) : statements.toSpliced(i, 1);
					const actions = [...listOf(statement.Action), ...listOf(changed?.Action)];
					const name = `${owner}: ${statement.Effect} ${listOf(statement.Action)}: ${how}`;
					yield { name, side, owner, statements: rest, actions };
				}
}

const listOf = (value: string | string[] | undefined): string[] =>
	value === undefined ? [] : Array.isArray(value) ? value : [value];

function removals(statement: Statement): Change[] {
	const actions = listOf(statement.Action);
	const resources = listOf(statement.Resource);
	const changes: Change[] = [['removed', undefined]];
	if (actions.length > 1)
		for (const action of actions)
			changes.push([`without ${action}`, { ...statement, Action: actions.filter((other) => other !== action) }]);
	if (resources.length > 1)
		for (const resource of resources)
			changes.push([
				`without ${resource}`,
				{ ...statement, Resource: resources.filter((other) => other !== resource) },
			]);
	return changes;
}

function widenings(statement: Statement, side: keyof Policies): Change[] {
	const changes: Change[] = [];
	const service = listOf(statement.Action)[0]?.split(':')[0];
	const { NotResource, ...rest } = statement;
	const isTrust = statement.Resource === undefined && NotResource === undefined;
	if (!isTrust && !listOf(statement.Action).includes(`${service}:*`))
		changes.push([`any action of ${service}`, { ...statement, Action: `${service}:*` }]);
	for (const part of side === 'identity' ? listOf(statement.Resource) : []) {
		if (part === '*') continue;
		changes.push([`any resource instead of ${part}`, { ...statement, Resource: '*' }]);
	}
	if (NotResource !== undefined)
		changes.push([`any resource, not only others than ${NotResource}`, { ...rest, Resource: '*' }]);
	const { Condition, ...unconditional } = statement;
	for (const operator of Object.keys(Condition ?? {})) {
		const { [operator]: _, ...others } = Condition as NonNullable<typeof Condition>;
		const left = Object.keys(others).length > 0 ? { ...unconditional, Condition: others } : unconditional;
		changes.push([`without condition ${operator}`, left]);
	}
	if (side === 'resource' && statement.Effect === 'Allow')
		changes.push(['for everybody', { ...statement, Principal: '*' }]);
	return changes;
}
