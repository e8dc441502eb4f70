import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { awsCall } from './aws-call.ts';

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

test.each([
	['a region that is none', { region: 'eu central' }, /^bucket images: no region: set AWS_REGION/],
	['an address that is none', { region: 'us-east-1', endpoint: 'here' }, /^bucket images: not an address: is AWS_END/],
])('%s: the error says what to set', async (_, configuration, message) => {
	const client = new S3Client({ ...configuration, credentials });
	await expect(
		awsCall('bucket images', () => client.send(new HeadBucketCommand({ Bucket: 'images' }))),
	).rejects.toThrow(message);
	client.destroy();
});

test('a host that does not exist: the error asks whether the region is right', async () => {
	const error = Object.assign(new Error('getaddrinfo ENOTFOUND s3.eu-nowhere-1.amazonaws.com'), { code: 'ENOTFOUND' });
	await expect(awsCall('bucket images', () => Promise.reject(error))).rejects.toThrow(
		/^bucket images: no such host: is the region right.* s3\.eu-nowhere-1\.amazonaws\.com$/,
	);
});
