import type { Service } from '../../../api/kinds/service.ts'
import { hasSelector, nearestLabels, undefinedPort } from '../../../api/no-endpoints/index.ts'
import { portsOf } from '../../../api/no-endpoints/backing-pods.ts'
import { listed } from '../../../api/no-endpoints/wording.ts'
import { formatLabels, selectorFromMap } from '../../../api/selectors.ts'
import type { Finding } from '../../finding.ts'
import { placeIn, withValue, type ManifestObject } from '../objects.ts'
import type { World } from './world.ts'

/** A Service is to select pods that there will be, and ports that those name. */
export function ofServices(object: ManifestObject, world: World): readonly Finding[] {
  if (object.form.kind.resource.kind !== 'Service') return []
  const service = object.stored as Service
  if (!hasSelector(service) || service.spec.type === 'ExternalName') return []
  const { namespace } = service.metadata
  const pods = world.pods.filter(({ metadata }) => metadata.namespace === namespace)
  const selector = selectorFromMap(service.spec.selector)
  const selected = pods.filter(({ metadata }) => selector.matches(metadata.labels))
  if (selected.length === 0) return selectsNothing(object, service, { world, pods })
  const port = undefinedPort(service, selected)
  if (port === undefined) return []
  const index = service.spec.ports?.indexOf(port) ?? 0
  const declared = [...new Set(selected.flatMap(portsOf).map(({ name = 'one without name', containerPort }) => `${name} (${containerPort})`))]
  const [only, ...others] = [...new Set(selected.flatMap(portsOf).map(({ containerPort }) => containerPort))]
  const field = `spec.ports[${index}].targetPort`
  return [{
    reason: 'TargetPortNotDefined',
    cause: `targetPort ${port.targetPort} is a name that no container of the selected pods gives to a port`,
    evidence: [`selected: ${listed(selected.map(({ metadata }) => metadata.name))}`, `ports that they declare: ${declared.length === 0 ? 'none' : declared.join(', ')}`],
    fix: 'give the number of the port that the program listens on, or name the port of the container so',
    place: placeIn(object, field),
    ...(only === undefined || others.length > 0 ? {} : withValue(object, field, String(only))),
  }]
}

function selectsNothing(object: ManifestObject, service: Service, { world, pods }: { world: World; pods: World['pods'] }): readonly Finding[] {
  const { selector = {} } = service.spec
  const near = nearestLabels(selector, pods)
  const isMisprint = near?.isMisprint === true
  if (!world.isWhole && !isMisprint) return []
  const elsewhere = world.pods.find(({ metadata }) => selectorFromMap(selector).matches(metadata.labels))
  const wrong = Object.keys(selector).find((key) => near?.labels[key] !== undefined && near.labels[key] !== selector[key])
  const where = world.isWhole ? 'in the manifest or the cluster' : 'in the manifest'
  return [{
    reason: 'SelectorMatchesNoPods',
    cause: `No pod ${where} has the labels ${formatLabels(selector)} that the Service selects, so it will have no endpoints`,
    evidence: [
      ...(near === undefined ? [] : [`the pod ${near.pod} has ${formatLabels(near.labels)}`]),
      ...(elsewhere === undefined ? [] : [`the pod ${elsewhere.metadata.name} in namespace ${elsewhere.metadata.namespace} has them, but a Service selects pods of its own namespace only`]),
    ],
    fix: isMisprint ? `select ${formatLabels(near.labels)}` : 'give the labels of the pods',
    place: placeIn(object, wrong === undefined ? 'spec.selector' : `spec.selector[${wrong}]`),
    ...(wrong === undefined || !isMisprint ? {} : withValue(object, `spec.selector[${wrong}]`, near.labels[wrong] ?? '')),
  }]
}
