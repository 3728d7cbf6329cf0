import type { SocketAddress } from '../../kernel/conntrack.ts'
import { endText } from '../watch/sighting.ts'
import { portText, serviceText, type Directory } from './directory.ts'
import { details, noWords, type Words } from './walk.ts'

/** A choice that the kernel made. */
export interface Choice {
  readonly frontend: SocketAddress
  readonly endpoint: SocketAddress
  readonly protocol: 'tcp' | 'udp'
}

/** What the API says of an endpoint that the kernel of a node chose. */
export function endpointWords(node: string, { frontend, endpoint, protocol }: Choice, directory: Directory): Words {
  const found = directory.frontend(frontend, protocol)
  if (found?.port === undefined) return warning(`the API has no Service with ${endText(frontend)}: the proxy of ${node} is behind`)
  const { service, port } = found
  const known = directory.endpoints(service, port).get(endText(endpoint))
  if (known === undefined) return warning(`the API has no endpoint ${endText(endpoint)} of ${serviceText(service)}, ${portText(port)}: the proxy of ${node} is behind`)
  const isShared = known.pod !== undefined && directory.podAt(endpoint.address) === undefined
  if (!known.isReady) return details(`the API has it as an endpoint that is not ready (${known.pod ?? endText(endpoint)})`)
  return isShared ? details(`that is pod ${known.pod}, which uses the network of ${known.node ?? 'its node'}`) : noWords
}

function warning(text: string): Words {
  return { details: [], warnings: [text] }
}
