import { randomUUID } from 'node:crypto';
import { encodeKey } from '../../core/object-key.ts';

export interface CreatedObject {
	eventName: string;
	region: string;
	bucket: string;
	key: string;
	etag: string;
	bytes: number;
	/** Increases with each of the bucket's writes. */
	sequence: number;
}

/** The message that S3 sends when an object was created, in its version 2.1. */
export function createdMessage({ eventName, region, bucket, key, etag, bytes, sequence }: CreatedObject): string {
	const record = {
		eventVersion: '2.1',
		eventSource: 'aws:s3',
		awsRegion: region,
		eventTime: new Date().toISOString(),
		eventName,
		userIdentity: { principalId: 'embedded' },
		requestParameters: { sourceIPAddress: '127.0.0.1' },
		responseElements: { 'x-amz-request-id': randomUUID(), 'x-amz-id-2': 'embedded' },
		s3: {
			s3SchemaVersion: '1.0',
			configurationId: 'embedded',
			bucket: { name: bucket, ownerIdentity: { principalId: 'embedded' }, arn: `arn:aws:s3:::${bucket}` },
			object: {
				key: encodeKey(key),
				size: bytes,
				eTag: etag.replaceAll('"', ''),
				sequencer: sequence.toString(16).toUpperCase().padStart(16, '0'),
			},
		},
	};
	return JSON.stringify({ Records: [record] });
}
