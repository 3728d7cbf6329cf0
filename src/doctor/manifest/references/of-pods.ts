import type { PodSpec } from '../../../api/kinds/pod.ts'
import type { Finding } from '../../finding.ts'
import type { ManifestObject } from '../objects.ts'
import { missing } from './missing.ts'
import { podSpecIn, type World } from './world.ts'

interface Named {
  readonly field: string
  readonly kind: 'Secret' | 'ConfigMap'
  readonly name: string
}

/** Pods wait for the Secrets and ConfigMaps that they name. */
export function ofPods(object: ManifestObject, world: World): readonly Finding[] {
  const found = podSpecIn(object.stored)
  if (found === undefined) return []
  return namedIn(found.spec, found.path).flatMap(({ kind, ...named }) => missing(object, {
    ...named,
    kind,
    among: kind === 'Secret' ? world.secrets : world.configMaps,
    reason: `${kind}NotFound`,
    consequence: 'the pods will not start before there is one',
  }, world))
}

/** What is not optional. */
function namedIn({ volumes = [], containers, initContainers = [] }: PodSpec, path: string): readonly Named[] {
  const all = [
    ...volumes.flatMap(({ secret, configMap }, index) => [
      ...given('Secret', `${path}.volumes[${index}].secret.secretName`, { name: secret?.secretName, optional: secret?.optional }),
      ...given('ConfigMap', `${path}.volumes[${index}].configMap.name`, configMap),
    ]),
    ...[['containers', containers] as const, ['initContainers', initContainers] as const].flatMap(([field, list]) =>
      list.flatMap((container, index) => namedInContainer(container, `${path}.${field}[${index}]`)),
    ),
  ]
  return all.filter((each, index) => all.findIndex(({ kind, name }) => kind === each.kind && name === each.name) === index)
}

function namedInContainer({ env = [], envFrom = [] }: PodSpec['containers'][number], path: string): readonly Named[] {
  return [
    ...env.flatMap(({ valueFrom }, index) => [
      ...given('Secret', `${path}.env[${index}].valueFrom.secretKeyRef.name`, valueFrom?.secretKeyRef),
      ...given('ConfigMap', `${path}.env[${index}].valueFrom.configMapKeyRef.name`, valueFrom?.configMapKeyRef),
    ]),
    ...envFrom.flatMap(({ secretRef, configMapRef }, index) => [
      ...given('Secret', `${path}.envFrom[${index}].secretRef.name`, secretRef),
      ...given('ConfigMap', `${path}.envFrom[${index}].configMapRef.name`, configMapRef),
    ]),
  ]
}

function given(kind: Named['kind'], field: string, reference: { readonly name?: string | undefined; readonly optional?: boolean | undefined } | undefined): readonly Named[] {
  const { name = '', optional = false } = reference ?? {}
  return name === '' || optional ? [] : [{ kind, field, name }]
}
