import { hasSelector } from '../../api/no-endpoints/index.ts'
import { inNamespace } from '../commands.ts'
import { readyEndpoints } from '../destinations.ts'
import { isServedByNodes } from '../served-by-nodes.ts'
import type { Rule } from './rule.ts'

/** A Service without selector that nobody has named endpoints for, or none with its ports. */
export const selectorlessWithoutEndpoints: Rule = (facts) => {
  const { service, slices, endpoints } = facts
  if (hasSelector(service) || service.spec.type === 'ExternalName' || isServedByNodes(facts)) return []
  if (readyEndpoints(facts).length > 0) return []
  const named = slices.some((slice) => slice.endpoints.length > 0) || (endpoints?.subsets ?? []).length > 0
  const { name } = service.metadata
  const ports = (service.spec.ports ?? []).map(({ port, name: portName = '' }) => `${portName === '' ? 'unnamed' : portName} (${port})`)
  return [{
    reason: named ? 'EndpointPortsDiffer' : 'NoSelectorNoEndpoints',
    cause: named
      ? `The Service has no selector, and the endpoints written for it are not ready or have none of its ports: their names must be those of the Service's ports, ${ports.join(', ')}`
      : 'The Service has no selector, so nobody but you names its endpoints, and there are none',
    evidence: [
      'spec.selector: none',
      endpoints === undefined ? `there is no Endpoints object of the name ${name}` : `Endpoints ${name} has ${endpoints.subsets?.length ?? 0} subsets`,
      `${slices.length} EndpointSlices with the label kubernetes.io/service-name=${name}`,
    ],
    fix: `give it a selector, or write Endpoints of the same name, ${name}, with its ports`,
    command: named
      ? `kubectl edit endpoints ${name}${inNamespace(service)}`
      : `kubectl set selector service ${name}${inNamespace(service)} 'KEY=VALUE'`,
  }]
}
