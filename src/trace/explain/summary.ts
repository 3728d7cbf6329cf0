import type { IngressReading } from '../../doctor/ingress/reading.ts'
import type { Recording } from '../recording.ts'
import { endText, type Sighting } from '../watch/sighting.ts'
import { setIn } from './applied.ts'
import { withoutCircles } from './circles.ts'
import { hasAnswerOfPod, ingressText, routeOf } from './ingress-steps.ts'
import { portText, serviceText, type Directory } from './directory.ts'

/** What came of the connection, and why not more, in a sentence. */
export function summaryOf(recording: Recording, directory: Directory, reading?: IngressReading): string {
  const { outcome, naming, target, sightings, connection, source } = recording
  const { way, rest } = withoutCircles(sightings.filter(({ direction }) => direction === 'original'))
  const last = way.at(-1)
  const reached = last === undefined ? endText(connection?.destination ?? { address: target.host, port: target.port }) : receiverOf(last, directory)
  switch (outcome.result) {
    case 'answered':
      return answeredBy(reached, recording, { directory, reading })
    case 'connected':
      return `connected with ${reached}`
    case 'unanswered':
      return last?.end === 'dropped' ? `dropped in ${last.place}${whyNot(last, recording, directory)}` : `sent to ${reached}, from where nothing came back`
    case 'refused':
      return last?.end === 'dropped' ? `refused in ${last.place}${whyNot(last, recording, directory)}` : `refused by ${reached}: nobody listens on port ${last?.went.destination.port ?? target.port}`
    case 'timeout':
    case 'unreachable':
      if (last === undefined) return `${source.name} has no way to ${reached}`
      if (rest.length > 0) return `sent round in circles by ${[...new Set(rest.map(({ place }) => place))].join(' and ')}: nobody has ${last.went.destination.address}`
      if (last.end === 'lost') return `${last.place} has no way to ${last.went.destination.address}`
      return last.end === 'left' ? `no answer: it was last seen leaving ${last.place} for ${reached}` : `${last.end} in ${last.place}${whyNot(last, recording, directory)}`
    case 'no address':
      return naming.by === 'dns' && naming.questions.some(({ alias }) => alias !== undefined) ? `${target.host} is an alias of a name without an address` : `there is no address for ${target.host}`
    default:
      return outcome.result satisfies never
  }
}

/** HAProxy passes requests on, if it can. */
function answeredBy(reached: string, { relayed, outcome }: Recording, { directory, reading }: { directory: Directory; reading: IngressReading | undefined }): string {
  const { request } = relayed ?? {}
  if (request === undefined) return `answered by ${reached}`
  const { server, status } = request
  if (server === undefined || !hasAnswerOfPod(request)) return `answered by HAProxy itself, status ${status}${outcome.body === undefined ? '' : `: ${outcome.body.replace(/^portolan: /, '')}`}`
  const route = routeOf(request, reading)
  return `answered by ${directory.owner(server.destination.address) ?? endText(server.destination)}${route === undefined ? '' : ` through ${ingressText(route.ingress)}`}`
}

function receiverOf({ end, place, went }: Sighting, directory: Directory): string {
  if (end === 'delivered') return `a program on ${place === 'edge' ? 'the edge' : place}`
  return directory.owner(went.destination.address) ?? endText(went.destination)
}

/** Why rules do not let it through: they say so themselves, or the API does. */
function whyNot({ place, matches }: Sighting, { connection }: Recording, directory: Directory): string {
  if (connection === undefined) return ''
  const { destination, protocol } = connection
  const rule = matches.at(-1)
  const frontend = directory.frontend(destination, protocol)
  if (rule !== undefined && !rule.table.startsWith('portolan-')) return ` by table ${rule.table}, which is none of ours`
  if (frontend === undefined) return `: no Service has ${endText(destination)}`
  const { service, port } = frontend
  const { namespace = 'default', name } = service.metadata
  const text = serviceText(service)
  if (port === undefined) return `: ${text} has no ${protocol} port ${destination.port}, only ${(service.spec.ports ?? []).map(portText).join(', ')}`
  if (rule !== undefined && setIn(rule, 'restricted') !== undefined) return `: the loadBalancerSourceRanges of ${text} leave the client out`
  const ready = directory.readyCount(service, port)
  if (ready > 0 && rule?.chain === 'by-code') return `: ${text} has no endpoint on ${place}, and its traffic policy is Local`
  const doctor = `./portolan doctor service/${name}${namespace === 'default' ? '' : ` -n ${namespace}`}`
  return ready === 0 ? `: ${text} has no ready endpoint; see ${doctor}` : `, though ${text} has ready endpoints (${ready}); see ${doctor}`
}
