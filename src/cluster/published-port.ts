import { UserError } from './user-error.ts'

/** A port that is open on the host's 127.0.0.1, and what it leads to. */
export type PublishedPort = PublishedServicePort | PublishedIngressPort

interface HostPort {
  /** On 127.0.0.1 of the host. */
  readonly hostPort: number
  readonly protocol: 'TCP' | 'UDP'
}

export interface PublishedServicePort extends HostPort {
  readonly namespace: string
  readonly service: string
  /** Of the Service. */
  readonly port: number
}

export interface PublishedIngressPort extends HostPort {
  readonly protocol: 'TCP'
  readonly ingressPort: IngressPortNumber
}

/** For HTTP and for HTTPS. */
export type IngressPortNumber = 80 | 443

/** What has published ports: all of one are closed at once. */
export type PublishedSubject = 'ingress' | { readonly namespace: string; readonly service: string }

export function subjectOf(port: PublishedPort): PublishedSubject {
  return 'ingressPort' in port ? 'ingress' : { namespace: port.namespace, service: port.service }
}

/** `service/web in namespace default` */
export function subjectInWords(subject: PublishedSubject): string {
  return subject === 'ingress' ? 'the ingress' : `service/${subject.service} in namespace ${subject.namespace}`
}

/** `127.0.0.1:8080 leads to port 80 of service/web in namespace default` */
export function publishedInWords(published: PublishedPort): string {
  const port = 'ingressPort' in published ? published.ingressPort : published.port
  const over = published.protocol === 'TCP' ? '' : ` over ${published.protocol}`
  return `127.0.0.1:${published.hostPort} leads to port ${port} of ${subjectInWords(subjectOf(published))}${over}`
}

/** Those of the wanted ports that are not published already. Throws `UserError` if one is, but leads elsewhere. */
export function freshPorts(published: readonly PublishedPort[], wanted: readonly PublishedPort[]): readonly PublishedPort[] {
  const fresh: PublishedPort[] = []
  for (const port of wanted) {
    const holder = [...published, ...fresh].find((other) => other.hostPort === port.hostPort && other.protocol === port.protocol)
    if (holder === undefined) fresh.push(port)
    else if (publishedInWords(holder) !== publishedInWords(port)) {
      const { hostPort, protocol } = port
      throw new UserError(`port ${hostPort}/${protocol} is published already for ${subjectInWords(subjectOf(holder))}`)
    }
  }
  return fresh
}
