/** An image reference in its parts. Docker Hub's short names are spelled out: `redis` is `docker.io/library/redis`. */
export interface ImageReference {
  name: string;
  tag: string | undefined;
  digest: string | undefined;
}

/** What the kubelet's parser says of a reference that it refuses. */
export interface InvalidImage {
  invalid: string;
}

const HUB = 'docker.io';
const LABEL = /^[a-zA-Z0-9-]+$/;
const PATH_COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const HEX_LENGTHS: ReadonlyMap<string, number> = new Map([
  ['sha256', 64],
  ['sha384', 96],
  ['sha512', 128],
]);
const MAX_PATH = 255;
const BAD_FORMAT = 'invalid reference format';

/**
 * Parses an image as the kubelet does (ParseNormalizedNamed of github.com/distribution/reference); where it can't, `invalid`
 * holds that parser's error.
 */
export function parseImage(image: string): ImageReference | InvalidImage {
  if (/^[a-f0-9]{64}$/.test(image)) {
    return { invalid: `invalid repository name (${image}), cannot specify 64-byte hexadecimal strings` };
  }
  const [domain, remainder] = splitDomain(image);
  const [remote = ''] = remainder.split(':', 1);
  if (remote !== remote.toLowerCase()) {
    return { invalid: `${BAD_FORMAT}: repository name (${remote}) must be lowercase` };
  }
  const parsed = parseParts(domain, remainder);
  if (parsed !== undefined) return parsed;
  const lower = parseParts(domain.toLowerCase(), remainder.toLowerCase());
  return { invalid: lower === undefined ? BAD_FORMAT : 'repository name must be lowercase' };
}

/** The registry and the rest. A first component without `.`, `:` or an upper-case letter is part of a Docker Hub path. */
function splitDomain(image: string): [string, string] {
  const slash = image.indexOf('/');
  const first = image.slice(0, slash);
  if (slash === -1) return [HUB, `library/${image}`];
  const rest = image.slice(slash + 1);
  if (first === 'index.docker.io' || first === HUB) return [HUB, rest.includes('/') ? rest : `library/${rest}`];
  if (first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase()) return [first, rest];
  return [HUB, image];
}

function parseParts(domain: string, remainder: string): ImageReference | InvalidImage | undefined {
  const at = remainder.indexOf('@');
  const tagged = at === -1 ? remainder : remainder.slice(0, at);
  const digest = at === -1 ? undefined : remainder.slice(at + 1);
  const colon = tagged.indexOf(':');
  const path = colon === -1 ? tagged : tagged.slice(0, colon);
  const tag = colon === -1 ? undefined : tagged.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) return undefined;
  if (digest !== undefined && !DIGEST.test(digest)) return undefined;
  const name = `${domain}/${path}`;
  // A registry that is no host name can still be the first component of a path.
  const effective = isDomain(domain) ? path : name;
  if (!effective.split('/').every((component) => PATH_COMPONENT.test(component))) return undefined;
  if (effective.length > MAX_PATH) {
    return { invalid: `repository name must not be more than ${MAX_PATH} characters` };
  }
  const wrong = digest === undefined ? undefined : digestError(digest);
  return wrong === undefined ? { name, tag, digest } : { invalid: wrong };
}

function isDomain(text: string): boolean {
  const host = text.replace(/:\d+$/, '');
  if (/^\[[a-fA-F0-9:]+\]$/.test(host)) return true;
  return host.split('.').every((label) => LABEL.test(label) && !label.startsWith('-') && !label.endsWith('-'));
}

/** The errors of github.com/opencontainers/go-digest. */
function digestError(digest: string): string | undefined {
  const [algorithm = '', encoded = ''] = digest.split(':');
  const length = HEX_LENGTHS.get(algorithm);
  if (length === undefined) {
    return algorithm === algorithm.toLowerCase() ? 'unsupported digest algorithm' : 'invalid checksum digest format';
  }
  if (encoded.length !== length) return 'invalid checksum digest length';
  return encoded === encoded.toLowerCase() ? undefined : 'invalid checksum digest format';
}

/** Placeholders of the tools that fill in manifests: shells, envsubst, Jinja, Go templates, Azure Pipelines, sed. */
const PLACEHOLDER =
  /\$\{[^{}]*\}|\$\([^()]*\)|\{\{[^{}]*\}\}|\$[A-Za-z_]\w*|<[^<>]*>|%[^%\s]+%|#\{[^{}]*\}#?|@[A-Za-z_]\w*@|\[[^[\]]*\]|\{[^{}]*\}/g;

/** No reference that anyone means is longer. */
const MAX_SEARCHED = 1000;

/** What in an image looks as if something were to fill it in, each with the names that a tool would know it by. */
export function imagePlaceholders(image: string): { text: string; tokens: string[] }[] {
  return [...image.slice(0, MAX_SEARCHED).matchAll(PLACEHOLDER)].flatMap(([text]) => {
    const tokens = placeholderTokens(text);
    return tokens.length === 0 ? [] : [{ text, tokens }];
  });
}

function placeholderTokens(text: string): string[] {
  // A template's expression: any of its names may be the one that is given.
  if (text.startsWith('{{')) return text.match(/[A-Za-z_]\w*/g) ?? [];
  // What follows the name of a variable is its default.
  if (text.startsWith('$')) return [...(text.match(/[A-Za-z_]\w*/) ?? [])];
  const inner = text.replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
  return inner === '' ? [] : [inner];
}

/** The tag that is pulled: `latest` where neither tag nor digest is written; undefined where a digest decides. */
export function effectiveTag({ tag, digest }: ImageReference): string | undefined {
  return digest === undefined ? (tag ?? 'latest') : undefined;
}

/** Words that stand for what is to be written there. Upper case only: `todo` is an app, and no one's tag is TODO. */
const STAND_IN =
  /^(?:PLACEHOLDER|CHANGE[-_]?ME|REPLACE[-_]?(?:ME|THIS)|FIX[-_]?ME|TODO|TBD|(?:INSERT|YOUR)[-_][A-Z_-]+)$/;

/** The first whole tag or path component of an image that is nobody's name, undefined where all may be meant. */
export function standInOf(image: string): string | undefined {
  return image
    .slice(0, MAX_SEARCHED)
    .split(/[/:@]/)
    .find((token) => STAND_IN.test(token));
}

/** The registry that an image names itself, undefined where it leaves that to the runtime. */
export function writtenRegistry(image: string): string | undefined {
  const [domain] = splitDomain(image);
  return image.startsWith(`${domain}/`) ? domain : undefined;
}
