import { beforeAll, describe, expect, test } from 'vitest'
import { forbiddenRequest, unauthorized } from '../../api/errors.ts'
import { CertificateSigningRequests } from '../../api/kinds/certificate-signing-request.ts'
import { ConfigMaps } from '../../api/kinds/config-map.ts'
import { authorityHash } from '../../base/authority-hash.ts'
import { silentLog } from '../../base/log.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { throwawayPki, type ThrowawayPki } from '../../base/throwaway-pki.ts'
import { ConnectionError } from '../../client/client.ts'
import { MemoryClient } from '../../client/memory-client.ts'
import { fetchAuthority } from './authority.ts'
import { type CertificateDeps, nodeClient, obtainCertificate, type Pair } from './certificates.ts'
import { JoinError } from './join-error.ts'
import { invalidity, isValid, keepRenewed } from './renewal.ts'

const server = 'https://192.168.99.1:6443'
let pki: ThrowawayPki
beforeAll(async () => {
  pki = await throwawayPki()
})

async function refusal(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt
  } catch (error) {
    if (error instanceof JoinError) return error.message
    throw error
  }
  throw new Error('was not refused')
}

function told(pem: string): MemoryClient {
  const client = new MemoryClient()
  const kubeconfig = `clusters:\n- cluster:\n    certificate-authority-data: ${Buffer.from(pem).toString('base64')}\n`
  client.seed(ConfigMaps, { metadata: { namespace: 'kube-public', name: 'cluster-info' }, data: { kubeconfig } })
  return client
}

describe('the authority', () => {
  const from = (client: MemoryClient) => ({ client, server, signal: new AbortController().signal })

  test('is believed by its hash', async () => {
    expect(authorityHash(await fetchAuthority(from(told(pki.ca)), authorityHash(pki.ca)))).toBe(authorityHash(pki.ca))
  })

  test('of another hash is that of another cluster', async () => {
    const hash = `sha256:${'0'.repeat(64)}`
    expect(await refusal(fetchAuthority(from(told(pki.ca)), hash))).toContain(`has the hash ${authorityHash(pki.ca)}, not ${hash}: this is another cluster`)
  })

  test('that is none is said to be', async () => {
    expect(await refusal(fetchAuthority(from(told('hi')), 'x'))).toBe(`${server} tells no authority in ConfigMap kube-public/cluster-info: give it with --ca-file`)
    const broken = told(pki.ca)
    broken.failNext('get', ConfigMaps, unauthorized())
    expect(await refusal(fetchAuthority(from(broken), 'x'))).toBe(`${server} does not tell its authority (Unauthorized): give it with --ca-file`)
    expect(await refusal(fetchAuthority(from(new MemoryClient()), 'x'))).toContain('does not tell its authority (configmaps "cluster-info" not found): give it with --ca-file')
  })
})

describe('a certificate', () => {
  function deps(client: MemoryClient, clock = new ManualClock()): CertificateDeps & { readonly clock: ManualClock } {
    return { client, server, clock, signal: new AbortController().signal, newRequest: async () => ({ request: 'CSR', key: 'KEY' }) }
  }

  /** Answers every request as soon as it is made. */
  function answering(status: object): MemoryClient {
    const client = new MemoryClient()
    client.onChange(CertificateSigningRequests, (previous, next) => {
      if (previous === undefined && next !== undefined) client.seed(CertificateSigningRequests, { ...next, status })
    })
    return client
  }

  test('is asked for by a key that stays here, and had as soon as it is signed', async () => {
    const client = answering({ certificate: Buffer.from('CERT').toString('base64') })
    expect(await obtainCertificate(nodeClient('a'), deps(client))).toEqual({ cert: 'CERT', key: 'KEY' })
    expect(client.peekAll(CertificateSigningRequests).map(({ spec }) => spec)).toEqual([
      { signerName: 'kubernetes.io/kube-apiserver-client-kubelet', request: Buffer.from('CSR').toString('base64'), usages: ['digital signature', 'client auth'] },
    ])
  })

  test('that is denied is not waited for', async () => {
    const client = answering({ conditions: [{ type: 'Denied', status: 'True', message: 'there is a node a already' }] })
    expect(await refusal(obtainCertificate(nodeClient('a'), deps(client)))).toBe('the cluster refuses to sign: there is a node a already')
  })

  test('that nobody signs is given up', async () => {
    const given = deps(new MemoryClient())
    const outcome = refusal(obtainCertificate(nodeClient('a'), given))
    for (let turn = 0; turn < 200; turn += 1) {
      await new Promise(setImmediate)
      given.clock.advance(500)
    }
    expect(await outcome).toMatch(/^nobody has signed within 60 s: see kubectl get csr node-csr-/)
  })

  for (const { name, error, says } of [
    { name: 'a token that is wrong', error: unauthorized(), says: 'the token is not accepted: it is wrong or has expired; make another with ./portolan node token create' },
    { name: 'no way there', error: new ConnectionError('connect EHOSTUNREACH'), says: `${server} cannot be reached from here (connect EHOSTUNREACH): see whether the cluster runs and --server is its address in the node network` },
    { name: 'a refusal', error: forbiddenRequest(CertificateSigningRequests, '', 'no'), says: `${server} refuses: certificatesigningrequests.certificates.k8s.io is forbidden: no` },
  ]) {
    test(`is not had with ${name}, which is said`, async () => {
      const client = new MemoryClient()
      client.failNext('create', CertificateSigningRequests, error)
      expect(await refusal(obtainCertificate(nodeClient('a'), deps(client)))).toBe(says)
    })
  }
})

describe('renewal', () => {
  const hourMs = 3_600_000
  const start = new Date('2026-01-01T00:00:00Z')
  const lasting = (from: Date, hours: number): Promise<Pair> => pki.issue('CN=a', { notBefore: from, notAfter: new Date(from.getTime() + hours * hourMs) })

  test('comes before the end, again and again, also after it has failed', async () => {
    const clock = new ManualClock(start)
    const ending = new AbortController()
    let present = await lasting(start, 1000)
    const renewedAt: number[] = []
    let failures = 1
    /** Time stands still while a key is made. */
    let isBusy = false
    const pair = {
      name: 'client',
      current: () => present,
      async renew() {
        if (failures > 0) {
          failures -= 1
          throw new Error('not now')
        }
        isBusy = true
        renewedAt.push(Math.round((clock.now().getTime() - start.getTime()) / hourMs))
        present = await lasting(clock.now(), 1000)
        isBusy = false
      },
    }
    const running = keepRenewed([pair], { clock, log: silentLog, signal: ending.signal, random: () => 0.5 })
    for (let turn = 0; turn < 1_000_000 && renewedAt.length < 2; turn += 1) {
      await new Promise(setImmediate)
      if (!isBusy) clock.advance(hourMs)
    }
    expect(renewedAt).toEqual([expect.closeTo(800, -1), expect.closeTo(1600, -1)])
    ending.abort()
    await running
  })

  test('waits before the next, if a new one is as good as over: its authority ends', async () => {
    const clock = new ManualClock(start)
    const ending = new AbortController()
    const present = await pki.issue('CN=a', { notBefore: new Date(start.getTime() - hourMs), notAfter: new Date(start.getTime() + 1000) })
    let renewals = 0
    const renew = async () => {
      renewals += 1
      if (renewals === 10) ending.abort()
    }
    const running = keepRenewed([{ name: 'client', current: () => present, renew }], { clock, log: silentLog, signal: ending.signal, random: () => 0.5 })
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
    expect(renewals).toBe(1)
    clock.advance(60_000)
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
    expect(renewals).toBe(2)
    ending.abort()
    await running
  })

  test('of what lasts minutes is tried again in seconds, so that a failure does no harm', async () => {
    const clock = new ManualClock(start)
    const ending = new AbortController()
    const present = await pki.issue('CN=a', { notBefore: start, notAfter: new Date(start.getTime() + 60_000) })
    const triedAt: number[] = []
    const renew = async () => {
      triedAt.push(clock.now().getTime() - start.getTime())
      throw new Error('not now')
    }
    const running = keepRenewed([{ name: 'client', current: () => present, renew }], { clock, log: silentLog, signal: ending.signal, random: () => 0 })
    for (let second = 0; second < 60; second += 1) {
      for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate)
      clock.advance(1000)
    }
    expect(triedAt).toEqual([42_000, 45_000, 48_000, 51_000, 54_000, 57_000])
    ending.abort()
    await running
  })

  test('that did not come in time is told with what helps', async () => {
    const pair = await lasting(start, 1)
    expect(invalidity('a', pair, new Date(start.getTime() + 1))).toBeUndefined()
    expect(invalidity('a', pair, new Date(start.getTime() + hourMs))).toBe(
      "the certificate of a expired at 2026-01-01T01:00:00.000Z, and its agent was not there to renew it: kubectl delete node a on the cluster's machine, and start the agent again with the --token and --ca-hash that ./portolan node token create prints there",
    )
    expect(invalidity('a', pair, new Date(start.getTime() - 1))).toBe('the certificate of a is good from 2026-01-01T00:00:00.000Z on, and it is 2025-12-31T23:59:59.999Z here: set the clock')
  })

  test('a certificate is good in its time alone', async () => {
    const pair = await lasting(start, 1)
    expect([-1, 1, hourMs].map((ms) => isValid(pair, new Date(start.getTime() + ms)))).toEqual([false, true, false])
  })
})
