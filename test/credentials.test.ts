import { describe, expect, it } from 'vitest';
import {
  credentialsIn,
  isLiteralPassword,
  isPasswordName,
  passwordFlags,
  passwordLines,
  withoutCredentials,
} from '../src/cluster/security/credential-shapes.ts';
import { writeText } from '../src/report/text.ts';
import { lintFiles } from './examples.ts';

/** Text that looks random; tokens are put together here, so that no scanner takes this file for a leak. */
const RANDOM = 'kTq3bVw7ZsLm2Xc9RfJh5NyDp8GaEu4TvWq6HsPk0LzMxCn';
const HEX = '3fa85f6457174562b3fc2c963f66afa63fa85f6457174562b3fc2c963f66afa6';
const TOKENS: readonly (readonly [what: string, token: string])[] = [
  ['a GitHub token', `gho_${RANDOM.slice(0, 36)}`],
  ['a GitHub token', `github_pat_${RANDOM.slice(0, 22)}_${(RANDOM + RANDOM).slice(0, 59)}`],
  ['a GitLab token', `glpat-${RANDOM.slice(0, 20)}`],
  ['a GitLab token', `glrt-${RANDOM.slice(0, 20)}`],
  ['an AWS access key', `ASIA${'KTQ3BVW7ZSLM2XC6'}`],
  ['a Slack token', `xoxb-${'2401938471'}-${RANDOM.slice(0, 24)}`],
  ['a Slack webhook', `https://hooks.slack.com/services/T${'2KX93ALQ'}/B${'5MZ71QRW'}/${RANDOM.slice(0, 24)}`],
  ['a Stripe live key', `sk_live_${RANDOM.slice(0, 24)}`],
  ['an npm token', `npm_${RANDOM.slice(0, 36)}`],
  ['a PyPI token', `pypi-AgE${RANDOM}${RANDOM}`],
  ['a Docker Hub token', `dckr_pat_${RANDOM.slice(0, 27)}`],
  ['a DigitalOcean token', `dop_v1_${HEX}`],
  ['a Tailscale key', `tskey-auth-${RANDOM.slice(0, 12)}-${RANDOM.slice(0, 32)}`],
  ['a SendGrid key', `SG.${RANDOM.slice(0, 22)}.${RANDOM.slice(0, 43)}`],
  ['an age secret key', `AGE-SECRET-KEY-1${(RANDOM + RANDOM).toUpperCase().slice(0, 58)}`],
];

describe('tokens', () => {
  it.each(TOKENS)('are found in any text: %s', (what, token) => {
    expect(credentialsIn(token)).toEqual([{ what, offset: 0, kind: 'token' }]);
    expect(credentialsIn(`a:\n  b: "${token}"\n`)).toEqual([{ what, offset: 9, kind: 'token' }]);
    expect(credentialsIn(`${RANDOM}${token}`).filter(({ kind }) => kind === 'token')).toEqual([]);
    expect(withoutCredentials(`key: ${token} # ours`, '…')).toBe('key: … # ours');
  });

  it('of a test mode, or of another length, are none', () => {
    for (const text of [
      `sk_test_${RANDOM.slice(0, 24)}`,
      'AKIA',
      'npm_config_registry',
      'xoxb-token',
      'glpat-',
      'SG.a.b',
    ]) {
      expect(credentialsIn(text)).toEqual([]);
    }
  });

  it('are found in the order of the text', () => {
    const text = `CREATE ROLE a PASSWORD 'kT7wq2xZ';\namqp://app:kT7wq2xZ@rabbit\nnpm_${RANDOM.slice(0, 36)}`;
    expect(credentialsIn(text).map(({ what }) => what)).toEqual([
      'an SQL statement with a password',
      'a URL with a password',
      'an npm token',
    ]);
  });
});

describe('names of passwords', () => {
  it('end with the word', () => {
    const names = ['password', 'DB_PASSWORD', 'spring.datasource.password', 'redisPassword', 'PGPASSWORD', 'SMTP_PASS'];
    for (const name of [
      ...names,
      'MYSQL_PWD',
      'ldap-bind-pw',
      'KEY_PASSPHRASE',
      'PASSWORD_2',
      'AWS_SECRET_ACCESS_KEY',
    ]) {
      expect([name, isPasswordName(name)]).toEqual([name, true]);
    }
  });

  it('are none that only speak of one', () => {
    const names = [
      'PASSWORD_FILE',
      'password-name',
      'PASSWORD_LENGTH',
      'PASSWORD_TTL',
      'passwordSecretRef',
      'existingSecretPasswordKey',
    ];
    for (const name of [
      ...names,
      'PWD',
      'compass',
      'BYPASS',
      'proxy_pass',
      'USE_PASSWORD',
      'passwordPolicy',
      'HASHED_PASSWORD',
      'resetPassword',
      '',
    ]) {
      expect([name, isPasswordName(name)]).toEqual([name, false]);
    }
  });
});

describe('values of passwords', () => {
  it('are literal, whatever they look like', () => {
    for (const value of ['hunter2', 'postgres', 'S3cr3t!', '12345', 'kT7wq2xZ$', 'a1b2c3', 'db-password-123']) {
      expect([value, isLiteralPassword('DB_PASSWORD', value)]).toEqual([value, true]);
    }
  });

  it('are none that stand for one', () => {
    const placeholders = [
      'changeme',
      'CHANGE_ME',
      'change-me-now',
      '<password>',
      'xxx',
      'xxxxxxxx',
      '********',
      'example',
      'your-password',
    ];
    const references = [
      '${DB_PASSWORD}',
      '$(DB_PASSWORD)',
      '$DB_PASSWORD',
      '{{ .Values.password }}',
      '%s',
      'ENC[AES256_GCM,data:x]',
      '__PASSWORD__',
      '@@PASSWORD@@',
    ];
    const others = [
      '',
      'no',
      'true',
      'DB_PASSWORD',
      'db-password',
      '/run/secrets/db',
      'vault:db#pw',
      '$2y$10$abcdefghijk',
      'two words',
      'password',
      'none',
    ];
    for (const value of [...placeholders, ...references, ...others]) {
      expect([value, isLiteralPassword('DB_PASSWORD', value)]).toEqual([value, false]);
    }
  });
});

describe('files and command lines', () => {
  it('give passwords by assignment, in files that configure', () => {
    const text =
      'a=1\nexport DB_PASSWORD="hunter2"\n- password: hunter2\n  "smtp.password": "hunter2",\nrequirepass hunter2\n#password=hunter2\npassword=\n';
    expect(passwordLines('.env', text)).toEqual([
      { name: 'DB_PASSWORD', offset: 4 },
      { name: 'password', offset: 33 },
      { name: 'smtp.password', offset: 53 },
      { name: 'requirepass', offset: 83 },
    ]);
    expect(passwordLines('README.md', text)).toEqual([]);
  });

  it('give passwords by flags', () => {
    const names = (command: string) => passwordFlags(command).map(({ name }) => name);
    expect(names('redis-server --requirepass hunter2 --masterauth "hunter2"')).toEqual(['requirepass', 'masterauth']);
    expect(names('java -Ddb.password=hunter2 -jar app.jar')).toEqual(['db.password']);
    expect(names('PGPASSWORD=hunter2 psql')).toEqual(['PGPASSWORD']);
    expect(names('set password hunter2')).toEqual([]);
    expect(names('login --password --verbose')).toEqual([]);
    expect(names('login --password "$DB_PASSWORD" --password=$(cat /pw)')).toEqual([]);
  });

  it('take time that grows with their length only', () => {
    const started = performance.now();
    for (const piece of [
      'a:a@',
      'http://a:',
      'glpat-',
      "password '",
      '--password ',
      '-----BEGIN PRIVATE KEY-----\n',
      'password=',
      'github_pat_a',
    ]) {
      const text = piece.repeat(Math.ceil(500_000 / piece.length));
      credentialsIn(text);
      passwordLines('a.env', text);
      passwordFlags(text.slice(0, 60_000));
      withoutCredentials(text, '…');
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('a report', () => {
  it('never holds the value, nor the line that it stands in', async () => {
    const [, token = ''] = TOKENS[0] ?? [];
    const manifest = `apiVersion: v1
kind: ConfigMap
metadata: { name: app }
data:
  GITHUB_AUTH: ${token}
  init.sql: |
    CREATE ROLE app PASSWORD 'hunter2';
  url: postgres://app:hunter2@postgres/app
  DB_PASSWORD: hunter2
`;
    const report = await lintFiles({ 'app.yaml': manifest }, { rules: ['plaintext-credential'] });
    expect(report.diagnostics.map(({ location }) => location.line)).toEqual([5, 7, 8, 9]);
    expect(JSON.stringify(report)).not.toMatch(/hunter2|gho_/);
    const text = writeText(report, {
      color: 0,
      severity: 'info',
      sources: { lines: () => manifest.split('\n') },
    } as never);
    expect(text).toContain('app.yaml');
    expect(text).not.toMatch(/hunter2|gho_/);
  });
});
