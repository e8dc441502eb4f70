import type { SQSRecord } from 'aws-lambda';
import { expect, test } from 'vitest';
import { imageEvent } from '../core/event.ts';
import { createPlanner, type PlannerParts } from './handler.ts';

const event = (messageId: string, key: string) =>
	({
		...{ messageId, eventSource: 'aws:sqs' },
		body: JSON.stringify(imageEvent('images', { key, etag: 'e1', bytes: 0 }, 7)),
	}) as SQSRecord;

test('the event of a closed drop is kept until that is written down', async () => {
	const opened: string[] = [];
	const drops = {
		open: async ({ marker }: { marker: string }) => {
			if (marker.startsWith('ill/')) throw new Error('not today');
			opened.push(marker);
		},
	};
	const plan = createPlanner({ drops, imagesBucket: 'images', log: () => undefined } as unknown as PlannerParts);
	const answer = await plan({ Records: [event('1', 'ill/_complete'), event('2', 'acme/2026/_complete')] });
	expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '1' }] });
	expect(opened).toEqual(['acme/2026/_complete']);
});
