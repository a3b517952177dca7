import { isUnknown } from '../unknown.ts';
import { type ImageReference, parseImage } from '../workload/images.ts';

/** An image that a project publishes, and whose user ids are fixed in its Dockerfile. */
export interface OfficialImage {
  readonly name: string;
  /** Who owns the data that it writes; undefined where the tag doesn't tell the variant. */
  readonly uid: number | undefined;
  /** Where it keeps its data without being told otherwise; undefined where the tag doesn't tell the release. */
  readonly data: string | undefined;
  /** What it does with its data directory when nobody says which user it runs as. */
  readonly started: 'as root, takes the directory' | 'as its user';
  /** A variant without an entry for other users, which initdb refuses. */
  readonly knowsOwnUserOnly: boolean;
}

interface Known {
  names: RegExp;
  uid: number | { debian: number; alpine: number };
  data: string;
  started: OfficialImage['started'];
  /** Where the uid stands. */
  source: string;
}

const TAKES = 'as root, takes the directory';

const KNOWN: ReadonlyMap<string, Known> = new Map([
  [
    'postgres',
    {
      names: /(?:^docker\.io\/|\/)library\/postgres$/,
      uid: { debian: 999, alpine: 70 },
      data: '/var/lib/postgresql/data',
      started: TAKES,
      source: 'https://github.com/docker-library/postgres/blob/master/Dockerfile-debian.template',
    },
  ],
  [
    'mysql',
    {
      names: /(?:^docker\.io\/|\/)library\/mysql$/,
      uid: 999,
      data: '/var/lib/mysql',
      started: TAKES,
      source: 'https://github.com/docker-library/mysql/blob/master/template/Dockerfile.oracle',
    },
  ],
  [
    'mariadb',
    {
      names: /(?:^docker\.io\/|\/)library\/mariadb$/,
      uid: 999,
      data: '/var/lib/mysql',
      started: TAKES,
      source: 'https://github.com/MariaDB/mariadb-docker/blob/master/Dockerfile.template',
    },
  ],
  [
    'mongo',
    {
      names: /(?:^docker\.io\/|\/)library\/mongo$/,
      uid: 999,
      data: '/data/db',
      started: TAKES,
      source: 'https://github.com/docker-library/mongo/blob/master/Dockerfile-linux.template',
    },
  ],
  [
    'redis',
    {
      names: /(?:^docker\.io\/|\/)library\/redis$/,
      // Alpine keeps gid 999 for itself: there the group is 1000, and the user still 999.
      uid: 999,
      data: '/data',
      started: TAKES,
      source: 'https://github.com/redis/docker-library-redis',
    },
  ],
  [
    'rabbitmq',
    {
      names: /(?:^docker\.io\/|\/)library\/rabbitmq$/,
      uid: { debian: 999, alpine: 100 },
      data: '/var/lib/rabbitmq',
      started: TAKES,
      source: 'https://github.com/docker-library/rabbitmq/blob/master/Dockerfile-alpine.template',
    },
  ],
  [
    'elasticsearch',
    {
      names: /(?:^docker\.elastic\.co\/elasticsearch\/|(?:^docker\.io\/|\/)library\/)elasticsearch$/,
      uid: 1000,
      data: '/usr/share/elasticsearch/data',
      started: 'as its user',
      source: 'https://www.elastic.co/guide/en/elasticsearch/reference/7.17/docker.html',
    },
  ],
  [
    'grafana',
    {
      names: /^docker\.io\/grafana\/grafana(?:-oss|-enterprise)?$/,
      uid: 472,
      data: '/var/lib/grafana',
      started: 'as its user',
      source: 'https://github.com/grafana/grafana/blob/main/Dockerfile',
    },
  ],
  [
    'prometheus',
    {
      names: /^(?:docker\.io\/prom|quay\.io\/prometheus)\/prometheus$/,
      uid: 65534,
      data: '/prometheus',
      started: 'as its user',
      source: 'https://github.com/prometheus/prometheus/blob/main/Dockerfile',
    },
  ],
]);

/** The image of a container as the official one that it is; undefined for those of vendors, and for what can't be known. */
export function officialImage(image: unknown): OfficialImage | undefined {
  if (typeof image !== 'string' || isUnknown(image)) return undefined;
  const reference = parseImage(image);
  if ('invalid' in reference) return undefined;
  for (const [name, { names, uid, data, started }] of KNOWN) {
    if (!names.test(reference.name)) continue;
    const isPostgres = name === 'postgres';
    return {
      name,
      uid: typeof uid === 'number' ? uid : uidOf(uid, reference),
      data: isPostgres ? postgresData(reference, data) : data,
      started,
      knowsOwnUserOnly: isPostgres && lacksUsers(reference.tag ?? ''),
    };
  }
  return undefined;
}

/** A digest without a tag may be any variant. */
function uidOf({ debian, alpine }: { debian: number; alpine: number }, { tag, digest }: ImageReference) {
  if (tag === undefined && digest !== undefined) return undefined;
  return /alpine/.test(tag ?? '') ? alpine : debian;
}

/** From 18 on, PGDATA holds the major version (docker-library/postgres, README). */
function postgresData({ tag = '' }: ImageReference, before18: string): string | undefined {
  const major = Number(/^(\d+)/.exec(tag)?.[1] ?? Number.NaN);
  if (Number.isNaN(major)) return undefined;
  return major >= 18 ? `/var/lib/postgresql/${major}/docker` : before18;
}

/** The last minor release of each major before alpine variants got nss_wrapper, in December 2022. */
const LAST_WITHOUT_USERS: ReadonlyMap<number, number> = new Map([
  [11, 17],
  [12, 12],
  [13, 8],
  [14, 5],
  [15, 0],
]);

/**
 * Whether a variant of postgres has no libnss_wrapper, so that initdb looks up a user id that /etc/passwd doesn't have: those on
 * Alpine before it was packaged there.
 */
function lacksUsers(tag: string): boolean {
  const [, major = '', minor] = /^(\d+)(?:\.(\d+))?.*alpine/.exec(tag) ?? [];
  if (major === '') return false;
  const last = LAST_WITHOUT_USERS.get(Number(major));
  return Number(major) < 11 || (last !== undefined && minor !== undefined && Number(minor) <= last);
}
