import type { AddressInfo } from 'node:net';
import { buildApp } from 'fauxqs';
import { keepBodiesOnDisk } from './bodies-on-disk.ts';
import { mendConditionalPuts } from './conditional-puts.ts';
import { createStores } from './fauxqs-stores.ts';
import { mendListing, mendXmlOfListing } from './listing.ts';
import { mendNotifications, type Notification } from './notifications.ts';
import { mendByRefusing } from './refusals.ts';

export interface ObjectStoreOptions {
	host: string;
	region: string;
	notifications: readonly Notification[];
}

/** The most bytes of one PUT; fauxqs accepts 11 MiB, less than an image may have. S3 accepts 5 GB. */
const putBytesMax = 64 * 1024 * 1024;

/** Starts S3 and SQS on one free port: fauxqs with our repairs, in memory except for the bodies of photos. */
export async function startObjectStore(options: ObjectStoreOptions) {
	const stores = await createStores();
	const app = buildApp({ logger: false, defaultRegion: options.region, stores });
	app.removeContentTypeParser('*');
	app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: putBytesMax }, (_request, body, done) =>
		done(null, body),
	);
	const forgetBodies = keepBodiesOnDisk(stores.s3Store);
	mendByRefusing(app);
	mendConditionalPuts(app, stores.s3Store);
	mendListing(stores.s3Store);
	mendXmlOfListing(app);
	mendNotifications(app, stores, options);
	await app.listen({ host: options.host, port: 0 });
	const { port } = app.server.address() as AddressInfo;
	return {
		endpoint: `http://${options.host}:${port}`,
		/** Ends long polls and cuts connections. */
		async close() {
			await app.close();
			forgetBodies();
		},
	};
}
