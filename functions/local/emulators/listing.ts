import type { S3Store } from './fauxqs-stores.ts';

/**
 * Lists in the order of UTF-16 code units, in which pages also go on. fauxqs sorts as people do (a, B, c) and goes on by
 * code units (B < a), so that a second page lacked keys. S3's order is that of UTF-8 bytes: the same but for
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
