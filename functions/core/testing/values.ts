/**
 * What the agent says in tests: a chance of being right that rises with the margin, and with the cost of the policy.
 */
export function valuesOf(margin: number, policy: number, policies: number): number[] {
	const own = 1 / (1 + Math.exp(1 - 4 * margin));
	const costlier = (steps: number) => 1 / (1 + Math.exp(-1 - 0.3 * steps - 0.5 * margin));
	return Array.from({ length: policies }, (_, other) => (other === policy ? own : costlier(other - policy - 1)));
}
