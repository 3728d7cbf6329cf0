import { isIP } from 'node:net'
import { inNamespace } from '../commands.ts'
import type { Rule } from './rule.ts'

/** An ExternalName is an address, which no CNAME record can hold. */
export const externalNameIsAddress: Rule = ({ service }) => {
  const { type, externalName = '' } = service.spec
  if (type !== 'ExternalName' || isIP(externalName) === 0) return []
  const { name } = service.metadata
  return [{
    reason: 'ExternalNameIsAddress',
    cause: `externalName ${externalName} is an IP address, but DNS answers with a CNAME record, which needs a name`,
    evidence: [`spec.externalName: ${externalName}`],
    fix: 'use a Service without selector and write the address into an EndpointSlice or Endpoints of its name, or give a name',
    command: `kubectl delete service ${name}${inNamespace(service)} && kubectl create service clusterip ${name}${inNamespace(service)} --tcp=PORT:PORT`,
  }]
}
