import { readdirSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import { relativePath } from '../below.ts';
import type { Target } from '../render/target.ts';
import { oneLine } from '../report/harmless.ts';
import { toYaml } from '../yaml/print.ts';
import type { Plan, PlannedEnvironment, PlannedTarget } from './plan.ts';

/** Facts that nobody has given, and the rules that would judge more with them. */
export interface Unlocks {
  environment: string;
  /** `Nodes`, `Secret in namespace apps` */
  fact: string;
  rules: readonly string[];
}

/** A k8s-lint.yaml for a plan, with comments for who edits it. `cwd` is where it will stand. */
export function configText(plan: Plan, cwd: string, unlocks: readonly Unlocks[]): string {
  const lines = [
    '# What lands together in which cluster. Written by `k8s-lint init` from what the repository says: correct what it could not know.',
    '# All paths are relative to this file.',
    'environments:',
    ...plan.environments.flatMap((environment, i) => [
      ...(i === 0 ? [] : ['']),
      ...environmentLines(environment, cwd, unlocks, i === 0),
    ]),
  ];
  if (plan.unplaced.length > 0) {
    lines.push(
      '',
      '# Found, but nothing here says where it lands: it is not linted until it is moved to the targets of an environment.',
    );
    const items = plan.unplaced.flatMap((target) =>
      toYaml([entryOf(target, cwd)])
        .trimEnd()
        .split('\n'),
    );
    lines.push(...items.map((line) => `#   ${line}`));
  }
  if (plan.shown.length > 0) {
    const directories = plan.shown.map(oneLine);
    const more = directories.length > LISTED ? ` and ${directories.length - LISTED} more directories` : '';
    lines.push('', `# Left out as examples, tests or documents: ${directories.slice(0, LISTED).join(', ')}${more}`);
  }
  lines.push(
    '',
    '# An exception needs its reason:',
    '# ignore:',
    '#   - rule: image-tag-latest',
    '#     resource: Deployment/preview',
    '#     reason: rebuilt on every push',
    '',
  );
  return lines.join('\n');
}

function environmentLines(
  { name, targets, existing }: PlannedEnvironment,
  cwd: string,
  unlocks: readonly Unlocks[],
  isFirst: boolean,
): string[] {
  const key = toYaml({ [name]: null })
    .trimEnd()
    .replace(/ null$/, '');
  const facts = existing.map((file) => shown(file, cwd));
  const file = `cluster/${/^[\w.-]+$/.test(name) ? name : 'facts'}.yaml`;
  const own = unlocks.filter(({ environment }) => environment === name);
  return [
    `  ${key}`,
    ...(isFirst
      ? ['    # The version that the cluster runs. Unset, the default of the tool that renders counts.']
      : []),
    '    # kubernetesVersion: "1.34"',
    '    targets:',
    ...targets.flatMap((target) => targetLines(target, cwd)),
    ...(facts.length > 0 ? indented(toYaml({ existing: facts }), 4) : []),
    ...(own.length > 0 ? ['    # These facts would let more be judged:'] : []),
    ...own.map(({ fact, rules }) => `    #   ${oneLine(fact)}: ${rules.join(', ')}`),
    ...(isFirst && facts.length === 0
      ? ['    # What the cluster holds already is written down by `k8s-lint snapshot --context CONTEXT -o FILE`.']
      : []),
    ...(facts.length === 0 ? [`    # existing: [${file}]`] : []),
  ];
}

function targetLines({ target, by, withheld, without = [], somewhere }: PlannedTarget, cwd: string): string[] {
  const said = [
    ...(by === undefined ? [] : [`      # as ${oneLine(by)} says`]),
    ...(without.length > 0 ? [`      # but for what only it knows: ${oneLine(without.join(', '))}`] : []),
    ...(somewhere
      ? ['      # The namespace is a guess. With the right one, it belongs to the targets that share its cluster.']
      : []),
    ...(withheld ? ['      # without its inline values: some look like credentials. Give the others as `set`.'] : []),
  ];
  return [...said, ...indented(toYaml([entryOf(target, cwd)]), 6)];
}

const LISTED = 5;

/** An entry of `targets`, as k8s-lint.yaml has it. */
function entryOf(target: Target, cwd: string): Record<string, unknown> {
  const namespace = target.namespace === undefined ? {} : { namespace: target.namespace };
  switch (target.type) {
    case 'kustomize':
      return { kustomize: shown(target.directory, cwd), ...namespace };
    case 'helm': {
      const { chart, release, values, set } = target;
      return {
        helm: {
          chart: shown(chart, cwd),
          release,
          ...namespace,
          ...(values.length > 0 ? { values: values.map((file) => shown(file, cwd)) } : {}),
          ...(set ? { set } : {}),
        },
      };
    }
    case 'manifests':
      return { manifests: patterns(target.files, cwd), ...namespace };
  }
}

/** A glob where it matches these files and no others, so that new ones are linted, too; else each file. */
function patterns(files: readonly string[], cwd: string): string[] {
  const [first = ''] = files;
  const directory = dirname(first);
  const extension = extname(first);
  const siblings = readdirSync(directory).filter((name) => extname(name) === extension && !name.startsWith('.'));
  const isAll = files.every((file) => dirname(file) === directory) && siblings.length === files.length;
  // k8s-lint.yaml itself stands where this is written.
  if (files.length === 1 || !isAll || directory === cwd) return files.map((file) => shown(file, cwd));
  return [`${shown(directory, cwd)}/*${extension}`];
}

/** A path as k8s-lint.yaml has it. What a glob would take for its own, a wildcard stands for: nothing escapes it there. */
function shown(path: string, cwd: string): string {
  const shownPath = relativePath(cwd, path) || '.';
  return shownPath.replace(/[*[\]{}()!\\]/g, '?');
}

function indented(text: string, width: number): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? '' : ' '.repeat(width) + line));
}
