import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseCard } from '../functions/core/package.ts';
import { nothingWrong } from '../functions/faults/oracle.ts';
import { imagesEach, terminateWorkers } from '../functions/faults/terminate.ts';

const models = join(import.meta.dirname, '..', 'models');
const moments = ['receive-batches', 'get-image', 'run-policy', 'put-reports'].map((name) => ({ name, occurrence: 1 }));
const images = moments.length * imagesEach;

test('a worker that is told to stop in the middle of its batch exits with 0, and every image has one outcome, billed once', async () => {
	const card = parseCard(await readFile(join(models, 'packages', 'cifar10-resnet', 'model.json'), 'utf8'));
	const picture = await readFile(join(models, 'samples', 'cifar10', 'images', '0000.png'));
	const { stopSecondsMax: _, ...result } = await terminateWorkers({
		card,
		picture,
		moments,
		times: moments.length,
		onEnded: () => undefined,
	});
	expect(result).toEqual({
		terminations: moments.length,
		exitedWell: moments.length,
		images,
		...nothingWrong,
	});
}, 120_000);
