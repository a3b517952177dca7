import { nearestOf as nearestName } from '../../nearest.ts';
import type { Path } from '../../resource.ts';
import type { Related } from '../../rule.ts';
import { showQuantity } from '../quota/quantity.ts';
import { meets, type NodeRequirement } from './node-affinity.ts';
import { type Filter, type NodeFacts, type PodNeeds, type Rejection, showTaint, type Verdict } from './scheduling.ts';

/** What keeps a pod from the Node that is nearest to taking it: where that is written, and what is there instead. */
export interface NearMiss {
  path: Path;
  text: string;
  related: Related[];
}

/** A Node that the author chose is nearer than another, then one that lets the pod in, then one with room for it. */
const BY_DISTANCE: readonly Filter[] = [
  'NodeAffinity',
  'TaintToleration',
  'NodeResourcesFit',
  'VolumeBinding',
  'VolumeZone',
  'NodeUnschedulable',
];

/** Explains why no Node takes a pod. `at` is the path of the pod spec, where nothing narrower is to blame. */
export function nearMiss(verdicts: readonly Verdict[], needs: PodNeeds, at: Path): NearMiss {
  const nearest = nearestOf(verdicts);
  const [first] = nearest;
  const filter = BY_DISTANCE.find((name) => first?.rejections.some((rejection) => rejection.filter === name));
  const rejected = nearest.flatMap(({ node, rejections }) =>
    rejections.filter((rejection) => rejection.filter === filter).map((rejection) => ({ node, rejection })),
  );
  switch (filter) {
    case 'NodeAffinity':
      return affinityMiss(
        needs,
        verdicts.map(({ node }) => node),
      );
    case 'TaintToleration':
      return taintMiss(rejected, needs, at);
    case 'NodeResourcesFit':
      return resourceMiss(rejected, needs, at);
    case 'VolumeBinding':
    case 'VolumeZone':
      return volumeMiss(rejected, at);
    default:
      return cordonMiss(rejected, at);
  }
}

interface Rejected {
  node: NodeFacts;
  rejection: Rejection;
}

/** The Nodes that fail the least important filters. */
function nearestOf(verdicts: readonly Verdict[]): Verdict[] {
  const distances = verdicts.map(({ rejections }) =>
    BY_DISTANCE.reduce((sum, filter) => sum * 2 + (rejections.some((item) => item.filter === filter) ? 1 : 0), 0),
  );
  const least = Math.min(...distances);
  return verdicts.filter((_, i) => distances[i] === least);
}

function affinityMiss({ affinity }: PodNeeds, nodes: readonly NodeFacts[]): NearMiss {
  const requirements = [...affinity.selector, ...(affinity.terms?.[0] ?? [])];
  const refusals = requirements.map((item) => nodes.filter((node) => meets(item, node) === false).length);
  const most = Math.max(0, ...refusals);
  const requirement = requirements[refusals.indexOf(most)];
  if (requirement === undefined || most === 0) {
    return { path: affinity.termsPath, text: 'an empty term matches no Node', related: [] };
  }
  if (most === nodes.length) return { path: requirement.path, ...labelMiss(requirement, nodes) };
  const asked = some(requirements.map(showRequirement));
  return { path: requirement.path, text: `no Node has all of ${asked}`, related: [] };
}

/** What the Nodes have instead of something that is required of them and that none has. */
function labelMiss(requirement: NodeRequirement, nodes: readonly NodeFacts[]): Pick<NearMiss, 'text' | 'related'> {
  const { key, operator, values, field } = requirement;
  const asked = showRequirement(requirement);
  if (field) return { text: `the Nodes are ${some(nodes.map(({ name }) => name))}`, related: [] };
  const labels = labelsOf(nodes);
  const own = labels.filter((label) => label.key === key);
  if (operator === 'NotIn' || operator === 'DoesNotExist')
    return { text: `every Node has ${showLabels(own)}`, related: [] };
  const meant = labels.filter((label) => label.key !== key && isMeant(label, key, values));
  const found = meant.length > 0 ? meant : own;
  const [first] = found;
  if (first === undefined) return { text: `no Node has the label ${key}`, related: [] };
  const several = new Set(found.map(showLabel)).size > 1;
  const related = { resource: first.node.resource, path: ['metadata', 'labels', first.key] };
  return {
    text: `label ${showLabels(found)} ${several ? 'exist' : 'exists'}, ${asked} doesn't`,
    related: [{ message: `${first.node.resource} has ${showLabel(first)}`, ...related }],
  };
}

function showRequirement({ key, operator, values }: NodeRequirement): string {
  if (operator === 'In' && values.length === 1) return `${key}=${values[0]}`;
  if (operator === 'Exists') return key;
  return values.length === 0 ? `${key} ${operator}` : `${key} ${operator} (${some(values)})`;
}

interface NodeLabel {
  node: NodeFacts;
  key: string;
  value: string;
}

function labelsOf(nodes: readonly NodeFacts[]): NodeLabel[] {
  return nodes.flatMap((node) =>
    Object.entries(node.labels).flatMap(([key, value]) => (typeof value === 'string' ? [{ node, key, value }] : [])),
  );
}

function showLabel({ key, value }: NodeLabel): string {
  return `${key}=${value}`;
}

function showLabels(labels: readonly NodeLabel[]): string {
  return some([...new Set(labels.map(showLabel))].sort());
}

/** Whether another label may be the one that was meant: the same telling value, or the key spelled otherwise. */
function isMeant({ key, value }: NodeLabel, wanted: string, values: readonly string[]): boolean {
  if (values.length > 0 && !values.includes(value)) return false;
  const telling = values.length > 0 && !/^(?:|true|false|yes|no|on|off|\d+)$/i.test(value);
  const [a, b] = [bare(key), bare(wanted)];
  return telling || a.endsWith(b) || b.endsWith(a) || nearestName(wanted, [key]) !== undefined;
}

/** A key without the punctuation in which spellings differ. */
function bare(key: string): string {
  return key.toLowerCase().replace(/[^a-z0-9]/g, '');
}

function taintMiss([first]: readonly Rejected[], { tolerations }: PodNeeds, at: Path): NearMiss {
  const { node, rejection } = first ?? {};
  const taint = rejection?.taint;
  if (node === undefined || taint === undefined) return { path: at, text: 'nothing tolerates its taint', related: [] };
  const shown = showTaint(taint);
  const place = { resource: node.resource, path: ['spec', 'taints', taint.index] };
  const related = [{ message: `${node.resource} has the taint ${shown}`, ...place }];
  const near = tolerations.find(({ key }) => key === taint.key);
  if (near === undefined) {
    const path = tolerations[0]?.path.slice(0, -1) ?? at;
    return { path, text: `no toleration covers ${shown} of ${node.resource}`, related };
  }
  const value = near.operator === 'Exists' || near.value === '' ? '' : `=${near.value}`;
  const own = `${near.key}${value}${near.effect === '' ? '' : `:${near.effect}`}`;
  return { path: near.path, text: `the toleration of ${own} doesn't cover ${shown} of ${node.resource}`, related };
}

/** The Node that offers most of what is short. */
function resourceMiss(rejected: readonly Rejected[], { requests }: PodNeeds, at: Path): NearMiss {
  const name = rejected[0]?.rejection.resources?.[0] ?? '';
  const offers = rejected.map(({ node }) => ({ node, offered: node.allocatable.get(name) }));
  const amountOf = ({ offered }: (typeof offers)[number]) => offered?.amount ?? -1n;
  const best = offers.reduce((a, b) => (amountOf(b) > amountOf(a) ? b : a));
  const request = requests.get(name);
  const has = best.offered === undefined ? 'none' : showQuantity(best.offered.amount);
  const related =
    best.offered === undefined
      ? []
      : [
          {
            message: `${best.node.resource} offers ${name} ${has}`,
            resource: best.node.resource,
            path: best.offered.path,
          },
        ];
  if (request === undefined) return { path: at, text: `${best.node.resource} takes no pods`, related };
  const sum = request.largest === request.amount ? '' : ' in all';
  const asks = `it asks for ${name} ${showQuantity(request.amount)}${sum}`;
  return { path: request.path, text: `${asks}, ${best.node.resource} offers ${has}`, related };
}

/** Where the volume is that a claim of the pod has. */
function volumeMiss([first]: readonly Rejected[], at: Path): NearMiss {
  const { filter, volume } = first?.rejection ?? {};
  if (volume === undefined) return { path: at, text: 'its volume is elsewhere', related: [] };
  const byZone = filter === 'VolumeZone';
  const where = byZone
    ? volume.zones.map(({ key, values }) => `${key}=${values.join('__')}`).join(' and ')
    : some((volume.terms ?? []).map((term) => term.map(showRequirement).join(' and ')));
  const path = byZone ? ['metadata', 'labels'] : ['spec', 'nodeAffinity'];
  return {
    path: volume.path,
    text: `${volume.volume}, which PersistentVolumeClaim/${volume.claim} is bound to, is on ${where} alone`,
    related: [{ message: `${volume.volume} is on ${where}`, resource: volume.volume, path }],
  };
}

function cordonMiss(rejected: readonly Rejected[], at: Path): NearMiss {
  const related = rejected.slice(0, 1).map(({ node }) => ({
    message: `${node.resource} is cordoned`,
    resource: node.resource,
    path: ['spec', 'unschedulable'],
  }));
  return { path: at, text: `cordoned: ${some(rejected.map(({ node }) => node.name))}`, related };
}

function some(texts: readonly string[]): string {
  return texts.length > 3 ? `${texts.slice(0, 3).join(', ')} and others` : texts.join(', ');
}
