import type { FastifyInstance, FastifyRequest } from 'fastify';
import { encodeKey } from '../../core/object-key.ts';
import type { S3Store } from './fauxqs-stores.ts';
import type { S3Request } from './s3-request.ts';

/**
 * Lists in the order of UTF-16 code units, in which pages continue too. fauxqs sorts as people do (a, B, c) but
 * continues by code units (B < a), so a second page lacked keys. S3's order is that of UTF-8 bytes: the same except for
 * characters beyond U+FFFF.
 */
export function mendListing(store: S3Store): void {
	const listInPeoplesOrder = store.listObjects.bind(store);
	store.listObjects = (bucket, options = {}) => {
		const { prefix = '', delimiter, maxKeys = 1000, startAfter = options.marker ?? '' } = options;
		const all = listInPeoplesOrder(bucket, { prefix, maxKeys: Number.POSITIVE_INFINITY }).objects;
		all.sort((a, b) => (a.key < b.key ? -1 : 1));
		const objects: typeof all = [];
		const commonPrefixes = new Set<string>();
		for (const object of all) {
			const end = delimiter ? object.key.indexOf(delimiter, prefix.length) : -1;
			const name = delimiter && end >= 0 ? object.key.slice(0, end + delimiter.length) : object.key;
			if (name <= startAfter || commonPrefixes.has(name)) continue;
			if (objects.length + commonPrefixes.size >= maxKeys)
				return { objects, commonPrefixes: [...commonPrefixes], isTruncated: maxKeys > 0 };
			if (end >= 0) commonPrefixes.add(name);
			else objects.push(object);
		}
		return { objects, commonPrefixes: [...commonPrefixes], isTruncated: false };
	};
}

/**
 * Encodes the keys of a listing if the request asks for it, which fauxqs ignores: its XML loses control characters and
 * line ends. Asked for versions, fauxqs answers with its older kind of listing: this turns it into a listing of
 * versions, as S3 gives it for a bucket without versioning.
 */
export function mendXmlOfListing(app: FastifyInstance): void {
	app.addHook<S3Request>('preHandler', (request, _reply, done) => {
		const after = request.query?.['key-marker'];
		if (isVersionListing(request) && after !== undefined) request.query.marker = after;
		done();
	});
	app.addHook<unknown, S3Request>('onSend', (request, reply, payload, done) => {
		const { 'list-type': listType, 'encoding-type': encoding } = request.query ?? {};
		const ofVersions = isVersionListing(request);
		if ((listType !== '2' && !ofVersions) || reply.statusCode !== 200) return done();
		const xml = encoding === 'url' ? encodeKeys(String(payload)) : String(payload);
		done(null, ofVersions ? asVersions(xml) : xml);
	});
}

function isVersionListing({ method, query, params }: FastifyRequest<S3Request>): boolean {
	return method === 'GET' && params?.bucket !== undefined && !params['*'] && 'versions' in query;
}

function encodeKeys(xml: string): string {
	const encoded = xml.replaceAll(
		/<(Key|Prefix|StartAfter)>([^<]*)<\/\1>/g,
		(_, name, text) => `<${name}>${encodeKey(unescapeXml(text))}</${name}>`,
	);
	return encoded.replace('<Name>', '<EncodingType>url</EncodingType><Name>');
}

function asVersions(xml: string): string {
	return xml
		.replaceAll('ListBucketResult', 'ListVersionsResult')
		.replaceAll('<Contents>', '<Version><VersionId>null</VersionId><IsLatest>true</IsLatest>')
		.replaceAll('</Contents>', '</Version>');
}

const entities: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'" };

function unescapeXml(text: string): string {
	return text.replaceAll(/&\w+;/g, (entity) => entities[entity] ?? entity);
}
