import type { z } from 'zod';
import type { ListedImage } from '../aws/image-list.ts';
import type { Queue } from '../aws/queue.ts';
import { imageEvent, type imageEventSchema } from '../core/event.ts';

/** Events of images that nobody claimed, which one sweep of open drops sends again. */
export const sweepEventsMax = 1000;

export interface EventSendingParts {
	imagesBucket: string;
	eventsQueue: Queue<z.infer<typeof imageEventSchema>>;
	nowMs: () => number;
	/** The event of a younger object may still be under way. */
	planningSecondsMax: number;
}

/** Sends again the event of an object that nobody claimed or noted, as S3 would; once too often does no harm. */
export type SendAgain = (object: ListedImage) => Promise<void>;

/** Whether an object has been there for so long that its event has come, or never will. */
export function isAtRest(parts: EventSendingParts, { modifiedMs }: ListedImage): boolean {
	return parts.nowMs() - modifiedMs > parts.planningSecondsMax * 1000;
}

/** Sends the event of every object that it is given. */
export function createSendAgain({ imagesBucket, eventsQueue }: EventSendingParts): SendAgain {
	return async ({ modifiedMs, ...image }) => eventsQueue.send(imageEvent(imagesBucket, image, modifiedMs));
}

/**
 * Sends events of objects at rest, at most `sweepEventsMax`: the next sweep meets the others again. Created anew for
 * every sweep.
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
