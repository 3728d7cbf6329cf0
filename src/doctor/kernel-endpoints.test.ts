import { expect, test } from 'vitest'
import { kernelEndpoints } from './kernel-endpoints.ts'

const frontend = '10.96.1.1 . tcp . 80'
const web = { protocol: 'TCP', address: '10.96.1.1', port: 80 } as const
const map = (entries: Record<string, string>) => new Map(Object.entries(entries))

for (const { name, sets, endpoints } of [
  { name: 'a frontend that is not there', sets: {}, endpoints: undefined },
  { name: 'one that drops', sets: { services: { [frontend]: '0x00000000' } }, endpoints: [] },
  {
    name: 'the slots that it leads to, and not those that linger',
    sets: {
      services: { [frontend]: '0x00000002' },
      'slots-2': { [`${frontend} . 0`]: '10.0.0.2 . 8080', [`${frontend} . 1`]: '10.0.0.1 . 8080', '10.96.1.2 . tcp . 80 . 0': '10.0.0.9 . 1' },
      'slots-1': { [`${frontend} . 0`]: '10.0.0.7 . 8080' },
    },
    endpoints: ['10.0.0.1:8080', '10.0.0.2:8080'],
  },
  {
    name: 'affinity, by the ids of endpoints',
    sets: {
      services: { [frontend]: '0x00028001' },
      'sticky-slots-1': { [`${frontend} . 0`]: '0x0000000a' },
      'sticky-choices': { [`${frontend} . 0x0000000a`]: '10.0.0.1 . 8080', [`${frontend} . 0x0000000b`]: '10.0.0.2 . 8080' },
    },
    endpoints: ['10.0.0.1:8080'],
  },
] as readonly { name: string; sets: Record<string, Record<string, string>>; endpoints: string[] | undefined }[]) {
  test(name, () => {
    const elements = new Map(Object.entries(sets).map(([set, entries]) => [set, map(entries)]))
    expect(kernelEndpoints(elements, web)).toEqual(endpoints)
  })
}
