import type { Ingress } from '../../../api/kinds/ingress.ts'
import { mostResembling } from '../../../base/resemblance.ts'
import { describePorts, portOf } from '../../ingress/backend-ports.ts'
import type { Finding } from '../../finding.ts'
import { backendsOf, type Backend } from '../../ingress/backends.ts'
import { placeIn, withValue, type ManifestObject } from '../objects.ts'
import { missing } from './missing.ts'
import type { World } from './world.ts'

/** An Ingress is to name Services, their ports, Secrets and a class that there will be. */
export function ofIngresses(object: ManifestObject, world: World): readonly Finding[] {
  if (object.form.kind.resource.kind !== 'Ingress') return []
  const ingress = object.stored as Ingress
  return [
    ...ofClass(object, ingress, world),
    ...backendsOf(ingress).flatMap((backend) => ofBackend(object, backend, world)),
    ...(ingress.spec.tls ?? []).flatMap(({ secretName = '' }, index) => missing(object, {
      field: `spec.tls[${index}].secretName`, kind: 'Secret', name: secretName, among: world.secrets,
      reason: 'SecretNotFound', consequence: 'a default certificate will be shown, which clients do not accept',
    }, world)),
  ]
}

function ofClass(object: ManifestObject, { spec }: Ingress, { classes, isWhole }: World): readonly Finding[] {
  const { ingressClassName = '' } = spec
  const names = classes.map(({ metadata }) => metadata.name)
  if (ingressClassName === '' || names.includes(ingressClassName) || !isWhole) return []
  const near = mostResembling(ingressClassName, names) ?? names[0]
  return [{
    reason: 'IngressClassUnknown',
    cause: `There is no IngressClass ${ingressClassName}, so nobody will serve the Ingress`,
    evidence: [`there are: ${names.join(', ') || 'none'}`],
    fix: 'name one that there is, or leave the field out for the default one',
    place: placeIn(object, 'spec.ingressClassName'),
    ...(near === undefined ? {} : withValue(object, 'spec.ingressClassName', near)),
  }]
}

function ofBackend(object: ManifestObject, { path, service: name, port }: Backend, world: World): readonly Finding[] {
  const absent = missing(object, {
    field: `${path}.service.name`, kind: 'Service', name, among: world.services,
    reason: 'ServiceNotFound', consequence: 'requests will get 503',
  }, world)
  const service = world.services.find(({ metadata }) => metadata.name === name && metadata.namespace === object.stored.metadata.namespace)
  if (service === undefined || service.spec.type === 'ExternalName' || portOf(service, port) !== undefined) return absent
  const field = `${path}.service.port.${port.name === undefined ? 'number' : 'name'}`
  const [only, ...others] = service.spec.ports ?? []
  return [{
    reason: 'ServicePortNotFound',
    cause: `Service ${name} has no TCP port ${port.name ?? port.number}: requests will get 503`,
    evidence: [`its ports: ${describePorts(service)}`],
    fix: 'give the port of the Service, not that of its pods',
    place: placeIn(object, field),
    ...(only === undefined || others.length > 0 ? {} : withValue(object, field, String(port.name === undefined ? only.port : (only.name ?? only.port)))),
  }]
}
