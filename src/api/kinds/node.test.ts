import { expect, test } from 'vitest'
import { created, createProblems, row, updated, updateProblems } from './kind-trial.ts'
import { nodeKind as kind } from './node.ts'

for (const { name, draft, problems } of [
  { name: 'a plain one', draft: {}, problems: [] },
  {
    name: 'a range that is none',
    draft: { spec: { podCIDR: '10.108.1.0' } },
    problems: [
      'spec.podCIDRs[0]: Invalid value: "10.108.1.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ],
  },
  {
    name: 'two ranges of one family',
    draft: { spec: { podCIDRs: ['10.108.1.0/24', '10.108.2.0/24'] } },
    problems: [
      'spec.podCIDRs: Invalid value: ["10.108.1.0/24","10.108.2.0/24"]: may specify no more than one CIDR for each IP family',
    ],
  },
  {
    name: 'taints',
    draft: { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }, { key: 'a', effect: 'NoSchedule' }, { key: 'b' }] } },
    problems: [
      'metadata.taints[1]: Duplicate value: {"key":"a","effect":"NoSchedule"}: taints must be unique by key and effect pair',
      'metadata.taints[2].effect: Required value',
    ],
  },
  {
    name: 'less than no capacity',
    draft: { status: { capacity: { cpu: '-1' }, allocatable: {} } },
    problems: ['status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0'],
  },
]) {
  test(name, () => expect(createProblems(kind, draft)).toEqual(problems))
}

test('an agent registers its node with a status, and all of it can be allotted', () => {
  const { spec, status } = created(kind, { spec: { podCIDR: '10.108.1.0/24' }, status: { capacity: { cpu: '2' } } })
  expect(spec).toEqual({ podCIDR: '10.108.1.0/24', podCIDRs: ['10.108.1.0/24'] })
  expect(status).toEqual({ capacity: { cpu: '2' }, allocatable: { cpu: '2' } })
})

test('range and provider stay once they are set; a write to the node leaves its status alone', () => {
  const previous = created(kind, { spec: { podCIDR: '10.108.1.0/24', providerID: 'a' }, status: { phase: 'Running' } })
  const draft = { spec: { podCIDR: '10.108.2.0/24', providerID: 'b', unschedulable: true } }
  expect(updateProblems(kind, previous, draft)).toEqual([
    'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
    'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
  ])
  const cordoned = { spec: { ...previous.spec, unschedulable: true }, status: {} }
  expect(updateProblems(kind, previous, cordoned)).toEqual([])
  expect(updated(kind, previous, cordoned).status).toEqual(previous.status)
  expect(updateProblems(kind, created(kind, {}), draft)).toEqual([])
})

test('an address is reported once', () => {
  const address = { type: 'InternalIP', address: '192.168.99.11' }
  const node = created(kind, { status: { addresses: [address, address] } })
  expect(kind.validateStatus?.(node, node)).toMatchObject([{ field: 'status.addresses[1]', value: address }])
})

const info = { kubeletVersion: 'v1.36.0', osImage: 'Debian 12', kernelVersion: '6.18', containerRuntimeVersion: 'containerd://1.6' }

for (const { name, draft, cells } of [
  {
    name: 'ready',
    draft: {
      metadata: { labels: { 'node-role.kubernetes.io/worker': '', 'kubernetes.io/role': 'edge' } },
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        addresses: [{ type: 'InternalIP', address: '192.168.99.11' }],
        nodeInfo: info,
      },
    },
    cells: {
      Name: 'web',
      Status: 'Ready',
      Roles: 'edge,worker',
      Age: '60s',
      Version: 'v1.36.0',
      'Internal-IP': '192.168.99.11',
      'External-IP': '<none>',
      'OS-Image': 'Debian 12',
      'Kernel-Version': '6.18',
      'Container-Runtime': 'containerd://1.6',
    },
  },
  {
    name: 'cordoned and gone',
    draft: { spec: { unschedulable: true }, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } },
    cells: { Status: 'NotReady,SchedulingDisabled', Roles: '<none>', 'OS-Image': '<unknown>' },
  },
  { name: 'never heard of', draft: {}, cells: { Status: 'Unknown', Version: '' } },
]) {
  test(`the row of a node that is ${name}`, () => expect(row(kind, created(kind, draft))).toMatchObject(cells))
}
