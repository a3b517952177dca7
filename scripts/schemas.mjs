/**
 * Makes the JSON Schemas in schemas/kubernetes and schemas/crds from published npm packages.
 *
 *     npm run schemas              writes them
 *     npm run schemas -- --check   says which of the committed ones differ, and fails
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { customResourceSchemas, DECLARATIONS } from './schemas/custom-resources.mjs';
import { attributeFormats, CLIENT_NODE_FILES, kubernetesSchemas } from './schemas/kubernetes.mjs';
import { readPackages } from './schemas/npm.mjs';
import { CLUSTER_SCOPED, CUSTOM_RESOURCES, DEFAULTED, KUBERNETES, OPEN } from './schemas/sources.mjs';

const DIRECTORY = fileURLToPath(new URL('../schemas/', import.meta.url));

/** Makes every file, by its path below schemas/. @returns {Promise<Map<string, string>>} */
async function makeFiles() {
  const versions = Object.keys(KUBERNETES);
  const [kubernetes, packages] = await Promise.all([
    readPackages(Object.values(KUBERNETES), CLIENT_NODE_FILES),
    readPackages(CUSTOM_RESOURCES, DECLARATIONS),
  ]);

  /** @type {Map<string, string>} */
  const files = new Map();
  // The first packages don't say which numbers are integers; a later one says it of the same attribute.
  const formats = new Map(kubernetes.flatMap((release) => [...attributeFormats(release)]));
  const clusterScoped = new Set();
  const namespaced = new Set();
  let newest = new Set();
  for (const [i, version] of versions.entries()) {
    const release = kubernetesSchemas(kubernetes[i], formats);
    const { kinds, definitions } = release;
    for (const kind of release.clusterScoped) clusterScoped.add(kind);
    for (const kind of release.namespaced) namespaced.add(kind);
    newest = new Set(Object.keys(definitions));
    files.set(`kubernetes/${version}.json`, print({ kinds, definitions }));
  }
  files.set(
    'kubernetes/index.json',
    print({ versions, clusterScoped: [...clusterScoped].sort(), namespaced: [...namespaced].sort() }),
  );

  const reference = { file: `../kubernetes/${versions.at(-1)}.json`, types: newest };
  /** @type {Map<string, { source: string, kinds: Record<string, Record<string, string>>, definitions: object }[]>} */
  const groups = new Map();
  for (const [i, { name, version, groups: wanted, versions: served }] of CUSTOM_RESOURCES.entries()) {
    for (const [group, { kinds, definitions }] of customResourceSchemas(packages[i], reference, OPEN)) {
      if (!wanted.test(group)) continue;
      for (const apiVersion of Object.keys(kinds)) if (served?.test(apiVersion) === false) delete kinds[apiVersion];
      if (Object.keys(kinds).length === 0) continue;
      const releases = groups.get(group) ?? [];
      groups.set(group, releases);
      releases.push({
        source: `${name} ${version}`,
        kinds,
        definitions: reachable(kinds, definitions, DEFAULTED[group] ?? []),
      });
    }
  }
  for (const [group, releases] of groups) {
    const scoped = CLUSTER_SCOPED[group] ?? [];
    const known = new Set(releases.flatMap(({ kinds }) => Object.values(kinds).flatMap(Object.keys)));
    const unknown = scoped.find((kind) => !known.has(kind));
    if (unknown) throw new Error(`${group} has no ${unknown}`);
    files.set(`crds/${group}.json`, print({ clusterScoped: scoped, releases }));
  }
  return files;
}

/**
 * The definitions that the kinds need, without the required fields that the CRDs default.
 *
 * @param {Record<string, Record<string, string>>} kinds
 * @param {Record<string, object>} definitions
 * @param {string[]} defaulted
 */
function reachable(kinds, definitions, defaulted) {
  /** @type {Record<string, unknown>} */
  const kept = {};
  const visit = (/** @type {string} */ name) => {
    if (Object.hasOwn(kept, name)) return;
    kept[name] = definitions[name];
    JSON.stringify(definitions[name], (key, value) => {
      if (key === '$ref' && value.startsWith('#')) visit(value.replace('#/definitions/', ''));
      return value;
    });
  };
  for (const names of Object.values(kinds)) for (const name of Object.values(names)) visit(name);
  return JSON.parse(
    JSON.stringify(kept, (key, value) => {
      if (key !== 'required' || !Array.isArray(value)) return value;
      const required = value.filter((name) => !defaulted.includes(name));
      return required.length > 0 ? required : undefined;
    }),
  );
}

/** JSON on one line, with sorted keys. @param {unknown} value */
function print(value) {
  const sorted = JSON.stringify(value, (_, item) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
  return `${sorted}\n`;
}

/** The committed files, by their path below schemas/. */
async function committedFiles() {
  const paths = [];
  for (const directory of ['kubernetes', 'crds'])
    for (const name of await readdir(`${DIRECTORY}${directory}`)) paths.push(`${directory}/${name}`);
  return new Map(await Promise.all(paths.map(async (path) => [path, await readFile(DIRECTORY + path, 'utf8')])));
}

const files = await makeFiles();
if (process.argv.includes('--check')) {
  const committed = await committedFiles();
  const paths = [...new Set([...files.keys(), ...committed.keys()])].sort();
  const different = paths.filter((path) => files.get(path) !== committed.get(path));
  for (const path of different) console.error(`schemas/${path} is not what the packages give`);
  console.log(`${paths.length - different.length} of ${paths.length} schema files are what the packages give`);
  process.exitCode = different.length > 0 ? 1 : 0;
} else {
  for (const directory of ['kubernetes', 'crds']) {
    await rm(DIRECTORY + directory, { recursive: true, force: true });
    await mkdir(DIRECTORY + directory, { recursive: true });
  }
  for (const [path, text] of files) await writeFile(DIRECTORY + path, text);
  console.log(`${files.size} schema files`);
}
