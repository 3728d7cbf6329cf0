import { expect, test } from 'vitest'
import { parseCertificateRequest } from '../../api/certificate-request.ts'
import type { CertificateSigningRequest } from '../../api/kinds/certificate-signing-request.ts'
import type { Node } from '../../api/kinds/node.ts'
import { type RequestOptions, throwawayRequest } from '../../base/throwaway-request.ts'
import { node } from '../fixtures.ts'
import { signers } from './shapes.ts'
import { verdictOn } from './verdict.ts'

const joiner = { username: 'system:bootstrap:abcdef', groups: ['system:bootstrappers', 'system:authenticated'] }
const member = { username: 'system:node:a', groups: ['system:nodes', 'system:authenticated'] }
const stranger = { username: 'jane', groups: ['system:authenticated'] }

function at(name: string, address: string): Node {
  const object = node({ name })
  return { ...object, status: { ...object.status, addresses: [{ type: 'InternalIP', address }, { type: 'Hostname', address: name }] } }
}

const around = {
  nodes: [at('a', '192.168.99.20'), at('b', '192.168.99.21'), at('c', '192.168.99.1'), at('d', '192.168.99.21')],
  isReserved: (name: string) => name === 'edge',
  isForeign: (address: string) => address === '192.168.99.1',
}

interface Case {
  readonly name: string
  readonly who: typeof joiner
  readonly signerName: string
  readonly subject: string
  readonly names?: RequestOptions
  readonly usages?: readonly string[]
  readonly verdict: string
}

const nodeSubject = (name: string) => `O=system:nodes, CN=system:node:${name}`
const join = { who: joiner, signerName: signers.nodeClient }
const renew = { who: member, signerName: signers.nodeClient }
const serve = { who: member, signerName: signers.serving, usages: ['digital signature', 'server auth'] }
const dns = { who: member, signerName: signers.client }

const cases: readonly Case[] = [
  { name: 'a new node', ...join, subject: nodeSubject('new'), verdict: 'allow nodeclient' },
  { name: 'one in the place of another', ...join, subject: nodeSubject('a'), verdict: 'there is a node a already: choose another name, or remove that one first with kubectl delete node a' },
  { name: 'one of a name that is kept', ...join, subject: nodeSubject('edge'), verdict: "the name edge is kept for the cluster itself: choose another" },
  { name: 'one whose name can be none', ...join, subject: nodeSubject('A_'), verdict: expect.stringContaining('"A_" cannot be the name of a node') as unknown as string },
  { name: 'a joiner who is no node', ...join, subject: 'O=system:masters, CN=system:node:new', verdict: 'subject organization is not system:nodes' },
  { name: 'a joiner with an organization more', ...join, subject: 'O=system:nodes, O=system:masters, CN=system:node:new', verdict: 'subject organization is not system:nodes' },
  { name: 'a joiner of two names', ...join, subject: `O=system:nodes, CN=system:node:edge, CN=system:node:new`, verdict: 'subject has more than an organization and a common name' },
  { name: 'a joiner of another name', ...join, subject: 'O=system:nodes, CN=jane', verdict: 'subject common name does not begin with system:node:' },
  { name: 'a joiner with alternative names', ...join, subject: nodeSubject('new'), names: { dnsNames: ['kubernetes'] }, verdict: 'alternative names are not allowed: kubernetes' },
  { name: 'a joiner who would serve too', ...join, subject: nodeSubject('new'), usages: ['client auth', 'server auth'], verdict: 'usages are not allowed: server auth' },
  { name: 'a joiner who would only sign', ...join, subject: nodeSubject('new'), usages: ['digital signature'], verdict: 'the usage client auth is missing' },
  { name: 'a joiner who would serve', ...serve, who: joiner, subject: nodeSubject('new'), names: { dnsNames: ['new'] }, verdict: 'a token is for joining: serving certificates are for nodes' },
  { name: 'a node that renews', ...renew, subject: nodeSubject('a'), verdict: 'allow selfnodeclient' },
  { name: 'a node in the name of another', ...renew, subject: nodeSubject('b'), verdict: 'node a gets certificates of its own only, not of b' },
  { name: 'a node that serves', ...serve, subject: nodeSubject('a'), names: { dnsNames: ['a'], addresses: ['192.168.99.20'] }, verdict: 'allow selfnodeclient' },
  { name: 'a node that serves under another name', ...serve, subject: nodeSubject('a'), names: { dnsNames: ['b'] }, verdict: 'b is not the name of node a' },
  { name: 'a node that serves at the address of another', ...serve, subject: nodeSubject('a'), names: { addresses: ['192.168.99.21'] }, verdict: '192.168.99.21 is no address of node a, which has 192.168.99.20' },
  {
    name: 'a node that says it has the address of the server',
    ...serve,
    who: { ...member, username: 'system:node:c' },
    subject: nodeSubject('c'),
    names: { addresses: ['192.168.99.1'] },
    verdict: '192.168.99.1 belongs to others too: give node c an address of its own',
  },
  {
    name: 'a node that says it has the address of another node',
    ...serve,
    who: { ...member, username: 'system:node:d' },
    subject: nodeSubject('d'),
    names: { addresses: ['192.168.99.21'] },
    verdict: '192.168.99.21 belongs to others too: give node d an address of its own',
  },
  { name: 'a node that serves nothing', ...serve, subject: nodeSubject('a'), verdict: 'neither a DNS name nor an IP address is asked for' },
  { name: 'the DNS server of a node', ...dns, subject: 'CN=portolan:dns', verdict: 'allow dnsclient' },
  { name: 'a DNS server with a group', ...dns, subject: 'O=system:masters, CN=portolan:dns', verdict: 'leave' },
  { name: 'a node that wants to be somebody', ...dns, subject: 'CN=jane', verdict: 'leave' },
  { name: 'somebody who asks for a node', ...join, who: stranger, subject: nodeSubject('new'), verdict: 'leave' },
  { name: 'another signer', who: joiner, signerName: 'example.com/x', subject: nodeSubject('new'), verdict: 'leave' },
]

for (const { name, who, signerName, subject, names, usages = ['digital signature', 'client auth'], verdict } of cases) {
  test(name, async () => {
    const pem = await throwawayRequest(subject, names)
    const spec = { ...who, signerName, usages: [...usages], request: Buffer.from(pem).toString('base64') }
    const object: CertificateSigningRequest = {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: 'x', uid: 'x', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
      spec,
    }
    const found = verdictOn(object, parseCertificateRequest(pem), around)
    expect(found.kind === 'deny' ? found.why : found.kind === 'allow' ? `allow ${found.permission}` : found.kind).toEqual(verdict)
  })
}
