import type { Path } from '../../../resource.ts';
import { asList, asMap, valueAt } from '../../workloads.ts';
import { dialAt, type FileAddress } from './file-address.ts';
import { prometheusAddresses } from './prometheus.ts';
import type { Structured } from './structured.ts';

/** Whether a document is Promtail's configuration. */
export function isPromtail({ value }: Structured): boolean {
  const map = asMap(value) ?? {};
  const isClient = (item: unknown) => typeof asMap(item)?.url === 'string';
  return asList(map.clients).some(isClient) && (map.scrape_configs ?? map.positions ?? map.server) !== undefined;
}

/** What Promtail dials: its clients. Its targets are files (https://grafana.com/docs/loki/latest/send-data/promtail/configuration). */
export function promtailAddresses(document: Structured): FileAddress[] {
  return asList(asMap(document.value)?.clients).flatMap((client, i) => {
    const path: Path = ['clients', i];
    const isProxied = asMap(client)?.proxy_url !== undefined;
    return dialAt(document, [...path, isProxied ? 'proxy_url' : 'url']);
  });
}

/** Whether a document is the configuration of an OpenTelemetry collector. */
export function isCollector({ value }: Structured): boolean {
  const map = asMap(value) ?? {};
  return asMap(asMap(map.service)?.pipelines) !== undefined && asMap(map.exporters) !== undefined;
}

/**
 * What a collector dials: the endpoints of the exporters that its pipelines use, and the targets of the Prometheus receivers. What
 * other receivers listen on is its own (https://opentelemetry.io/docs/collector/configuration).
 */
export function collectorAddresses(document: Structured): FileAddress[] {
  const map = asMap(document.value) ?? {};
  const pipelines = Object.values(asMap(asMap(map.service)?.pipelines) ?? {}).map((pipeline) => asMap(pipeline) ?? {});
  const used = (field: string) => new Set(pipelines.flatMap((pipeline) => asList(pipeline[field])));
  const exporters = [...used('exporters')].flatMap((name) => {
    if (typeof name !== 'string' || name.split('/')[0] === 'prometheus') return [];
    const path: Path = ['exporters', name];
    const fields = ['endpoint', 'traces_endpoint', 'metrics_endpoint', 'logs_endpoint', 'url'];
    const one = fields.flatMap((field) => dialAt(document, [...path, field]));
    const many = ['endpoints', 'brokers'].flatMap((field) =>
      asList(valueAt(document.value, [...path, field])).flatMap((_, i) =>
        dialAt(document, [...path, field, i], { group: document.offset([...path, field, 0], 0) }),
      ),
    );
    return [...one, ...many];
  });
  const receivers = [...used('receivers')].flatMap((name) =>
    typeof name === 'string' && name.split('/')[0] === 'prometheus'
      ? prometheusAddresses(document, ['receivers', name, 'config'])
      : [],
  );
  return [...exporters, ...receivers];
}
