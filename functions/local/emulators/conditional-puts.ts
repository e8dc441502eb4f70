import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

interface ObjectRequest {
	Params: { bucket?: string; '*'?: string };
	Querystring: Record<string, string>;
}

/** Hands out one key at a time: a conditional PUT must look and write without another in between. */
function createLocks() {
	const tails = new Map<string, Promise<void>>();
	return {
		async acquire(name: string): Promise<() => void> {
			const before = tails.get(name) ?? Promise.resolve();
			const { promise, resolve } = Promise.withResolvers<void>();
			const tail = before.then(() => promise);
			tails.set(name, tail);
			await before;
			return () => {
				resolve();
				if (tails.get(name) === tail) tails.delete(name);
			};
		},
	};
}

/**
 * What fauxqs leaves out, mended by hooks: If-None-Match and If-Match on PUT (it ignores them: of 50 racers 50 won), and
 * PutObjectTagging (it would overwrite the object with the tagging XML).
 */
export function mendPuts(app: FastifyInstance): void {
	const locks = createLocks();
	const releases = new WeakMap<FastifyRequest, () => void>();

	app.addHook<ObjectRequest>('preHandler', async (request, reply) => {
		const { bucket, '*': key } = request.params ?? {};
		if (request.method !== 'PUT' || !bucket || !key) return;
		if ('tagging' in request.query) return refuse(reply, 501, 'NotImplemented', 'Tagging is not emulated');
		releases.set(request, await locks.acquire(`${bucket}/${key}`));
		const { 'if-none-match': ifNoneMatch, 'if-match': ifMatch } = request.headers;
		if (ifNoneMatch === undefined && ifMatch === undefined) return;
		const found = await app.inject({ method: 'HEAD', url: request.url.split('?')[0] ?? '' });
		const exists = found.statusCode === 200;
		if (ifNoneMatch !== undefined && exists) return refuse(reply, 412, 'PreconditionFailed', 'The object exists');
		if (ifMatch !== undefined && !exists) return refuse(reply, 404, 'NoSuchKey', 'The object does not exist');
		if (ifMatch !== undefined && found.headers.etag !== ifMatch)
			return refuse(reply, 412, 'PreconditionFailed', 'The object has another ETag');
	});
	const release = async (request: FastifyRequest) => releases.get(request)?.();
	app.addHook('onResponse', release);
	app.addHook('onRequestAbort', release);
}

function refuse(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
	const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
	return reply.status(status).header('content-type', 'application/xml').send(xml);
}
