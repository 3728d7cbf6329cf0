import type { Ingress } from '../../../api/kinds/ingress.ts'
import { inNamespace } from '../../commands.ts'
import { editCommand } from '../commands.ts'
import { problemsOf } from '../facts.ts'
import type { IngressRule } from './rule.ts'

type Remedy = (ingress: Ingress) => { readonly fix: string; readonly command: string }

const edit = (fix: string): Remedy => (ingress) => ({ fix, command: editCommand(ingress) })
const newSecret = (fix: string): Remedy => (ingress) => ({
  fix,
  command: `kubectl create secret tls NAME${inNamespace(ingress)} --cert=tls.crt --key=tls.key`,
})

/** Problems that the ingress tells in Events, too, and what to do about them. */
const remedies: Readonly<Record<string, Remedy>> = {
  HostConflict: edit('use another host, or have the owner share it with the annotation portolan.dev/share-hosts-with'),
  PathConflict: edit('leave the rule out, or give it another path or host: of two the older Ingress has it'),
  InvalidHost: edit('write a name such as example.com, or one with a wildcard for its first label: *.example.com'),
  InvalidPath: edit('write the beginning of a path as it comes in requests; there are no patterns'),
  UnsupportedBackend: edit('lead to a Service'),
  SecretNotFound: newSecret('create the Secret in the namespace of the Ingress, or name one that is there'),
  InvalidCertificate: newSecret('put a certificate and its own key, both in PEM, into the Secret'),
  CertificateConflict: edit('leave it to one Ingress to name the certificate of a host'),
  CertificateMismatch: newSecret('get a certificate that is for the host, or name another Secret'),
  InvalidAnnotation: edit('correct the annotation; docs/ingress.md lists them and their values'),
  InvalidCanary: edit('have another Ingress of the namespace serve the same host and path, of which this one takes a part'),
}

/** What other rules find out by themselves, with more to say about it. */
const foundOtherwise: readonly string[] = ['ServiceNotFound', 'NameNotResolved', 'RequestLoop']

/** What the ingress cannot serve as it is written, for these reasons. */
export function problemsFor(...reasons: readonly string[]): IngressRule {
  return problemsThat((reason) => reasons.includes(reason))
}

/** The same for all others. */
export function otherProblems(...told: readonly string[]): IngressRule {
  return problemsThat((reason) => ![...told, ...foundOtherwise].includes(reason))
}

function problemsThat(counts: (reason: string) => boolean): IngressRule {
  return (facts) => problemsOf(facts).filter(({ reason }) => counts(reason)).map(({ ingress, reason, message }) => ({
    reason,
    cause: `${message.charAt(0).toUpperCase()}${message.slice(1)}`,
    evidence: [`so say the rules by which Ingress ${ingress.metadata.name} is served, and an Event on it`],
    ...(remedies[reason] ?? edit('correct the Ingress'))(ingress),
  }))
}
