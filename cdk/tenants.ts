import { Aws } from 'aws-cdk-lib';
import { AccountPrincipal, PolicyStatement, Role, SessionTagsPrincipal } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Buckets } from './buckets.ts';
import { allowObjects } from './statements.ts';

/** The session tag that names the tenant: one role serves all tenants, and none can name another's objects. */
const tag = 'tenant';
const tenant = `\${aws:PrincipalTag/${tag}}`;
/** How IAM writes an asterisk that means itself. */
const asterisk = `\${*}`;

/**
 * Roles that you give to tenants, by `sts assume-role --tags Key=tenant,Value=acme`: to drop images, and to read what
 * became of them.
 */
export class Tenants extends Construct {
	readonly uploader: Role;
	readonly reader: Role;

	constructor(scope: Construct, id: string, { name, buckets }: { name: string; buckets: Buckets }) {
		super(scope, id);
		this.uploader = this.roleOf('Uploader', `${name}-uploader`, "Drops and lists images of its tenant's prefix", [
			allowObjects(['s3:PutObject', 's3:AbortMultipartUpload'], buckets.images, `${tenant}/`),
			mayList(buckets.images, `${tenant}/`), // so that `aws s3 sync` need not upload again what is there
		]);
		const readable = ['outcomes', 'reports', 'drops'].map((kind) => `${kind}/tenant=${tenant}/`);
		this.reader = this.roleOf('Reader', `${name}-reader`, "Reads its tenant's outcomes, reports and drops", [
			allowObjects(['s3:GetObject'], buckets.results, ...readable),
			mayList(buckets.results, ...readable),
		]);
	}

	/**
	 * Anyone whom the account allows may assume it, but only with a tenant's name. A name with a slash would be a folder
	 * of another tenant, who would pay for what is dropped there.
	 */
	private roleOf(id: string, roleName: string, description: string, statements: PolicyStatement[]): Role {
		const assumedBy = new SessionTagsPrincipal(
			new AccountPrincipal(Aws.ACCOUNT_ID).withConditions({
				Null: { [`aws:RequestTag/${tag}`]: 'false' },
				StringNotLike: { [`aws:RequestTag/${tag}`]: ['*/*', `*${asterisk}*`] },
			}),
		);
		const role = new Role(this, id, { roleName, description, assumedBy });
		for (const statement of statements) role.addToPolicy(statement);
		return role;
	}
}

/**
 * Allows listings of these prefixes and of what is below them; of nothing else, because all tenants share the bucket.
 */
function mayList(bucket: Bucket, ...prefixes: string[]): PolicyStatement {
	return new PolicyStatement({
		actions: ['s3:ListBucket'],
		resources: [bucket.bucketArn],
		conditions: { StringLike: { 's3:prefix': prefixes.map((prefix) => `${prefix}*`) } },
	});
}
