/** What to say of an error that nobody expected: where it happened is for the developers, that it did for the user. */
export function describeBug(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `this is a bug in k8s-lint, please report it\n${stack}`;
}
