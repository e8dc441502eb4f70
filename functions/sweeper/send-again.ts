import type { z } from 'zod';
import type { ListedImage } from '../aws/image-list.ts';
import type { Queue } from '../aws/queue.ts';
import { imageEvent, type imageEventSchema } from '../core/event.ts';

/** Events that one sweep of open drops sends again, of images that nobody claimed. */
export const sweepEventsMax = 1000;

export interface EventSendingParts {
	imagesBucket: string;
	eventsQueue: Queue<z.infer<typeof imageEventSchema>>;
	nowMs: () => number;
	/** Younger objects may still have their event under way. */
	planningSecondsMax: number;
}

/** Sends the event of an object again that nobody claimed or noted, as S3 would have; once too often does no harm. */
export type SendAgain = (object: ListedImage) => Promise<void>;

/** Whether an object lies there for so long that its event has come, or never will. */
export function isAtRest(parts: EventSendingParts, { modifiedMs }: ListedImage): boolean {
	return parts.nowMs() - modifiedMs > parts.planningSecondsMax * 1000;
}

/** Sends whatever it is given. */
export function createSendAgain({ imagesBucket, eventsQueue }: EventSendingParts): SendAgain {
	return async ({ modifiedMs, ...image }) => eventsQueue.send(imageEvent(imagesBucket, image, modifiedMs));
}

/**
 * Sends events of objects at rest, `sweepEventsMax` at most: what is beyond them the next sweep meets again. Made anew
 * for every sweep.
 */
export function createBoundedSendAgain(parts: EventSendingParts): { sendAgain: SendAgain; sent: () => number } {
	const send = createSendAgain(parts);
	let sent = 0;
	return {
		sent: () => sent,
		async sendAgain(object) {
			if (sent >= sweepEventsMax || !isAtRest(parts, object)) return;
			sent += 1;
			await send(object);
		},
	};
}
