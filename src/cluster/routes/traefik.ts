import type { Path, Resource } from '../../resource.ts';
import { readYaml } from '../../yaml.ts';
import { type Cluster, derived } from '../cluster.ts';
import { matchesLabels } from '../selectors.ts';
import { isUnknown } from '../unknown.ts';
import { parseImage } from '../workload/images.ts';
import { asList, asMap, containersOf, type PodContainer, type Workload } from '../workloads.ts';

/** One option of Traefik's static configuration, and where it is written. */
export interface Setting {
  value: string;
  resource: Resource;
  path: Path;
}

/** A Traefik of the environment, with its static configuration. */
export interface Traefik {
  workload: Workload;
  container: PodContainer;
  /** By lower-case name: `certificatesresolvers.le.acme.email`. */
  settings: ReadonlyMap<string, Setting>;
}

/** A certificates resolver that speaks ACME. */
export interface AcmeResolver {
  name: string;
  /** Where its challenge is written. */
  setting: Setting;
  challenges: ReadonlySet<'http' | 'tls' | 'dns'>;
  /** The entry point that HTTP-01 challenges come in by. */
  entryPoint: Setting | undefined;
}

/** Every Traefik: what runs its image, or has certificates resolvers in its arguments, its environment or a mounted ConfigMap. */
export const traefiksOf = derived((cluster): readonly Traefik[] =>
  cluster.workloads.flatMap((workload) =>
    containersOf(workload).flatMap((container) => {
      if (container.list !== 'containers') return [];
      const settings = settingsOf(cluster, workload, container) ?? new Map<string, Setting>();
      const hasResolvers = settingBelow(settings, 'certificatesresolvers') !== undefined;
      return hasResolvers || runsTraefik(container) ? [{ workload, container, settings }] : [];
    }),
  ),
);

/** `traefik`, `rancher/mirrored-library-traefik`. */
function runsTraefik({ container }: PodContainer): boolean {
  const image: unknown = container.image;
  const reference = typeof image === 'string' ? parseImage(image) : undefined;
  return reference !== undefined && !('invalid' in reference) && /[-/]traefik$/.test(reference.name);
}

/**
 * The static configuration: of a file, else of the arguments if there are any, else of the environment; they don't mix (loaders
 * of cmd/traefik). Undefined where a file decides that nobody can see.
 */
function settingsOf(cluster: Cluster, workload: Workload, container: PodContainer): Map<string, Setting> | undefined {
  const words = wordsOf(workload, container);
  const flags = parseFlags(words);
  const named = flags.get('configfile')?.value;
  const files = named === undefined ? DEFAULT_FILES : [named];
  for (const file of files) {
    const found = mountedText(cluster, workload, container, file, named !== undefined);
    if (found === 'unknown') return undefined;
    if (found !== undefined) return parseFile(file, found);
  }
  return words.length > 0 ? flags : parseEnvironment(workload, container);
}

const DEFAULT_FILES = ['/etc/traefik/traefik.toml', '/etc/traefik/traefik.yaml', '/etc/traefik/traefik.yml'];

/** The arguments after the program, which the image's entry point adds where the first is a flag. */
function wordsOf({ resource }: Workload, { container, path }: PodContainer): Setting[] {
  const words = (['command', 'args'] as const).flatMap((list) =>
    asList(container[list]).map((value, i) => ({
      value: typeof value === 'string' ? value : UNSEEN,
      resource,
      path: [...path, list, i],
    })),
  );
  const first = words.findIndex(({ value }) => value.startsWith('-'));
  const program = words.slice(0, first === -1 ? words.length : first);
  // A shell's script is not read.
  return program.some(({ value }) => /(?:^|\/)(?:ba|da|a)?sh$/.test(value)) ? [] : words.slice(program.length);
}

/** Options that need no value, or whose value must stand behind a `=`. */
const SWITCHES = /(?:^|\.)(?:allowacmebypass|(?:tls|http|dns)challenge|acme|tls)$/;

/** Reads flags as github.com/traefik/paerser does: one dash or two, any case, `--name=value`, `--name value`, `--switch`. */
function parseFlags(words: readonly Setting[]): Map<string, Setting> {
  const flags = new Map<string, Setting>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(word?.value ?? '');
    if (word === undefined || !match) break;
    const name = (match[1] ?? '').toLowerCase();
    const next = words[i + 1];
    if (match[2] !== undefined) flags.set(name, { ...word, value: match[2] });
    else if (SWITCHES.test(name) || next === undefined || next.value.startsWith('-')) {
      flags.set(name, { ...word, value: 'true' });
    } else {
      flags.set(name, next);
      i++;
    }
  }
  return flags;
}

/** A value that stands somewhere else. */
const UNSEEN = '$';

/** `TRAEFIK_ENTRYPOINTS_WEB_ADDRESS`. What comes from elsewhere has a value that nobody knows. */
function parseEnvironment({ resource }: Workload, { container, path }: PodContainer): Map<string, Setting> {
  const settings = new Map<string, Setting>();
  for (const [i, item] of asList(container.env).entries()) {
    const { name, value } = asMap(item) ?? {};
    if (typeof name !== 'string' || !/^TRAEFIK_/i.test(name)) continue;
    const option = name.slice('TRAEFIK_'.length).toLowerCase().replaceAll('_', '.');
    const at = [...path, 'env', i];
    const known = typeof value === 'string';
    settings.set(option, { value: known ? value : UNSEEN, resource, path: known ? [...at, 'value'] : at });
  }
  // More may come with them, such as allowACMEByPass.
  return asList(container.envFrom).length > 0 ? new Map() : settings;
}

interface MountedText {
  text: string;
  resource: Resource;
  path: Path;
}

/** What a file of a container holds; undefined where there is none, `unknown` where that can't be seen. */
function mountedText(
  cluster: Cluster,
  { pod, resource }: Workload,
  { container }: PodContainer,
  file: string,
  mustExist: boolean,
): MountedText | 'unknown' | undefined {
  if (isUnclear(file)) return 'unknown';
  const [mount] = asList(container.volumeMounts)
    .flatMap((item) => {
      const { name, mountPath, subPath = '' } = asMap(item) ?? {};
      const at = typeof mountPath === 'string' ? mountPath.replace(/\/+$/, '') : undefined;
      if (at === undefined || typeof subPath !== 'string' || (file !== at && !file.startsWith(`${at}/`))) return [];
      return [{ name, at, file: [subPath, file.slice(at.length + 1)].filter((part) => part !== '').join('/') }];
    })
    .sort((a, b) => b.at.length - a.at.length);
  if (mount === undefined) return mustExist ? 'unknown' : undefined;
  const volume = asMap(asList(pod.volumes).find((item) => asMap(item)?.name === mount.name));
  if (volume && 'emptyDir' in volume) return undefined;
  const { name, items } = asMap(volume?.configMap) ?? {};
  const configMap = typeof name === 'string' ? cluster.get('', 'ConfigMap', resource.scope, name) : undefined;
  if (configMap === undefined) return 'unknown';
  const key = keyOf(mount.file, items);
  const text = key === undefined ? undefined : asMap(asMap(configMap.object)?.data)?.[key];
  if (typeof text !== 'string' || key === undefined) return mustExist ? 'unknown' : undefined;
  return { text, resource: configMap, path: ['data', key] };
}

function keyOf(file: string, items: unknown): string | undefined {
  const list = asList(items);
  if (list.length === 0) return file;
  const key = asMap(list.find((item) => asMap(item)?.path === file))?.key;
  return typeof key === 'string' ? key : undefined;
}

/** The options of a static file that this module is asked for. */
const READ = /^(?:certificatesresolvers|entrypoints|providers)(?:\.|$)/;
const MAX_OPTIONS = 5000;

function parseFile(file: string, { text, resource, path }: MountedText): Map<string, Setting> | undefined {
  const settings = new Map<string, Setting>();
  const set = (name: string, value: unknown) => {
    const option = name.toLowerCase();
    if (READ.test(option) && settings.size < MAX_OPTIONS)
      settings.set(option, { value: String(value), resource, path });
  };
  if (file.endsWith('.toml')) return parseToml(text, set) ? settings : undefined;
  const [document, ...others] = readYaml(text).filter(({ empty }) => !empty);
  if (document === undefined || document.error || others.length > 0) return undefined;
  flatten(document.value, '', set, 0);
  return settings;
}

type SetOption = (name: string, value: unknown) => void;

function flatten(value: unknown, name: string, set: SetOption, depth: number): void {
  const map = asMap(value);
  if (map === undefined || depth > 10) {
    if (value !== null && typeof value !== 'object') set(name, value);
    return;
  }
  // An empty section switches its option on: `tlsChallenge: {}`.
  if (Object.keys(map).length === 0) set(name, true);
  for (const [key, item] of Object.entries(map)) {
    const child = name === '' ? key : `${name}.${key}`;
    if (depth > 0 || READ.test(child.toLowerCase())) flatten(item, child, set, depth + 1);
  }
}

/** The tables and plain values of a TOML file; false where it holds what this doesn't read. */
function parseToml(text: string, set: SetOption): boolean {
  let table = '';
  for (const line of text.split('\n')) {
    const bare = line.trim();
    if (bare === '' || bare.startsWith('#')) continue;
    const header = /^\[\s*([\w.-]+)\s*\]\s*(?:#.*)?$/.exec(bare);
    const pair = /^([\w.-]+)\s*=\s*(?:"([^"\\]*)"|'([^']*)'|([^\s"'#[{]+))\s*(?:#.*)?$/.exec(bare);
    if (header) {
      table = `${header[1] ?? ''}.`;
      set(header[1] ?? '', true);
    } else if (pair) set(table + (pair[1] ?? ''), pair[2] ?? pair[3] ?? pair[4] ?? '');
    else if (READ.test(table.toLowerCase())) return false;
  }
  return true;
}

/** Whether a value is only known in the cluster. */
function isUnclear(value: string): boolean {
  return isUnknown(value) || value.includes('$');
}

/** The resolvers of a Traefik that speak ACME and have a challenge. */
export function acmeResolversOf({ settings }: Traefik): AcmeResolver[] {
  const names = new Set(
    [...settings.keys()].flatMap((option) => /^certificatesresolvers\.([^.]+)\.acme(?:\.|$)/.exec(option)?.[1] ?? []),
  );
  return [...names].flatMap((name) => {
    const at = `certificatesresolvers.${name}.acme`;
    const challenges = new Set(
      (['http', 'tls', 'dns'] as const).filter((kind) => isOn(settings, `${at}.${kind}challenge`)),
    );
    const entryPoint = challenges.has('http') ? settings.get(`${at}.httpchallenge.entrypoint`) : undefined;
    const [first] = [...challenges].map((kind) => settingBelow(settings, `${at}.${kind}challenge`));
    const setting = entryPoint ?? first;
    return setting === undefined ? [] : [{ name, setting, challenges, entryPoint }];
  });
}

/** Whether an optional section of the configuration is there and not switched off. */
function isOn(settings: Traefik['settings'], section: string): boolean {
  const own = settings.get(section)?.value;
  if (own !== undefined && own.toLowerCase() !== 'true') return false;
  return settingBelow(settings, section) !== undefined;
}

function settingBelow(settings: Traefik['settings'], section: string): Setting | undefined {
  for (const [option, setting] of settings) if (option === section || option.startsWith(`${section}.`)) return setting;
  return undefined;
}

/**
 * Whether the HTTP-01 challenges of a resolver take `/.well-known/acme-challenge/` from every router of their entry point
 * (pkg/provider/traefik/internal.go: priority MaxInt, unless allowACMEByPass). Undefined where that can't be known.
 */
export function claimsChallenges(
  cluster: Cluster,
  traefik: Traefik,
  { entryPoint }: AcmeResolver,
): boolean | undefined {
  if (entryPoint === undefined) return false;
  if (isUnclear(entryPoint.value)) return undefined;
  const { settings } = traefik;
  const at = `entrypoints.${entryPoint.value.toLowerCase()}`;
  // A router of an entry point that doesn't exist is dropped.
  if (settingBelow(settings, at) === undefined) return false;
  if (isBehindPort80(cluster, traefik, settings.get(`${at}.address`)?.value) === false) return false;
  const bypass = settings.get(`${at}.allowacmebypass`)?.value ?? 'false';
  if (isUnclear(bypass)) return undefined;
  return !/^(?:1|t|true)$/i.test(bypass) || !knowsBypass(traefik);
}

/** allowACMEByPass came with v2.11.9 and v3.1.3. An image whose version isn't known has it. */
export function knowsBypass({ container }: Traefik): boolean {
  const image: unknown = container.container.image;
  const reference = typeof image === 'string' ? parseImage(image) : undefined;
  const tag = reference && !('invalid' in reference) ? reference.tag : undefined;
  const match = /^v?(\d+)(?:\.(\d+)(?:\.(\d+))?)?/.exec(tag ?? '');
  if (!match) return true;
  const [major, minor = Infinity, patch = Infinity] = match
    .slice(1)
    .map((part) => (part === undefined ? undefined : Number(part)));
  const isFrom = (since: readonly [number, number]) => minor > since[0] || (minor === since[0] && patch >= since[1]);
  return major === 2 ? isFrom([11, 9]) : major === 3 ? isFrom([1, 3]) : (major ?? 0) > 3;
}

/** Whether port 80, where ACME servers knock, leads to an entry point's address. Undefined where nothing says what it leads to. */
function isBehindPort80(
  cluster: Cluster,
  { workload, container }: Traefik,
  address: string | undefined,
): boolean | undefined {
  const port = Number(/:(\d+)(?:\/.*)?$/.exec(address ?? '')?.[1] ?? Number.NaN);
  if (Number.isNaN(port)) return undefined;
  const ports = asList(container.container.ports).map((item) => asMap(item) ?? {});
  const behind: unknown[] = ports.filter(({ hostPort }) => hostPort === 80).map(({ containerPort }) => containerPort);
  if (workload.pod.hostNetwork === true) behind.push(80);
  for (const service of cluster.list('', 'Service')) {
    const spec = asMap(asMap(service.object)?.spec);
    if (service.scope !== workload.resource.scope || !matchesLabels(textMap(spec?.selector), workload.labels)) continue;
    for (const item of asList(spec?.ports)) {
      const { port: own, targetPort = own } = asMap(item) ?? {};
      const named = ports.find(({ name }) => name === targetPort)?.containerPort;
      if (own === 80) behind.push(typeof targetPort === 'string' ? named : targetPort);
    }
  }
  if (behind.includes(port)) return true;
  return behind.length === 0 || behind.includes(undefined) ? undefined : false;
}

function textMap(value: unknown): Record<string, string> {
  const entries = Object.entries(asMap(value) ?? {}).filter((entry) => typeof entry[1] === 'string');
  return Object.fromEntries(entries) as Record<string, string>;
}
