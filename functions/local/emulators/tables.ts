import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';

/** Starts DynamoDB on a free port: dynalite, in memory; tables are ready at once. */
export async function startTables(host: string) {
	const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
	server.listen(0, host);
	await once(server, 'listening');
	return {
		endpoint: `http://${host}:${(server.address() as AddressInfo).port}`,
		/** Cuts connections, and waits for writes that are under way. */
		async close(): Promise<void> {
			const { promise, resolve, reject } = Promise.withResolvers<void>();
			server.close((error) => (error ? reject(error) : resolve()));
			server.closeAllConnections();
			await promise;
		},
	};
}
