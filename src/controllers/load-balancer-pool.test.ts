import { expect, test } from 'vitest'
import type { Service } from '../api/kinds/service.ts'
import { service } from './fixtures.ts'
import { chooseAddress, type Holder } from './load-balancer-pool.ts'

const pool = { first: 0xcb007100 + 10, last: 0xcb007100 + 12 }

interface Wants {
  readonly name?: string
  readonly ip?: string
  readonly annotation?: string
  readonly sharing?: string
  readonly ports?: Service['spec']['ports']
}

function wants({ name = 'web', ip, annotation, sharing, ports = [{ port: 80 }] }: Wants = {}): Service {
  const annotations = {
    ...(annotation === undefined ? {} : { 'portolan.dev/load-balancer-ip': annotation }),
    ...(sharing === undefined ? {} : { 'portolan.dev/allow-shared-ip': sharing }),
  }
  const spec = { type: 'LoadBalancer', ports, ...(ip === undefined ? {} : { loadBalancerIP: ip }) }
  return service({ name, spec, meta: { annotations } })
}

function has(address: string, what: Wants = {}): Holder {
  return { address, service: wants({ name: 'other', ...what }) }
}

const full = [has('203.0.113.10'), has('203.0.113.11'), has('203.0.113.12')]
const udp = [{ port: 80, protocol: 'UDP' }]

test.for<{ name: string; wants?: Wants; present?: string; others?: readonly Holder[]; gets: string }>([
  { name: 'the lowest', gets: '203.0.113.10' },
  { name: 'the lowest that is free', others: [has('203.0.113.10'), has('203.0.113.12')], gets: '203.0.113.11' },
  { name: 'what it has', present: '203.0.113.12', gets: '203.0.113.12' },
  { name: 'another if what it has is no longer in the pool', present: '203.0.113.9', gets: '203.0.113.10' },
  { name: 'another if somebody else has the same', present: '203.0.113.10', others: [has('203.0.113.10')], gets: '203.0.113.11' },
  { name: 'nothing when all are taken', others: full, gets: 'no address of 203.0.113.10-203.0.113.12 is free' },
  { name: 'what it asks for', wants: { ip: '203.0.113.11' }, gets: '203.0.113.11' },
  { name: 'what it asks for instead of what it has', wants: { ip: '203.0.113.11' }, present: '203.0.113.10', gets: '203.0.113.11' },
  { name: 'what its annotation asks for', wants: { annotation: '203.0.113.12' }, gets: '203.0.113.12' },
  { name: 'what field and annotation both ask for', wants: { ip: '203.0.113.12', annotation: '203.0.113.12' }, gets: '203.0.113.12' },
  {
    name: 'nothing if they ask for two',
    wants: { ip: '203.0.113.11', annotation: '203.0.113.12' },
    gets: 'spec.loadBalancerIP asks for 203.0.113.11, the annotation portolan.dev/load-balancer-ip for 203.0.113.12: leave one out',
  },
  { name: 'nothing outside of the pool', wants: { ip: '203.0.113.2' }, gets: '203.0.113.2 is not an address of 203.0.113.10-203.0.113.12' },
  { name: 'nothing for what is no address', wants: { annotation: 'any' }, gets: 'any is not an address of 203.0.113.10-203.0.113.12' },
  {
    name: 'not what is in use',
    wants: { ip: '203.0.113.10' },
    others: [has('203.0.113.10')],
    gets: '203.0.113.10 is in use by the Service default/other: to share it, both need the same annotation portolan.dev/allow-shared-ip',
  },
  {
    name: 'not what is in use, though it would share',
    wants: { ip: '203.0.113.10', sharing: 'us' },
    others: [has('203.0.113.10', { sharing: 'them' })],
    gets: '203.0.113.10 is in use by the Service default/other: to share it, both need the same annotation portolan.dev/allow-shared-ip',
  },
  {
    name: 'the address of one that shares, for another port',
    wants: { sharing: 'us', ports: [{ port: 443 }] },
    others: [has('203.0.113.10'), has('203.0.113.12', { sharing: 'us' })],
    gets: '203.0.113.12',
  },
  {
    name: 'the address of one that shares, for another protocol',
    wants: { sharing: 'us', ports: udp },
    others: [has('203.0.113.12', { sharing: 'us' })],
    gets: '203.0.113.12',
  },
  {
    name: 'one of its own if those that share have the port',
    wants: { sharing: 'us' },
    others: [has('203.0.113.12', { sharing: 'us' }), has('203.0.113.12', { name: 'third', sharing: 'us', ports: udp })],
    gets: '203.0.113.10',
  },
  {
    name: 'not a port that is in use at the address that it asks for',
    wants: { sharing: 'us', ip: '203.0.113.12' },
    others: [has('203.0.113.12', { sharing: 'us' })],
    gets: 'port 80/TCP of 203.0.113.12 is in use by the Service default/other',
  },
  {
    name: 'a shared address when all are taken',
    wants: { sharing: 'us', ports: udp },
    others: [...full.slice(1), has('203.0.113.10', { sharing: 'us' })],
    gets: '203.0.113.10',
  },
])('a Service gets $name', ({ wants: wish = {}, present, others = [], gets }) => {
  const choice = chooseAddress({ service: wants(wish), address: present }, others, pool)
  expect('problem' in choice ? choice.problem : choice.address).toBe(gets)
})
