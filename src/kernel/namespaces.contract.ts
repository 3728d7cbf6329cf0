import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Namespaces, Network } from './namespaces.ts'

const nothing: Network = { sysctls: [], bridges: [], veths: [], addresses: [], routes: [] }

/** What every implementation of `Namespaces` does. `left` and `right` are names that nobody else uses. */
export function namespacesContract(make: () => Namespaces, left: string, right: string): void {
  const leftSide: Network = {
    ...nothing,
    sysctls: [
      { key: 'net.ipv4.ip_forward', value: '1' },
      { key: 'net.no.such_key', value: '1', optional: true },
    ],
    bridges: [{ name: 'br', mac: '02:00:c6:33:64:01' }],
    veths: [{ name: 'to-right', bridge: 'br', peer: { namespace: right, name: 'eth0', mac: '02:00:c6:33:64:02' } }],
    addresses: [{ device: 'br', address: '198.51.100.1/24' }],
  }
  const rightSide: Network = {
    ...nothing,
    addresses: [
      { device: 'eth0', address: '198.51.100.2/24' },
      { device: 'lo', address: '198.51.101.1/32' },
    ],
    routes: [
      { destination: '198.51.102.1', device: 'eth0' },
      { destination: 'default', via: '198.51.100.1' },
    ],
  }

  describe('namespaces', () => {
    let namespaces: Namespaces
    const clear = async () => {
      for (const name of [left, right]) await namespaces.delete(name)
    }
    beforeEach(async () => {
      namespaces = make()
      await clear()
    })
    afterEach(() => clear())

    test('are listed while they exist', async () => {
      await namespaces.create(right)
      await namespaces.create(left)
      expect((await namespaces.list()).filter((name) => [left, right].includes(name))).toEqual([left, right])
      await namespaces.delete(left)
      expect(await namespaces.list()).not.toContain(left)
      await namespaces.delete(left)
    })

    test('are kept by a second create', async () => {
      await namespaces.create(left)
      await namespaces.apply(left, { ...leftSide, veths: [] })
      await namespaces.create(left)
      expect(await namespaces.addresses(left)).toContainEqual({ device: 'br', address: '198.51.100.1/24' })
    })

    test('get the network they are told, as often as they are told it', async () => {
      await Promise.all([namespaces.create(left), namespaces.create(right)])
      for (let round = 0; round < 2; round += 1) {
        await namespaces.apply(left, leftSide)
        await namespaces.apply(right, rightSide)
        expect(await namespaces.addresses(left)).toEqual([
          { device: 'lo', address: '127.0.0.1/8' },
          { device: 'br', address: '198.51.100.1/24' },
        ])
        expect(await namespaces.addresses(right)).toEqual(
          expect.arrayContaining([
            { device: 'lo', address: '127.0.0.1/8' },
            { device: 'lo', address: '198.51.101.1/32' },
            { device: 'eth0', address: '198.51.100.2/24' },
          ]),
        )
        const routes = await namespaces.routes(right)
        expect(routes).toContainEqual(expect.objectContaining({ destination: 'default', via: '198.51.100.1' }))
        expect(routes).toContainEqual(expect.objectContaining({ destination: '198.51.100.0/24', device: 'eth0' }))
        expect(routes).toContainEqual(expect.objectContaining({ destination: '198.51.102.1/32', device: 'eth0' }))
      }
    })

    test('keep addresses that they are not told of', async () => {
      await namespaces.create(left)
      await namespaces.apply(left, { ...leftSide, veths: [] })
      const addresses = [{ device: 'br', address: '198.51.100.9/24' }]
      await namespaces.apply(left, { ...leftSide, veths: [], addresses })
      const held = await namespaces.addresses(left)
      const onBridge = held.filter(({ device }) => device === 'br').map(({ address }) => address)
      expect(onBridge).toEqual(['198.51.100.1/24', '198.51.100.9/24'])
    })

    test('lose both ends of a pair at once', async () => {
      await Promise.all([namespaces.create(left), namespaces.create(right)])
      await namespaces.apply(left, leftSide)
      await namespaces.apply(right, rightSide)
      await namespaces.deleteDevice(left, 'to-right')
      await namespaces.deleteDevice(left, 'to-right')
      expect((await namespaces.addresses(right)).filter(({ device }) => device === 'eth0')).toEqual([])
    })

    test('refuse a pair into a namespace that is not there, and an address on a device that is not there', async () => {
      await namespaces.create(left)
      await expect(namespaces.apply(left, leftSide)).rejects.toThrow(right)
      await expect(namespaces.apply(left, rightSide)).rejects.toThrow('Cannot find device "eth0"')
    })

    test.each(['', '.', '../etc', 'a b', 'a/b', '-a'])('refuse the name %j', async (name) => {
      await expect(namespaces.create(name)).rejects.toThrow(RangeError)
      expect(() => namespaces.path(name)).toThrow(RangeError)
    })
  })
}
