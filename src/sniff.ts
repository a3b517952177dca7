import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { asMap } from './cluster/workloads.ts';
import { describeFailure } from './walk.ts';
import { isBlank } from './yaml/blank.ts';
import { readYaml, type YamlDocument } from './yaml.ts';

/** What a file turns out to be. */
export type Sniffed =
  /** Kubernetes objects, or what is meant to be some: then reading it says what is wrong. */
  | { what: 'manifest'; documents: readonly unknown[] }
  /** No Kubernetes objects. */
  | { what: 'other' }
  /** Nothing at all but blanks and comments. */
  | { what: 'empty' }
  /** No YAML, nor anything that looks like a manifest. Only told where it was asked for. */
  | { what: 'broken' }
  /** Meant to become manifests by a tool that isn't known here. */
  | { what: 'template'; reason: string }
  | { what: 'unreadable'; reason: string };

/** Larger files aren't read to find out what they are. */
const MAX_BYTES = 32 * 1024 * 1024;
const PREFIX_BYTES = 1024 * 1024;

/** Templates of Go, Jinja or ERB. `{{ … }}` inside of a longer value is ordinary: alerts, workflows and dashboards have it. */
const TEMPLATE_LINE = /^[ \t]*(?:- +)?(?:["']?[\w./-]+["']?:[ \t]+)?(?:\{\{|\{%|<%)/m;
const TEMPLATE = /\{\{|\{%|<%/;

/** An apiVersion as Kubernetes has them; other tools' files have one too (`v2b1`, `1.0`). */
const API_VERSION = /^(?:[a-z0-9.-]+\/)?v[0-9]+(?:(?:alpha|beta)[0-9]+)?$/;

/**
 * Reads a file and says whether it holds Kubernetes manifests: a document that is a map with apiVersion and kind. With
 * `tellBroken`, what doesn't is parsed all the same, to tell whether it is YAML.
 */
export function sniff(file: string, tellBroken = false): Sniffed {
  let read: ReturnType<typeof readStart>;
  try {
    read = readStart(file);
  } catch (error) {
    return { what: 'unreadable', reason: describeFailure(error) };
  }
  const { text, whole } = read;
  if (!text.includes('apiVersion')) {
    if (whole && isBlank(text)) return { what: 'empty' };
    return whole && tellBroken && isBroken(text) ? { what: 'broken' } : { what: 'other' };
  }
  // Too large to be judged here: reading it will say so.
  if (!whole) return hasKeys(text, ['apiVersion']) ? { what: 'manifest', documents: [] } : { what: 'other' };
  return judge(text);
}

/** Synchronous: for many small files that takes a fraction of the time. */
function readStart(file: string): { text: string; whole: boolean } {
  const handle = openSync(file, 'r');
  try {
    if (fstatSync(handle).size <= MAX_BYTES) return { text: decode(readFileSync(handle)), whole: true };
    const bytes = Buffer.alloc(PREFIX_BYTES);
    return { text: decode(bytes.subarray(0, readSync(handle, bytes, 0, PREFIX_BYTES, 0))), whole: false };
  } finally {
    closeSync(handle);
  }
}

/** kubectl reads UTF-8 only; a manifest in UTF-16 has to be found all the same, to be told so. */
function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff && bytes.length % 2 === 0) return bytes.swap16().toString('utf16le');
  return bytes.toString('utf8');
}

function isBroken(text: string): boolean {
  return readYaml(text).some((document) => document.error !== undefined);
}

function judge(text: string): Sniffed {
  const documents = readYaml(text);
  const objects = documents.filter(isObject).map(({ value }) => value);
  const error = documents.find((document) => document.error)?.error;
  if (error && TEMPLATE_LINE.test(text)) {
    return { what: 'template', reason: `a template, not YAML: line ${error.line} cannot be read as it stands` };
  }
  if (objects.some(isTemplate)) {
    return { what: 'template', reason: 'a template: the name or kind of an object is filled in by another tool' };
  }
  if (objects.length > 0) return { what: 'manifest', documents: documents.map(({ value }) => value) };
  if (documents.every(({ empty }) => empty)) return { what: 'empty' };
  if (!error) return { what: 'other' };
  return hasKeys(text, ['apiVersion', 'kind']) ? { what: 'manifest', documents: [] } : { what: 'broken' };
}

/** One whose kind was forgotten is recognised by its metadata. */
function isObject({ value }: YamlDocument): boolean {
  const { apiVersion, kind, metadata } = asMap(value) ?? {};
  if (typeof apiVersion !== 'string' || apiVersion === '') return false;
  return (typeof kind === 'string' && kind !== '') || (API_VERSION.test(apiVersion) && asMap(metadata) !== undefined);
}

function isTemplate(value: unknown): boolean {
  const { apiVersion, kind, metadata } = asMap(value) ?? {};
  const { name, namespace } = asMap(metadata) ?? {};
  return [apiVersion, kind, name, namespace].some((text) => typeof text === 'string' && TEMPLATE.test(text));
}

/** Whether all of these are keys at the top of a document, as far as text that can't be parsed tells. */
function hasKeys(text: string, keys: readonly string[]): boolean {
  const indent = /^\s*\{/.test(text) ? '[ \\t{]*' : '';
  return keys.every((key) => new RegExp(`^${indent}["']?${key}["']?[ \\t]*:`, 'm').test(text));
}
