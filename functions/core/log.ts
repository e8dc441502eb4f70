/** Structured log lines; whoever runs the code decides where they go. */
export type Log = (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>) => void;
