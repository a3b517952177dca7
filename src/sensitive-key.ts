const SENSITIVE_KEY =
  /(passw|passphrase|secret|token|private|credential|salt|dsn|[-_.a-z]key$|(^|[-_.])(auth|authorization|pw)$)/i;

/** `secretName: db`, `secretKeyRef: …`, `automountServiceAccountToken: false` name things; they hold no secret. */
export function isSensitive(key: string): boolean {
  const names = /(name|ref|class|mount\w*|provider|type|enabled|path|file)$/i.test(key) || /^automount/i.test(key);
  return SENSITIVE_KEY.test(key) && !names;
}
