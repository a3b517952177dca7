import { asList, asMap } from '../workloads.ts';
import { type Address, addressesIn, urlsIn } from './addresses.ts';
import { mayBeDialled } from './dial-names.ts';
import { alertmanagerAddresses, isAlertmanager } from './files/alertmanager.ts';
import {
  fluentBitSettings,
  fluentdSettings,
  isAssignments,
  isFluentBit,
  isFluentd,
  isToml,
  propertySettings,
  tomlSettings,
} from './files/assignments.ts';
import { collectorAddresses, isCollector, isPromtail, promtailAddresses } from './files/collectors.ts';
import { envoyAddresses, isEnvoy } from './files/envoy.ts';
import type { FileAddress } from './files/file-address.ts';
import { datasourceAddresses, isDatasources } from './files/grafana.ts';
import { haproxyAddresses, isHaproxy } from './files/haproxy.ts';
import { isNginx, nginxAddresses } from './files/nginx.ts';
import { isPrometheus, prometheusAddresses } from './files/prometheus.ts';
import { settingAddresses, settingsOf } from './files/settings.ts';
import { readStructured, type Structured } from './files/structured.ts';

/** Texts that people or browsers read. */
const SHOWN = /\.(?:md|txt|html?|js|mjs|ts|css|svg|sql|rules|tmpl|crt|pem|csv)$/i;
/** What is spoken between programs only; an `http://` in a file may be a link. */
const MACHINE = /^(?!https?$|wss?$|dns$|ftp$|ssh$)/;
const COMMENT = /^\s*(?:#|\/\/|;|--|<!--|\*|\/\*)/;

const LONGEST = 1024 * 1024;

/** What no file lacks that says whom to dial. */
const ADDRESS = /:\/\/|:\d{2,5}\b|host|addr|server|endpoint|url|broker/i;

/**
 * The addresses in a file that the program which reads it dials, as far as the format says so: recognised by the content's shape first,
 * by the file's name where the shape says nothing. `upstreams` are those that other files define for nginx.
 */
export function addressesInFile(name: string, text: string, upstreams: ReadonlySet<string> = new Set()): FileAddress[] {
  if (text.length > LONGEST || SHOWN.test(name) || !ADDRESS.test(text)) return [];
  const whole = /^(?![\w.-]+=)[^\s"'<>{}]+$/.test(text.trim()) ? wholeFile(name, text) : [];
  if (whole.length > 0) return whole;
  if (isToml(name)) return settingAddresses(tomlSettings(text));
  if (isNginx(name, text)) return nginxAddresses(text, upstreams);
  if (isHaproxy(text)) return haproxyAddresses(text);
  if (isFluentBit(text)) return settingAddresses(fluentBitSettings(text));
  if (isFluentd(text)) return settingAddresses(fluentdSettings(text));
  if (isAssignments(name)) return settingAddresses(propertySettings(text));
  const documents = readStructured(text);
  if (documents.length > 0) return documents.flatMap(addressesInDocument);
  return inLines(text);
}

/** A file that is one address as a whole, or a list of such. */
function wholeFile(name: string, text: string): FileAddress[] {
  if (!mayBeDialled(name)) return [];
  const skipped = text.length - text.trimStart().length;
  const addresses = addressesIn(text.trim()).filter(({ form }) => form !== 'word');
  return addresses.map((address) => ({ ...address, start: address.start + skipped, evident: false, key: name }));
}

function addressesInDocument(document: Structured): FileAddress[] {
  if (isPromtail(document)) return promtailAddresses(document);
  if (isPrometheus(document)) return prometheusAddresses(document);
  if (isAlertmanager(document)) return alertmanagerAddresses(document);
  if (isDatasources(document)) return datasourceAddresses(document);
  if (isCollector(document)) return collectorAddresses(document);
  if (isEnvoy(document)) return envoyAddresses(document);
  return isSomethingElse(document) ? [] : settingAddresses(settingsOf(document));
}

/** Documents whose addresses aren't for who mounts them: manifests, dashboards, rules, realms, descriptions of APIs, schemas, lists of targets. */
function isSomethingElse({ value }: Structured): boolean {
  const map = asMap(value);
  if (!map) return true;
  const has = (...keys: string[]) => keys.every((key) => Object.hasOwn(map, key));
  return (
    (typeof map.apiVersion === 'string' && has('kind')) ||
    has('panels') ||
    has('dashboard') ||
    has('realm', 'clients') ||
    has('openapi') ||
    has('swagger') ||
    has('asyncapi') ||
    has('$schema', 'properties') ||
    has('dependencies') ||
    isCompose(map.services) ||
    asList(map.groups).some((group) => asMap(group)?.rules !== undefined)
  );
}

function isCompose(services: unknown): boolean {
  return Object.values(asMap(services) ?? {}).some((service) => typeof asMap(service)?.image === 'string');
}

/** What can't be taken for a link in a file of no known format: the URLs of databases, brokers and the like. */
function inLines(text: string): FileAddress[] {
  const found: FileAddress[] = [];
  let start = 0;
  for (const line of text.split('\n')) {
    const key = /^\s*(?:-\s+)?["']?([\w.-]+)["']?\s*[:=]\s*/.exec(line)?.[1] ?? '';
    if (!COMMENT.test(line) && mayBeDialled(key)) {
      for (const address of urlsIn(line).filter(isMachine)) {
        found.push({ ...address, start: start + address.start, group: start + address.group, evident: false, key });
      }
    }
    start += line.length + 1;
  }
  return found;
}

function isMachine({ scheme }: Address): boolean {
  return scheme !== undefined && MACHINE.test(scheme);
}
