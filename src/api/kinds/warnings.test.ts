/** Warnings of Pods and Services, of Endpoints and EndpointSlices. */
import { describe, expect, test } from 'vitest'
import { endpointSliceKind } from './endpoint-slice.ts'
import { endpointsKind } from './endpoints.ts'
import { created, createWarnings, updateWarnings } from './kind-trial.ts'
import { podKind } from './pod.ts'
import { replicationControllerKind } from './replication-controller.ts'
import { serviceKind } from './service.ts'

const hides = (name: string) => `hides previous definition of "${name}", which may be dropped when using apply`
const matchesNothing = 'a null labelSelector results in matching no pod'
const hard = 'requiredDuringSchedulingIgnoredDuringExecution'
const soft = 'preferredDuringSchedulingIgnoredDuringExecution'
const fractional = (value: string) => `fractional byte value "${value}" is invalid, must be an integer`

describe('a Pod', () => {
  const container = { name: 'main', image: 'kubia' }
  const pod = (spec: object) => ({ spec: { containers: [container], ...spec } })
  const withEnv = (...env: object[]) => pod({ containers: [{ ...container, env }] })
  const withPorts = (...ports: object[]) => pod({ containers: [{ ...container, ports }] })

  const cases: { name: string; draft: object; warnings: string[] }[] = [
    { name: 'a plain one', draft: pod({}), warnings: [] },
    {
      name: 'a name that is no host name',
      draft: { metadata: { name: 'a.b' }, ...pod({}) },
      warnings: [
        "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
      ],
    },
    {
      name: 'variables that hide others',
      draft: withEnv(
        { name: 'A', value: '1' },
        { name: 'A', value: '2' },
        { name: 'A', value: '$(A)' },
        { name: 'A', value: '$(A):3' },
        { name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'B', value: '1' },
      ),
      warnings: [1, 2, 4].map((index) => `spec.containers[0].env[${index}]: ${hides('A')}`),
    },
    {
      name: 'containers that start first come first',
      draft: pod({
        initContainers: [{ ...container, name: 'init', env: [{ name: 'A' }, { name: 'A' }] }],
        containers: [{ ...container, env: [{ name: 'B' }, { name: 'B' }] }],
      }),
      warnings: [`spec.initContainers[0].env[1]: ${hides('A')}`, `spec.containers[0].env[1]: ${hides('B')}`],
    },
    {
      name: 'ports that are there already',
      draft: withPorts(
        { containerPort: 80 },
        { containerPort: 80, name: 'http' },
        { containerPort: 80, protocol: 'UDP' },
        { containerPort: 80, hostPort: 8080 },
      ),
      warnings: [
        'spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]',
        'spec.containers[0].ports[3]: overlapping port definition with spec.containers[0].ports[0]',
        'spec.containers[0].ports[3]: overlapping port definition with spec.containers[0].ports[1]',
      ],
    },
    {
      name: 'ports of the host that may be the same',
      draft: withPorts(
        { containerPort: 80, hostPort: 8080 },
        { containerPort: 80, hostPort: 8080, hostIP: '10.0.0.1' },
        { containerPort: 81, hostIP: '10.0.0.1' },
      ),
      warnings: [
        'spec.containers[0].ports[1]: dangerously ambiguous port definition with spec.containers[0].ports[0]',
        'spec.containers[0].ports[2]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:81 Protocol:TCP HostIP:10.0.0.1}',
      ],
    },
    {
      name: 'parts of bytes',
      draft: pod({
        overhead: { memory: '1.5' },
        containers: [{ ...container, resources: { limits: { memory: '100m', cpu: '100m' } } }],
      }),
      warnings: [
        `spec.overhead[memory]: ${fractional('1500m')}`,
        `spec.containers[0].resources.limits[memory]: ${fractional('100m')}`,
        `spec.containers[0].resources.requests[memory]: ${fractional('100m')}`,
      ],
    },
    {
      name: 'the same thing twice',
      draft: pod({
        hostAliases: [{ ip: '10.0.0.1' }, { ip: '10.0.0.1' }],
        imagePullSecrets: [{ name: 'a' }, { name: 'a' }, {}],
      }),
      warnings: [
        'spec.hostAliases[1].ip: duplicate ip "10.0.0.1"',
        'spec.imagePullSecrets[1].name: duplicate name "a"',
        'spec.imagePullSecrets[2].name: invalid empty name ""',
      ],
    },
    {
      name: 'labels of old',
      draft: pod({
        nodeSelector: { 'beta.kubernetes.io/os': 'linux' },
        affinity: {
          nodeAffinity: {
            [hard]: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'beta.kubernetes.io/arch', operator: 'Exists' }] }] },
          },
        },
        topologySpreadConstraints: [
          { topologyKey: 'failure-domain.beta.kubernetes.io/zone', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' },
        ],
      }),
      warnings: [
        'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
        `spec.affinity.nodeAffinity.${hard}.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead`,
        'spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
        `spec.topologySpreadConstraints[0].labelSelector: ${matchesNothing}`,
      ],
    },
    {
      name: 'neighbours that cannot be',
      draft: pod({
        affinity: {
          podAffinity: { [hard]: [{ topologyKey: 'a' }] },
          podAntiAffinity: { [soft]: [{ weight: 1, podAffinityTerm: { topologyKey: 'a' } }] },
        },
      }),
      warnings: [
        `spec.affinity.podAffinity.${hard}[0].labelSelector: ${matchesNothing}`,
        `spec.affinity.podAntiAffinity.${soft}[0].podAffinityTerm.labelSelector: ${matchesNothing}`,
      ],
    },
    {
      name: 'volumes of kinds that are gone',
      draft: pod({ volumes: [{ name: 'a', gitRepo: { repository: 'r' } }, { name: 'b', storageos: { volumeName: 'v' } }] }),
      warnings: [
        'spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+',
        'spec.volumes[1].storageOS: deprecated in v1.22, non-functional in v1.25+',
      ],
    },
    {
      name: 'annotations of old',
      draft: {
        metadata: {
          annotations: {
            'scheduler.alpha.kubernetes.io/critical-pod': '',
            'seccomp.security.alpha.kubernetes.io/pod': 'a',
            'container.seccomp.security.alpha.kubernetes.io/main': 'a',
            'container.apparmor.security.beta.kubernetes.io/main': 'a',
          },
        },
        ...pod({}),
      },
      warnings: [
        'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
        'metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the "seccompProfile" field instead',
        'metadata.annotations[container.seccomp.security.alpha.kubernetes.io/main]: non-functional in v1.27+; use the "seccompProfile" field instead',
      ],
    },
  ]
  for (const { name, draft, warnings } of cases) {
    test(name, () => expect(createWarnings(podKind, draft)).toEqual(warnings))
  }

  test('is looked at once', () => {
    const draft = withEnv({ name: 'A' }, { name: 'A' })
    expect(updateWarnings(podKind, created(podKind, draft), draft)).toEqual([])
  })

  test('in a template is found there', () => {
    const annotations = { 'container.apparmor.security.beta.kubernetes.io/main': 'a' }
    const draft = { spec: { template: { metadata: { labels: { a: 'b' }, annotations }, ...withEnv({ name: 'A' }, { name: 'A' }) } } }
    expect(createWarnings(replicationControllerKind, draft)).toEqual([
      'spec.template.metadata.annotations[container.apparmor.security.beta.kubernetes.io/main]: deprecated since v1.30; use the "appArmorProfile" field instead',
      `spec.template.spec.containers[0].env[1]: ${hides('A')}`,
    ])
  })
})

describe('a Service', () => {
  const ports = [{ port: 80 }]
  const cases: { name: string; draft: object; warnings: string[] }[] = [
    { name: 'a plain one', draft: { spec: { ports } }, warnings: [] },
    {
      name: 'what a headless one has no use for',
      draft: {
        spec: { clusterIP: 'None', ports, loadBalancerIP: '10.0.0.1', externalIPs: ['10.0.0.1'], sessionAffinity: 'ClientIP' },
      },
      warnings: [
        'spec.loadBalancerIP is ignored for headless services',
        'spec.externalIPs is ignored for headless services',
        'spec.SessionAffinity is ignored for headless services',
      ],
    },
    {
      name: 'what belongs to another type',
      draft: { spec: { ports, externalName: 'a.com' } },
      warnings: ['spec.externalName is ignored when spec.type is not "ExternalName"'],
    },
    {
      name: 'addresses of a name',
      draft: { spec: { type: 'ExternalName', externalName: 'a.com', externalIPs: ['10.0.0.1'] } },
      warnings: ['spec.externalIPs is ignored when spec.type is "ExternalName"'],
    },
    {
      name: 'addresses written otherwise',
      draft: {
        spec: {
          type: 'LoadBalancer',
          ports,
          externalIPs: ['2001:DB8::1'],
          loadBalancerIP: '010.0.0.1',
          loadBalancerSourceRanges: ['2001:db8:0::/64'],
        },
      },
      warnings: [
        'spec.externalIPs[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
        'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
        'spec.loadBalancerIP: non-standard IP address "010.0.0.1" will be considered invalid in a future Kubernetes release: use "10.0.0.1"',
        'spec.loadBalancerSourceRanges[0]: IPv6 CIDR value "2001:db8:0::/64" should be in RFC 5952 canonical format ("2001:db8::/64")',
      ],
    },
    {
      name: 'an address that is none',
      draft: { spec: { type: 'LoadBalancer', ports, loadBalancerIP: 'fe80::1%eth0' } },
      warnings: [],
    },
    {
      name: 'words of old',
      draft: {
        metadata: { annotations: { 'service.kubernetes.io/topology-aware-hints': 'auto' } },
        spec: { ports, trafficDistribution: 'PreferClose' },
      },
      warnings: [
        'annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead',
        'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
      ],
    },
  ]
  for (const { name, draft, warnings } of cases) {
    test(name, () => expect(createWarnings(serviceKind, draft)).toEqual(warnings))
  }
})

test('Endpoints are deprecated as such, and addresses in them may be written otherwise', () => {
  expect(endpointsKind.deprecation).toBe('v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice')
  const subsets = [{ addresses: [{ ip: '10.0.0.1' }], notReadyAddresses: [{ ip: '::0:1' }] }]
  expect(createWarnings(endpointsKind, { subsets })).toEqual([
    'subsets[0].notReadyAddresses[0].ip: IPv6 address "::0:1" should be in RFC 5952 canonical format ("::1")',
  ])
})

test('EndpointSlices of names are deprecated', () => {
  const slice = { addressType: 'FQDN', endpoints: [{ addresses: ['a.com'] }] }
  expect(createWarnings(endpointSliceKind, slice)).toEqual(['spec.addressType: FQDN endpoints are deprecated'])
  const ip = { addressType: 'IPv6', endpoints: [{ addresses: ['2001:db8::a', '2001:db8::A'] }] }
  expect(createWarnings(endpointSliceKind, ip)).toEqual([
    'endpoints[0].addresses[1]: IPv6 address "2001:db8::A" should be in RFC 5952 canonical format ("2001:db8::a")',
  ])
})
