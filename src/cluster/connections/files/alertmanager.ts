import type { Path } from '../../../resource.ts';
import { asList, asMap } from '../../workloads.ts';
import { dialAt, type FileAddress } from './file-address.ts';
import type { Structured } from './structured.ts';

/** Whether a document is Alertmanager's configuration. */
export function isAlertmanager({ value }: Structured): boolean {
  const map = asMap(value) ?? {};
  return asMap(map.route) !== undefined && asList(map.receivers).some((item) => asMap(item)?.name !== undefined);
}

/** Where a receiver's integrations say whom they dial, and a mail server's port (https://prometheus.io/docs/alerting/latest/configuration). */
const URLS = ['url', 'api_url', 'webhook_url'];

/** What Alertmanager dials: the mail server, and the URLs of its receivers but those that go through a proxy. */
export function alertmanagerAddresses(document: Structured): FileAddress[] {
  const map = asMap(document.value) ?? {};
  const isProxied = (value: unknown) => asMap(asMap(value)?.http_config)?.proxy_url !== undefined;
  const everywhere = isProxied(map.global);
  const found = dialAt(document, ['global', 'smtp_smarthost']);
  for (const [i, receiver] of asList(map.receivers).entries()) {
    for (const [kind, items] of Object.entries(asMap(receiver) ?? {})) {
      if (!kind.endsWith('_configs')) continue;
      for (const [j, item] of asList(items).entries()) {
        const path: Path = ['receivers', i, kind, j];
        if (kind === 'email_configs') found.push(...dialAt(document, [...path, 'smarthost']));
        else if (!everywhere && !isProxied(item)) {
          for (const field of URLS) {
            const url = document.string([...path, field]);
            // The page that an alert links to isn't fetched.
            if (url?.includes('://') && !(kind === 'pagerduty_configs' && field !== 'url')) {
              found.push(...dialAt(document, [...path, field]));
            }
          }
        }
      }
    }
  }
  return found;
}
