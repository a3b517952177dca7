import { EVENT_ID } from 'js-yaml';
import { withoutBom } from '../yaml.ts';
import { parseYaml, YamlError } from './events.ts';
import { splitYaml } from './split.ts';

/** Anchors and aliases, or what looks like them: most files have none, and needn't be parsed to know. */
const MAY_HAVE_ALIASES = /(?:^|[\s,:[{-])\*[^\s*]/;

/**
 * How many nodes the documents of a stream are with all aliases expanded, the largest of them; Infinity where an anchor holds
 * itself. Counts what a reader without limits has to build. What can't be parsed counts nothing.
 */
export function expandedNodes(stream: string): number {
  if (!stream.includes('&') || !MAY_HAVE_ALIASES.test(stream)) return 0;
  return splitYaml(withoutBom(stream)).reduce((largest, { text }) => Math.max(largest, sizeOf(text)), 0);
}

function sizeOf(text: string): number {
  let parsed: ReturnType<typeof parseYaml>;
  try {
    parsed = parseYaml(text);
  } catch (error) {
    if (error instanceof YamlError) return 0;
    throw error;
  }
  const { source, events } = parsed;
  /** By name: undefined while the anchor's own content is being read. */
  const anchors = new Map<string, number | undefined>();
  const open: { name: string; size: number }[] = [{ name: '', size: 0 }];
  const add = (size: number) => {
    const [inner] = open.slice(-1);
    if (inner) inner.size += size;
  };
  for (const event of events) {
    if (event.type === EVENT_ID.ALIAS) {
      const name = source.slice(event.anchorStart, event.anchorEnd);
      if (anchors.has(name)) add(anchors.get(name) ?? Number.POSITIVE_INFINITY);
    } else if (event.type === EVENT_ID.POP) {
      const closed = open.pop() ?? { name: '', size: 0 };
      if (closed.name !== '') anchors.set(closed.name, closed.size);
      if (open.length === 0) return closed.size;
      add(closed.size);
    } else if (event.type !== EVENT_ID.DOCUMENT) {
      const name = event.anchorStart === -1 ? '' : source.slice(event.anchorStart, event.anchorEnd);
      if (event.type === EVENT_ID.SCALAR) {
        if (name !== '') anchors.set(name, 1);
        add(1);
      } else {
        if (name !== '') anchors.set(name, undefined);
        open.push({ name, size: 1 });
      }
    }
  }
  return open[0]?.size ?? 0;
}
