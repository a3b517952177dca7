import type { Path } from '../../../resource.ts';
import { asList, asMap } from '../../workloads.ts';
import { dialAt, type FileAddress } from './file-address.ts';
import type { Structured } from './structured.ts';

/** Whether a document is Prometheus' configuration, vmagent's or the agent mode's: not Promtail's, whose targets are files. */
export function isPrometheus({ value }: Structured): boolean {
  const map = asMap(value) ?? {};
  if (map.clients !== undefined || map.positions !== undefined) return false;
  const isJob = (item: unknown) => typeof asMap(item)?.job_name === 'string';
  return (
    asList(map.scrape_configs).some(isJob) ||
    (asMap(map.global)?.scrape_interval !== undefined &&
      (map.alerting ?? map.remote_write ?? map.remote_read) !== undefined)
  );
}

/**
 * What Prometheus dials: the static targets of scrapes and Alertmanagers, remote write and read. What discovery finds is no
 * address; what relabelling takes away or rewrites isn't dialled (https://prometheus.io/docs/prometheus/latest/configuration).
 */
export function prometheusAddresses(document: Structured, root: Path = []): FileAddress[] {
  const config = asMap(root.reduce<unknown>((value, key) => asMap(value)?.[key], document.value)) ?? {};
  const scrapes = asList(config.scrape_configs).flatMap((job, i) =>
    jobTargets(document, job, [...root, 'scrape_configs', i]),
  );
  const managers = asList(asMap(config.alerting)?.alertmanagers).flatMap((job, i) =>
    jobTargets(document, job, [...root, 'alerting', 'alertmanagers', i]),
  );
  const remotes = (['remote_write', 'remote_read'] as const).flatMap((field) =>
    asList(config[field]).flatMap((remote, i) =>
      isDirect(remote) ? dialAt(document, [...root, field, i, 'url']) : proxyOf(document, [...root, field, i]),
    ),
  );
  return [...scrapes, ...managers, ...remotes];
}

function isDirect(item: unknown): boolean {
  const map = asMap(item) ?? {};
  return map.proxy_url === undefined && map.proxy_from_environment !== true;
}

function proxyOf(document: Structured, path: Path): FileAddress[] {
  return dialAt(document, [...path, 'proxy_url']);
}

function jobTargets(document: Structured, job: unknown, path: Path): FileAddress[] {
  const map = asMap(job);
  if (!map) return [];
  const own = map.scheme === 'https' ? 443 : map.scheme === undefined || map.scheme === 'http' ? 80 : undefined;
  const targets = asList(map.static_configs).flatMap((group, i) =>
    asList(asMap(group)?.targets).flatMap((_, j) =>
      dialAt(document, [...path, 'static_configs', i, 'targets', j], { own }),
    ),
  );
  if (targets.length === 0) return [];
  if (!isDirect(job)) return proxyOf(document, path);
  const rules = asList(map.relabel_configs).map((rule) => asMap(rule) ?? {});
  const rewriting = rules.flatMap((rule, i) => (rule.target_label === '__address__' ? [{ rule, i }] : []));
  if (rewriting.length > 0) {
    const [only] = rewriting;
    // The exporters that probe others (blackbox, snmp): they are dialled, whatever the targets are.
    const isFixed = only && rewriting.length === 1 && only.rule.regex === undefined && only.rule.action === undefined;
    if (!isFixed || document.string([...path, 'relabel_configs', only.i, 'replacement'])?.includes('$')) return [];
    return dialAt(document, [...path, 'relabel_configs', only.i, 'replacement'], { own });
  }
  return rules.some(({ action }) => typeof action === 'string' && /^(?:keep|drop|hashmod|labelmap)/i.test(action))
    ? []
    : targets;
}
