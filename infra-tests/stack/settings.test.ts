import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defineSettings } from '../../cdk/settings-schema.ts';
import { workerSteps } from '../../cdk/workers/wanted.ts';

describe('settings', () => {
	test('empty settings are valid', () => {
		expect(defineSettings({})).toMatchObject({ name: 'budgetnet', workers: 'cpu', workersMax: 4 });
	});

	test('workers given on the command line override the settings, and are checked like them', () => {
		expect(defineSettings({ workers: 'cpu' }, 'gpu').workers).toBe('gpu');
		expect(() => defineSettings({}, 'tpu')).toThrow(/^-c workers=tpu is invalid/);
		const sizes = { workers: 'gpu', cpu: { cpuUnits: 3000 } } as const; // a wrong size, which no GPU worker has
		expect(() => defineSettings(sizes, 'cpu')).toThrow(/^cdk\/settings\.ts .*cpuUnits/);
	});

	test.each([
		[{ workers: 'tpu' }, /workers/],
		[{ workersMax: 0 }, /workersMax/],
		[{ cpu: { batchesPerWorker: 0 } }, /batchesPerWorker/],
		[{ windowSeconds: 0 }, /windowSeconds/],
		[{ windowSeconds: 301 }, /windowSeconds/],
		[{ name: 'aws-thing' }, /may not begin with aws/],
		[{ retentionDays: 129 }, /retentionDays.*130/],
		[{ imageRetentionDays: 129 }, /imageRetentionDays.*130/],
		[{ cpu: { cpuUnits: 3000 } }, /Fargate offers cpuUnits 1024, 2048, 4096/],
		[{ cpu: { cpuUnits: 1024, memoryMib: 16_384 } }, /memoryMib must be a multiple of 1024 from 2048 to 8192/],
		[{ cpu: { cpuUnits: 8192, memoryMib: 17_408 } }, /memoryMib must be a multiple of 4096 from 16384 to 61440/],
		[{ cpu: { cpuUnits: 16_384, memoryMib: 36_864 } }, /memoryMib must be a multiple of 8192 from 32768 to 122880/],
		[{ gpu: { instanceTypes: ['m7i.large'] } }, /instanceTypes/],
		[{ alarmEmail: 'nobody' }, /alarmEmail/],
		[{ price: { version: 'p', nanoUsdPerTmac: 0, nanoUsdPerImage: 0 } }, /nanoUsdPerTmac/],
		[{ colour: 'blue' }, /colour/],
	])('%j: the message names the setting', (given, message) => {
		expect(() => defineSettings(given as Parameters<typeof defineSettings>[0])).toThrow(message);
	});

	test.each([
		[8192, 61_440],
		[16_384, 122_880],
	])('the largest memory that Fargate offers with cpuUnits %i is accepted', (cpuUnits, memoryMib) => {
		expect(defineSettings({ cpu: { cpuUnits, memoryMib } }).cpu).toMatchObject({ cpuUnits, memoryMib });
	});

	test("a task that shares a GPU's instance need not match what Fargate offers", () => {
		const cpu = { cpuUnits: 3000, memoryMib: 5000 };
		expect(defineSettings({ workers: 'gpu', cpu }).cpu).toMatchObject(cpu);
	});
});

describe('numbers of workers', () => {
	test('begin with one, end with the bound, and always rise; AWS allows twenty steps', () => {
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 100 }), (workersMax) => {
				const steps = workerSteps(workersMax);
				expect([steps[0], steps.at(-1)]).toEqual([1, workersMax]);
				expect(steps.length).toBeLessThanOrEqual(20);
				expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
			}),
		);
	});
});
