import { PutObjectCommand } from '@aws-sdk/client-s3';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { Clients } from '../aws/clients.ts';
import type { Resources } from '../aws/resources.ts';
import { imageEvent } from '../core/event.ts';
import type { Image } from '../core/image.ts';
import { leastMacs, type ModelCard } from '../core/package.ts';
import { monthsInUtc, periodOf } from '../core/period.ts';
import { costNanoUsd, embeddedPrice } from '../core/price.ts';
import { limitForShare } from '../core/quota.ts';
import { permutation } from '../core/random.ts';
import type { Emulators } from '../local/emulators/start.ts';
import { createHandlers } from '../local/handlers.ts';
import { provision } from '../local/provision.ts';
import { createLethalClients } from './lethal-clients.ts';
import { judge, type Verdict } from './oracle.ts';
import { untilQuiet } from './quiet.ts';
import { type Role, restless, startRole, visibilitySeconds } from './roles.ts';
import { startVictim } from './start-victim.ts';

/** One run: which role is killed after which write, and the seed of everything else. */
export interface RunSpec {
	role: Role;
	killAfter: { name: string; occurrence: number };
	seed: number;
}

/** The clouds of all runs live in the same emulators, each under a prefix of its own. */
export interface Arena {
	emulators: Emulators;
	card: ModelCard;
	/** Bytes of images to drop. */
	files: readonly Uint8Array[];
}

export interface RunResult extends Verdict {
	killed: boolean;
	/** The victim ended by itself, although nothing told it to. */
	crashed: boolean;
	images: number;
}

const tenant = 'acme';
const marker = `${tenant}/_complete`;

/** Runs one cloud from the drop until it is quiet, with one process killed in between, and judges it. */
export async function runOnce(
	arena: Arena,
	prefix: string,
	spec: RunSpec,
	onWritten: (role: Role, name: string) => void,
): Promise<RunResult> {
	const { emulators, card } = arena;
	const quiet = createLethalClients(emulators, { doubled: false, onWritten: () => undefined });
	const opened: Clients[] = [];
	const clientsOf = (role: Role) => {
		const clients = createLethalClients(emulators, { doubled: true, onWritten: (name) => onWritten(role, name) });
		opened.push(clients);
		return clients;
	};
	const resources = await provision(quiet, { sqsEndpoint: emulators.sqsEndpoint, prefix, visibilitySeconds });
	const orders = { role: spec.role, killAfter: spec.killAfter, doubled: true, pace: restless };
	const victim = startVictim({ ...orders, endpoints: emulators, resources, card });
	const survivor: Role = spec.role === 'worker' ? 'handlers' : 'worker';
	const stops = [startRole(survivor, clientsOf(survivor), resources, card)];
	const replaced = victim.died.then(() => stops.push(startRole(spec.role, clientsOf(spec.role), resources, card)));
	const stores = createHandlers(quiet, resources, {
		card,
		batchImagesMax: 1,
		planningSecondsMax: 1,
		log: () => undefined,
	});
	const period = periodOf(monthsInUtc, Date.now());
	await stores.ledger.setQuota(
		{ tenant, limitNanoUsd: limitOf(card, spec.seed, arena.files.length), countedImages: arena.files.length },
		Date.now(),
	);
	await victim.ready;
	const dropped = await drop(quiet, resources, arena, spec.seed);
	await untilQuiet({ clients: quiet, resources, stores, tenant, images: dropped.length, marker, period });
	const killed = victim.process.signalCode === 'SIGKILL';
	const crashed = victim.process.exitCode !== null;
	if (killed) await replaced;
	else victim.process.kill('SIGKILL');
	await victim.died;
	await replaced;
	for (const stop of stops) await stop();
	const verdict = await judge({ tenant, period, dropped, marker, ...stores });
	for (const client of [...opened, quiet].flatMap((clients) => Object.values(clients))) client.destroy();
	return { ...verdict, killed, crashed, images: dropped.length };
}

/** By the seed: enough for everything, for a part of the compute, or only for some of the images at the cheapest. */
function limitOf(card: ModelCard, seed: number, images: number): number {
	const share = [1, 0.4][seed % 3];
	if (share !== undefined) return limitForShare({ card, price: embeddedPrice, images, share, batches: images });
	return costNanoUsd(embeddedPrice, Math.floor(images / 2) * leastMacs(card), Math.floor(images / 2)) + 2;
}

/** Drops the images and a marker, and sends the event of each twice, in two orders. */
async function drop(
	{ s3, sqs }: Clients,
	{ imagesBucket, imageEventsUrl }: Resources,
	{ files }: Arena,
	seed: number,
): Promise<string[]> {
	const order = permutation(files.length, seed);
	const images: Image[] = [];
	for (const i of order) {
		const Key = `${tenant}/${i} ü+.png`;
		const Body = files[i] as Uint8Array;
		const { ETag = '' } = await s3.send(new PutObjectCommand({ Bucket: imagesBucket, Key, Body }));
		images.push({ key: Key, etag: ETag.replaceAll('"', ''), bytes: Body.length });
	}
	await s3.send(new PutObjectCommand({ Bucket: imagesBucket, Key: marker, Body: 'all' }));
	const objects = [...images, { key: marker, etag: 'e', bytes: 3 }];
	const closedMs = Date.now();
	for (const i of [...permutation(objects.length, seed + 1), ...permutation(objects.length, seed + 2)]) {
		const event = imageEvent(imagesBucket, objects[i] as Image, closedMs);
		await sqs.send(new SendMessageCommand({ QueueUrl: imageEventsUrl, MessageBody: JSON.stringify(event) }));
	}
	return images.map(({ key }) => key);
}
