/** What a command's exit code says; documented in README.md. */
export const exitCodes = { ok: 0, fault: 1, wrongInput: 2, someWithoutLabel: 3, checkFailed: 4 } as const;
