/** @typedef {{ name: string, version: string, integrity: string }} Source */

/**
 * The published packages that the schemas are made from: exact versions, with the integrity that the registry gives. They are
 * read as text at development time; nothing of them is run, installed or published.
 */

/** `@kubernetes/client-node` by the Kubernetes version that it was generated from. */
export const KUBERNETES = /** @type {Record<string, Source>} */ ({
  1.29: {
    name: '@kubernetes/client-node',
    version: '0.21.0',
    integrity: 'sha512-yYRbgMeyQbvZDHt/ZqsW3m4lRefzhbbJEuj8sVXM+bufKrgmzriA2oq7lWPH/k/LQIicAME9ixPUadTrxIF6dQ==',
  },
  '1.30': {
    name: '@kubernetes/client-node',
    version: '0.22.3',
    integrity: 'sha512-dG8uah3+HDJLpJEESshLRZlAZ4PgDeV9mZXT0u1g7oy4KMRzdZ7n5g0JEIlL6QhK51/2ztcIqURAnjfjJt6Z+g==',
  },
  1.32: {
    name: '@kubernetes/client-node',
    version: '1.1.2',
    integrity: 'sha512-kkE0D8zB5rIQoR6SUwlHUyQtpLvrW0gXOd2MabQsql7I2oPnMA8pb50A1MWB4yH0eX29t45gxs7lOVlS0UPsiw==',
  },
  1.33: {
    name: '@kubernetes/client-node',
    version: '1.3.0',
    integrity: 'sha512-IE0yrIpOT97YS5fg2QpzmPzm8Wmcdf4ueWMn+FiJSI3jgTTQT1u+LUhoYpdfhdHAVxdrNsaBg2C0UXSnOgMoCQ==',
  },
  1.34: {
    name: '@kubernetes/client-node',
    version: '1.4.0',
    integrity: 'sha512-Zge3YvF7DJi264dU1b3wb/GmzR99JhUpqTvp+VGHfwZT+g7EOOYNScDJNZwXy9cszyIGPIs0VHr+kk8e95qqrA==',
  },
  1.36: {
    name: '@kubernetes/client-node',
    version: '2.0.1',
    integrity: 'sha512-evJgmEtgArEYlj6DNkMGjK41IrFK/hEwb5lWVxx0VRBWybQpnvi+2TtA19mLgVfRHfqX5yjHObX6e9W7LEZBjw==',
  },
});

/**
 * Custom resources. Where a project has two packages, one was generated from its CRDs and the newer one from its Go types; what
 * they disagree on, or only one of them knows, is no finding.
 */
export const CUSTOM_RESOURCES = /** @type {(Source & { groups: RegExp, versions?: RegExp })[]} */ ([
  {
    name: '@kubernetes-models/argo-cd',
    version: '2.7.2',
    integrity: 'sha512-Dge+7Uq54dt5c3pzusOw8i26FHWqJiyiFqHKQKHUNjOq2zb3e7LY2OYBrNP7hDSoM0Ap5K9cJTMgNzsaaKdjOQ==',
    groups: /^argoproj\.io$/,
  },
  {
    name: '@kubernetes-models/argo-cd',
    version: '4.0.0',
    integrity: 'sha512-xzgoF4x2iXJdbkOywP1tpZTzUzAU2dQ/LKBWHQKCupH/AQkJIgtv9J79+Vti5z4in/Kr6sUyCMBwDIF6YVWRfw==',
    groups: /^argoproj\.io$/,
  },
  {
    name: '@kubernetes-models/argo-rollouts',
    version: '0.3.2',
    integrity: 'sha512-TrWd0ap1iwcsLLm+7a0fvtRxnZmlHEd0w57GhFfJXPmik5HSu9525cEM3q/oumEpetbAXb6fHnwA3C0ANs+TJA==',
    groups: /^argoproj\.io$/,
  },
  {
    name: '@kubernetes-models/argo-rollouts',
    version: '2.0.0',
    integrity: 'sha512-bKva0rPs0/kN7iWBmMTeNZytV7vCYHHr2/QhcBfOnp+y8daM5BJlHLd1yE+6JBkh5Z4k24QoQXbAMuZSbcwU1A==',
    groups: /^argoproj\.io$/,
  },
  {
    name: '@kubernetes-models/cert-manager',
    version: '5.0.1',
    integrity: 'sha512-GVl47UTa5vtzgy6Q2XJlxGMtjSrC/pof+WEA8txfKJVWitBg2LdB6vd19QeIUbsu9NDQ/HWutDjAd7ecQzCaIA==',
    groups: /^(acme\.|policy\.|trust\.)?cert-manager\.io$/,
    versions: /^v1(alpha1)?$/,
  },
  {
    name: '@kubernetes-models/cert-manager',
    version: '6.0.0',
    integrity: 'sha512-PvvzvJEnlEC64NC8HUUB4PFjFaBBNeYuO875Eu/FeMZN1OKm2DOXATRpo0WVCh5D2xbfhn30eUqKL3IrnQMX7w==',
    groups: /^(acme\.|policy\.|trust\.)?cert-manager\.io$/,
  },
  {
    name: '@kubernetes-models/cilium',
    version: '4.0.0',
    integrity: 'sha512-ZCH7YLKFmcv8N2uat13jfQPkOalRAo6rhAu2Ywfr1S46sot/RxwJGwic8makTDTSUm0kr6xjhlW5fINnFsywyw==',
    groups: /^cilium\.io$/,
  },
  {
    name: '@kubernetes-models/cloudnative-pg',
    version: '1.0.0',
    integrity: 'sha512-CZckCP7g0C/pqKPwFAdbXLV3YuNjarKg+D7vb/o+gHJOfwEqYCEUCKieWuusV85/M0SCgqUBgbTCVN9FV9SIgg==',
    groups: /^postgresql\.cnpg\.io$/,
  },
  {
    name: '@kubernetes-models/cloudnative-pg',
    version: '2.0.0',
    integrity: 'sha512-uvCHXxeypP8XBSqOvEObGgVMBipe8t7WCFqcpcypvAiq+sOA12NBefI/zKhKeI9EPPCVgY73BpR57JaYU0PCYg==',
    groups: /^postgresql\.cnpg\.io$/,
  },
  {
    name: '@kubernetes-models/contour',
    version: '6.0.0',
    integrity: 'sha512-0Om/vP9YqmenYcBzOfqdTWw1bUBu4216y7IFBd/T87vQpmTyx+q7n71i+KS+SeyAh7COZH+ai+EvAr9/F8OcZQ==',
    groups: /^projectcontour\.io$/,
  },
  {
    name: '@kubernetes-models/external-secrets',
    version: '0.5.2',
    integrity: 'sha512-1Xs4cmK1HoA/KsweSNTnQDRRx0JeASd7NsKugPBy9bM6gsM1+akrelxrFUJ/MiyIYVmXH5na5yhLugPPuPj5Vw==',
    groups: /external-secrets\.io$/,
  },
  {
    name: '@kubernetes-models/external-secrets',
    version: '2.0.0',
    integrity: 'sha512-IpwAaO1m67oVMvhvaVrdj18nNUG5aDXFL3S0RerILGenb0MvsjiSCnjAUW1P10gRz7rIEayhFRbtvlDSFBqeEA==',
    groups: /external-secrets\.io$/,
  },
  {
    name: '@kubernetes-models/flux-cd',
    version: '3.0.1',
    integrity: 'sha512-egGvYpxreVAe7PGCUDYTFaystzCYBqHVTwWMubm78Pr/YNsOQaJw8u/pZlX8oRc+sZxFTFPFt9UJKCOOmVpwgQ==',
    groups: /\.toolkit\.fluxcd\.io$/,
  },
  {
    name: '@kubernetes-models/flux-cd',
    version: '4.0.0',
    integrity: 'sha512-/C/WIRCMUHhZLWzJk2oUW8VunCvd3FeRdU4MNxp4Skpc6Ny1SFFJWgpArhoRqWeEnSYpOd2a9a18D9tw4Gx23Q==',
    groups: /\.toolkit\.fluxcd\.io$/,
  },
  {
    name: '@kubernetes-models/gateway-api',
    version: '0.5.1',
    integrity: 'sha512-VsB6ipjcLCvOPmAbqxiK9dEEwD/yYGs5lkBTRFG2EcVGFy4o+JMWrTHuAXvaLtycGG67/qWJhHW8MtUhKJLdBg==',
    groups: /^gateway\.networking\.k8s\.io$/,
  },
  {
    name: '@kubernetes-models/gateway-api',
    version: '2.0.0',
    integrity: 'sha512-e7SY7EkCGRHy5wHkaGhP32v7V1L+gBalfoqZDFDWn5k9Q7+IW6uz9jNWgOZ9R/Hv5NWyAFYaA01ET2qsysVt5A==',
    groups: /^gateway\.networking\.k8s\.io$/,
  },
  {
    name: '@kubernetes-models/istio',
    version: '3.0.1',
    integrity: 'sha512-Ez+BM4WGjmkwQa4gSHuFKHZOha0fvwPOl3VZHgdUwBkO6FR08iDoLKFWM5WOoyMm3VbBnKGbWflsvNZ0BvoG6Q==',
    groups: /^(networking|security|telemetry|extensions)\.istio\.io$/,
  },
  {
    name: '@kubernetes-models/karpenter',
    version: '2.0.0',
    integrity: 'sha512-EBa8ZnF3AmuPpIlzoRYzEocqTu5tVwRpJmR8iTF0Sj2tau8C18ckp1deYDbndDyfj5OyKDDQXKuOEUHMFmkRsA==',
    groups: /^karpenter\./,
  },
  {
    name: '@kubernetes-models/keda',
    version: '0.4.2',
    integrity: 'sha512-P9MRy75MK+AEsiPx+sE15etDGHBNgKmqs2lJ4c5GS3mzus86wOIZ9USkHuAefnAdqp1RiuXyGSe0woGOwja3kg==',
    groups: /^(eventing\.)?keda\.sh$/,
  },
  {
    name: '@kubernetes-models/keda',
    version: '2.0.0',
    integrity: 'sha512-iqDohrzL51UXD6zM+Rl4RDnZ9Q7jwgikXYrDCxL0sWA5ZTFa7nMfS4Exu2uK6ohA+OUNQMUIFWORAHNpz5qlFw==',
    groups: /^(eventing\.)?keda\.sh$/,
  },
  {
    name: '@kubernetes-models/knative',
    version: '2.4.4',
    integrity: 'sha512-oTVkqcemr+rJL9HtdonVmd3V23pUtm4D72rpr+FgrIhDhwoWoWgxKcZk3jZ5Hf6u2L4KKWXfO7Ypy621Yh2Qwg==',
    groups: /^(serving|eventing|messaging|flows|sources)\.knative\.dev$/,
    versions: /^v1$/,
  },
  {
    name: '@kubernetes-models/knative',
    version: '4.0.0',
    integrity: 'sha512-6/nYd5QS6p1zcp5bEm5tGz0lWH3qFNu7cbbm45lUSvahW3lt9FDBfOldFSFEtadWjtv6J/fyImzKRvJwrA1g5g==',
    groups: /^(serving|eventing|messaging|flows|sources)\.knative\.dev$/,
    versions: /^v1$/,
  },
  {
    name: '@kubernetes-models/kyverno',
    version: '0.3.4',
    integrity: 'sha512-g7CCpDBVlq0VuPsE9cxigFyufv7w6a0wWTpCuj9iNNhCERKTHIW8BFKDQmCkJmeL4bupWawNucr9BIzuuHV59A==',
    groups: /^(policies\.)?kyverno\.io$/,
  },
  {
    name: '@kubernetes-models/kyverno',
    version: '2.0.0',
    integrity: 'sha512-txkrw7tDiat1z5i4xewNYWjrrva6ELu7RteRWrvLqcXV9Dclu4nvmFoYA1pFCFHn0c2nwbp5PvowyfFl1nTGqA==',
    groups: /^(policies\.)?kyverno\.io$/,
  },
  {
    name: '@kubernetes-models/prometheus-operator',
    version: '5.0.1',
    integrity: 'sha512-ta18PtLJP7Wvz8bFndtWNLkf/QKs67iX9RWUhSD4EPEeEfZVUi9amNce//RlayT4PUm9tM9lokc3jZah30GGhg==',
    groups: /^monitoring\.coreos\.com$/,
  },
  {
    name: '@kubernetes-models/prometheus-operator',
    version: '6.0.0',
    integrity: 'sha512-ySNW4T6U6Vn86bmcJ/emmAYJ/UrzpNvzxWexWJSALwgiO4FqCgL6WoqFsOReSiMhw/LlF+MljQvoiwD3RnaGmg==',
    groups: /^monitoring\.coreos\.com$/,
  },
  {
    name: '@kubernetes-models/sealed-secrets',
    version: '2.0.2',
    integrity: 'sha512-Nsxc7Hj7hUydp6NYbmpDlr3nhBLCQtrisZ05QF3g8gL9ctKrRh7Djz0QaJlcN+rueDfR0fBdfqM8Nz/EE7RezA==',
    groups: /^bitnami\.com$/,
  },
  {
    name: '@kubernetes-models/sealed-secrets',
    version: '6.0.0',
    integrity: 'sha512-lfDO9J7pjawvFvhGlFlOtKksAt188L+ulbEvs7ZpZOc5FM4adIjjZZGCbOdDHG3ne/cEjEIFBJ0qZivOyZ1/Vg==',
    groups: /^bitnami\.com$/,
  },
  {
    name: '@kubernetes-models/traefik',
    version: '0.2.4',
    integrity: 'sha512-mnZ3JJWZQJ7w0jC+Ew+kK0iHpiMFYK4xxmJWGk5c6SNtW1W+NcoU0w41yqjbuWssUX+08L0JKiFcXVZE1H/Aog==',
    groups: /^traefik\.(io|containo\.us)$/,
  },
  {
    name: '@kubernetes-models/traefik',
    version: '1.0.1',
    integrity: 'sha512-rprxxAN6/hGHZ+nJgLQnaIBzXDiUPap8BeFHZNXK/3iCUqtX2ww7T3Jo8SzggSuGJtzHT+Yeu8wb6Zot7j1Nuw==',
    groups: /^traefik\.io$/,
  },
  {
    name: '@kubernetes-models/traefik',
    version: '2.0.0',
    integrity: 'sha512-Q3fiM1KAH3pPLh83Ktevgzl9B+9ijloqJYxS9QbFw3CCq8HVIpRAYuQN03XiGaD4UiooPV4iv2zuSP7u3F2bSQ==',
    groups: /^traefik\.io$/,
  },
]);
/** The kinds of those packages that live outside namespaces: CRDs say so, the packages don't. */
export const CLUSTER_SCOPED = /** @type {Record<string, string[]>} */ ({
  'argoproj.io': ['ClusterAnalysisTemplate'],
  'cert-manager.io': ['ClusterIssuer'],
  'cilium.io': [
    'CiliumBGPAdvertisement',
    'CiliumBGPClusterConfig',
    'CiliumBGPNodeConfig',
    'CiliumBGPNodeConfigOverride',
    'CiliumBGPPeerConfig',
    'CiliumCIDRGroup',
    'CiliumClusterwideEnvoyConfig',
    'CiliumClusterwideNetworkPolicy',
    'CiliumEgressGatewayPolicy',
    'CiliumEndpointSlice',
    'CiliumIdentity',
    'CiliumL2AnnouncementPolicy',
    'CiliumLoadBalancerIPPool',
    'CiliumNode',
    'CiliumPodIPPool',
  ],
  'eventing.keda.sh': ['ClusterCloudEventSource'],
  'external-secrets.io': ['ClusterExternalSecret', 'ClusterPushSecret', 'ClusterSecretStore'],
  'gateway.networking.k8s.io': ['GatewayClass'],
  'generators.external-secrets.io': ['ClusterGenerator'],
  'karpenter.k8s.aws': ['EC2NodeClass'],
  'karpenter.sh': ['NodeClaim', 'NodeOverlay', 'NodePool'],
  'keda.sh': ['ClusterTriggerAuthentication'],
  'kyverno.io': ['ClusterCleanupPolicy', 'ClusterPolicy', 'GlobalContextEntry'],
  'policies.kyverno.io': [
    'DeletingPolicy',
    'GeneratingPolicy',
    'ImageValidatingPolicy',
    'MutatingPolicy',
    'ValidatingPolicy',
  ],
  'policy.cert-manager.io': ['CertificateRequestPolicy'],
  'postgresql.cnpg.io': ['ClusterImageCatalog'],
  'trust.cert-manager.io': ['Bundle'],
});

/**
 * Objects that take unknown fields although their type lists fields (x-kubernetes-preserve-unknown-fields in the CRD), as
 * `Type` or `Type.path.to.field`, where `[]` stands for the values of a list or map.
 */
export const OPEN = new Set([
  'SealedSecret.spec',
  'SealedSecretSpec',
  'AnyAllConditions',
  'ClusterPolicy.spec.rules[].mutate.foreach[].preconditions',
  'ClusterPolicy.spec.rules[].validate.foreach[].preconditions',
  'Policy.spec.rules[].mutate.foreach[].preconditions',
  'Policy.spec.rules[].validate.foreach[].preconditions',
  'Configuration.spec.template.metadata',
  'Service.spec.template.metadata',
]);

/** Required fields that the CRD defaults, by API group: an object may leave them out. */
export const DEFAULTED = /** @type {Record<string, string[]>} */ ({
  'external-secrets.io': ['apiHost', 'environment', 'mountPath', 'path', 'project'],
  'generators.external-secrets.io': ['allowRepeat', 'length', 'mountPath', 'noUpper', 'path'],
  'karpenter.sh': ['nodes'],
  'keda.sh': ['type'],
  'source.toolkit.fluxcd.io': ['provider'],
});
