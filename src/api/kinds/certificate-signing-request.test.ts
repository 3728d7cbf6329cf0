import { beforeAll, expect, test } from 'vitest'
import { throwawayPki } from '../../base/throwaway-pki.ts'
import { throwawayRequest } from '../../base/throwaway-request.ts'
import { describeFieldError } from '../field-error.ts'
import { certificateSigningRequestKind as kind, type CertificateSigningRequest } from './certificate-signing-request.ts'
import { validateStatusUpdate } from './csr/validate-status.ts'
import { createProblems, created, row, updated } from './kind-trial.ts'

const signerName = 'kubernetes.io/kube-apiserver-client'
const base64 = (text: string) => Buffer.from(text).toString('base64')
let request: string
let certificate: string
beforeAll(async () => {
  request = base64(await throwawayRequest('CN=x'))
  certificate = base64((await throwawayPki()).client.cert)
})

const draft = (spec: object = {}) => ({ spec: { request, signerName, usages: ['client auth'], ...spec } })

for (const { name, spec, problems } of [
  { name: 'a plain one', spec: {}, problems: [] },
  { name: 'of another signer, for ten minutes', spec: { signerName: 'example.com/my.signer', expirationSeconds: 600 }, problems: [] },
  { name: 'a request that is none', spec: { request: 'aGk=' }, problems: ['spec.request: Invalid value: "aGk=": PEM block type must be CERTIFICATE REQUEST'] },
  { name: 'no usages', spec: { usages: [] }, problems: ['spec.usages: Required value'] },
  { name: 'a usage twice', spec: { usages: ['client auth', 'client auth'] }, problems: ['spec.usages[1]: Duplicate value: "client auth"'] },
  { name: 'no signer', spec: { signerName: '' }, problems: ['spec.signerName: Required value'] },
  {
    name: 'the legacy signer',
    spec: { signerName: 'kubernetes.io/legacy-unknown' },
    problems: ['spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version'],
  },
  {
    name: 'a signer without a path',
    spec: { signerName: 'example.com' },
    problems: [`spec.signerName: Invalid value: "example.com": must be a fully qualified domain and path of the form 'example.com/signer-name'`],
  },
  {
    name: 'a signer of a domain of one label',
    spec: { signerName: 'example/x' },
    problems: ['spec.signerName: Invalid value: "example": should be a domain with at least two segments separated by dots'],
  },
  {
    name: 'a time too short',
    spec: { expirationSeconds: 599 },
    problems: ['spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)'],
  },
]) {
  test(name, () => expect(createProblems(kind, draft(spec))).toEqual(problems))
}

test('an unknown usage is told what is known', () => {
  expect(createProblems(kind, draft({ usages: ['fun'] }))[0]).toMatch(/^spec\.usages\[0\]: Unsupported value: "fun": supported values: "any", "cert sign", /)
})

test('a status that comes with a create is dropped; a later write changes neither spec nor status', () => {
  const first = created(kind, { ...draft(), status: { conditions: [{ type: 'Approved', status: 'True' }] } })
  expect(first.status).toEqual({})
  const next = updated(kind, first, { ...draft({ signerName: 'example.com/other' }), status: { certificate } })
  expect([next.spec, next.status]).toEqual([first.spec, {}])
})

const approved = { type: 'Approved', status: 'True' }
const denied = { type: 'Denied', status: 'True' }

for (const { name, path, before = {}, after, problems } of [
  { name: 'a verdict by /approval', path: 'approval', after: { conditions: [approved] }, problems: [] },
  { name: 'a failure by /status', path: 'status', after: { conditions: [{ type: 'Failed', status: 'True' }] }, problems: [] },
  {
    name: 'a verdict by /status',
    path: 'status',
    after: { conditions: [approved] },
    problems: ['status.conditions: Forbidden: updates may not add a condition of type "Approved"'],
  },
  {
    name: 'a verdict that is taken back',
    path: 'approval',
    before: { conditions: [denied] },
    after: {},
    problems: ['status.conditions: Forbidden: updates may not remove a condition of type "Denied"'],
  },
  {
    name: 'a certificate that is none',
    path: 'status',
    after: { certificate: 'aGk=' },
    problems: ['status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block'],
  },
  {
    name: 'a certificate in place of another',
    path: 'status',
    before: { certificate: 'aGk=' },
    after: {},
    problems: ['status.certificate: Forbidden: updates may not modify existing certificate content'],
  },
] as const) {
  test(name, () => {
    const copy = (status: object) => structuredClone(status) as NonNullable<CertificateSigningRequest['status']>
    expect(validateStatusUpdate(copy(after), copy(before), path).map(describeFieldError)).toEqual(problems)
  })
}

test('both verdicts at once, and one that is not True', () => {
  const wrong = { ...created(kind, draft()), status: { conditions: [approved, denied, { type: 'Failed', status: 'False' }] } }
  expect(kind.validate(wrong).map(describeFieldError)).toEqual([
    'status.conditions[2].status: Unsupported value: "False": supported values: "True"',
    'status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
  ])
})

for (const { condition, status } of [
  { condition: 'Pending', status: {} },
  { condition: 'Approved', status: { conditions: [approved] } },
  { condition: 'Denied', status: { conditions: [denied] } },
  { condition: 'Approved,Issued', status: { conditions: [approved], certificate: 'x' } },
  { condition: 'Approved,Failed', status: { conditions: [approved, { type: 'Failed', status: 'True' }] } },
]) {
  test(`kubectl get csr says ${condition}`, () => {
    const object = { ...created(kind, draft({ username: 'me', expirationSeconds: 3600 })), status }
    expect(row(kind, object)).toEqual({ Name: 'web', Age: '60s', SignerName: signerName, Requestor: 'me', RequestedDuration: '60m', Condition: condition })
  })
}
