import { type Clients, createClients, type Endpoints } from '../aws/clients.ts';
import { nameOfWrite } from './named-writes.ts';

export interface LethalOptions {
	/** Called after each write, with its name. */
	onWritten: (name: string) => void;
	/** Every message is sent twice. */
	doubled: boolean;
}

interface Stack {
	add(middleware: unknown, options: { step: 'initialize'; name: string }): void;
}
type Next = (args: { input: Record<string, unknown> }) => Promise<unknown>;

/** SDK clients that tell of each write once it has happened: where a process may be killed. */
export function createLethalClients(endpoints: Endpoints, { onWritten, doubled }: LethalOptions): Clients {
	const clients = createClients(endpoints);
	const middleware =
		(next: Next, context: { commandName?: string }) => async (args: { input: Record<string, unknown> }) => {
			const name = nameOfWrite(context.commandName ?? '', args.input);
			const result = await next(args);
			if (doubled && name?.startsWith('send-')) await next(args);
			if (name) onWritten(name);
			return result;
		};
	for (const client of [clients.s3, clients.sqs, clients.dynamodb])
		(client.middlewareStack as unknown as Stack).add(middleware, { step: 'initialize', name: 'lethal' });
	return clients;
}
