import { isUnknown } from '../unknown.ts';

/** A credential that stands in a text: what it is, and at which character. Its value is never part of it. */
export interface Credential {
  /** `a GitHub token`, as messages name it. */
  readonly what: string;
  readonly offset: number;
  /** `token`: it can be used as it is. `restricted`: unless its owner restricted it. `password`: with a name, somewhere. */
  readonly kind: 'token' | 'restricted' | 'password';
}

/**
 * Tokens that their vendors gave a recognizable shape, so that they are found where they leak. The sources:
 * https://github.blog/changelog/2021-03-31-authentication-token-format-updates-are-generally-available/
 * https://docs.gitlab.com/security/tokens/#token-prefixes
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
 * https://api.slack.com/concepts/token-types and https://api.slack.com/messaging/webhooks
 * https://docs.stripe.com/keys and https://docs.npmjs.com/about-access-tokens
 * https://pypi.org/help/#apitoken and https://docs.docker.com/security/access-tokens/
 * https://docs.digitalocean.com/reference/api/create-personal-access-token/
 * https://tailscale.com/kb/1277/key-prefixes and https://github.com/FiloSottile/age
 */
const TOKENS: readonly (readonly [what: string, shape: RegExp])[] = [
  ['a GitHub token', /(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255})/],
  ['a GitLab token', /gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|oas|ffct)-[A-Za-z0-9_-]{20,300}/],
  ['an AWS access key', /(?:AKIA|ASIA)[A-Z2-7]{16}/],
  ['a Slack token', /xox[abeoprs]-[0-9]{6,16}-[0-9A-Za-z-]{10,250}/],
  ['a Slack webhook', /https:\/\/hooks\.slack\.com\/services\/T[A-Z0-9]{7,12}\/B[A-Z0-9]{7,12}\/[A-Za-z0-9]{20,30}/],
  ['a Stripe live key', /[sr]k_live_[A-Za-z0-9]{20,250}/],
  ['an npm token', /npm_[A-Za-z0-9]{36}/],
  ['a PyPI token', /pypi-AgE[A-Za-z0-9_-]{50,1000}/],
  ['a Docker Hub token', /dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,40}/],
  ['a DigitalOcean token', /do[opr]_v1_[a-f0-9]{64}/],
  ['a Tailscale key', /tskey-(?:auth|api|client|scim|webhook)-[A-Za-z0-9]{8,20}-[A-Za-z0-9]{20,40}/],
  ['a SendGrid key', /SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}/],
  ['an age secret key', /AGE-SECRET-KEY-1[0-9A-Z]{58}/],
];

/** Restricted to a site, a browser may hold it: Firebase's does (https://firebase.google.com/docs/projects/api-keys). */
const GOOGLE_KEY = /AIza[A-Za-z0-9_-]{35}/;

const ANY_TOKEN = new RegExp(
  `(?<![A-Za-z0-9_])(?:${[...TOKENS.map(([, shape]) => shape), GOOGLE_KEY].map(({ source }) => source).join('|')})(?![A-Za-z0-9_])`,
  'g',
);

/** A private key that isn't encrypted, with the start of its body; JSON writes its line breaks as `\n`. */
const PRIVATE_KEY = /-----BEGIN (?:RSA |EC |DSA |OPENSSH )?PRIVATE KEY-----(?:\s|\\n){1,10}[A-Za-z0-9+/=]{40}/g;

/** `scheme://user:password@host`, with the characters that RFC 3986 allows in userinfo. */
const USERINFO =
  /(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{1,30}:\/\/[A-Za-z0-9._~%!*+,;=-]{0,100}:([A-Za-z0-9._~%!$&*+,;=-]{1,200})@(?=[A-Za-z0-9[$])/g;

/** `CREATE ROLE app PASSWORD 'x'` of PostgreSQL, `IDENTIFIED BY 'x'` of MySQL. */
const SQL_PASSWORD = /\b(?:PASSWORD|IDENTIFIED\s{1,20}BY)\s{1,20}'([^'\n]{1,200})'/gi;

/** A part of every shape: nearly all texts hold none, and every text is asked about. */
const PART =
  /gh[pousr]_|github_pat_|gl[a-z]{2,6}-|A[KS]IA|xox|slack\.com|_live_|npm_|pypi-|dckr_|_v1_|tskey-|SG\.|AGE-|AIza/;

/** The credentials that stand in a text by their shape, in the text's order. */
export function credentialsIn(text: string): Credential[] {
  const found: Credential[] = [];
  for (const { 0: token, index } of PART.test(text) ? text.matchAll(ANY_TOKEN) : []) {
    if (isStandIn(token)) continue;
    const what = TOKENS.find(([, shape]) => new RegExp(`^(?:${shape.source})$`).test(token))?.[0];
    found.push({ what: what ?? 'a Google API key', offset: index, kind: what === undefined ? 'restricted' : 'token' });
  }
  for (const { index } of text.includes('PRIVATE KEY') ? text.matchAll(PRIVATE_KEY) : [])
    found.push({ what: 'a private key', offset: index, kind: 'token' });
  for (const { 0: url, 1: password = '', index } of text.includes('@') ? text.matchAll(USERINFO) : []) {
    const isReal = isLiteralSecret(password) && !isExampleHost(text, index + url.length);
    if (isReal && !isLineComment(text, index)) {
      found.push({ what: 'a URL with a password', offset: index, kind: 'token' });
    }
  }
  for (const { 1: password = '', index } of text.includes("'") ? text.matchAll(SQL_PASSWORD) : []) {
    if (isLiteralSecret(password) && !isLineComment(text, index)) {
      found.push({ what: 'an SQL statement with a password', offset: index, kind: 'password' });
    }
  }
  return found.sort((a, b) => a.offset - b.offset);
}

/** A text with what its shape gives away as a credential replaced, for excerpts. */
export function withoutCredentials(text: string, mask: string): string {
  return text.replace(ANY_TOKEN, mask).replace(SQL_PASSWORD, (statement) => statement.replace(/'.*'/, `'${mask}'`));
}

function isLineComment(text: string, offset: number): boolean {
  const line = text.slice(Math.max(text.lastIndexOf('\n', offset - 1) + 1, offset - 200), offset);
  return /^\s*(?:#|\/\/|--\s|;|\*|rem\s|<!--)|\s(?:#|\/\/)\s/i.test(line);
}

/** Whether the host at an offset is one that nobody has: RFC 2606. */
function isExampleHost(text: string, offset: number): boolean {
  const host = /^[A-Za-z0-9.-]{0,253}/.exec(text.slice(offset, offset + 253))?.[0] ?? '';
  return /(?:^|\.)(?:example(?:\.(?:com|net|org))?|invalid)$/i.test(host);
}

/** Words that a name ends with when its value is a password. */
const PASSWORD_WORD = /(?:password|passwd|passphrase|passwort)$|^(?:pass|pw|requirepass|masterauth)$/;
/** What is asked of a password, said of it, or made of it. */
const OTHER_WORD =
  /^(?:hash|hashed|encrypted|crypted|bcrypt|reset|forgot|change|label|hint|prompt|placeholder|enable|disable|allow|require|required|show|hide|validate|generate|random|use|is|has|no|without|empty|permit|min|max|proxy|fastcgi|uwsgi|scgi|grpc)$/;

/** Whether a name (`DB_PASSWORD`, `spring.datasource.password`, `redisPass`) is that of a password. */
export function isPasswordName(name: string): boolean {
  if (name.length > 200 || !/pass|pwd|pw$|access.?key|masterauth/i.test(name)) return false;
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '' && !/^\d+$/.test(word));
  const last = words.at(-1) ?? '';
  if (words.some((word) => OTHER_WORD.test(word))) return false;
  return (
    PASSWORD_WORD.test(last) ||
    (last === 'pwd' && words.length > 1) ||
    words.slice(-3).join(' ') === 'secret access key'
  );
}

/** Whether a value is the secret itself: no placeholder, reference, path, switch, hash, or word that stands for one. */
export function isLiteralPassword(name: string, value: string): boolean {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  // `db-password` is what a secret manager calls it; with digits it is one.
  const isName = isPasswordName(value) && !/\d/.test(value);
  return isLiteralSecret(value) && plain(name) !== plain(value) && !isName;
}

function isLiteralSecret(value: string): boolean {
  if (value.length < 3 || value.length > 300 || isUnknown(value) || isStandIn(value)) return false;
  if (/[\s/\\<>(){}[\]]/.test(value)) return false;
  if (/^[$%@]|\$[A-Za-z_]|%[sdv]|^__.*__$|^:/.test(value)) return false;
  if (
    /^(?:vault|ref\+\w+|op|arn|env|file|secret|ssm|akv|sm|awssm|gcpsm|azkv|k8s|md5|scram-sha-256|pbkdf2\w*|argon2\w*)[:$@]/i.test(
      value,
    )
  )
    return false;
  if (/^md5[0-9a-f]{32}$/i.test(value)) return false;
  return !NO_SECRET.test(value);
}

/** Words where a password would stand: switches, types, and what stands for any password. */
const NO_SECRET =
  /^(?:true|false|yes|no|on|off|enabled?|disabled?|none|null|nil|undefined|unset|empty|auto|default|required|optional|random|generated?|prompt|hidden|string|str|text|value|plain|scram|trust|ident|cleartext|password|passwd|passwort|passphrase|pass|pwd|secret|token|foo|bar|foobar|my-?pass(?:word)?|my-?secret|user|username)$/i;

/** What nobody uses as it is: `changeme`, `<your-token>`, `xxxx`, AWS's own `…EXAMPLE`. */
function isStandIn(value: string): boolean {
  const body = value.replace(/^[A-Za-z]{2,6}[-_]/, '');
  return (
    /change[-_ ]?(?:me|it|this)|replace|example|placeholder|redacted|dummy|insert|x{4,}|\*{3,}|\.{3,}|0{8,}|1234567890/i.test(
      value,
    ) ||
    /(?:^|[^a-z])(?:your|fake|sample|todo|fixme|tbd|xxx)(?:[^a-z]|$)/i.test(value) ||
    new Set(body).size <= 2
  );
}

/** Texts that a program shows its users: there `password` is a word. */
const TRANSLATION_FILE = /^(?:messages?|labels?|translations?|strings|i18n|locale)(?:[._-]|$)/i;
const CONFIGURATION_FILE = /\.(?:properties|env|ini|conf|cfg|cnf|ya?ml|toml|json)$|^\.env/i;
const ASSIGNMENT =
  /^[ \t]*(?:- |export )?["']?([\w.-]{3,100})["']?[ \t]*[:=][ \t]*(?:"([^"\n]*)"|'([^'\n]*)'|([^\s"'#,;]+))[ \t]*[,;]?[ \t]*$/;
const REDIS_DIRECTIVE = /^[ \t]*(requirepass|masterauth)[ \t]+["']?([^\s"']+)["']?[ \t]*$/;

/** Where a configuration file assigns a literal to a password: `password: x`, `db.password=x`, `requirepass x`. */
export function passwordLines(file: string, text: string): { name: string; offset: number }[] {
  if (!CONFIGURATION_FILE.test(file) || TRANSLATION_FILE.test(file)) return [];
  if (!/pass|pwd|pw\b|masterauth|secret.access.key/i.test(text)) return [];
  const found: { name: string; offset: number }[] = [];
  let offset = 0;
  for (const line of text.split('\n')) {
    const match = line.length > 500 ? null : (ASSIGNMENT.exec(line) ?? REDIS_DIRECTIVE.exec(line));
    const [, name = '', ...values] = match ?? [];
    const value = values.find((text) => text !== undefined) ?? '';
    // `config.password` is code or a reference, not a password.
    const isReference = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$/.test(value);
    if (match && isPasswordName(name) && !isReference && isLiteralPassword(name, value)) found.push({ name, offset });
    offset += line.length + 1;
  }
  return found;
}

const FLAG = /(?:^|\s)(?:-D|--?)?([A-Za-z][\w.-]{2,100})(?:=|[ \t]+)(?:"([^"\n]*)"|'([^'\n]*)'|([^\s"';|&]+))/g;

/** The flags and assignments of a command line that give a password as a literal: `--password=x`, `PGPASSWORD=x psql`. */
export function passwordFlags(command: string): { name: string; offset: number }[] {
  if (command.length > 64 * 1024 || !/pass|pwd|pw\b|masterauth|secret.access.key/i.test(command)) return [];
  const found: { name: string; offset: number }[] = [];
  FLAG.lastIndex = 0;
  for (let match = FLAG.exec(command); match !== null; match = FLAG.exec(command)) {
    const [all, name = '', ...values] = match;
    const isFlag = /^\s*-/.test(all) || all.trimStart().startsWith(`${name}=`);
    const value = values.find((text) => text !== undefined) ?? '';
    if (isFlag && !value.startsWith('-') && isPasswordName(name) && isLiteralPassword(name, value)) {
      found.push({ name, offset: match.index + all.length - all.trimStart().length });
    }
    // The value may be the next flag: what follows the name is looked at again.
    FLAG.lastIndex = match.index + all.indexOf(name) + name.length;
  }
  return found;
}
