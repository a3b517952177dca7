import {
  credentialsIn,
  isLiteralPassword,
  isPasswordName,
  passwordFlags,
  passwordLines,
} from '../../cluster/security/credential-shapes.ts';
import { asList, asMap, containersOf, type PodContainer, type Workload } from '../../cluster/workloads.ts';
import { type Finding, type Path, type Resource, type Rule, yaml } from '../../rule.ts';

/** The shapes of tokens, put together so that no scanner takes this file for a leak. */
const TOKEN = ['ghp', 'kTq3bVw7ZsLm2Xc9RfJh5NyDp8GaEu4TvWq6'].join('_');
const AWS = `AKIA${'KTQ3BVW7ZSLM2XC6'}`;
const GOOGLE = `AIza${'kTq3bVw7ZsLm2Xc9RfJh5NyDp8GaEu4TvWq'}`;

export default {
  id: 'plaintext-credential',
  severity: 'error',
  docs: {
    summary: 'Credentials belong into Secrets, not into ConfigMaps, environment variables or arguments.',
    incident:
      'Oceanid, 2025-10-12: workers were joined to the network by a command with the auth key in it, and the DaemonSet that was to ' +
      'replace it reads the key from a Secret. What operators meet: a token in the env of a Deployment, or the password of a database ' +
      'role in the SQL of a ConfigMap, is in the repository, in every render of it, in etcd without encryption, and readable by ' +
      'whoever may read Deployments and ConfigMaps. When the Secret beside it is rotated, the literal one stays.',
    symptoms: ['Push cannot contain secrets', 'remote: error: GH013: Repository rule violations found'],
    fix:
      'Put it into a Secret (SealedSecret, ExternalSecret, SOPS) and refer to it: secretKeyRef in env, a mounted file, $(VAR) in args. ' +
      'What was in a repository must be revoked, not only moved.',
    facts: [
      'ConfigMap data, literal env values, command and args of all containers. Values are never printed, nor the line that holds them.',
      'Errors: tokens whose vendors gave them a shape, private keys, URLs with a password. Warnings: literal values of names that end ' +
        "in password, in files of ConfigMaps too, and PASSWORD '…' of SQL; Google API keys, which may be public.",
    ],
    silent: [
      'Secrets, references (secretKeyRef, $(VAR)), empty values, and what is filled in later',
      'Stand-ins: changeme, <password>, xxx, your-password, AKIAIOSFODNN7EXAMPLE, password',
      'Files of translations (messages_de.properties), where password is a word',
      'Names that only speak of a password: _FILE, _PATH, -name, _LENGTH, _TTL, _HASH; switches, paths and hashes as values',
      'Certificates and public keys; encrypted private keys; a JWT by itself; URLs with a user only, or of example.com; comments',
    ],
    references: [
      'https://kubernetes.io/docs/concepts/configuration/secret/',
      'https://kubernetes.io/docs/concepts/configuration/configmap/',
      'https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: runner }
        spec:
          selector: { matchLabels: { app: runner } }
          template:
            metadata: { labels: { app: runner } }
            spec:
              initContainers:
                - name: migrate
                  image: migrate:1
                  args:
                    - --database=postgres://app:kT7wq2xZ@postgres:5432/app # <- args of init container migrate hold a URL with a password in plain text: who can read Deployment/runner or its source can use it
              containers:
                - name: runner
                  image: runner:1
                  command: [sh, -c, "PGPASSWORD=kT7wq2xZ psql -h postgres"] # <- command of container runner gives PGPASSWORD in plain text: who can read Deployment/runner or its source knows the password
                  args:
                    - --requirepass
                    - kT7wq2xZ # <- args of container runner give requirepass in plain text: who can read Deployment/runner or its source knows the password
                  env:
                    - name: GITHUB_TOKEN
                      value: ${TOKEN} # <- env GITHUB_TOKEN holds a GitHub token in plain text: who can read Deployment/runner or its source can use it
                    - name: DB_PASSWORD
                      value: kT7wq2xZ # <- env DB_PASSWORD is in plain text: who can read Deployment/runner or its source knows the password
      `,
      yaml`
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: init }
        data:
          redis-password: kT7wq2xZ # <- data redis-password is in plain text: who can read ConfigMap/init or its source knows the password
          roles.sql: |
            CREATE DATABASE app;
            CREATE ROLE app LOGIN PASSWORD 'kT7wq2xZ'; # <- data roles.sql holds an SQL statement with a password in plain text: who can read ConfigMap/init or its source knows the password
          application.properties: |
            server.port=8080
            spring.datasource.password=kT7wq2xZ # <- data application.properties gives spring.datasource.password in plain text: who can read ConfigMap/init or its source knows the password
          tls.key: |
            -----BEGIN RSA PRIVATE KEY----- # <- data tls.key holds a private key in plain text: who can read ConfigMap/init or its source can use it
            MIIEowIBAAKCAQEAuZ4oEXPAcmGQ8sYw1dQmPzfy2kCOm3mYQ0qkT7wq2xZsLm2X
            -----END RSA PRIVATE KEY-----
      `,
      yaml`
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: shapes }
        data:
          aws: "kid: ${AWS}" # <- data aws holds an AWS access key in plain text: who can read ConfigMap/shapes or its source can use it
          maps: ${GOOGLE} # <- data maps holds a Google API key in plain text: who can read ConfigMap/shapes or its source can use it, unless it is restricted to a site
          redis.conf: |
            port 6379
            requirepass kT7wq2xZ # <- data redis.conf gives requirepass in plain text: who can read ConfigMap/shapes or its source knows the password
          app.yaml: |
            user: app
            # password: kT7wq2xZ
            password: "kT7wq2xZ" # <- data app.yaml gives password in plain text: who can read ConfigMap/shapes or its source knows the password
          account.json: |
            { "type": "service_account",
              "private_key": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ" } # <- data account.json holds a private key in plain text: who can read ConfigMap/shapes or its source can use it
          mysql.sql: CREATE USER app IDENTIFIED BY 'kT7wq2xZ' # <- data mysql.sql holds an SQL statement with a password in plain text: who can read ConfigMap/shapes or its source knows the password
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: aws }
        spec:
          containers:
            - name: aws
              image: aws:1
              args: ["--admin.password=kT7wq2xZ", "--dsn", "amqp://guest:guest@rabbit/"] # <- args of container aws give admin.password in plain text: who can read Pod/aws or its source knows the password && args of container aws hold a URL with a password in plain text: who can read Pod/aws or its source can use it
              env:
                - name: AWS_SECRET_ACCESS_KEY
                  value: kTq3bVw7ZsLm2Xc9RfJh5NyDp8GaEu4TvWq6/Ab+ # <- env AWS_SECRET_ACCESS_KEY holds an AWS secret key in plain text: who can read Pod/aws or its source can use it
                - name: S3_SECRET_ACCESS_KEY
                  value: minioadmin # <- env S3_SECRET_ACCESS_KEY is in plain text: who can read Pod/aws or its source knows the password
                - name: smtpPass
                  value: kT7wq2xZ # <- env smtpPass is in plain text: who can read Pod/aws or its source knows the password
                - name: MYSQL_PWD
                  value: kT7wq2xZ # <- env MYSQL_PWD is in plain text: who can read Pod/aws or its source knows the password
      `,
    ],
    good: [
      yaml`
        apiVersion: v1
        kind: Secret
        metadata: { name: app }
        stringData:
          DB_PASSWORD: kT7wq2xZ
          token: ${TOKEN}
      `,
      yaml`
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: stand-ins }
        data:
          password: changeme
          db-password: "<password>"
          smtp-password: xxx
          api-password: your-password
          redis-password: ""
          mail-password: "${'${MAIL_PASSWORD}'}"
          admin-password: $ADMIN_PASSWORD
          root-password: /run/secrets/root
          user-password: user-password
          ldap-password: password
          token: ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
          key-id: AKIAIOSFODNN7EXAMPLE
          label-password: Your password
          hash-password: kT7wq2xZ
          other-password: $2y$10$abcdefghijklmnopqrstuv
          sealed-password: vault:db#password
          DB_PASSWORD_FILE: kT7wq2xZ
          PASSWORD_PATH: kT7wq2xZ
          password-name: kT7wq2xZ
          PASSWORD_LENGTH: "12345"
          PASSWORD_TTL: 3600s
          PASSWORD_HASH: kT7wq2xZ
          ALLOW_EMPTY_PASSWORD: "yes"
          USE_PASSWORD: kT7wq2xZ
          compass: kT7wq2xZ
          PWD: kT7wq2xZ
          jwt: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhcHAifQ.c2lnbmF0dXJlc2lnbmF0dXJlc2ln
          urls: |
            postgres://app@postgres/app
            postgres://app:$(DB_PASSWORD)@postgres/app
            postgres://app:${'${DB_PASSWORD}'}@postgres/app
            postgres://app:$DB_PASSWORD@postgres/app
            postgres://app:<password>@postgres/app
            postgres://user:password@postgres/app
            # postgres://app:kT7wq2xZ@postgres/app
            http://prometheus:9090/graph?user=a@example.org
            registry.example.org:5000/app@sha256:0123
          roles.sql: |
            -- CREATE ROLE app PASSWORD 'kT7wq2xZ'
            CREATE ROLE app PASSWORD '${'${DB_PASSWORD}'}';
            CREATE ROLE app PASSWORD '$DB_PASSWORD';
            CREATE ROLE app PASSWORD 'md5a3556571e93b0d20722ba62be61e8c2d';
            CREATE ROLE app PASSWORD 'SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy';
          app.yaml: |
            passwordPolicy: strict
            password: config.password
            db:
              password: string
            minPassword: abcdefgh
          notes.txt: |
            password: kT7wq2xZ
          hosts.txt: http://app:kT7wq2xZ@db.example.com/, http://app:kT7wq2xZ@example/
          comments.txt: |
            port=80 # such as http://app:kT7wq2xZ@db
            <!-- http://app:kT7wq2xZ@db -->
          messages_de.properties: |
            login.password=Kennwort
          tls.crt: |
            -----BEGIN CERTIFICATE-----
            MIIDazCCAlOgAwIBAgIUQ1vZqQmPzfy2kCOm3mYQ0qkT7wq2xZsLm2X
            -----END CERTIFICATE-----
          tls.pub: |
            -----BEGIN PUBLIC KEY-----
            MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuZ4oEXPAcmGQ8s
            -----END PUBLIC KEY-----
          tls.key: |
            -----BEGIN RSA PRIVATE KEY-----
            Proc-Type: 4,ENCRYPTED
            DEK-Info: AES-256-CBC,0123456789ABCDEF0123456789ABCDEF

            MIIEowIBAAKCAQEAuZ4oEXPAcmGQ8sYw1dQmPzfy2kCOm3mYQ0qkT7wq2xZsLm2X
            -----END RSA PRIVATE KEY-----
          pkcs8.key: |
            -----BEGIN ENCRYPTED PRIVATE KEY-----
            MIIEowIBAAKCAQEAuZ4oEXPAcmGQ8sYw1dQmPzfy2kCOm3mYQ0qkT7wq2xZsLm2X
            -----END ENCRYPTED PRIVATE KEY-----
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: refers }
        spec:
          containers:
            - name: refers
              image: web:1
              command: [sh, -c, "PGPASSWORD=$DB_PASSWORD psql --password && login --password-file kT7wq2xZ --password $(DB_PASSWORD)"]
              args: [--password, --verbose, --password-stdin, kT7wq2xZ, password, kT7wq2xZ]
              env:
                - name: DB_PASSWORD
                  valueFrom: { secretKeyRef: { name: app, key: password } }
                - { name: PGPASSWORD, value: $(DB_PASSWORD) }
                - { name: AWS_SECRET_ACCESS_KEY, value: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY }
                - { name: PASSWORD_RESET_URL, value: kT7wq2xZ }
        ---
        # existing
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: facts-are-not-judged }
        data: { password: kT7wq2xZ }
        ---
        # existing
        apiVersion: v1
        kind: Pod
        metadata: { name: facts-are-not-judged }
        spec:
          containers:
            - { name: web, image: "web:1", env: [{ name: DB_PASSWORD, value: kT7wq2xZ }] }
      `,
    ],
  },
  *check(cluster) {
    for (const resource of cluster.list('', 'ConfigMap')) {
      if (!resource.existing) yield* judgeConfigMap(resource);
    }
    for (const workload of cluster.workloads) {
      if (workload.resource.existing) continue;
      for (const container of containersOf(workload)) {
        yield* judgeEnvironment(workload.resource, container);
        yield* judgeCommand(workload, container, 'command');
        yield* judgeCommand(workload, container, 'args');
      }
    }
  },
} satisfies Rule;

function* judgeConfigMap(resource: Resource): Generator<Finding> {
  for (const [key, value] of Object.entries(asMap((resource.object as { data?: unknown }).data) ?? {})) {
    if (typeof value !== 'string') continue;
    const path = ['data', key];
    const found = [...judgeShapes(resource, path, value, `data ${key} holds`)];
    yield* found;
    if (!value.includes('\n') && found.length === 0 && isPasswordName(key) && isLiteralPassword(key, value)) {
      yield password(resource, path, `data ${key} is`);
    }
    for (const { name, offset } of passwordLines(key, value)) {
      yield { ...password(resource, path, `data ${key} gives ${name}`), offset };
    }
  }
}

function* judgeEnvironment(resource: Resource, { container, path }: PodContainer): Generator<Finding> {
  for (const [i, item] of asList(container.env).entries()) {
    const { name, value } = asMap(item) ?? {};
    if (typeof name !== 'string' || typeof value !== 'string') continue;
    const at = [...path, 'env', i, 'value'];
    if (/SECRET_ACCESS_KEY$/i.test(name) && /^[A-Za-z0-9/+]{40}$/.test(value) && !/EXAMPLE/i.test(value)) {
      yield usable(resource, at, `env ${name} holds`, 'an AWS secret key');
      continue;
    }
    const found = [...judgeShapes(resource, at, value, `env ${name} holds`)];
    yield* found;
    if (found.length === 0 && isPasswordName(name) && isLiteralPassword(name, value)) {
      yield password(resource, at, `env ${name} is`);
    }
  }
}

const KINDS = { initContainers: 'init container', containers: 'container', ephemeralContainers: 'ephemeral container' };

function* judgeCommand(
  { resource }: Workload,
  { container, list, path }: PodContainer,
  field: 'command' | 'args',
): Generator<Finding> {
  const of = `${field} of ${KINDS[list]} ${container.name}`;
  const [holds, gives] = field === 'args' ? ['hold', 'give'] : ['holds', 'gives'];
  const words = asList(container[field]);
  for (const [i, word] of words.entries()) {
    if (typeof word !== 'string') continue;
    const at = [...path, field, i];
    const found = [...judgeShapes(resource, at, word, `${of} ${holds}`)];
    yield* found;
    if (found.length > 0) continue;
    const flag = /^--?([\w.-]+)$/.exec(String(words[i - 1] ?? ''))?.[1];
    if (flag !== undefined && !word.startsWith('-') && isPasswordName(flag) && isLiteralPassword(flag, word)) {
      yield password(resource, at, `${of} ${gives} ${flag}`);
    }
    for (const { name, offset } of passwordFlags(word)) {
      yield { ...password(resource, at, `${of} ${gives} ${name}`), offset };
    }
  }
}

/** What a text gives away by its shape, each sort of it once. */
function* judgeShapes(resource: Resource, path: Path, text: string, where: string): Generator<Finding> {
  const seen = new Set<string>();
  for (const { what, offset, kind } of credentialsIn(text)) {
    if (seen.has(what)) continue;
    seen.add(what);
    if (kind === 'password') yield { ...password(resource, path, `${where} ${what}`), offset };
    else yield { ...usable(resource, path, where, what, kind === 'restricted'), offset };
  }
}

function usable(resource: Resource, path: Path, where: string, what: string, restricted = false): Finding {
  const message = `${where} ${what} in plain text: who can read ${resource} or its source can use it`;
  return restricted
    ? { resource, path, message: `${message}, unless it is restricted to a site`, severity: 'warning' }
    : { resource, path, message };
}

function password(resource: Resource, path: Path, subject: string): Finding {
  const message = `${subject} in plain text: who can read ${resource} or its source knows the password`;
  return { resource, path, message, severity: 'warning' };
}
