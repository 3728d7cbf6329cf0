/** What about the containers of a valid pod its author should know, as pkg/api/pod/warnings.go words it. */
import { formatQuantity, parseQuantity } from '../../quantity.ts'
import type { Container, EnvVar, PodSpec } from './types.ts'

interface PlacedContainer {
  readonly container: Container
  readonly path: string
}

type Port = NonNullable<Container['ports']>[number]

/** All containers of a pod, those that start first before the others, each with its path. */
export function placedContainers(spec: PodSpec, path: string): readonly PlacedContainer[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = spec
  return [
    ...initContainers.map((container, index) => ({ container, path: `${path}.initContainers[${index}]` })),
    ...containers.map((container, index) => ({ container, path: `${path}.containers[${index}]` })),
    ...ephemeralContainers.map((container, index) => ({ container, path: `${path}.ephemeralContainers[${index}]` })),
  ]
}

export function resourceWarnings({ container, path }: PlacedContainer): string[] {
  const { limits, requests } = container.resources ?? {}
  return ['memory', 'ephemeral-storage'].flatMap((name) => [
    ...fractionalBytes(limits, [name], `${path}.resources.limits`),
    ...fractionalBytes(requests, [name], `${path}.resources.requests`),
  ])
}

/** Amounts of bytes that are no whole number. */
export function fractionalBytes(
  amounts: Readonly<Record<string, string>> | undefined,
  names: readonly string[],
  path: string,
): string[] {
  return names.flatMap((name) => {
    const text = amounts?.[name]
    if (text === undefined) return []
    const quantity = parseQuantity(text)
    if (quantity.nanos % 10n ** 9n === 0n) return []
    const value = JSON.stringify(formatQuantity(quantity))
    return [`${path}[${name}]: fractional byte value ${value} is invalid, must be an integer`]
  })
}

/** A variable that is set again is lost in a merge by name, unless the later value is built on the earlier. */
export function environmentWarnings({ container, path }: PlacedContainer): string[] {
  const seen = new Set<string>()
  return (container.env ?? []).flatMap((variable, index) => {
    const { name = '' } = variable
    const hides = seen.has(name) && !isBuiltOnItself(variable)
    seen.add(name)
    const text = `hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`
    return hides ? [`${path}.env[${index}]: ${text}`] : []
  })
}

function isBuiltOnItself({ name = '', value = '', valueFrom }: EnvVar): boolean {
  const reference = `$(${name})`
  return valueFrom === undefined && value !== reference && value.includes(reference)
}

/** Ports of a pod that are the same, or may be. */
export function portWarnings(containers: readonly PlacedContainer[]): string[] {
  const known = new Map<string, { readonly port: Port; readonly path: string }[]>()
  const ports = containers.flatMap(({ container, path }) =>
    (container.ports ?? []).map((port, index) => ({ port, path: `${path}.ports[${index}]` })),
  )
  return ports.flatMap(({ port, path }) => {
    const key = `${port.containerPort}/${port.protocol}`
    const others = known.get(key) ?? []
    known.set(key, [...others, { port, path }])
    const clashes = others.flatMap((other) => {
      const problem = clash(port, other.port)
      return problem === undefined ? [] : [`${path}: ${problem} port definition with ${other.path}`]
    })
    return [...uselessHostIP(port, path), ...clashes]
  })
}

function clash(port: Port, other: Port): string | undefined {
  const { hostPort = 0, hostIP = '' } = port
  const { hostPort: otherPort = 0, hostIP: otherIP = '' } = other
  if (hostIP === otherIP && hostPort === otherPort) return 'duplicate'
  if (hostPort === 0 || otherPort === 0) return 'overlapping'
  return hostPort === otherPort && (hostIP === '') !== (otherIP === '') ? 'dangerously ambiguous' : undefined
}

/** The port is printed as Go prints its structure. */
function uselessHostIP(port: Port, path: string): string[] {
  const { name = '', hostPort = 0, containerPort = 0, protocol = '', hostIP = '' } = port
  if (hostIP === '' || hostPort !== 0) return []
  const fields = `Name:${name} HostPort:0 ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}`
  return [`${path}: hostIP set without hostPort: {${fields}}`]
}
