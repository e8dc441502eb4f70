import fc from 'fast-check';
import { expect, test } from 'vitest';
import { agreementOf } from './agreement.ts';
import { tableOf } from './table.ts';

const policies = 2;
const classes = 3;
const images = 5;
const truth = new Array(images).fill(0);

test('finds images with other labels, and the greatest deviation, wherever the images are in the table', () => {
	const cases = fc.record({
		logits: fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 30, maxLength: 30 }),
		indices: fc.uniqueArray(fc.integer({ min: 0, max: images - 1 }), { minLength: 1 }),
		policy: fc.nat({ max: policies - 1 }),
	});
	fc.assert(
		fc.property(cases, ({ logits, indices, policy }) => {
			const table = tableOf(Float32Array.from(logits), policies, classes, truth);
			const rows = Array.from({ length: policies }, (_, p) =>
				indices.flatMap((index) => logits.slice((p * images + index) * classes, (p * images + index + 1) * classes)),
			);
			const same = tableOf(Float32Array.from(rows.flat()), policies, classes, truth.slice(0, indices.length));
			const compared = indices.length * policies;
			expect(agreementOf(same, table, indices)).toEqual({ compared, otherLabels: 0, deviation: 0 });
			const reading = table.reading(policy, indices[0] as number);
			const changed = rows.map((row) => [...row]);
			(changed[policy] as number[])[(reading.label + 1) % classes] = 30;
			const other = tableOf(Float32Array.from(changed.flat()), policies, classes, truth.slice(0, indices.length));
			const found = agreementOf(other, table, indices);
			expect(found.otherLabels).toBe(Number(reading.gap > 0));
			expect(found.deviation).toBeGreaterThan(0);
		}),
	);
});
