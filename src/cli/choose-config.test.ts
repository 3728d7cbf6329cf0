import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeConfig } from '../cluster/config.ts'
import { layoutOf } from '../cluster/layout.ts'
import { chooseConfig } from './choose-config.ts'

let home: string
beforeEach(async () => (home = await mkdtemp(join(tmpdir(), 'portolan-choose-'))))
afterEach(() => rm(home, { recursive: true }))

const layout = () => layoutOf(home, 'portolan')

test('DNS settings stay until others are chosen, one by one', async () => {
  const first = await chooseConfig({ dnsUpstream: ['192.0.2.53'], dnsTtl: 30, clusterDomain: 'Corp.Example' }, layout())
  expect(first).toMatchObject({ clusterDomain: 'corp.example', dns: { upstreams: ['192.0.2.53'], ttlSeconds: 30 } })
  await writeConfig(layout().configFile, first)
  expect((await chooseConfig({}, layout())).dns).toEqual({ upstreams: ['192.0.2.53'], ttlSeconds: 30 })
  const second = await chooseConfig({ dnsUpstream: false, dnsPods: 'disabled', dnsLog: true }, layout())
  expect(second.dns).toEqual({ upstreams: [], ttlSeconds: 30, podRecords: 'disabled', logQueries: true })
})

test('published ports are added to those that there are', async () => {
  const http = { hostPort: 8080, protocol: 'TCP', ingressPort: 80 } as const
  const web = { hostPort: 8081, protocol: 'TCP', namespace: 'default', service: 'web', port: 80 } as const
  await writeConfig(layout().configFile, await chooseConfig({ publish: [http] }, layout()))
  expect((await chooseConfig({ publish: [web, http] }, layout())).published).toEqual([http, web])
  const refused = chooseConfig({ publish: [{ ...web, hostPort: 8080 }] }, layout())
  await expect(refused).rejects.toThrow('port 8080/TCP is published already for the ingress')
})
