/** Bad arguments: exit 2. */
export class UsageError extends Error {}
