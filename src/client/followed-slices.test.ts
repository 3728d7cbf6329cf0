import { expect, test } from 'vitest'
import { EndpointSlices, type EndpointSlice } from '../api/kinds/endpoint-slice.ts'
import { silentLog, type Log } from '../base/log.ts'
import { FollowedSlices, type SliceVersions } from './followed-slices.ts'
import { MemoryClient } from './memory-client.ts'
import { SlicesByService } from './slices-by-service.ts'

const client = new MemoryClient()

function slice(name: string, service?: string): EndpointSlice {
  const labels = service === undefined ? {} : { 'kubernetes.io/service-name': service }
  const [made] = client.seed(EndpointSlices, { metadata: { namespace: 'default', name, labels }, addressType: 'IPv4', endpoints: [] })
  if (made === undefined) throw new Error(`${name} was not made`)
  return made
}

function followed(log: Log = silentLog) {
  const slices = new FollowedSlices(log)
  const heard: SliceVersions[] = []
  const end = slices.onApplied((versions) => heard.push(versions))
  return { slices, heard, end }
}

test('changes are told once they are applied, those that come meanwhile the next time', async () => {
  const { slices, heard, end } = followed()
  const [first, second] = [slice('web-1', 'web'), slice('web-2', 'web')]
  slices.changed(undefined, first)
  await slices.whenApplied(async () => slices.changed(first, undefined))
  expect(heard).toEqual([new Map([['default/web-1', first.metadata.resourceVersion]])])
  slices.changed(undefined, second)
  await slices.whenApplied(async () => {})
  expect(heard[1]).toEqual(new Map([['default/web-1', undefined], ['default/web-2', second.metadata.resourceVersion]]))
  await slices.whenApplied(async () => {})
  expect(heard).toHaveLength(2)
  end()
  slices.changed(second, undefined)
  await slices.whenApplied(async () => {})
  expect(heard).toHaveLength(2)
})

test('what could not be applied is told later, as it is then', async () => {
  const { slices, heard } = followed()
  const first = slice('api-1', 'api')
  slices.changed(undefined, first)
  const failing = slices.whenApplied(async () => {
    slices.changed(first, undefined)
    throw new Error('refused')
  })
  await expect(failing).rejects.toThrow('refused')
  expect(heard).toEqual([])
  await slices.whenApplied(async () => {})
  expect(heard).toEqual([new Map([['default/api-1', undefined]])])
})

test('one who fails at being told does not keep it from the others', async () => {
  const errors: unknown[] = []
  const { slices } = followed({ ...silentLog, error: (fields) => errors.push(fields) })
  const error = new Error('no')
  slices.onApplied(() => {
    throw error
  })
  const heard: SliceVersions[] = []
  slices.onApplied((versions) => heard.push(versions))
  slices.changed(undefined, slice('db-1', 'db'))
  await slices.whenApplied(async () => {})
  expect(errors).toEqual([{ err: error }])
  expect(heard).toHaveLength(1)
})

test('slices are found by their Service, wherever they move', () => {
  const slices = new SlicesByService()
  const [before, after, unclaimed] = [slice('moved-1', 'web'), slice('moved-2', 'api'), slice('unclaimed')]
  expect(slices.change(undefined, before)).toEqual(['default/web'])
  expect(slices.of('default/web')).toEqual([before])
  expect(slices.change(before, after)).toEqual(['default/web', 'default/api'])
  expect(slices.of('default/web')).toEqual([])
  expect(slices.of('default/api')).toEqual([after])
  expect(slices.change(undefined, unclaimed)).toEqual([])
  expect(slices.change(after, undefined)).toEqual(['default/api'])
  expect(slices.of('default/api')).toEqual([])
})
