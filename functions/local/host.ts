import { randomBytes, randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { availableParallelism } from 'node:os';
import { createBatches } from '../aws/batch-table.ts';
import { createClaims } from '../aws/claim-table.ts';
import { createClients } from '../aws/clients.ts';
import { createLedgerTable } from '../aws/ledger-table.ts';
import { createManifests } from '../aws/manifests.ts';
import { createOutcomes } from '../aws/outcomes.ts';
import { createQueue } from '../aws/queue.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';
import { batchMessageSchema } from '../core/message.ts';
import { embeddedPrice, type Price } from '../core/price.ts';
import { loadPackage } from '../onnx/package-files.ts';
import { createPlanner } from '../planner/handler.ts';
import { createSettler } from '../settler/handler.ts';
import { startWorker } from '../worker/start.ts';
import { startEmulators } from './emulators/start.ts';
import { startEventSource } from './event-source.ts';
import { provision, queueNames } from './provision.ts';

export interface HostOptions {
	packageFolder: string;
	/** Images of a batch. */
	batchImagesMax: number;
	/** How long the planner waits for more events after the first. */
	windowMs: number;
	price?: Price;
	/** Leaves the batches to workers in processes of their own. */
	withoutWorker?: boolean;
	log: Log;
}

/** The whole system in one process: emulated S3, SQS and DynamoDB on loopback ports, and the handlers that run on AWS. */
export type Host = Awaited<ReturnType<typeof startHost>>;

const eventMessagesMax = 1000;

/**
 * Starts the embedded cloud and everything that runs in it.
 * @throws BudgetNetError `invalid` when the model package is refused
 */
export async function startHost(options: HostOptions) {
	const { log, price = embeddedPrice } = options;
	const model = await loadPackage(options.packageFolder);
	const emulators = await startEmulators({
		notifications: [{ bucket: 'budgetnet-images', queueName: queueNames.imageEvents }],
	});
	const clients = createClients(emulators);
	const resources = await provision(clients, emulators.sqsEndpoint);
	const ledger = createLedgerTable(clients.dynamodb, `${resources.tablePrefix}-ledger`);
	const batches = createBatches(clients.dynamodb, `${resources.tablePrefix}-batches`);
	const claims = createClaims(clients.dynamodb, `${resources.tablePrefix}-claims`);
	const manifests = createManifests(clients.s3, resources.resultsBucket);
	const outcomes = createOutcomes(clients.s3, resources.resultsBucket);
	/** Emits "step" whenever planner or settler has done something: what waits for progress looks then. */
	const steps = new EventEmitter<{ step: [] }>();
	const onInvoked = () => steps.emit('step');

	const planner = createPlanner({
		...{ ledger, batches, claims, manifests, price, log, card: model.card },
		batchQueue: createQueue(clients.sqs, resources.batchesUrl, batchMessageSchema, 'batches'),
		imagesBucket: resources.imagesBucket,
		batchImagesMax: options.batchImagesMax,
		nowMs: Date.now,
		mintRid: randomUUID,
		mintSuffix: () => randomBytes(4).toString('hex'),
	});
	const settler = createSettler({ ledger, batches, outcomes, log });
	const { sqs } = clients;
	const planning = startEventSource({
		sqs,
		queueUrl: resources.imageEventsUrl,
		handler: planner,
		batchMax: eventMessagesMax,
		windowMs: options.windowMs,
		onInvoked,
		log,
	});
	const settling = startEventSource({
		sqs,
		queueUrl: resources.reportsUrl,
		handler: settler,
		batchMax: 10,
		windowMs: 0,
		onInvoked,
		log,
	});
	const settings = { ...resources, threads: availableParallelism(), visibilitySeconds: limits.visibilitySeconds };
	const worker = options.withoutWorker ? undefined : await startWorker(clients, model, settings, log);

	return {
		...{ model, emulators, clients, resources, ledger, batches, claims, outcomes, steps, price },
		/** Stops in the order of the data's way, so that nothing is cut off half done; leaves no handle open. */
		async close() {
			await planning.stop();
			await worker?.stop();
			await settling.stop();
			for (const client of [clients.s3, clients.sqs, clients.dynamodb]) client.destroy();
			await emulators.close();
		},
	};
}
