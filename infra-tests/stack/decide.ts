import { runSimulation, type Simulation } from '@cloud-copilot/iam-simulate';
import type { Policies, Statement } from './policies.ts';
import { account } from './resolve.ts';
import type { Request } from './what.ts';
import type { Caller } from './who.ts';

const documentOf = (statements: readonly unknown[]) => ({ Version: '2012-10-17', Statement: statements });

/**
 * Whether AWS would let this caller do this, by the policies of both sides.
 * @throws Error when a policy or the request is not valid
 */
export async function isAllowed(policies: Policies, caller: Caller, request: Request): Promise<boolean> {
	const ownStatements = caller.role === undefined ? caller.ownStatements : policies.identity.get(caller.role);
	const identity = ownStatements?.filter(({ Action }) => speaksOf(Action, request.action)) ?? [];
	const attached = resourceStatements(policies, request.resource);
	if (identity.length === 0 && !attached) return false; // no statement means no
	const simulation: Simulation = {
		request: {
			principal: caller.principal,
			action: request.action,
			resource: { resource: request.resource, accountId: account },
			contextVariables: { ...request.context, ...caller.context },
		},
		identityPolicies: identity.length > 0 ? [{ name: 'identity', policy: documentOf(identity) }] : [],
		serviceControlPolicies: [],
		resourceControlPolicies: [],
		...(attached ? { resourcePolicy: documentOf(attached) } : {}),
	};
	const answer = await runSimulation(simulation, {});
	if (answer.resultType === 'error')
		throw new Error(`${request.action} on ${request.resource}: ${JSON.stringify(answer.errors)}`);
	return answer.overallResult === 'Allowed';
}

/** Whether a statement's actions include one. */
export function speaksOf(actions: string | string[], action: string): boolean {
	return [actions].flat().some((one) => new RegExp(`^${one.replaceAll('*', '.*')}$`).test(action));
}

/** A resource's own policy; an object has its bucket's, and a trust policy names no resource. */
export function resourceStatements({ resource }: Policies, arn: string): Statement[] | undefined {
	return resource.get(arn.startsWith('arn:aws:s3:::') ? (arn.split('/')[0] as string) : arn);
}
