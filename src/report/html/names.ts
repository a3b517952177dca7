import type { Picture, PictureNode } from '../../picture.ts';

const several = new WeakMap<Picture, boolean>();

/** Whether a picture has several namespaces, so that names alone don't tell. */
export function hasNamespaces(picture: Picture): boolean {
  let known = several.get(picture);
  if (known === undefined) {
    known = new Set(picture.nodes.map(({ namespace }) => namespace)).size > 1;
    several.set(picture, known);
  }
  return known;
}

/** `Deployment/web`. */
export function shortName({ kind, name }: { kind: string; name: string }): string {
  return `${kind}/${name}`;
}

/** `Deployment/web`, and `in shop` where there are several namespaces. */
export function nameIn(picture: Picture, node: PictureNode): string {
  const isSaid = hasNamespaces(picture) && node.namespace !== undefined;
  return `${shortName(node)}${isSaid ? ` in ${node.namespace}` : ''}`;
}

/** `Service/db:5432`, and `in shop` where there are several namespaces. */
export function addressIn(picture: Picture, node: PictureNode, port: number | string | undefined): string {
  const name = nameIn(picture, node);
  const short = shortName(node);
  return port === undefined ? name : `${short}:${port}${name.slice(short.length)}`;
}

/** A long name keeps its start and its end: what tells names apart stands at either. */
export function cut(text: string, length: number): string {
  const chars = [...text];
  if (chars.length <= length) return text;
  const tail = Math.floor(length / 3);
  return `${chars.slice(0, length - tail - 1).join('')}…${chars.slice(-tail).join('')}`;
}
