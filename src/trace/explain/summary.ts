import type { Recording } from '../recording.ts'
import { endText } from '../watch/sighting.ts'
import { portText, serviceText, type Directory } from './directory.ts'

/** What came of the connection, and why not more, in a sentence. */
export function summaryOf(recording: Recording, directory: Directory): string {
  const { outcome, naming, target, sightings, connection, source } = recording
  const last = sightings.findLast(({ direction }) => direction === 'original')
  const reached = last === undefined ? endText(connection?.destination ?? { address: target.host, port: target.port }) : `${directory.owner(last.went.destination.address) ?? endText(last.went.destination)}`
  switch (outcome.result) {
    case 'answered':
    case 'connected':
      return `${outcome.result} by ${reached}`
    case 'unanswered':
      return last?.end === 'dropped' ? `dropped in ${last.place}${whyNot(recording, directory)}` : `sent to ${reached}; whether it came to a program cannot be told`
    case 'refused':
      return last?.end === 'dropped' ? `refused in ${last.place}${whyNot(recording, directory)}` : `refused by ${reached}: nobody listens on port ${last?.went.destination.port ?? target.port}`
    case 'timeout':
    case 'unreachable':
      if (last === undefined) return `${source.name} has no way to ${reached}`
      if (last.end === 'lost') return `${last.place} has no way to ${last.went.destination.address}`
      return last.end === 'left' ? `no answer: it was last seen leaving ${last.place} for ${reached}` : `${last.end} in ${last.place}${whyNot(recording, directory)}`
    case 'no address':
      return naming.by === 'dns' && naming.questions.some(({ alias }) => alias !== undefined) ? `${target.host} is an alias of a name without an address` : `there is no address for ${target.host}`
    default:
      return outcome.result satisfies never
  }
}

/** What the API says of a frontend whose connections end in rules. */
function whyNot({ connection }: Recording, directory: Directory): string {
  if (connection === undefined) return ''
  const { destination, protocol } = connection
  const frontend = directory.frontend(destination, protocol)
  if (frontend === undefined) return `: no Service has ${endText(destination)}`
  const { service, port } = frontend
  const { namespace = 'default', name } = service.metadata
  if (port === undefined) return `: ${serviceText(service)} has no ${protocol} port ${destination.port}, only ${(service.spec.ports ?? []).map(portText).join(', ')}`
  const ready = directory.readyCount(service, port)
  const doctor = `./portolan doctor service/${name}${namespace === 'default' ? '' : ` -n ${namespace}`}`
  return ready === 0 ? `: ${serviceText(service)} has no ready endpoint; see ${doctor}` : `, though ${serviceText(service)} has ${ready} ready endpoints; see ${doctor}`
}
