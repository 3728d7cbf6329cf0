import type { Diagnosis } from '../finding.ts'
import { nodesNotReady } from '../rules/node-not-ready.ts'
import { ingressChecklist } from './checklist.ts'
import type { IngressFacts } from './facts.ts'
import { addressNotAllowed } from './rules/address-not-allowed.ts'
import { missingBackends } from './rules/backends.ts'
import { ingressClass } from './rules/class.ts'
import { expiredCertificate } from './rules/expired-certificate.ts'
import { pathNeverMatches } from './rules/path-never-matches.ts'
import { otherProblems, problemsFor } from './rules/problems.ts'
import { ingressProxyBehind } from './rules/proxy-behind.ts'
import { proxyDown } from './rules/proxy-down.ts'
import { requestFails } from './rules/request-fails.ts'
import type { IngressRule } from './rules/rule.ts'
import { servicesBehind } from './rules/services.ts'
import { toldInEvents } from './rules/told-in-events.ts'
import { withoutAddress } from './rules/without-address.ts'

const routing = ['HostConflict', 'PathConflict', 'InvalidHost', 'InvalidPath', 'UnsupportedBackend']
const certificates = ['SecretNotFound', 'InvalidCertificate', 'CertificateConflict', 'CertificateMismatch']
const wishes = ['InvalidAnnotation', 'InvalidCanary']

/** The likeliest first, and the reasons that each may tell; those of Services behind are told under their own. */
export const ingressRules: readonly { readonly tells: readonly string[]; readonly rule: IngressRule }[] = [
  { tells: ['IngressClassMissing', 'IngressClassUnknown', 'IngressClassForeign'], rule: ingressClass },
  { tells: ['IngressProxyDown'], rule: proxyDown },
  { tells: routing, rule: problemsFor(...routing) },
  { tells: ['PathNeverMatches'], rule: pathNeverMatches },
  { tells: ['ServiceNotFound', 'ServicePortNotFound'], rule: missingBackends },
  { tells: [], rule: servicesBehind },
  { tells: certificates, rule: problemsFor(...certificates) },
  { tells: ['CertificateExpired'], rule: expiredCertificate },
  { tells: wishes, rule: problemsFor(...wishes) },
  // Whoever serves Ingresses may come to tell of more.
  { tells: [], rule: otherProblems(...routing, ...certificates, ...wishes) },
  { tells: ['NameNotResolved'], rule: toldInEvents('NameNotResolved') },
  { tells: ['RequestLoop'], rule: toldInEvents('RequestLoop') },
  { tells: ['RefusedByHAProxy'], rule: toldInEvents('RefusedByHAProxy') },
  { tells: ['AddressNotAllowed'], rule: addressNotAllowed },
  { tells: ['IngressProxyBehind'], rule: ingressProxyBehind },
  { tells: ['IngressWithoutAddress'], rule: withoutAddress },
  { tells: ['NodeNotReady'], rule: ({ cluster }) => nodesNotReady(cluster) },
]

/** Pure. */
export function diagnoseIngress(facts: IngressFacts): Diagnosis {
  const { namespace, name } = facts.ingress.metadata
  const known = ingressRules.flatMap(({ rule }) => rule(facts))
  const findings = known.length === 0 ? requestFails(facts) : known
  return { subject: `ingress/${name} in namespace ${namespace}`, checks: ingressChecklist(facts), advice: adviceFor(facts), findings }
}

/** What clients need, and no look at the cluster shows that they have it. */
function adviceFor({ ingress, cluster }: IngressFacts): readonly string[] {
  const { ingressAddress } = cluster.surroundings
  const hosts = [...new Set((ingress.spec.rules ?? []).flatMap(({ host = '' }) => (host === '' ? [] : [host])))]
  const [first] = hosts
  if (first === undefined) return []
  return [`for clients ${hosts.slice(0, 3).join(', ')}${hosts.length > 3 ? ', …' : ''} must resolve to ${ingressAddress}, or they say the host: ./portolan client -- curl -H 'Host: ${first.replace(/^\*/, 'any')}' http://${ingressAddress}/`]
}
