import { asList, asMap, valueAt } from '../../workloads.ts';
import { dialAt, type FileAddress } from './file-address.ts';
import { leavesOf, type Structured } from './structured.ts';

/** Whether a document is Envoy's static configuration. */
export function isEnvoy({ value }: Structured): boolean {
  return asList(asMap(asMap(value)?.static_resources)?.clusters).length > 0;
}

/** What Envoy dials: the endpoints of its clusters. Its listeners have addresses, too (https://www.envoyproxy.io/docs, config.cluster.v3). */
export function envoyAddresses(document: Structured): FileAddress[] {
  const clusters = ['static_resources', 'clusters'];
  return leavesOf(valueAt(document.value, clusters), () => true).flatMap((leaf) => {
    const path = [...clusters, ...leaf.path];
    if (path.at(-1) !== 'address' || path.at(-2) !== 'socket_address') return [];
    const port = valueAt(document.value, [...path.slice(0, -1), 'port_value']);
    const group = document.offset([...path.slice(0, 3), 'name'], 0);
    return dialAt(document, path, { own: typeof port === 'number' ? port : undefined, group }).map((address) => ({
      ...address,
      written: typeof port === 'number',
    }));
  });
}
