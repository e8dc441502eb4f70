import { type Clients, createClients, type Endpoints } from '../aws/clients.ts';
import { nameOfCall, nameOfWrite } from './named-writes.ts';

export interface LethalOptions {
	/** Called before each call, reads included, with its name. */
	onCalling?: (name: string) => void;
	/** Called after each write, with its name. */
	onWritten: (name: string) => void;
	/** Every message is sent twice. */
	doubled: boolean;
}

interface Stack {
	add(middleware: unknown, options: { step: 'initialize'; name: string }): void;
}
type Next = (args: { input: Record<string, unknown> }) => Promise<unknown>;

/**
 * SDK clients that report each call before it happens, and each write after it: the points where a process may be
 * stopped or killed.
 */
export function createLethalClients(endpoints: Endpoints, { onCalling, onWritten, doubled }: LethalOptions): Clients {
	const clients = createClients(endpoints);
	const middleware =
		(next: Next, context: { commandName?: string }) => async (args: { input: Record<string, unknown> }) => {
			const [command = '', name] = [context.commandName, nameOfWrite(context.commandName ?? '', args.input)];
			onCalling?.(nameOfCall(command, args.input) ?? 'other');
			const result = await next(args);
			if (doubled && name?.startsWith('send-')) await next(args);
			if (name) onWritten(name);
			return result;
		};
	for (const client of [clients.s3, clients.sqs, clients.dynamodb])
		(client.middlewareStack as unknown as Stack).add(middleware, { step: 'initialize', name: 'lethal' });
	return clients;
}
