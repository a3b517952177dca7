import type { Path, Resource } from '../../resource.ts';
import { type Cluster, derived } from '../cluster.ts';
import { asList, asMap, containersOf, type PodContainer, valueAt, type Workload } from '../workloads.ts';
import { type Address, addressesIn } from './addresses.ts';
import { addressesOfCommand, type Word } from './command-lines.ts';
import { isSwitchedOff, mayBeDialled, namesHost, portNamesOf } from './dial-names.ts';
import { type ExpandedText, environmentOf, expand, type Origin, partAt, type Variable } from './environment.ts';
import { addressesInFile } from './file-addresses.ts';
import type { FileAddress } from './files/file-address.ts';
import { type ConfigurationFile, configurationFiles } from './files/mounts.ts';
import { nginxUpstreams } from './files/nginx.ts';

/** A host that a container is configured to dial, whatever answers to that name. */
export interface ConfiguredHost {
  readonly from: Workload;
  readonly container: PodContainer;
  /** The host empty where something fills it in, its port as written, or as what stands beside it says. */
  readonly address: Address;
  /** The text that holds it, from its first character to its last, with MASK for what is unknown. */
  readonly text: ExpandedText;
  /** Where the host starts in `text`. */
  readonly start: number;
  /** Where the value stands that names the host. */
  readonly where: Origin;
  /** What may override the value: an `envFrom` that comes later and whose keys nobody knows, such as `Secret/app`. */
  readonly unless: string | undefined;
  /** The variable, flag or file that holds it, as the container has it. */
  readonly name: string;
  /** The name that says what the value is: that of the variable or flag, the key in a file. */
  readonly key: string;
  readonly via: 'env' | 'envFrom' | 'command' | 'file';
  /** Where the container takes it from: an item of `env`, `envFrom`, `args`, `volumeMounts` … */
  readonly declared: Path;
  /** Hosts of one list are alternatives. */
  readonly list: string;
  /** Its looks, its name or the file's format leave no doubt that it is a host, whether a Service is called so or not. */
  readonly evident: boolean;
}

/** All hosts that the manifests configure, of rendered and of existing workloads, but those that a proxy dials instead. */
export const configuredHosts = derived((cluster): readonly ConfiguredHost[] =>
  cluster.workloads.flatMap((workload) =>
    workload.resource.kind === 'PodTemplate'
      ? []
      : containersOf(workload).flatMap((container) => hostsOfContainer(cluster, workload, container)),
  ),
);

/** Where a host stands, as messages say it: `DATABASE_HOST in Secret/app`, the name of a variable, or `args`. */
export function placeOf({
  from,
  where,
  declared,
  via,
}: Pick<ConfiguredHost, 'from' | 'where' | 'declared' | 'via'>): string {
  if (where.key !== undefined) return `${where.key} in ${where.resource}`;
  if (via === 'command') return String(declared.at(-2));
  const variable = asMap(valueAt(from.resource.object, where.path.slice(0, -1)))?.name;
  return typeof variable === 'string' ? variable : 'env';
}

/** The finding's place of a host: its value; what exists already isn't edited here, so there it is what takes it from there. */
export function editedAt({ from, where, declared }: Pick<ConfiguredHost, 'from' | 'where' | 'declared'>): {
  resource: Resource;
  path: Path;
  offset?: number | undefined;
} {
  if (where.resource.existing) return { resource: from.resource, path: declared };
  return { resource: where.resource, path: where.path, offset: where.offset };
}

/**
 * Whether what looks like a host may be the start of a password: an `@` follows in a text of which something is secret. `unless` is
 * what may stand before it all the same: the next URL of a list.
 */
export function mayBePassword({ text, start }: Pick<ConfiguredHost, 'text' | 'start'>, unless?: string): boolean {
  const rest = /^[^\s@]*@/.exec(text.text.slice(start, start + 512))?.[0];
  if (rest === undefined || (unless !== undefined && rest.includes(unless))) return false;
  return text.parts.some(({ secret }) => secret);
}

/** An address that a container is given, and where it stands. */
interface Found
  extends Pick<ConfiguredHost, 'address' | 'text' | 'start' | 'name' | 'key' | 'via' | 'declared' | 'evident'> {}

function hostsOfContainer(cluster: Cluster, from: Workload, container: PodContainer): ConfiguredHost[] {
  const environment = environmentOf(cluster, from, container);
  const found = [
    ...inEnvironment(cluster, environment),
    ...inCommand(from, container, environment),
    ...inFiles(cluster, from, container),
  ];
  const proxied = proxyOf(environment);
  return found.flatMap((one) => {
    const part = partAt(one.text, one.start);
    if (!part || proxied(one.address) || mayBePassword(one, '://')) return [];
    const { unless, ...where } = part;
    const list = JSON.stringify([one.declared, one.name, one.address.group]);
    return [{ ...one, from, container, where, unless, list }];
  });
}

function inEnvironment(cluster: Cluster, environment: ReadonlyMap<string, Variable>): Found[] {
  const read = (name: string) => environment.get(name)?.text;
  return [...environment.values()].flatMap((variable) => {
    const { name, text, via, declared } = variable;
    const addresses = addressesOfVariable(cluster, name, text);
    if (addresses.length === 0 || isSwitchedOff(name, read)) return [];
    return addresses.map((address) => {
      const port = siblingPort(name, address, read);
      const withPort = port === undefined ? address : { ...address, port, written: true };
      return {
        address: withPort,
        text: variable,
        start: address.start,
        name,
        key: name,
        via,
        declared,
        evident: address.form === 'url' || namesHost(name),
      };
    });
  });
}

/** The addresses that a variable holds, as its name has it. Many containers take the same variables. */
function addressesOfVariable(cluster: Cluster, name: string, text: string): readonly Address[] {
  const known = variablesRead(cluster);
  const id = `${name}=${text}`;
  let addresses = known.get(id);
  if (!addresses) {
    const isEvident = ({ form }: Address) => form !== 'word' || namesHost(name);
    addresses = text !== '' && mayBeDialled(name) ? addressesIn(text).filter(isEvident) : [];
    known.set(id, addresses);
  }
  return addresses;
}

const variablesRead = derived(() => new Map<string, readonly Address[]>());

/** What `DB_PORT` says for `DB_HOST`, where the address has no port of its own. */
function siblingPort(
  name: string,
  address: Address,
  read: (name: string) => string | undefined,
): number | 'unknown' | undefined {
  if (address.written) return undefined;
  for (const portName of portNamesOf(name)) {
    const value = read(portName)?.trim();
    if (value === undefined || value === '') continue;
    return /^\d{1,5}$/.test(value) ? Number(value) : 'unknown';
  }
  return undefined;
}

function inCommand(
  { resource }: Workload,
  { container, path }: PodContainer,
  environment: ReadonlyMap<string, Variable>,
): Found[] {
  const words: (Word & { source: ExpandedText; declared: Path })[] = [];
  let start = 0;
  for (const field of ['command', 'args'] as const) {
    for (const [i, item] of asList(container[field]).entries()) {
      if (typeof item !== 'string') continue;
      const declared = [...path, field, i];
      const source = expand(item, { resource, path: declared, key: undefined, secret: false }, environment);
      words.push({ text: source.text, start, source, declared });
      start += source.text.length + 1;
    }
  }
  return addressesOfCommand(words).flatMap((given) => {
    const offset = given.word.start + given.start;
    const word = words.findLast((candidate) => candidate.start <= offset);
    if (!word) return [];
    const { source, declared } = word;
    const { name } = given;
    const evident = given.form === 'url' || (name !== '' && namesHost(name));
    const via = 'command' as const;
    return [{ address: given, text: source, start: offset - word.start, name, key: name, via, declared, evident }];
  });
}

/** The ConfigMaps and Secrets that are mounted into the container, file by file. */
function inFiles(cluster: Cluster, workload: Workload, { container, path }: PodContainer): Found[] {
  const files = configurationFiles(cluster, workload, container.volumeMounts);
  const upstreams = new Set(files.flatMap(({ text }) => nginxUpstreams(text.text)));
  return files.flatMap((file) => {
    const declared = [...path, 'volumeMounts', file.mount];
    return addressesOfFile(cluster, file, upstreams).map((address) => ({
      address,
      text: file.text,
      start: address.start,
      name: file.file,
      key: address.key,
      via: 'file' as const,
      declared,
      evident: address.evident,
    }));
  });
}

/** The addresses of a file. Many containers mount the same one. */
function addressesOfFile(
  cluster: Cluster,
  { file, text }: ConfigurationFile,
  upstreams: ReadonlySet<string>,
): readonly FileAddress[] {
  const known = filesRead(cluster);
  const id = JSON.stringify([file, [...upstreams]]);
  const ofText = known.get(text.text) ?? new Map<string, readonly FileAddress[]>();
  known.set(text.text, ofText);
  const addresses = ofText.get(id) ?? addressesInFile(file, text.text, upstreams);
  ofText.set(id, addresses);
  return addresses;
}

/** By text, then by name. */
const filesRead = derived(() => new Map<string, Map<string, readonly FileAddress[]>>());

/** Whether a container's requests to an address go to a proxy instead (`HTTP_PROXY`, and what `NO_PROXY` leaves out). */
function proxyOf(environment: ReadonlyMap<string, Variable>): (address: Address) => boolean {
  const read = (name: string) => (environment.get(name) ?? environment.get(name.toLowerCase()))?.text ?? '';
  const hasProxy = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].some((name) => read(name) !== '');
  if (!hasProxy) return () => false;
  const exceptions = new Set(
    read('NO_PROXY')
      .toLowerCase()
      .split(/[\s,]+/)
      .map((exception) => exception.replace(/^\*?\./, '')),
  );
  return ({ host, scheme, form }) => {
    if (form === 'url' && !(scheme !== undefined && /^(?:https?|wss?|grpcs?)$/.test(scheme))) return false;
    const labels = host.toLowerCase().split('.');
    return !exceptions.has('*') && !labels.some((_, i) => exceptions.has(labels.slice(i).join('.')));
  };
}
