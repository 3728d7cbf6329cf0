import { expect, test } from 'vitest'
import { kernelEndpoints } from './kernel-endpoints.ts'

const frontend = '10.96.1.1 . tcp . 80'
const web = { protocol: 'TCP', address: '10.96.1.1', port: 80 } as const
const map = (entries: Record<string, string>) => new Map(Object.entries(entries))

for (const { name, sets, endpoints } of [
  { name: 'a frontend that is not there', sets: {}, endpoints: undefined },
  { name: 'one that drops', sets: { services: { [frontend]: 'none' } }, endpoints: [] },
  {
    name: 'the slots that it leads to, and not those that linger',
    sets: {
      services: { [frontend]: '4:4002' },
      'slots-2': { '4:4002 . 0': '10.0.0.2 . 8080', '4:4002 . 1': '10.0.0.1 . 8080', '4:8002 . 0': '10.0.0.9 . 1' },
      'slots-1': { '4:4001 . 0': '10.0.0.7 . 8080' },
    },
    endpoints: ['10.0.0.1:8080', '10.0.0.2:8080'],
  },
  {
    name: 'affinity, by the ids of endpoints',
    sets: {
      services: { [frontend]: '8015:6001' },
      'sticky-slots-1': { [`${frontend} . 0`]: '0:a' },
      'sticky-choices': { [`${frontend} . 0:a`]: '10.0.0.1 . 8080', [`${frontend} . 0:b`]: '10.0.0.2 . 8080' },
    },
    endpoints: ['10.0.0.1:8080'],
  },
] as readonly { name: string; sets: Record<string, Record<string, string>>; endpoints: string[] | undefined }[]) {
  test(name, () => {
    const elements = new Map(Object.entries(sets).map(([set, entries]) => [set, map(entries)]))
    expect(kernelEndpoints(elements, web)).toEqual(endpoints)
  })
}
