import { asList, asMap } from '../../workloads.ts';
import { dialAt, type FileAddress } from './file-address.ts';
import type { Structured } from './structured.ts';

/** Whether a document provisions Grafana's data sources. */
export function isDatasources({ value }: Structured): boolean {
  const { datasources } = asMap(value) ?? {};
  return asList(datasources).some((item) => typeof asMap(item)?.type === 'string' && asMap(item)?.name !== undefined);
}

/** The ports of data sources whose URL is `host:port` (https://grafana.com/docs/grafana/latest/administration/provisioning). */
const PORTS: ReadonlyMap<unknown, number> = new Map([
  ['postgres', 5432],
  ['grafana-postgresql-datasource', 5432],
  ['mysql', 3306],
  ['mssql', 1433],
]);

/** What Grafana dials: the URLs of its data sources, but those that the browser asks itself. */
export function datasourceAddresses(document: Structured): FileAddress[] {
  return asList(asMap(document.value)?.datasources).flatMap((item, i) => {
    const { access, type } = asMap(item) ?? {};
    if (access === 'direct' || access === 'browser') return [];
    return dialAt(document, ['datasources', i, 'url'], { own: PORTS.get(type) });
  });
}
