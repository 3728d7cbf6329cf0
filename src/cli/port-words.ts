import type { IngressPortNumber, PublishedIngressPort, PublishedPort } from '../cluster/published-port.ts'
import { UserError } from './context.ts'

/** A port as it is asked for: `8080:80`, `80`, `5353:53/udp`. */
export interface PortWord {
  readonly hostPort: number
  /** Of what is published. */
  readonly port: number
  readonly protocol: 'TCP' | 'UDP'
}

/** Throws `UserError`. */
export function parsePort(word: string): PortWord {
  const [, first, second, protocol = 'tcp'] = /^(\d{1,5})(?::(\d{1,5}))?(?:\/(tcp|udp))?$/i.exec(word) ?? []
  const [hostPort, port] = [Number(first), Number(second ?? first)]
  const isPort = (number: number) => number >= 1 && number <= 65_535
  if (isPort(hostPort) && isPort(port)) return { hostPort, port, protocol: protocol.toLowerCase() === 'udp' ? 'UDP' : 'TCP' }
  throw new UserError(`${JSON.stringify(word)} names no port: give HOST:PORT or PORT, such as 8080:80 or 53/udp`)
}

/** Free on most machines, unlike 80 and 443. */
const ingressPreset = ['8080:80', '8443:443']

/** Ports of the ingress: those that are asked for, or both if none are. Throws `UserError`. */
export function ingressPorts(words: readonly string[]): readonly PublishedIngressPort[] {
  return (words.length === 0 ? ingressPreset : words).map((word) => {
    const { hostPort, port, protocol } = parsePort(word)
    if (protocol === 'TCP' && isIngressPort(port)) return { hostPort, protocol, ingressPort: port }
    throw new UserError(`the ingress has no port ${port} for ${protocol}: give HOST:80 or HOST:443, such as 8080:80`)
  })
}

/**
 * What `up --publish` is told: `ingress`, `ingress=80,443`, `service/web=8080:80` or, for another namespace than
 * `default`, `service/web.shop=8080:80`. The Service need not exist yet, so its ports must be said. Throws `UserError`.
 */
export function parsePublish(text: string): readonly PublishedPort[] {
  const [what = '', list = '', ...rest] = text.split('=')
  const words = list === '' ? [] : list.split(',')
  if (what === 'ingress' && rest.length === 0) return ingressPorts(words)
  const [, service, namespace = 'default'] = /^(?:service|services|svc)\/([a-z0-9-]+)(?:\.([a-z0-9-]+))?$/.exec(what) ?? []
  if (service === undefined || words.length === 0 || rest.length > 0) {
    throw new UserError(`--publish ${text} cannot be understood: give ingress, or service/NAME=HOST:PORT, such as service/kubia=8080:80`)
  }
  return words.map((word) => ({ namespace, service, ...parsePort(word) }))
}

function isIngressPort(port: number): port is IngressPortNumber {
  return port === 80 || port === 443
}
