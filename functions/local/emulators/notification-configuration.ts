/** Names of the queues to tell, or what of the configuration is not emulated. */
export type ParsedNotifications = { queueNames: string[] } | { notEmulated: string };

/**
 * Reads the body of PutBucketNotificationConfiguration: queues for any created object. An empty one ends notifications.
 * Filters, topics, functions, EventBridge and other events are refused rather than ignored.
 */
export function parseNotifications(xml: string): ParsedNotifications {
	const other = /<(Filter|TopicConfiguration|CloudFunctionConfiguration|EventBridgeConfiguration)\b/.exec(xml);
	if (other) return { notEmulated: `${other[1]} is not emulated` };
	const queueNames: string[] = [];
	for (const [, configuration = ''] of xml.matchAll(/<QueueConfiguration>([\s\S]*?)<\/QueueConfiguration>/g)) {
		const events = [...configuration.matchAll(/<Event>([^<]*)<\/Event>/g)].map(([, event]) => event);
		if (events.length !== 1 || events[0] !== 's3:ObjectCreated:*')
			return { notEmulated: 'events other than s3:ObjectCreated:* are not emulated' };
		const arn = /<Queue>([^<]*)<\/Queue>/.exec(configuration)?.[1] ?? '';
		queueNames.push(arn.slice(arn.lastIndexOf(':') + 1));
	}
	return { queueNames };
}
