import { describe, expect, it } from 'vitest';
import { evaluate, showViolations, violationsOf } from '../src/cluster/security/pod-security/evaluate.ts';
import { podFacts } from '../src/cluster/security/pod-security/pod.ts';
import { policyOf } from '../src/cluster/security/pod-security/policy.ts';
import { valueAt, type Workload } from '../src/cluster/workloads.ts';
import podSecurityDenied from '../src/rules/security/pod-security-denied.ts';
import { clusterOf, type Manifest, resourceOf, workload } from './in-memory.ts';

function pod(spec: Manifest, annotations: Manifest = {}): Workload {
  const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', annotations }, spec };
  return workload(clusterOf([object]), 'x');
}

interface Row {
  policy: 'baseline' | 'restricted';
  minor: number;
  spec: Manifest;
  annotations?: Manifest;
  says: string;
}

/** What k8s.io/pod-security-admission v0.36.0 says of these pods, as it printed it. */
const ROWS: readonly Row[] = [
  { policy: 'baseline', minor: 0, spec: { containers: [{ name: 'a' }] }, says: '' },
  {
    policy: 'baseline',
    minor: 35,
    spec: { securityContext: { appArmorProfile: { type: 'Unconfined' } }, containers: [{ name: 'a' }] },
    says: 'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")',
  },
  {
    policy: 'baseline',
    minor: 35,
    spec: {
      containers: [
        { name: 'a', securityContext: { appArmorProfile: {} } },
        { name: 'b', securityContext: { appArmorProfile: { type: 'Unconfined' } } },
      ],
    },
    annotations: { 'container.apparmor.security.beta.kubernetes.io/b': 'unconfined' },
    says: 'forbidden AppArmor profiles (containers "a", "b" and annotation must not set AppArmor profile type to "", "Unconfined", "container.apparmor.security.beta.kubernetes.io/b="unconfined"")',
  },
  {
    policy: 'baseline',
    minor: 35,
    spec: { containers: [{ name: 'a' }] },
    annotations: {
      'container.apparmor.security.beta.kubernetes.io/a': 'localhost/k8s',
      'container.apparmor.security.beta.kubernetes.io/c': '',
      'container.apparmor.security.beta.kubernetes.io/d': 'runtime/default',
    },
    says: '',
  },
  {
    policy: 'baseline',
    minor: 35,
    spec: {
      initContainers: [{ name: 'i', securityContext: { capabilities: { add: ['SYS_ADMIN', 'CHOWN'] } } }],
      containers: [{ name: 'a', securityContext: { capabilities: { add: ['NET_RAW', 'SYS_ADMIN'] } } }],
    },
    says: 'non-default capabilities (containers "i", "a" must not include "NET_RAW", "SYS_ADMIN" in securityContext.capabilities.add)',
  },
  {
    policy: 'baseline',
    minor: 35,
    spec: { containers: [{ name: 'a' }], hostNetwork: true, hostPID: true, hostIPC: true },
    says: 'host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)',
  },
  {
    policy: 'baseline',
    minor: 35,
    spec: { containers: [{ name: 'a' }], hostNetwork: false, hostPID: false, hostIPC: false },
    says: '',
  },
  {
    policy: 'baseline',
    minor: 35,
    spec: {
      containers: [{ name: 'a' }],
      volumes: [
        { name: 'x', hostPath: { path: '/' } },
        { name: 'y', emptyDir: {} },
        { name: 'z', hostPath: { path: '/' } },
      ],
    },
    says: 'hostPath volumes (volumes "x", "z")',
  },
  {
    policy: 'baseline',
    minor: 35,
    spec: {
      containers: [
        { name: 'a', ports: [{ containerPort: 80, hostPort: 8080 }, { containerPort: 1 }] },
        {
          name: 'b',
          ports: [
            { containerPort: 80, hostPort: 443 },
            { containerPort: 2, hostPort: 0 },
          ],
        },
      ],
    },
    says: 'hostPort (containers "a", "b" use hostPorts 443, 8080)',
  },
  {
    policy: 'baseline',
    minor: 33,
    spec: { containers: [{ name: 'a', livenessProbe: { tcpSocket: { port: 80, host: '10.0.0.1' } } }] },
    says: '',
  },
  {
    policy: 'baseline',
    minor: 34,
    spec: {
      containers: [
        {
          name: 'a',
          livenessProbe: { tcpSocket: { port: 80, host: '10.0.0.1' } },
          readinessProbe: { httpGet: { port: 80, host: '' } },
          lifecycle: { preStop: { httpGet: { port: 80, host: 'a.example' } } },
        },
      ],
    },
    says: 'probe or lifecycle host (container "a" uses probe or lifecycle hosts "10.0.0.1", "a.example")',
  },
  {
    policy: 'baseline',
    minor: 35,
    spec: { containers: [{ name: 'a', securityContext: { privileged: true } }] },
    says: 'privileged (container "a" must not set securityContext.privileged=true)',
  },
  {
    policy: 'baseline',
    minor: 34,
    spec: { containers: [{ name: 'a', securityContext: { procMount: 'Unmasked' } }], hostUsers: false },
    says: 'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
  },
  {
    policy: 'baseline',
    minor: 35,
    spec: { containers: [{ name: 'a', securityContext: { procMount: 'Unmasked' } }], hostUsers: false },
    says: '',
  },
  {
    policy: 'baseline',
    minor: 35,
    spec: { containers: [{ name: 'a', securityContext: { procMount: 'Unmasked' } }], hostUsers: true },
    says: 'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
  },
  {
    policy: 'baseline',
    minor: 30,
    spec: {
      securityContext: { seLinuxOptions: { type: 'container_engine_t' } },
      containers: [{ name: 'a', securityContext: { seLinuxOptions: { user: 'u', role: 'r', type: 'spc_t' } } }],
    },
    says: 'seLinuxOptions (pod and container "a" set forbidden securityContext.seLinuxOptions: types "container_engine_t", "spc_t"; user may not be set; role may not be set)',
  },
  {
    policy: 'baseline',
    minor: 31,
    spec: {
      securityContext: { seLinuxOptions: { type: 'container_engine_t' } },
      containers: [{ name: 'a', securityContext: { seLinuxOptions: { level: 's0' } } }],
    },
    says: '',
  },
  {
    policy: 'baseline',
    minor: 18,
    spec: { containers: [{ name: 'a', securityContext: { seccompProfile: { type: 'Unconfined' } } }] },
    annotations: {
      'seccomp.security.alpha.kubernetes.io/pod': 'unconfined',
      'container.seccomp.security.alpha.kubernetes.io/a': 'docker/default',
      'container.seccomp.security.alpha.kubernetes.io/z': 'unconfined',
    },
    says: 'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")',
  },
  {
    policy: 'baseline',
    minor: 19,
    spec: {
      securityContext: { seccompProfile: { type: 'Unconfined' } },
      containers: [{ name: 'a', securityContext: { seccompProfile: { type: 'Unconfined' } } }],
    },
    annotations: { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' },
    says: 'seccompProfile (pod and container "a" must not set securityContext.seccompProfile.type to "Unconfined")',
  },
  {
    policy: 'baseline',
    minor: 26,
    spec: {
      securityContext: {
        sysctls: [
          { name: 'net.ipv4.tcp_syncookies', value: '1' },
          { name: 'net.ipv4.ip_local_reserved_ports', value: '1' },
        ],
      },
      containers: [{ name: 'a' }],
    },
    says: 'forbidden sysctls (net.ipv4.ip_local_reserved_ports)',
  },
  {
    policy: 'baseline',
    minor: 28,
    spec: {
      securityContext: {
        sysctls: [
          { name: 'net.ipv4.ip_local_reserved_ports', value: '1' },
          { name: 'net.ipv4.tcp_fin_timeout', value: '1' },
        ],
      },
      containers: [{ name: 'a' }],
    },
    says: 'forbidden sysctls (net.ipv4.tcp_fin_timeout)',
  },
  {
    policy: 'baseline',
    minor: 31,
    spec: {
      securityContext: {
        sysctls: [
          { name: 'net.ipv4.tcp_fin_timeout', value: '1' },
          { name: 'net.ipv4.tcp_rmem', value: '1' },
          { name: 'kernel.msgmax', value: '1' },
        ],
      },
      containers: [{ name: 'a' }],
    },
    says: 'forbidden sysctls (net.ipv4.tcp_rmem, kernel.msgmax)',
  },
  {
    policy: 'baseline',
    minor: 32,
    spec: { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_rmem', value: '1' }] }, containers: [{ name: 'a' }] },
    says: '',
  },
  {
    policy: 'baseline',
    minor: 35,
    spec: {
      securityContext: { windowsOptions: { hostProcess: true } },
      containers: [{ name: 'a', securityContext: { windowsOptions: { hostProcess: true } } }],
    },
    says: 'hostProcess (pod and container "a" must not set securityContext.windowsOptions.hostProcess=true)',
  },
  {
    policy: 'restricted',
    minor: 35,
    spec: {
      containers: [
        {
          name: 'a',
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            runAsNonRoot: true,
            seccompProfile: { type: 'RuntimeDefault' },
          },
        },
      ],
    },
    says: '',
  },
  {
    policy: 'restricted',
    minor: 35,
    spec: { containers: [{ name: 'a' }] },
    says: 'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  },
  {
    policy: 'restricted',
    minor: 7,
    spec: { containers: [{ name: 'a' }] },
    says: 'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)',
  },
  {
    policy: 'restricted',
    minor: 24,
    spec: { containers: [{ name: 'a' }], os: { name: 'windows' } },
    says: 'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  },
  {
    policy: 'restricted',
    minor: 25,
    spec: { containers: [{ name: 'a' }], os: { name: 'windows' } },
    says: 'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)',
  },
  {
    policy: 'restricted',
    minor: 22,
    spec: {
      containers: [
        {
          name: 'a',
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['NET_RAW'], add: ['NET_BIND_SERVICE', 'CHOWN'] },
            runAsNonRoot: true,
            seccompProfile: { type: 'RuntimeDefault' },
            runAsUser: 0,
          },
        },
      ],
    },
    says: 'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]; container "a" must not include "CHOWN" in securityContext.capabilities.add)',
  },
  {
    policy: 'restricted',
    minor: 34,
    spec: {
      containers: [
        {
          name: 'a',
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            runAsNonRoot: false,
            seccompProfile: { type: 'RuntimeDefault' },
            runAsUser: 0,
          },
        },
      ],
      hostUsers: false,
    },
    says: 'runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false), runAsUser=0 (container "a" must not set runAsUser=0)',
  },
  {
    policy: 'restricted',
    minor: 35,
    spec: {
      containers: [
        {
          name: 'a',
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            runAsNonRoot: false,
            seccompProfile: { type: 'RuntimeDefault' },
            runAsUser: 0,
            procMount: 'Unmasked',
          },
        },
      ],
      hostUsers: false,
    },
    says: 'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
  },
  {
    policy: 'restricted',
    minor: 35,
    spec: {
      securityContext: { runAsNonRoot: false, runAsUser: 0 },
      containers: [
        {
          name: 'a',
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            seccompProfile: { type: 'RuntimeDefault' },
          },
        },
        {
          name: 'b',
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            runAsNonRoot: true,
            seccompProfile: { type: 'RuntimeDefault' },
            runAsUser: 0,
          },
        },
      ],
    },
    says: 'runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false), runAsUser=0 (pod and container "b" must not set runAsUser=0)',
  },
  {
    policy: 'restricted',
    minor: 35,
    spec: {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'Localhost' } },
      containers: [{ name: 'a', securityContext: { allowPrivilegeEscalation: true, capabilities: { drop: ['all'] } } }],
      ephemeralContainers: [{ name: 'debug', securityContext: { seccompProfile: { type: 'Unconfined' } } }],
    },
    says: 'allowPrivilegeEscalation != false (containers "a", "debug" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (containers "a", "debug" must set securityContext.capabilities.drop=["ALL"]), seccompProfile (container "debug" must not set securityContext.seccompProfile.type to "Unconfined")',
  },
  {
    policy: 'restricted',
    minor: 35,
    spec: {
      containers: [
        {
          name: 'a',
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            runAsNonRoot: true,
            seccompProfile: { type: 'RuntimeDefault' },
          },
        },
      ],
      volumes: [
        { name: 'n', nfs: { server: 'x', path: '/' } },
        { name: 'h', hostPath: { path: '/' } },
        { name: 'e' },
        { name: 'i', image: {} },
        { name: 'k', csi: { driver: 'x' } },
      ],
    },
    says: 'restricted volume types (volumes "n", "h" use restricted volume types "hostPath", "nfs")',
  },
];

describe('the Pod Security Standards', () => {
  it.each(ROWS.map((row, i) => [i, row] as const))('say what the admission plugin says of pod %i', (_, row) => {
    const subject = pod(row.spec, row.annotations);
    const violations = evaluate(podFacts(subject), row.policy, row.minor);
    expect(showViolations(violations)).toBe(row.says);
    for (const { path } of violations) expect(valueAt(subject.resource.object, path)).toBeDefined();
  });

  it('find nothing in what is filled in later, or has a wrong type', () => {
    const later = '${LATER}';
    const odd = [
      { containers: [{ name: 'a', securityContext: later }], securityContext: later, os: later },
      {
        os: { name: later },
        hostUsers: later,
        hostNetwork: later,
        securityContext: {
          runAsNonRoot: later,
          runAsUser: later,
          seccompProfile: later,
          sysctls: [{ name: later }, null, 7],
        },
        volumes: [null, 'x', { name: 'v', unheardOf: {} }, { name: 'w', hostPath: later }],
        containers: [
          {
            name: 'a',
            ports: [{ hostPort: later }, null],
            livenessProbe: { httpGet: { host: later } },
            securityContext: {
              allowPrivilegeEscalation: later,
              privileged: later,
              procMount: later,
              capabilities: { drop: [later], add: [later] },
              seLinuxOptions: { type: later },
              appArmorProfile: { type: later },
            },
          },
        ],
      },
    ];
    for (const spec of odd) expect(showViolations(evaluate(podFacts(pod(spec)), 'restricted', 35))).toBe('');
  });

  it('hold to the version of the policy, and no policy is younger than its cluster', () => {
    const probe = { containers: [{ name: 'a', livenessProbe: { httpGet: { port: 80, host: '127.0.0.1' } } }] };
    const demand = (minor: number | undefined) => ({ level: 'baseline' as const, minor, path: [] });
    const reasons = (spec: Manifest, minor: number | undefined, cluster: string | undefined) =>
      violationsOf(pod(spec), demand(minor), cluster).map(({ reason }) => reason);
    expect(reasons(probe, undefined, '1.34')).toEqual(['probe or lifecycle host']);
    expect(reasons(probe, undefined, '1.33')).toEqual([]);
    expect(reasons(probe, 34, '1.33')).toEqual([]);
    expect(reasons(probe, 33, '1.34')).toEqual([]);
    expect(reasons(probe, undefined, undefined)).toEqual([]);
    expect(reasons(probe, 35, undefined)).toEqual([]);
    expect(reasons({ ...probe, hostPID: true }, undefined, undefined)).toEqual(['host namespaces']);
    expect(reasons({ ...probe, hostPID: true }, 3, undefined)).toEqual(['host namespaces']);
  });

  it('hold for the ports of a pod on the host network, which are ports of the host', () => {
    const spec = {
      hostNetwork: true,
      containers: [{ name: 'a', ports: [{ containerPort: 80 }, { containerPort: 81, hostPort: null }] }],
    };
    expect(showViolations(evaluate(podFacts(pod(spec)), 'baseline', 35))).toBe(
      'host namespaces (hostNetwork=true), hostPort (container "a" uses hostPorts 80, 81)',
    );
  });
});

describe('the labels of a Namespace', () => {
  const ask = (labels: unknown) => {
    const namespace = resourceOf({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n', labels } });
    const { enforce, warn, audit } = policyOf(namespace);
    return [enforce, warn, audit].map((demand) => demand && [demand.level, demand.minor]);
  };
  const label = (mode: string, value: unknown) => ({ [`pod-security.kubernetes.io/${mode}`]: value });

  it('ask for a level and its version; what is enforced is warned about, too', () => {
    const enforced = { ...label('enforce', 'baseline'), ...label('enforce-version', 'v1.30') };
    expect(ask(enforced)).toEqual([['baseline', 30], ['baseline', 30], undefined]);
    expect(ask({ ...enforced, ...label('warn', 'restricted'), ...label('audit', 'privileged') })).toEqual([
      ['baseline', 30],
      ['restricted', undefined],
      ['privileged', undefined],
    ]);
  });

  it('ask nothing where they are absent, not valid, or not known', () => {
    const nothing = [undefined, undefined, undefined];
    expect(ask(undefined)).toEqual(nothing);
    expect(ask('x')).toEqual(nothing);
    expect(ask(label('enforce', 'strict'))).toEqual(nothing);
    expect(ask(label('enforce', 7))).toEqual(nothing);
    expect(ask({ ...label('enforce', 'baseline'), ...label('enforce-version', '1.30') })).toEqual(nothing);
    expect(ask({ ...label('enforce', 'baseline'), ...label('enforce-version', '${V}') })).toEqual(nothing);
  });
});

describe('what may set security contexts on the way', () => {
  const namespace = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'n', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  };
  const pods = ['a', 'b'].map((name) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'n' },
    spec: { containers: [{ name: 'c' }] },
  }));
  const judge = (other: Manifest) => [...podSecurityDenied.check(clusterOf([namespace, ...pods, other]))];

  it.each([
    { apiVersion: 'mutations.gatekeeper.sh/v1', kind: 'Assign', metadata: { name: 'x' } },
    { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingAdmissionPolicy', metadata: { name: 'x' } },
    { apiVersion: 'security.openshift.io/v1', kind: 'SecurityContextConstraints', metadata: { name: 'x' } },
    { apiVersion: 'kyverno.io/v1', kind: 'Policy', metadata: { name: 'x' }, spec: { rules: [null, { mutate: {} }] } },
  ])('leaves the pods unchecked, once: $kind', (mutator) => {
    expect(judge(mutator)).toEqual([
      {
        unchecked: 'pods against the Pod Security Standards of their Namespace',
        reason: `${mutator.kind}/x may set security contexts before they are judged`,
      },
    ]);
  });

  it('is not a policy that only validates', () => {
    const policy = {
      apiVersion: 'kyverno.io/v1',
      kind: 'Policy',
      metadata: { name: 'x' },
      spec: { rules: [{ validate: {} }] },
    };
    expect(judge(policy).map((found) => 'message' in found)).toEqual([true, true]);
  });
});
