import type { FastifyReply } from 'fastify';

/** A request to one of fauxqs's S3 routes; other routes have no bucket. */
export interface S3Request {
	Params: { bucket?: string; '*'?: string };
	Querystring: Record<string, string>;
}

/** Answers as S3 does when it refuses a request. */
export function refuse(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
	const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
	return reply.status(status).header('content-type', 'application/xml').send(xml);
}

/**
 * The event's name if this request, when it succeeds, creates an object; else undefined. A part is not yet an object.
 */
export function creationOf(method: string, query: Record<string, string>, copied: boolean): string | undefined {
	if (method === 'POST' && 'uploadId' in query) return 'ObjectCreated:CompleteMultipartUpload';
	if (method !== 'PUT' || 'uploadId' in query || 'renameObject' in query) return undefined;
	return copied ? 'ObjectCreated:Copy' : 'ObjectCreated:Put';
}
