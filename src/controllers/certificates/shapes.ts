import type { CertificateRequest } from '../../api/certificate-request.ts'

/** The signers that are served (https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/). */
export const signers = {
  client: 'kubernetes.io/kube-apiserver-client',
  nodeClient: 'kubernetes.io/kube-apiserver-client-kubelet',
  serving: 'kubernetes.io/kubelet-serving',
} as const

export const nodePrefix = 'system:node:'
export const nodesGroup = 'system:nodes'

/**
 * Why a request is none that its signer signs, whoever has approved it; undefined if it is one. `usages` are those of the
 * object. Pure.
 */
export function shapeProblem(signer: string, request: CertificateRequest, usages: readonly string[]): string | undefined {
  switch (signer) {
    case signers.client:
      return usagesProblem(usages, 'client auth')
    case signers.nodeClient:
      return nodeProblem(request) ?? clientProblem(request) ?? usagesProblem(usages, 'client auth')
    case signers.serving:
      return nodeProblem(request) ?? servingProblem(request) ?? usagesProblem(usages, 'server auth')
    default:
      return `there is no signer ${signer} here`
  }
}

function nodeProblem({ commonName, organizations, subject }: CertificateRequest): string | undefined {
  if (organizations.length !== 1 || organizations[0] !== nodesGroup) return `subject organization is not ${nodesGroup}`
  if (!commonName.startsWith(nodePrefix) || commonName === nodePrefix) return `subject common name does not begin with ${nodePrefix}`
  // Two common names would be two users, of which each reader chooses one.
  return subject.length === 2 ? undefined : 'subject has more than an organization and a common name'
}

function clientProblem({ names }: CertificateRequest): string | undefined {
  const all = [...names.dns, ...names.addresses, ...names.emails, ...names.uris]
  return all.length === 0 ? undefined : `alternative names are not allowed: ${all.join(', ')}`
}

function servingProblem({ names: { dns, addresses, emails, uris } }: CertificateRequest): string | undefined {
  if (emails.length + uris.length > 0) return `e-mail addresses and URIs are not allowed: ${[...emails, ...uris].join(', ')}`
  return dns.length + addresses.length > 0 ? undefined : 'neither a DNS name nor an IP address is asked for'
}

function usagesProblem(usages: readonly string[], needed: 'client auth' | 'server auth'): string | undefined {
  const known = ['key encipherment', 'digital signature', needed]
  const others = usages.filter((usage) => !known.includes(usage))
  if (others.length > 0) return `usages are not allowed: ${others.join(', ')}`
  return usages.includes(needed) ? undefined : `the usage ${needed} is missing`
}
