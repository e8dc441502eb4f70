import type { FastifyInstance } from 'fastify';
import { refuse, type S3Request } from './s3-request.ts';

/**
 * Parts of S3 that fauxqs does not know. It ignores the parameter and does what the bare method means: tagging an
 * object overwrites it, removing its tags deletes it, asking for a version returns the current one.
 */
const notEmulated = [
	'tagging',
	'acl',
	'versionId',
	'versioning',
	'retention',
	'legal-hold',
	'object-lock',
	'restore',
	'select',
	'torrent',
	'policy',
	'cors',
	'encryption',
	'replication',
	'website',
	'logging',
	'notification',
	'publicAccessBlock',
	'ownershipControls',
	'accelerate',
	'requestPayment',
	'location',
];

/** Answers 501 to what is not emulated, before it can do harm. */
export function mendByRefusing(app: FastifyInstance): void {
	app.addHook<S3Request>('preHandler', (request, reply, done) => {
		if (!request.params?.bucket) return done();
		const found = notEmulated.find((parameter) => parameter in request.query);
		if (found !== undefined) return void refuse(reply, 501, 'NotImplemented', `${found} is not emulated`);
		done();
	});
}
