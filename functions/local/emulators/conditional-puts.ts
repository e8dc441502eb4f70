import type { FastifyInstance } from 'fastify';
import type { S3Store } from './fauxqs-stores.ts';
import { creationOf, refuse, type S3Request } from './s3-request.ts';

/**
 * Enforces If-None-Match and If-Match wherever an object is created (PUT, copy, end of a multipart upload): fauxqs
 * ignores them, and of 50 racers 50 won. Nothing may be awaited between this check and fauxqs's handler, which writes
 * in the same tick; so the hook is synchronous, with a callback.
 */
export function mendConditionalPuts(app: FastifyInstance, store: S3Store): void {
	app.addHook<S3Request>('preHandler', (request, reply, done) => {
		const { bucket, '*': key } = request.params ?? {};
		const { 'if-none-match': ifNoneMatch, 'if-match': ifMatch } = request.headers;
		if (!bucket || !key || (ifNoneMatch === undefined && ifMatch === undefined)) return done();
		if (creationOf(request.method, request.query, false) === undefined) return done();
		if (ifNoneMatch !== undefined && ifNoneMatch !== '*')
			return void refuse(reply, 501, 'NotImplemented', 'If-None-Match of a PUT takes * only');
		if (!store.hasBucket(bucket)) return done(); // fauxqs says so itself
		const etag = etagOf(store, bucket, key);
		if (ifNoneMatch !== undefined && etag !== undefined) return void refuse(reply, 412, 'PreconditionFailed', failed);
		if (ifMatch !== undefined && etag === undefined)
			return void refuse(reply, 404, 'NoSuchKey', 'The specified key does not exist.');
		if (ifMatch !== undefined && bare(ifMatch) !== bare(etag ?? ''))
			return void refuse(reply, 412, 'PreconditionFailed', failed);
		done();
	});
}

const failed = 'At least one of the pre-conditions you specified did not hold';

function etagOf(store: S3Store, bucket: string, key: string): string | undefined {
	try {
		return store.headObject(bucket, key).etag;
	} catch {
		return undefined; // the bucket exists, so it is the key that does not
	}
}

/** S3 accepts ETags with and without quotes. */
function bare(etag: string): string {
	return etag.replaceAll('"', '');
}
