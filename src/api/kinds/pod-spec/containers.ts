/** The lists of containers in a pod, and what they have to do with one another. */
import { duplicate, forbidden, invalid, notSupported, required, type FieldError } from '../../field-error.ts'
import { type PodContext, validateContainer } from './container.ts'
import { validateProbesAndHooks } from './probes.ts'
import { type Container, isSidecar, type PodSpec } from './types.ts'

export function validateContainers({ containers = [] }: PodSpec, pod: PodContext, parent: string): FieldError[] {
  const list = `${parent}.containers`
  if (containers.length === 0) return [required(list)]
  const names = new Set<string>()
  return [
    ...containers.flatMap((container, index) => {
      const path = `${list}[${index}]`
      return [
        ...validateContainer(container, pod, path),
        ...validateUnique(container, names, path),
        ...validateProbesAndHooks(container, pod.gracePeriod, path),
        ...(container.restartPolicy === undefined
          ? []
          : [forbidden(`${path}.restartPolicy`, 'may not be set for non-init containers')]),
      ]
    }),
    ...validateHostPortsDiffer(containers, list),
  ]
}

export function validateInitContainers(spec: PodSpec, pod: PodContext, parent: string): FieldError[] {
  const { initContainers = [], containers = [] } = spec
  const list = `${parent}.initContainers`
  const names = new Set(containers.map(({ name = '' }) => name))
  return initContainers.flatMap((container, index) => {
    const path = `${list}[${index}]`
    return [
      ...validateContainer(container, pod, path),
      ...validateInitRestart(container, `${path}.restartPolicy`),
      ...validateUnique(container, names, path),
      // They run one after the other, so each is compared with itself only.
      ...validateHostPortsDiffer([container], list),
      ...(isSidecar(container)
        ? validateProbesAndHooks(container, pod.gracePeriod, path)
        : validateNoProbes(container, path)),
    ]
  })
}

/** On the host's network a container cannot have another port there than its own. */
export function validateHostPorts(spec: PodSpec, isPod: boolean, parent: string): FieldError[] {
  if (spec.hostNetwork !== true) return []
  const problem = 'must match `containerPort` when `hostNetwork` is true'
  return (spec.containers ?? []).flatMap(({ ports = [] }, at) =>
    ports.flatMap(({ hostPort = 0, containerPort = 0 }, index) =>
      hostPort === containerPort || (hostPort === 0 && !isPod)
        ? []
        : [invalid(`${parent}.containers[${at}].ports[${index}].hostPort`, hostPort, problem)],
    ),
  )
}

function validateUnique({ name = '' }: Container, names: Set<string>, path: string): FieldError[] {
  if (names.has(name)) return [duplicate(`${path}.name`, name)]
  if (name !== '') names.add(name)
  return []
}

function validateInitRestart({ restartPolicy }: Container, path: string): FieldError[] {
  if (restartPolicy === undefined || restartPolicy === 'Always') return []
  return [notSupported(path, restartPolicy, ['Always'])]
}

const forSidecars = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const

function validateNoProbes(container: Container, path: string): FieldError[] {
  const problem = 'may not be set for init containers without restartPolicy=Always'
  const given = forSidecars.filter((field) => container[field] !== undefined)
  return given.map((field) => forbidden(`${path}.${field}`, problem))
}

function validateHostPortsDiffer(containers: readonly Container[], list: string): FieldError[] {
  const taken = new Set<string>()
  return containers.flatMap(({ ports = [] }, at) =>
    ports.flatMap(({ hostPort = 0, hostIP = '', protocol = '' }, index) => {
      const key = `${protocol}/${hostIP}/${hostPort}`
      if (hostPort !== 0 && taken.has(key)) return [duplicate(`${list}[${at}].ports[${index}].hostPort`, key)]
      taken.add(key)
      return []
    }),
  )
}
