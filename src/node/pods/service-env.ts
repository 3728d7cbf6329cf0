import type { Service } from '../../api/kinds/service.ts'

type Variables = ReadonlyMap<string, string>

/**
 * The variables by which a container finds the Services that exist when it starts: `NAME_SERVICE_HOST` and the
 * docker-link form, https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables.
 * Without `links` only the API's own Service is told of.
 */
export function serviceVariables(services: readonly Service[], namespace: string, links: boolean): Variables {
  const addressed = services.filter(({ spec }) => hasClusterIP(spec.clusterIP))
  const api = addressed.filter(({ metadata }) => metadata.namespace === 'default' && metadata.name === 'kubernetes')
  const own = links ? addressed.filter(({ metadata }) => metadata.namespace === namespace) : []
  // Of two Services of one name the pod's own counts.
  return new Map([...api, ...own.sort(byName)].flatMap(variablesOf))
}

function hasClusterIP(address: string | undefined): boolean {
  return address !== undefined && address !== '' && address !== 'None'
}

function byName(a: Service, b: Service): number {
  return a.metadata.name < b.metadata.name ? -1 : 1
}

function variablesOf({ metadata, spec }: Service): [string, string][] {
  const prefix = variableName(metadata.name)
  const address = spec.clusterIP ?? ''
  const ports = spec.ports ?? []
  const first = ports[0]
  if (first === undefined) return [[`${prefix}_SERVICE_HOST`, address]]
  const named = ports.filter(({ name }) => name !== undefined && name !== '')
  return [
    [`${prefix}_SERVICE_HOST`, address],
    [`${prefix}_SERVICE_PORT`, String(first.port)],
    ...named.map((port) => namedPort(prefix, port)),
    [`${prefix}_PORT`, url(address, first)],
    ...ports.flatMap((port) => linkVariables(prefix, address, port)),
  ]
}

function namedPort(prefix: string, { name = '', port }: Port): [string, string] {
  return [`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port)]
}

interface Port {
  readonly name?: string
  readonly port: number
  readonly protocol?: string
}

function linkVariables(prefix: string, address: string, port: Port): [string, string][] {
  const { port: number, protocol = 'TCP' } = port
  const link = `${prefix}_PORT_${number}_${protocol.toUpperCase()}`
  return [
    [link, url(address, port)],
    [`${link}_PROTO`, protocol.toLowerCase()],
    [`${link}_PORT`, String(number)],
    [`${link}_ADDR`, address],
  ]
}

function url(address: string, { port, protocol = 'TCP' }: Port): string {
  return `${protocol.toLowerCase()}://${address.includes(':') ? `[${address}]` : address}:${port}`
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_')
}
