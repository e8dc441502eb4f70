import { z } from 'zod';
import { BudgetNetError } from './errors.ts';
import { limits } from './limits.ts';

export const tenantSchema = z
	.string()
	.regex(/^[a-z0-9-]+$/, 'expected a tenant: a-z, 0-9 and -')
	.max(limits.tenantCharactersMax, `expected at most ${limits.tenantCharactersMax} characters`);

/**
 * The tenant of an image's key, its first segment: `acme/2026/cat.png` is tenant `acme`'s.
 * @throws BudgetNetError `invalid` when the key has no tenant or nothing after it, is too long, or contains a NUL
 */
export function tenantOf(key: string): string {
	const begin = `"${key.slice(0, 80)}"`;
	const bytes = Buffer.byteLength(key);
	if (bytes > limits.keyBytesMax)
		throw new BudgetNetError(
			'invalid',
			`key of ${bytes} bytes that begins ${begin}: expected at most ${limits.keyBytesMax}`,
		);
	// NUL joins the parts of names, and no store lists such a key.
	if (key.includes('\0')) throw new BudgetNetError('invalid', 'key with a NUL: expected none');
	const slash = key.indexOf('/');
	const tenant = tenantSchema.safeParse(key.slice(0, Math.max(slash, 0)));
	if (!tenant.success || slash === key.length - 1)
		throw new BudgetNetError('invalid', `key ${begin}: expected TENANT/NAME, with a tenant of a-z, 0-9 and -`);
	return tenant.data;
}

/** Whether a key is a tenant's prefix and nothing more, such as `acme/`. */
export function isTenantPrefix(key: string): boolean {
	return key.endsWith('/') && tenantSchema.safeParse(key.slice(0, -1)).success;
}

/** Name of the object that closes a drop: everything under its prefix is there (Hadoop calls its own `_SUCCESS`). */
const markerName = '_complete';

/** Whether an object with this key closes a drop; such an object is not an image. */
export function isMarkerKey(key: string): boolean {
	return key.endsWith(`/${markerName}`);
}

/** What a marker closes: `acme/2026/` of `acme/2026/_complete`. */
export function prefixOfMarker(marker: string): string {
	return marker.slice(0, -markerName.length);
}

/** Whether an object is a "folder" of a console. */
export function isFolder(key: string, bytes: number): boolean {
	return key.endsWith('/') && bytes === 0;
}

/** Whether an object can be an image at all; a "folder" of a console, a marker, or a key without a tenant, cannot. */
export function isImage({ key, bytes }: { key: string; bytes: number }): boolean {
	try {
		tenantOf(key);
		return !isTenantPrefix(key) && !isFolder(key, bytes) && !isMarkerKey(key);
	} catch {
		return false;
	}
}

/** A key as S3 writes it in events, and in listings on request: form encoding (spaces as +), slashes kept. */
export function encodeKey(key: string): string {
	return encodeURIComponent(key)
		.replaceAll('%20', '+')
		.replaceAll('%2F', '/')
		.replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * Decodes a key that S3 wrote in this way.
 * @throws BudgetNetError `invalid`
 */
export function decodeKey(encoded: string): string {
	try {
		return decodeURIComponent(encoded.replaceAll('+', ' '));
	} catch (error) {
		throw new BudgetNetError('invalid', `key "${encoded.slice(0, 80)}" is not URL-encoded`, { cause: error });
	}
}
