import {
  addedCapabilities,
  allowPrivilegeEscalation,
  appArmorProfile,
  type Check,
  droppedCapabilities,
  handlerHosts,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  privileged,
  procMount,
  runAsNonRoot,
  runAsUser,
  seccompAnnotations,
  seccompProfile,
  seLinuxOptions,
  sysctls,
  unlessInUserNamespace,
  unlessWindows,
  volumeTypes,
  windowsHostProcess,
  wrongSeccompProfile,
} from './controls.ts';

/** One control of the Pod Security Standards; each version of it holds from that minor version of the policy on. */
export interface Control {
  readonly id: string;
  readonly versions: readonly { readonly since: number; readonly check: Check; readonly overrides?: string }[];
}

/** Checked at both levels, in the plugin's order. Follows k8s.io/pod-security-admission/policy. */
export const BASELINE: readonly Control[] = [
  { id: 'appArmorProfile', versions: [{ since: 0, check: appArmorProfile }] },
  { id: 'capabilities_baseline', versions: [{ since: 0, check: addedCapabilities }] },
  { id: 'hostNamespaces', versions: [{ since: 0, check: hostNamespaces }] },
  { id: 'hostPathVolumes', versions: [{ since: 0, check: hostPathVolumes }] },
  { id: 'hostPorts', versions: [{ since: 0, check: hostPorts }] },
  { id: 'hostProbesAndHostLifecycle', versions: [{ since: 34, check: handlerHosts }] },
  { id: 'privileged', versions: [{ since: 0, check: privileged }] },
  {
    id: 'procMount',
    versions: [
      { since: 0, check: procMount },
      { since: 35, check: unlessInUserNamespace(procMount) },
    ],
  },
  {
    id: 'seLinuxOptions',
    versions: [
      { since: 0, check: seLinuxOptions(['', 'container_t', 'container_init_t', 'container_kvm_t']) },
      {
        since: 31,
        check: seLinuxOptions(['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']),
      },
    ],
  },
  {
    id: 'seccompProfile_baseline',
    versions: [
      { since: 0, check: seccompAnnotations },
      { since: 19, check: wrongSeccompProfile },
    ],
  },
  {
    id: 'sysctls',
    versions: [
      { since: 0, check: sysctls(0) },
      { since: 27, check: sysctls(27) },
      { since: 29, check: sysctls(29) },
      { since: 32, check: sysctls(32) },
    ],
  },
  { id: 'windowsHostProcess', versions: [{ since: 0, check: windowsHostProcess }] },
];

/** Checked at the restricted level only, after those of the baseline that they don't override. */
export const RESTRICTED: readonly Control[] = [
  {
    id: 'allowPrivilegeEscalation',
    versions: [
      { since: 8, check: allowPrivilegeEscalation },
      { since: 25, check: unlessWindows(allowPrivilegeEscalation) },
    ],
  },
  {
    id: 'capabilities_restricted',
    versions: [
      { since: 22, check: droppedCapabilities, overrides: 'capabilities_baseline' },
      { since: 25, check: unlessWindows(droppedCapabilities), overrides: 'capabilities_baseline' },
    ],
  },
  { id: 'procMount_restricted', versions: [{ since: 35, check: procMount, overrides: 'procMount' }] },
  { id: 'restrictedVolumes', versions: [{ since: 0, check: volumeTypes, overrides: 'hostPathVolumes' }] },
  {
    id: 'runAsNonRoot',
    versions: [
      { since: 0, check: runAsNonRoot },
      { since: 35, check: unlessInUserNamespace(runAsNonRoot) },
    ],
  },
  {
    id: 'runAsUser',
    versions: [
      { since: 23, check: runAsUser },
      { since: 35, check: unlessInUserNamespace(runAsUser) },
    ],
  },
  {
    id: 'seccompProfile_restricted',
    versions: [
      { since: 19, check: seccompProfile, overrides: 'seccompProfile_baseline' },
      { since: 25, check: unlessWindows(seccompProfile), overrides: 'seccompProfile_baseline' },
    ],
  },
];
