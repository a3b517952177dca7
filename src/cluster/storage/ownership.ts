import { securityContextOf } from '../security/security-context.ts';
import { argumentsOf } from '../workload/flags.ts';
import { asList, asMap, containersOf, type PodContainer, type Workload } from '../workloads.ts';
import { officialImage } from './official-images.ts';
import { mountsOf, type Volume } from './volumes.ts';

/** Who writes the files of a container that is no root: the uid, undefined where only that is known. */
export interface Writer {
  readonly uid: number | undefined;
}

/**
 * Who writes the files of a container, undefined where that is or may be root. Official images that start as root take their data
 * directory before they change the user, those that start as their user don't.
 */
export function writerOf(workload: Workload, container: PodContainer): Writer | undefined {
  const { runAsUser, runAsNonRoot } = securityContextOf(workload, container);
  if (runAsUser) {
    return typeof runAsUser.value === 'number' && runAsUser.value !== 0 ? { uid: runAsUser.value } : undefined;
  }
  const image = officialImage(container.container.image);
  if (image?.started === 'as its user') return takesOwnership(container) ? undefined : { uid: image.uid };
  return runAsNonRoot?.value === true ? { uid: image?.uid } : undefined;
}

/** Elasticsearch's own way to take its directories, when it is started as root. */
function takesOwnership({ container }: PodContainer): boolean {
  return asList(container.env).some((item) => asMap(item)?.name === 'TAKE_FILE_OWNERSHIP');
}

/** Whether an init container may change who owns a volume: it mounts it, may be root, and runs chown or the like, or what its image says. */
export function mayBeChowned(workload: Workload, volumes: ReadonlyMap<string, Volume>, name: string): boolean {
  return containersOf(workload).some((container) => {
    if (container.list !== 'initContainers') return false;
    if (!mountsOf(volumes, container).some(({ volume, readOnly }) => volume.name === name && !readOnly)) return false;
    const { runAsUser, runAsNonRoot } = securityContextOf(workload, container);
    const isRoot = runAsUser ? runAsUser.value === 0 || runAsUser.value === 'unknown' : runAsNonRoot?.value !== true;
    const words = argumentsOf(container);
    return (
      isRoot &&
      (words.length === 0 || words.some(({ text }) => /\b(?:chown|chmod|chgrp|setfacl|install)\b|\.sh\b/.test(text)))
    );
  });
}
