import type { Location, Path, TargetRef } from './resource.ts';
import type { Severity } from './rule.ts';

/** The object that a finding is about, as it is rendered. */
export interface DiagnosticResource {
  apiVersion: string;
  kind: string;
  /** Absent for cluster-scoped kinds, and where nothing sets it. */
  namespace?: string;
  name: string;
}

/** Another place that belongs to the story. */
export interface RelatedLocation {
  message: string;
  location: Location;
}

/** A finding with its place in the source, of the targets that it was found in. */
export interface Located {
  rule: string;
  severity: Severity;
  message: string;
  /** Absent for findings on sources, as is `path`. */
  resource?: DiagnosticResource;
  path?: Path;
  location: Location;
  related: readonly RelatedLocation[];
  targets: readonly TargetRef[];
}

/** What the reporters print, and exactly what an entry of `diagnostics` holds in the json format. */
export interface Diagnostic extends Located {
  /** Stays the same when lines move: a hash of rule, file, kind, source name, and the path with list items by name. */
  fingerprint: string;
}

/** A finding that the user's exception covers: counted, and in SARIF a result with a suppression. */
export interface Suppressed<T extends Located = Diagnostic> {
  diagnostic: T;
  reason: string;
  /** Where the ignore is written. */
  location: Location;
  /** `inSource` for a comment, `external` for an entry of k8s-lint.yaml: the words of SARIF. */
  kind: 'inSource' | 'external';
}

/** A diagnostic of one environment, before those that several share are merged. */
export interface Found extends Diagnostic {
  /** What its message says in every overlay alike, without the namespace and with names as the sources write them; the message, where absent. */
  plain?: string;
  /** Of a comparison with another side: it was there already, or nobody can say; absent for what is new. */
  before?: 'there' | 'unsure';
  related: readonly (RelatedLocation & {
    /** It tells how the value came about, which overlays may do in different ways. */
    way?: true;
  })[];
}
