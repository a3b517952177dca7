import type { Cluster } from '../../cluster/cluster.ts';
import { type Credential, type CredentialPair, credentialPairs } from '../../cluster/connections/credentials.ts';
import { asMap, valueAt } from '../../cluster/workloads.ts';
import { type Finding, type Resource, type Rule, yaml } from '../../rule.ts';

export default {
  id: 'credentials-disagree',
  severity: 'error',
  docs: {
    summary: 'A client must log in with the password that its server is set up with.',
    incident:
      'AlgoSu, sprint 81, G2: the database of problem-service had been separated into one of its own, with its own Secret. The client’s ' +
      'Secret kept the old host and the old password: once DATABASE_HOST was right, the password had to be brought in line as well.',
    symptoms: [
      'password authentication failed for user "postgres"',
      'FATAL: password authentication failed for user',
      'Access denied for user',
      'WRONGPASS invalid username-password pair or user is disabled.',
      'NOAUTH Authentication required.',
      'ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN',
      'Authentication failed.',
      'MongoServerError: Authentication failed.',
      'SignatureDoesNotMatch',
      'Invalid user credentials',
    ],
    fix: 'Let both sides read one key of one Secret. A database that has data keeps the password that it was made with: change it there, too.',
    facts: [
      'Client: the userinfo of a URL, or the password and user beside the host (DB_HOST, DB_USER, DB_PASSWORD)',
      'Server: the variables with which the images of PostgreSQL, MySQL, MariaDB, MongoDB, RabbitMQ, Redis, MinIO, ClickHouse and Keycloak make an account; redis-server --requirepass',
    ],
    silent: [
      'Either value isn’t known: a Secret that isn’t rendered, or is encrypted; generated values, placeholders, stand-ins such as changeme; base64 that is none',
      'The user is another than the one that the image makes, or isn’t known: a script may make more of them',
      'The server takes the password from a file, asks for none, or several workloads or images may answer',
      'Values that a later envFrom may override; a list of hosts of which some are elsewhere; Helm’s tests',
      'Values that differ in space or line breaks at the end only: a warning, some clients cut them off',
      'Client and server in files that only lie in one directory may be alternatives: a warning',
    ],
    references: [
      'https://hub.docker.com/_/postgres',
      'https://hub.docker.com/_/mysql',
      'https://hub.docker.com/_/mongo',
      'https://hub.docker.com/_/rabbitmq',
      'https://redis.io/docs/latest/commands/auth/',
    ],
  },
  examples: {
    bad: [
      yaml`
        apiVersion: v1
        kind: Secret
        metadata: { name: problem-service-secrets, namespace: algosu }
        stringData:
          DATABASE_HOST: postgres-problem
          DATABASE_PORT: '5432'
          DATABASE_USER: algosu
          DATABASE_PASSWORD: only-an-old-example # <- Deployment/problem-service logs in to postgres-problem:5432 with DATABASE_PASSWORD in Secret/problem-service-secrets, but StatefulSet/postgres-problem is set up with password in Secret/postgres-problem-secret, and the two differ: logins are refused
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: problem-service, namespace: algosu }
        spec:
          selector: { matchLabels: { app: problem-service } }
          template:
            metadata: { labels: { app: problem-service } }
            spec:
              containers:
                - name: problem-service
                  image: ghcr.io/example/problem-service:1.4.2
                  envFrom: [{ secretRef: { name: problem-service-secrets } }]
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: postgres-problem-secret, namespace: algosu }
        data:
          password: b25seS1hbi1leGFtcGxl
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: { name: postgres-problem, namespace: algosu }
        spec:
          serviceName: postgres-problem
          selector: { matchLabels: { app: postgres-problem } }
          template:
            metadata: { labels: { app: postgres-problem } }
            spec:
              containers:
                - name: postgres
                  image: postgres:17.5
                  env:
                    - { name: POSTGRES_USER, value: algosu }
                    - name: POSTGRES_PASSWORD
                      valueFrom: { secretKeyRef: { name: postgres-problem-secret, key: password } }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: postgres-problem, namespace: algosu }
        spec: { selector: { app: postgres-problem }, ports: [{ port: 5432 }] }
      `,
      yaml`
        # URLs, flags, several accounts of one server, and a line break too many.
        apiVersion: v1
        kind: Secret
        metadata: { name: web, namespace: shop }
        stringData:
          mysql: mysql://shop:one-example@mysql/shop # <- Pod/web logs in to mysql:3306 with mysql in Secret/web, but Pod/mysql is set up with MYSQL_PASSWORD in Pod/mysql, and the two differ: logins are refused
          root: mysql://root:two-example@mysql/shop
          cache: redis://:one%2Dexample@redis:6379 # <- Pod/web logs in to redis:6379 with cache in Secret/web, but Pod/redis is set up with args in Pod/redis, and the two differ: logins are refused
        data:
          # A line break at the end.
          MONGO_PASSWORD: dHdvLWV4YW1wbGUK # <- Pod/web logs in to mongo with MONGO_PASSWORD in Secret/web, but Pod/mongo is set up with MONGO_INITDB_ROOT_PASSWORD in Pod/mongo, and the two differ in space or a line break at the end: logins are refused unless the client cuts it off
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop }
        spec:
          containers:
            - name: web
              image: ghcr.io/example/web:1.4.2
              env:
                - { name: DATABASE_URL, valueFrom: { secretKeyRef: { name: web, key: mysql } } }
                - { name: ADMIN_URL, valueFrom: { secretKeyRef: { name: web, key: root } } }
                - { name: CACHE_URL, valueFrom: { secretKeyRef: { name: web, key: cache } } }
                - { name: MONGO_HOST, value: mongo }
                - { name: MONGO_USERNAME, value: admin }
                - { name: MONGO_PASSWORD, valueFrom: { secretKeyRef: { name: web, key: MONGO_PASSWORD } } }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: mysql, namespace: shop, labels: { app: mysql } }
        spec:
          containers:
            - name: mysql
              image: mysql:8.4
              env:
                - { name: MYSQL_ROOT_PASSWORD, value: two-example }
                - { name: MYSQL_USER, value: shop }
                - { name: MYSQL_PASSWORD, value: three-example }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: mysql, namespace: shop }
        spec: { selector: { app: mysql }, ports: [{ port: 3306 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: redis, namespace: shop, labels: { app: redis } }
        spec:
          containers:
            - { name: redis, image: 'redis:8.0.2', args: [--requirepass, two-example] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: redis, namespace: shop }
        spec: { selector: { app: redis }, ports: [{ port: 6379 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: mongo, namespace: shop, labels: { app: mongo } }
        spec:
          containers:
            - name: mongo
              image: mongo:8.0
              env:
                - { name: MONGO_INITDB_ROOT_USERNAME, value: admin }
                - { name: MONGO_INITDB_ROOT_PASSWORD, value: two-example }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: mongo, namespace: shop }
        spec: { selector: { app: mongo }, ports: [{ name: mongo, port: 27017 }, { name: metrics, port: 9216 }] }
      `,
    ],
    good: [
      yaml`
        # The same value, in two places; another user; values that nobody knows.
        apiVersion: v1
        kind: Secret
        metadata: { name: web, namespace: shop }
        stringData:
          same: postgres://postgres:one-example@postgres/shop
          other: postgres://reports:two-example@postgres/shop
          filled: postgres://postgres:\${DB_PASSWORD}@postgres/shop
          odd: postgres://postgres:two/example@postgres/shop
          odder: postgres://postgres:%zz@postgres/shop
          none: postgres://postgres/shop
          stand-in: postgres://postgres:CHANGE_ME@postgres/shop
          expanded: postgres://$(DB_USER):$(DB_PASSWORD)@postgres/shop
          socket: postgres://postgres:two-example@[fd00::7]:5432/shop
          PASSWORD_ONLY_PASSWORD: two-example
        data:
          NO_BASE64_PASSWORD: 'two-example'
          EMPTY_PASSWORD: ''
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop }
        spec:
          containers:
            - name: web
              image: ghcr.io/example/web:1.4.2
              envFrom: [{ secretRef: { name: web } }]
              env:
                - { name: SAME_URL, valueFrom: { secretKeyRef: { name: web, key: same } } }
                - { name: OTHER_URL, valueFrom: { secretKeyRef: { name: web, key: other } } }
                - { name: FILLED_URL, valueFrom: { secretKeyRef: { name: web, key: filled } } }
                - { name: ODD_URL, valueFrom: { secretKeyRef: { name: web, key: odd } } }
                - { name: ODDER_URL, valueFrom: { secretKeyRef: { name: web, key: odder } } }
                - { name: NONE_URL, valueFrom: { secretKeyRef: { name: web, key: none } } }
                - { name: STAND_IN_URL, valueFrom: { secretKeyRef: { name: web, key: stand-in } } }
                - { name: PASSWORD_ONLY_HOST, value: postgres }
                - { name: NO_BASE64_HOST, value: postgres }
                - { name: NO_BASE64_USER, value: postgres }
                - { name: EMPTY_HOST, value: postgres }
                - { name: EMPTY_USER, value: postgres }
                - { name: BY_HAND_HOST, value: postgres }
                - { name: BY_HAND_USER, value: postgres }
                - { name: BY_HAND_PASSWORD, valueFrom: { secretKeyRef: { name: by-hand, key: password } } }
                - { name: TWO_HOST, value: postgres }
                - { name: TWO_USER, value: postgres }
                - { name: TWO_PASSWORD, value: two-example }
                - { name: TWO_PASS, value: one-example }
                - { name: GUESSED_HOST, value: postgres }
                - { name: GUESSED_USER, value: postgres }
                - { name: GUESSED_USERNAME, value: reports }
                - { name: GUESSED_PASSWORD, value: two-example }
                - { name: METRICS_URL, value: 'http://postgres:two-example@postgres:9187' }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: postgres, namespace: shop, labels: { app: postgres } }
        spec:
          initContainers:
            - { name: prepare, image: 'postgres:17.5', env: [{ name: POSTGRES_PASSWORD, value: three-example }] }
          containers:
            - name: postgres
              image: postgres:17.5
              env: [{ name: POSTGRES_PASSWORD, value: one-example }]
            - { name: exporter, image: 'quay.io/prometheuscommunity/postgres-exporter:v0.17.1' }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: postgres, namespace: shop }
        spec: { selector: { app: postgres }, ports: [{ name: db, port: 5432 }, { name: metrics, port: 9187 }] }
      `,
      yaml`
        # Servers whose password isn't certain.
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop }
        spec:
          containers:
            - name: web
              image: ghcr.io/example/web:1.4.2
              env:
                - { name: TRUSTING_URL, value: 'postgres://postgres:two-example@trusting/shop' }
                - { name: FILE_URL, value: 'postgres://postgres:two-example@file/shop' }
                - { name: TWO_URL, value: 'postgres://postgres:two-example@two/shop' }
                - { name: POOLER_URL, value: 'postgres://postgres:two-example@pooler/shop' }
                - { name: LATER_URL, value: 'postgres://postgres:two-example@later/shop' }
                - { name: CACHE_URL, value: 'redis://:two-example@redis' }
                - { name: SCRIPTED_URL, value: 'redis://:two-example@scripted' }
                - { name: NAMED_URL, value: 'redis://shop:two-example@named' }
                - { name: EITHER_HOSTS, value: 'postgres://postgres:two-example@two,db.example.com/shop' }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: trusting, namespace: shop, labels: { app: trusting } }
        spec:
          containers:
            - name: postgres
              image: postgres:17.5
              env: [{ name: POSTGRES_HOST_AUTH_METHOD, value: trust }, { name: POSTGRES_PASSWORD, value: one-example }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: trusting, namespace: shop }
        spec: { selector: { app: trusting }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: file, namespace: shop, labels: { app: file } }
        spec:
          containers:
            - name: postgres
              image: postgres:17.5
              env: [{ name: POSTGRES_PASSWORD_FILE, value: /run/secrets/password }, { name: POSTGRES_PASSWORD, value: one-example }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: file, namespace: shop }
        spec: { selector: { app: file }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: two-a, namespace: shop, labels: { app: two } }
        spec: { containers: [{ name: postgres, image: 'postgres:17.5', env: [{ name: POSTGRES_PASSWORD, value: one-example }] }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: two-b, namespace: shop, labels: { app: two } }
        spec: { containers: [{ name: postgres, image: 'postgres:17.5', env: [{ name: POSTGRES_PASSWORD, value: two-example }] }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: two, namespace: shop }
        spec: { selector: { app: two }, ports: [{ port: 5432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: pooler, namespace: shop, labels: { app: pooler } }
        spec:
          containers:
            - { name: pgbouncer, image: 'edoburu/pgbouncer:v1.24.1-p1', ports: [{ containerPort: 6432 }] }
            - { name: postgres, image: 'postgres:17.5', env: [{ name: POSTGRES_PASSWORD, value: one-example }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: pooler, namespace: shop }
        spec: { selector: { app: pooler }, ports: [{ port: 5432, targetPort: 6432 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: later, namespace: shop, labels: { app: later } }
        spec:
          containers:
            - name: postgres
              image: postgres:17.5
              envFrom: [{ configMapRef: { name: later } }, { secretRef: { name: by-hand } }]
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: later, namespace: shop }
        data: { POSTGRES_PASSWORD: one-example }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: later, namespace: shop }
        spec: { selector: { app: later }, ports: [{ port: 5432 }] }
        ---
        # The image reads no such variable.
        apiVersion: v1
        kind: Pod
        metadata: { name: redis, namespace: shop, labels: { app: redis } }
        spec: { containers: [{ name: redis, image: 'redis:8.0.2', env: [{ name: REDIS_PASSWORD, value: one-example }] }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: redis, namespace: shop }
        spec: { selector: { app: redis }, ports: [{ port: 6379 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: scripted, namespace: shop, labels: { app: scripted } }
        spec:
          containers:
            - { name: redis, image: 'redis:8.0.2', command: [sh, -c, 'redis-server --requirepass $(cat /run/password)'] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: scripted, namespace: shop }
        spec: { selector: { app: scripted }, ports: [{ port: 6379 }] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: named, namespace: shop, labels: { app: named } }
        spec: { containers: [{ name: redis, image: 'redis:8.0.2', args: [--requirepass, one-example] }] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: named, namespace: shop }
        spec: { selector: { app: named }, ports: [{ port: 6379 }] }
      `,
      {
        files: {
          // A generated value, an encrypted one, and a test.
          'Chart.yaml': yaml`
            apiVersion: v2
            name: shop
            version: 1.0.0
          `,
          'templates/all.yaml': yaml`
            apiVersion: v1
            kind: Secret
            metadata: { name: generated }
            stringData: { password: {{ randAlphaNum 20 | quote }} }
            ---
            apiVersion: v1
            kind: Secret
            metadata: { name: encrypted }
            stringData: { password: two-example }
            sops: { version: 3.10.2 }
            ---
            apiVersion: v1
            kind: Pod
            metadata: { name: web }
            spec:
              containers:
                - name: web
                  image: ghcr.io/example/web:1.4.2
                  env:
                    - { name: GENERATED_HOST, value: generated }
                    - { name: GENERATED_USER, value: postgres }
                    - { name: GENERATED_PASSWORD, value: one-example }
                    - { name: ENCRYPTED_HOST, value: known }
                    - { name: ENCRYPTED_USER, value: postgres }
                    - { name: ENCRYPTED_PASSWORD, valueFrom: { secretKeyRef: { name: encrypted, key: password } } }
            ---
            apiVersion: v1
            kind: Pod
            metadata: { name: test, annotations: { helm.sh/hook: test } }
            spec:
              containers:
                - name: web
                  image: ghcr.io/example/web:1.4.2
                  env: [{ name: DATABASE_URL, value: 'postgres://postgres:two-example@known/shop' }]
            ---
            apiVersion: v1
            kind: Pod
            metadata: { name: generated, labels: { app: generated } }
            spec:
              containers:
                - name: postgres
                  image: postgres:17.5
                  env:
                    - { name: POSTGRES_PASSWORD, valueFrom: { secretKeyRef: { name: generated, key: password } } }
            ---
            apiVersion: v1
            kind: Service
            metadata: { name: generated }
            spec: { selector: { app: generated }, ports: [{ port: 5432 }] }
            ---
            apiVersion: v1
            kind: Pod
            metadata: { name: known, labels: { app: known } }
            spec:
              containers:
                - { name: postgres, image: 'postgres:17.5', env: [{ name: POSTGRES_PASSWORD, value: one-example }] }
            ---
            apiVersion: v1
            kind: Service
            metadata: { name: known }
            spec: { selector: { app: known }, ports: [{ port: 5432 }] }
          `,
        },
      },
    ],
  },
  *check(cluster) {
    const seen = new Set<string>();
    for (const pair of credentialPairs(cluster)) {
      if (pair.client.value === pair.server.value) continue;
      const finding = judge(cluster, pair);
      const id = JSON.stringify([finding.message, idOf(finding.resource), finding.path, finding.offset]);
      if (!seen.has(id)) yield finding;
      seen.add(id);
    }
  },
} satisfies Rule;

function idOf({ group, kind, scope, name }: Resource): string[] {
  return [group, kind, scope, name];
}

function judge(
  cluster: Cluster,
  { connection, client, server, on }: CredentialPair,
): Finding & Required<Pick<Finding, 'resource' | 'path'>> {
  const { from, host, port } = connection;
  const isSpace = client.value.trim() === server.value.trim();
  const differ = isSpace
    ? 'differ in space or a line break at the end: logins are refused unless the client cuts it off'
    : 'differ: logins are refused';
  const { where } = client;
  const all = [where.resource, on, server.where.resource];
  const surely = !isSpace && all.every((other) => cluster.together(from.resource, other));
  return {
    ...(where.resource.existing
      ? { resource: from.resource, path: client.declared }
      : { resource: where.resource, path: where.path, offset: where.offset }),
    message:
      `${from.resource} logs in to ${port === undefined ? host : `${host}:${port}`} with ${placeOf(client)}, ` +
      `but ${on} is set up with ${placeOf(server)}, and the two ${differ}`,
    severity: surely ? 'error' : 'warning',
    related: [
      {
        message: `${on} is set up with this one`,
        resource: server.where.resource,
        path: server.where.path,
        offset: server.where.offset,
      },
    ],
  };
}

/** Where a password stands: `password in Secret/db`, or a variable or field of the workload itself. */
function placeOf({ where, name }: Credential): string {
  if (where.key !== undefined) return `${where.key} in ${where.resource}`;
  const variable = asMap(valueAt(where.resource.object, where.path.slice(0, -1)))?.name;
  return `${typeof variable === 'string' ? variable : name} in ${where.resource}`;
}
