import { account, region } from './resolve.ts';
import { instanceRole } from './who.ts';

/** What is asked: one row of the table. */
export interface Request {
	action: string;
	resource: string;
	context: Record<string, string>;
}

const at = (service: string, rest: string) => `arn:aws:${service}:${region}:${account}:${rest}`;
const bucket = (name: string) => `arn:aws:s3:::budgetnet-${name}-${account}-${region}`;

/** Where `cdk bootstrap` keeps images. */
const assets = `cdk-hnb659fds-container-assets-${account}-${region}`;

/** Short names of resources, as the table has them. */
const arns: Record<string, (rest: string) => string> = {
	bucket: (rest) => bucket(rest),
	object: (rest) => `${bucket(rest.slice(0, rest.indexOf('/')))}${rest.slice(rest.indexOf('/'))}`,
	queue: (rest) => at('sqs', `budgetnet-${rest}`),
	table: (rest) => at('dynamodb', `table/budgetnet-${rest}`),
	index: (rest) => at('dynamodb', `table/budgetnet-batches/index/${rest}`),
	function: (rest) => at('lambda', `function:budgetnet-${rest}`),
	topic: (rest) => at('sns', `budgetnet-${rest}`),
	role: (rest) => `arn:aws:iam::${account}:role/${rest === 'instance' ? instanceRole : rest}`,
	log: (rest) => at('logs', `log-group:/budgetnet/budgetnet-${rest}:log-stream:x`),
	task: (rest) => at('ecs', `task/${rest}/0123456789`),
	cluster: (rest) => at('ecs', `cluster/${rest}`),
	agent: (rest) => at('ecs', `container-instance/${rest}/0123456789`),
	/** An agent in another region. */
	elsewhere: (rest) => `arn:aws:ecs:us-east-1:${account}:container-instance/${rest}/0123456789`,
	repository: (rest) => at('ecr', `repository/${rest === 'assets' ? assets : rest}`),
	/** Of the same account, but not this system's. */
	'foreign-bucket': (rest) => `arn:aws:s3:::${rest}`,
	'foreign-table': (rest) => at('dynamodb', `table/${rest}`),
	any: () => '*',
};

/** Ways of asking that differ from the usual one, which is over TLS 1.3 and, for a PUT, with If-None-Match. */
const manners: Record<string, Record<string, string | undefined>> = {
	http: { 'aws:SecureTransport': 'false' },
	'tls1.1': { 's3:TlsVersion': '1.1' },
	overwriting: { 's3:if-none-match': undefined },
	tagged: { 'aws:RequestTag/tenant': 'acme' },
	'tagged-folder': { 'aws:RequestTag/tenant': 'acme/x' },
	'tagged-any': { 'aws:RequestTag/tenant': 'acme*' },
	own: { 's3:prefix': 'outcomes/tenant=acme/date=2026-11-24/' },
	'own-reports': { 's3:prefix': 'reports/tenant=acme/date=2026-11-24/' },
	'own-drops': { 's3:prefix': 'drops/tenant=acme/2026/' },
	others: { 's3:prefix': 'outcomes/tenant=other/' },
	'own-images': { 's3:prefix': 'acme/2026/' },
	'similar-images': { 's3:prefix': 'acme-2/' },
};

/** Reads a row's name, as `s3:PutObject object results/outcomes/x overwriting`. */
export function parseRequest(name: string): Request {
	const [action = '', kind = '', rest = '', manner] = name.split(/\s+/);
	const arn = arns[kind];
	if (!arn) throw new Error(`row "${name}": no resource of kind "${kind}"`);
	if (manner !== undefined && !manners[manner]) throw new Error(`row "${name}": no manner "${manner}"`);
	const usual: Record<string, string | undefined> = {
		'aws:SecureTransport': 'true',
		...(action.startsWith('s3:') ? { 's3:TlsVersion': '1.3' } : {}),
		...(action === 's3:PutObject' ? { 's3:if-none-match': '*' } : {}),
	};
	const context = Object.entries({ ...usual, ...(manner ? manners[manner] : {}) }).filter(
		(entry): entry is [string, string] => entry[1] !== undefined,
	);
	return { action, resource: arn(rest), context: Object.fromEntries(context) };
}
