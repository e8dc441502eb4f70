import { openBucket } from '../../aws/bucket.ts';
import type { Claims } from '../../aws/claim-table.ts';
import { createDrops } from '../../aws/drops.ts';
import { measuresOf } from '../../aws/measures.ts';
import { type Batch, mintBatchId } from '../../core/batch.ts';
import { parseImageEvents } from '../../core/event.ts';
import type { ImageName } from '../../core/image.ts';
import { limits } from '../../core/limits.ts';
import { tenantOf } from '../../core/object-key.ts';
import type { Batches } from '../../core/ports.ts';
import { sweepDrops } from '../drops.ts';
import { createMemoryBucket } from './memory-bucket.ts';

export const tenant = 'acme';
export const marker = 'acme/2026/_complete';
export const [closedMs, nowMs] = [Date.UTC(2026, 10, 24, 12), Date.UTC(2026, 10, 24, 13)];
export const unsettled: Omit<Batch, 'batchId'> = { tenant, createdMs: 0, state: 'sent', images: 1, reservations: [] };

/** A system whose images and batches a test sets as it likes. Each look at the clock takes `tickMs`. */
export function createWorld({ pageKeys = 1000, versioned = false, tickMs = 0 } = {}) {
	const images = createMemoryBucket({ pageKeys });
	const results = createMemoryBucket();
	const claims = new Map<string, string>();
	const batches = new Map<string, Batch>();
	const drops = createDrops(openBucket(results.client, 'results'));
	const read = { claims: 0, claimRequests: 0, batches: 0 };
	let clockMs = nowMs;
	const logged = [] as string[];
	const sentAgain = [] as string[];
	const parts = {
		drops,
		imagesBucket: 'images',
		claims: {
			ownersOf: async (names: readonly ImageName[]) => {
				read.claims += names.length;
				read.claimRequests += 1;
				return names.map(({ key, version }) => claims.get(`${key} ${version}`));
			},
		} as unknown as Claims,
		batches: {
			get: async (batchId: string) => {
				read.batches += 1;
				return batches.get(batchId);
			},
		} as unknown as Batches,
		nowMs: () => {
			clockMs += tickMs;
			return clockMs;
		},
		log: (level: string, message: string, facts = {}) =>
			void logged.push([`${level}: ${message}`, ...measuresOf(facts).map(({ name }) => name)].join(', ')),
		s3: images.client,
		planningSecondsMax: limits.planningSecondsMax,
		eventsQueue: {
			send: async (event: object) => {
				for (const { image } of parseImageEvents(JSON.stringify(event), 'images').images)
					sentAgain.push(`${image.key} ${image.versionId ?? image.etag}`);
			},
		},
	};
	return {
		images,
		results,
		batches,
		drops,
		read,
		logged,
		drop: (key: string, modifiedMs = 0) =>
			void images.objects.set(key, { text: '', etag: 'e1', modifiedMs, ...(versioned ? { versionId: 'v1' } : {}) }),
		/** Objects whose event was sent again since the last look. */
		sentAgain: () => sentAgain.splice(0),
		claim: (key: string, batchId: string) => void claims.set(`${key} ${versioned ? 'v1' : 'e1'}`, batchId),
		close: (of = marker, atMs = closedMs) => drops.open({ tenant: tenantOf(of), marker: of, closedMs: atMs }),
		sweep: () => sweepDrops(parts, clockMs + limits.sweepSecondsMax * 1000),
		record: (of = marker) => drops.getRecord(of),
	};
}

export type World = ReturnType<typeof createWorld>;
export const batchIdOf = (i: number) => mintBatchId(closedMs, String(i).padStart(8, '0'));

/** Drops images of one settled batch. */
export function dropSettled(world: World, keys: readonly string[]): void {
	world.batches.set(batchIdOf(0), { ...unsettled, batchId: batchIdOf(0), state: 'settled' });
	for (const key of keys) {
		world.drop(key);
		world.claim(key, batchIdOf(0));
	}
}
