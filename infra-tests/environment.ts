import type { Endpoints } from '../functions/aws/clients.ts';

/** What a program must be told to find emulators. */
export function environmentOf({ s3Endpoint, sqsEndpoint, dynamodbEndpoint, region, credentials }: Endpoints) {
	return {
		AWS_REGION: region,
		AWS_ENDPOINT_URL_S3: s3Endpoint,
		AWS_ENDPOINT_URL_SQS: sqsEndpoint,
		AWS_ENDPOINT_URL_DYNAMODB: dynamodbEndpoint,
		AWS_ACCESS_KEY_ID: credentials.accessKeyId,
		AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
	};
}
