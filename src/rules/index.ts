import type { Rule } from '../rule.ts';
import apiNotServed from './api/api-not-served.ts';
import renderFailed from './api/render-failed.ts';
import schemaInvalid from './api/schema-invalid.ts';
import acmeOwnedTwice from './certificate/acme-owned-twice.ts';
import ingressNodeMismatch from './certificate/ingress-node-mismatch.ts';
import issuerSolverUnserved from './certificate/issuer-solver-unserved.ts';
import tlsHostUncovered from './certificate/tls-host-uncovered.ts';
import tlsSecretNeverIssued from './certificate/tls-secret-never-issued.ts';
import webhookNotReady from './certificate/webhook-not-ready.ts';
import changeDestroysData from './change/change-destroys-data.ts';
import changeRefused from './change/change-refused.ts';
import credentialsDisagree from './config/credentials-disagree.ts';
import referenceKeyMissing from './config/reference-key-missing.ts';
import referenceMissing from './config/reference-missing.ts';
import resourceDefinedTwice from './config/resource-defined-twice.ts';
import secretClaimedTwice from './config/secret-claimed-twice.ts';
import secretOptionalAbsent from './config/secret-optional-absent.ts';
import dependencyCycle from './gitops/dependency-cycle.ts';
import helmValueUnknown from './helm/helm-value-unknown.ts';
import ignoreExpired from './ignores/ignore-expired.ts';
import ignoreUnused from './ignores/ignore-unused.ts';
import imagePlaceholder from './image/image-placeholder.ts';
import imagePullNever from './image/image-pull-never.ts';
import imageReferenceInvalid from './image/image-reference-invalid.ts';
import imageTagLatest from './image/image-tag-latest.ts';
import kustomizeFileMissing from './kustomize/kustomize-file-missing.ts';
import kustomizeFileOutsideRoot from './kustomize/kustomize-file-outside-root.ts';
import kustomizeImageUnmatched from './kustomize/kustomize-image-unmatched.ts';
import kustomizeListKept from './kustomize/kustomize-list-kept.ts';
import kustomizeOrphan from './kustomize/kustomize-orphan.ts';
import kustomizePatchUnmatched from './kustomize/kustomize-patch-unmatched.ts';
import overlaySiblingSkipped from './kustomize/overlay-sibling-skipped.ts';
import backendPortMissing from './network/backend-port-missing.ts';
import hostNetworkDnsPolicy from './network/host-network-dns-policy.ts';
import hostNetworkPortMismatch from './network/host-network-port-mismatch.ts';
import hostPortConflict from './network/host-port-conflict.ts';
import hostPortRolloutStuck from './network/host-port-rollout-stuck.ts';
import hostUnresolved from './network/host-unresolved.ts';
import loadBalancerBypassesIngress from './network/load-balancer-bypasses-ingress.ts';
import networkPolicyBlocksAcmeSolver from './network/network-policy-blocks-acme-solver.ts';
import networkPolicyBlocksConnection from './network/network-policy-blocks-connection.ts';
import networkPolicyBlocksDns from './network/network-policy-blocks-dns.ts';
import networkPolicyBlocksIngress from './network/network-policy-blocks-ingress.ts';
import networkPolicyOneSided from './network/network-policy-one-sided.ts';
import networkPolicyPeerUnmatched from './network/network-policy-peer-unmatched.ts';
import networkPolicyShadowed from './network/network-policy-shadowed.ts';
import nodePortInvalid from './network/node-port-invalid.ts';
import routeDefinedTwice from './network/route-defined-twice.ts';
import servicePortUnserved from './network/service-port-unserved.ts';
import serviceSelectsNothing from './network/service-selects-nothing.ts';
import limitRangeViolated from './quota/limit-range-violated.ts';
import quotaExceeded from './quota/quota-exceeded.ts';
import quotaNeedsResources from './quota/quota-needs-resources.ts';
import podUnschedulable from './scheduling/pod-unschedulable.ts';
import plaintextCredential from './security/plaintext-credential.ts';
import podSecurityDenied from './security/pod-security-denied.ts';
import runAsNonRootContradiction from './security/run-as-non-root-contradiction.ts';
import dataDirectoryOwnerMismatch from './storage/data-directory-owner-mismatch.ts';
import fsGroupIgnored from './storage/fs-group-ignored.ts';
import statefulDataEphemeral from './storage/stateful-data-ephemeral.ts';
import volumeRolloutStuck from './storage/volume-rollout-stuck.ts';
import argumentRepeated from './workload/argument-repeated.ts';
import autoscalerFightsReplicas from './workload/autoscaler-fights-replicas.ts';
import autoscalerMetricMissing from './workload/autoscaler-metric-missing.ts';
import disruptionBudgetBlocksDrain from './workload/disruption-budget-blocks-drain.ts';
import heapExceedsLimit from './workload/heap-exceeds-limit.ts';
import jobNotUpdatable from './workload/job-not-updatable.ts';
import probeAlwaysSucceeds from './workload/probe-always-succeeds.ts';
import probePortUnserved from './workload/probe-port-unserved.ts';
import probeVariableEmpty from './workload/probe-variable-empty.ts';
import rolloutDropsEveryReplica from './workload/rollout-drops-every-replica.ts';
import selectorMismatch from './workload/selector-mismatch.ts';

/** Every rule, in the order of the catalogue. */
export const rules: readonly Rule[] = [
  renderFailed,
  schemaInvalid,
  apiNotServed,
  imageTagLatest,
  imageReferenceInvalid,
  imagePlaceholder,
  imagePullNever,
  hostNetworkPortMismatch,
  hostPortRolloutStuck,
  hostPortConflict,
  hostNetworkDnsPolicy,
  nodePortInvalid,
  networkPolicyBlocksConnection,
  networkPolicyBlocksIngress,
  networkPolicyBlocksDns,
  networkPolicyBlocksAcmeSolver,
  networkPolicyOneSided,
  networkPolicyShadowed,
  networkPolicyPeerUnmatched,
  hostUnresolved,
  serviceSelectsNothing,
  servicePortUnserved,
  backendPortMissing,
  routeDefinedTwice,
  loadBalancerBypassesIngress,
  acmeOwnedTwice,
  tlsSecretNeverIssued,
  tlsHostUncovered,
  issuerSolverUnserved,
  ingressNodeMismatch,
  webhookNotReady,
  podUnschedulable,
  fsGroupIgnored,
  dataDirectoryOwnerMismatch,
  volumeRolloutStuck,
  statefulDataEphemeral,
  podSecurityDenied,
  runAsNonRootContradiction,
  plaintextCredential,
  referenceMissing,
  referenceKeyMissing,
  secretOptionalAbsent,
  secretClaimedTwice,
  resourceDefinedTwice,
  credentialsDisagree,
  selectorMismatch,
  probePortUnserved,
  probeVariableEmpty,
  probeAlwaysSucceeds,
  argumentRepeated,
  heapExceedsLimit,
  autoscalerFightsReplicas,
  autoscalerMetricMissing,
  disruptionBudgetBlocksDrain,
  rolloutDropsEveryReplica,
  jobNotUpdatable,
  quotaNeedsResources,
  quotaExceeded,
  limitRangeViolated,
  kustomizeFileMissing,
  kustomizeFileOutsideRoot,
  kustomizePatchUnmatched,
  kustomizeImageUnmatched,
  kustomizeListKept,
  kustomizeOrphan,
  overlaySiblingSkipped,
  helmValueUnknown,
  changeRefused,
  changeDestroysData,
  dependencyCycle,
  ignoreUnused,
  ignoreExpired,
];
