import type { ShadowMap } from './shadow.ts';
import type { Subject } from './subject.ts';
import type { Step } from './transform.ts';

/** What is followed: a fresh shadow, and what is done to it, in order. */
export interface Followable {
  start(): ShadowMap;
  /** What it is rendered as, where that is all that is known of it: every step finds its work done. */
  settled?: unknown;
  steps: readonly (Step | Together)[];
}

/** What reads one object to change another: it needs all objects of a kustomization as they are when it is their turn. */
export interface ForAll {
  /** `subjects` are in kustomize's order. */
  run(subjects: readonly Subject[]): void;
}

/** The same with those that have it among their steps. */
export interface Together extends ForAll {
  objects: readonly Followable[];
}

/** How far an object has been followed. */
interface Progress {
  /** Undefined where a patch has taken it out. */
  subject: Subject | undefined;
  /** Steps that are done. */
  done: number;
}

/** Takes objects through their steps, each of them once and no further than something asks for. */
export class Followed {
  readonly #progress = new Map<Followable, Progress>();

  /** The object as the kustomizations leave it; undefined where a patch takes it out. */
  of(object: Followable): Subject | undefined {
    return this.#advance(object, object.steps.length).subject;
  }

  /** The object as its first `steps` leave it; ask for fewer before asking for more. Undefined where a patch has taken it out. */
  until(object: Followable, steps: number): Subject | undefined {
    return this.#advance(object, steps).subject;
  }

  #advance(object: Followable, until: number): Progress {
    let progress = this.#progress.get(object);
    if (!progress) {
      progress = { subject: startOf(object), done: 0 };
      this.#progress.set(object, progress);
    }
    while (progress.done < until && progress.subject) {
      const step = object.steps[progress.done];
      if (typeof step === 'function') {
        progress.done++;
        if (step(progress.subject) === 'delete') progress.subject = undefined;
      } else if (step) this.#together(step);
    }
    return progress;
  }

  /** Takes every object up to the step, and then all of them past it. */
  #together(step: Together): void {
    const all = step.objects.map((object) => this.#advance(object, object.steps.indexOf(step)));
    step.run(all.flatMap(({ subject }) => subject ?? []));
    for (const progress of all) progress.done++;
  }
}

function startOf({ start, settled }: Followable): Subject {
  return { shadow: start(), previous: [], ...(settled === undefined ? {} : { settled: true }) };
}
