import { expect, test } from 'vitest'
import { CertificateSigningRequests, type CertificateSigningRequest } from '../../api/kinds/certificate-signing-request.ts'
import { type Secret, Secrets } from '../../api/kinds/secret.ts'
import { throwawayPki } from '../../base/throwaway-pki.ts'
import { throwawayRequest } from '../../base/throwaway-request.ts'
import { TestCluster } from '../fixtures.ts'
import { tokenCleanerController } from '../token-cleaner.ts'
import { csrApprovalController } from './approval.ts'
import { csrCleanerController } from './cleaner.ts'
import type { CertificateOrder } from './signer.ts'
import { csrSigningController } from './signing.ts'

const minuteMs = 60_000
const joiner = { username: 'system:bootstrap:abcdef', groups: ['system:bootstrappers'] }

/** All controllers of certificates; `asked` are the permissions that were looked for, `orders` what was to be signed. */
function start(cluster: TestCluster, { may = true, certificate = 'PEM', ...setting }: { may?: boolean; certificate?: string; longestSeconds?: number } = {}) {
  const { client, clock } = cluster
  const asked: string[] = []
  const orders: CertificateOrder[] = []
  const common = { client, clock, certificateSigningRequests: cluster.cache(CertificateSigningRequests) }
  cluster.run(
    csrApprovalController({
      ...common,
      isReserved: () => false,
      isForeign: () => false,
      mayCreate: async ({ spec }, subresource) => {
        asked.push(`${spec.username} ${subresource}`)
        return may
      },
    }),
    csrSigningController({
      ...common,
      ...setting,
      signer: {
        sign: async (order) => {
          orders.push(order)
          return certificate
        },
      },
    }),
    csrCleanerController(common),
    tokenCleanerController({ ...common, secrets: cluster.cache(Secrets) }),
  )
  return { asked, orders }
}

async function seed(cluster: TestCluster, spec: object = {}, status: CertificateSigningRequest['status'] = {}, subject = 'O=system:nodes, CN=system:node:new'): Promise<void> {
  const request = Buffer.from(await throwawayRequest(subject)).toString('base64')
  const usages = ['digital signature', 'client auth']
  const whole = { request, usages, signerName: 'kubernetes.io/kube-apiserver-client-kubelet', ...joiner, ...spec }
  cluster.client.seed(CertificateSigningRequests, { metadata: { name: 'mine', creationTimestamp: '2026-01-01T00:00:00Z' }, spec: whole, status })
}

const statusOf = (cluster: TestCluster) => cluster.client.peek(CertificateSigningRequests, 'mine')?.status
const approved = { conditions: [{ type: 'Approved', status: 'True', lastUpdateTime: '2026-01-01T00:00:00Z' }] }

test('a node that joins is approved if its token may, and gets what it asked for', async () => {
  await using cluster = new TestCluster()
  const { client: _, ...pki } = await throwawayPki()
  const { asked, orders } = start(cluster, { certificate: pki.server.cert })
  await seed(cluster, { expirationSeconds: 3600 })
  await cluster.quiet()
  expect(asked).toEqual(['system:bootstrap:abcdef nodeclient'])
  expect(statusOf(cluster)).toMatchObject({
    conditions: [{ type: 'Approved', status: 'True', reason: 'AutoApproved', message: 'Auto approved: node new joins' }],
    certificate: Buffer.from(pki.server.cert).toString('base64'),
  })
  expect(orders).toMatchObject([{ usages: ['digital signature', 'client auth'], seconds: 3600, subject: [{ value: 'system:nodes' }, { value: 'system:node:new' }] }])
  const mark = cluster.client.calls.length
  await cluster.quiet()
  expect(cluster.client.calls.length).toBe(mark)
})

test('one whose token is for something else is denied, and not signed', async () => {
  await using cluster = new TestCluster()
  const { orders } = start(cluster, { may: false })
  await seed(cluster)
  await cluster.quiet()
  expect(statusOf(cluster)?.conditions).toMatchObject([
    { type: 'Denied', message: 'system:bootstrap:abcdef may not create certificatesigningrequests/nodeclient: its token or role is for something else' },
  ])
  expect(orders).toEqual([])
})

test('what people ask waits for people', async () => {
  await using cluster = new TestCluster()
  start(cluster)
  await seed(cluster, { username: 'jane', groups: [], signerName: 'kubernetes.io/kube-apiserver-client' }, {}, 'CN=jane')
  await cluster.quiet()
  expect(statusOf(cluster)).toEqual({})
})

test('what people approve is signed for a year at most; what is of no shape of its signer fails, and others are left', async () => {
  for (const { spec, subject, outcome } of [
    { spec: { signerName: 'kubernetes.io/kube-apiserver-client', expirationSeconds: 1e9 }, subject: 'CN=jane', outcome: { signed: 31_536_000 } },
    { spec: {}, subject: 'CN=jane', outcome: { failed: 'subject organization is not system:nodes' } },
    { spec: { signerName: 'example.com/mine' }, subject: 'CN=jane', outcome: {} },
  ]) {
    await using cluster = new TestCluster()
    const { orders } = start(cluster, { certificate: (await throwawayPki()).server.cert })
    await seed(cluster, { username: 'jane', groups: [], ...spec }, approved, subject)
    await cluster.quiet()
    const failed = statusOf(cluster)?.conditions?.find(({ type }) => type === 'Failed')?.message
    const [signed] = orders.map(({ seconds }) => seconds)
    expect({ ...(failed === undefined ? {} : { failed }), ...(signed === undefined ? {} : { signed }) }).toEqual(outcome)
  }
})

test('no certificate is good for longer than the cluster is told', async () => {
  for (const { expirationSeconds, seconds } of [{ expirationSeconds: 3600, seconds: 3600 }, { expirationSeconds: 1e9, seconds: 7200 }, { expirationSeconds: undefined, seconds: 7200 }]) {
    await using cluster = new TestCluster()
    const { orders } = start(cluster, { certificate: (await throwawayPki()).server.cert, longestSeconds: 7200 })
    await seed(cluster, expirationSeconds === undefined ? {} : { expirationSeconds })
    await cluster.quiet()
    expect(orders.map((order) => order.seconds)).toEqual([seconds])
  }
})

test('what is decided is deleted after an hour, what is not after a day', async () => {
  for (const { status, minutes } of [{ status: approved, minutes: 60 }, { status: {}, minutes: 24 * 60 }]) {
    await using cluster = new TestCluster()
    start(cluster)
    await seed(cluster, { username: 'jane', groups: [], signerName: 'example.com/mine' }, status, 'CN=jane')
    await cluster.pass((minutes - 1) * minuteMs)
    expect(statusOf(cluster)).toEqual(status)
    await cluster.pass(minuteMs)
    expect(cluster.client.peek(CertificateSigningRequests, 'mine')).toBeUndefined()
  }
})

test('one whose approver writes a time far ahead is looked at once a day, as no timer lasts that long', async () => {
  await using cluster = new TestCluster()
  const { client, clock } = cluster
  const certificateSigningRequests = cluster.cache(CertificateSigningRequests)
  await seed(cluster, {}, { conditions: [{ type: 'Approved', status: 'True', lastUpdateTime: '9999-01-01T00:00:00Z' }] })
  await cluster.quiet()
  const cleaner = csrCleanerController({ client, clock, certificateSigningRequests })
  expect(await cleaner.reconcile('mine', new AbortController().signal)).toEqual({ againInMs: 24 * 60 * minuteMs })
})

test('tokens go when their time is over, and no other Secrets', async () => {
  await using cluster = new TestCluster()
  start(cluster)
  const expiration = Buffer.from('2026-02-15T00:00:00Z').toString('base64')
  const secret = (name: string, type: string, data: Record<string, string>): Pick<Secret, 'type' | 'data'> & { metadata: object } => ({
    metadata: { name, namespace: 'kube-system' },
    type,
    data,
  })
  cluster.client.seed(
    Secrets,
    secret('token', 'bootstrap.kubernetes.io/token', { expiration }),
    secret('lasting', 'bootstrap.kubernetes.io/token', {}),
    secret('other', 'Opaque', { expiration }),
  )
  const names = async () => (await cluster.all(Secrets)).map(({ metadata }) => metadata.name)
  for (let day = 0; day < 44; day += 1) await cluster.pass(24 * 60 * minuteMs)
  expect(await names()).toEqual(['lasting', 'other', 'token'])
  for (let day = 0; day < 2; day += 1) await cluster.pass(24 * 60 * minuteMs)
  expect(await names()).toEqual(['lasting', 'other'])
})
