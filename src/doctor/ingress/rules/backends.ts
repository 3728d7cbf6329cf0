import { mostResembling } from '../../../base/resemblance.ts'
import type { Finding } from '../../finding.ts'
import { describePorts, portOf } from '../backend-ports.ts'
import { backendsOf, type Backend } from '../backends.ts'
import { replaceCommand } from '../commands.ts'
import { isServed, type IngressFacts } from '../facts.ts'
import type { IngressRule } from './rule.ts'

/** A rule leads to a Service, or a port of one, that is not there. */
export const missingBackends: IngressRule = (facts) => {
  if (!isServed(facts)) return []
  const all = backendsOf(facts.ingress)
  const each = all.filter(({ service, port }, index) => all.findIndex((other) => other.service === service && other.port.name === port.name && other.port.number === port.number) === index)
  return each.flatMap((backend) => missing(backend, facts))
}

function missing(backend: Backend, { ingress, services, objects }: IngressFacts): readonly Finding[] {
  const { service: name, port, path } = backend
  const { namespace } = ingress.metadata
  const found = services.get(name)?.service
  if (found === undefined) {
    const names = objects.services.filter(({ metadata }) => metadata.namespace === namespace).map(({ metadata }) => metadata.name)
    const near = mostResembling(name, names)
    const elsewhere = objects.services.filter(({ metadata }) => metadata.name === name).map(({ metadata }) => `Service ${name} in namespace ${metadata.namespace}, which an Ingress of another namespace cannot name`)
    return [{
      reason: 'ServiceNotFound',
      cause: `There is no Service ${name} in namespace ${namespace}: requests that are led to it get 503`,
      evidence: [`${path}.service.name: ${name}`, ...elsewhere, `Services of the namespace: ${names.sort().slice(0, 8).join(', ')}`],
      fix: near === undefined ? 'create it, or name another one' : `name ${near}`,
      command: replaceCommand(ingress, `${path}.service.name`, near ?? 'NAME'),
    }]
  }
  if (found.spec.type === 'ExternalName' || portOf(found, port) !== undefined) return []
  const [only, ...others] = found.spec.ports ?? []
  const suggested = others.length === 0 ? only : undefined
  return [{
    reason: 'ServicePortNotFound',
    cause: `Service ${name} has no TCP port ${port.name ?? port.number}: requests that are led to it get 503`,
    evidence: [`${path}.service.port: ${port.name ?? port.number}`, `ports of Service ${name}: ${describePorts(found)}`],
    fix: 'give a port of the Service, by its number or its name, and not that of its pods',
    command: replaceCommand(ingress, `${path}.service.port`, suggested === undefined ? { number: 'PORT' } : { number: suggested.port }),
  }]
}
