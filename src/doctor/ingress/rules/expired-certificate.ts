import { inNamespace } from '../../commands.ts'
import type { IngressRule } from './rule.ts'

/** A certificate is shown that clients do not accept for its time. */
export const expiredCertificate: IngressRule = ({ ingress, reading, cluster }) =>
  reading.certificates
    .filter((each) => each.ingress.metadata.uid === ingress.metadata.uid)
    .filter(({ validFrom, validTo }) => cluster.now < validFrom || cluster.now > validTo)
    .map(({ secretName, hosts, validFrom, validTo }) => ({
      reason: 'CertificateExpired',
      cause: cluster.now > validTo
        ? `The certificate in Secret ${secretName} has expired: clients do not accept it for ${hosts.join(', ')}`
        : `The certificate in Secret ${secretName} is not valid yet: clients do not accept it for ${hosts.join(', ')}`,
      evidence: [`it is valid from ${validFrom.toISOString()} to ${validTo.toISOString()}, and now is ${cluster.now.toISOString()}`],
      fix: 'put a new certificate into the Secret: HAProxy shows it at once',
      command: `kubectl create secret tls ${secretName}${inNamespace(ingress)} --cert=tls.crt --key=tls.key --dry-run=client -o yaml | kubectl replace -f -`,
    }))
