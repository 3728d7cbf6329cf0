import type { Outcome } from '../caller/messages.ts'
import type { Recording } from '../recording.ts'
import { endText, flowText } from '../watch/sighting.ts'
import { portText, serviceText, type Directory } from './directory.ts'
import type { Step } from './walk.ts'

/** The client sends its first packet; none if there was nothing to send. */
export function callSteps({ connection, source, earlierTries }: Recording, directory: Directory): readonly Step[] {
  if (connection === undefined) return []
  const { protocol, destination } = connection
  const packet = protocol === 'tcp' ? 'SYN' : 'datagram'
  const again = earlierTries === 0 ? [] : [`try ${earlierTries + 1}: nothing came back before`]
  return [{ place: source.name, text: `sends ${packet} ${flowText(connection)}`, details: [ownerText(destination.address), ...again], warnings: [] }]

  function ownerText(address: string): string {
    const frontend = directory.frontend(destination, protocol)
    if (frontend === undefined) return `${address} is ${directory.owner(address) ?? 'no address of the cluster'}`
    const { service, kind, port } = frontend
    if (port === undefined) return `${address} is the ${kind} of ${serviceText(service)}, which has no ${protocol} port ${destination.port}`
    const { targetPort = port.port } = port
    return `${endText(destination)} is the ${kind} of ${serviceText(service)}, ${portText(port)} → targetPort ${targetPort}`
  }
}

/** What the client had of it. */
export function outcomeStep({ source, outcome }: Recording): Step {
  return { place: source.name, text: outcomeText(outcome), details: outcome.body === undefined ? [] : [outcome.body], warnings: [] }
}

function outcomeText({ result, connectMs, answerMs, answer, code = '' }: Outcome): string {
  const connected = connectMs === undefined ? '' : ` after ${milliseconds(connectMs)}`
  const answered = answerMs === undefined ? '' : ` after ${milliseconds(answerMs)}`
  switch (result) {
    case 'answered':
      return connectMs === undefined ? `is answered${answered}: ${answer}` : `is connected${connected}; ${answer}${answered} more`
    case 'connected':
      return `is connected${connected}${code === '' ? '' : `; no answer: ${code}`}`
    case 'unanswered':
      return `hears nothing for ${milliseconds(answerMs ?? 0)}: neither an answer nor a refusal`
    case 'refused':
      return `is refused${connected}${answered} (${code})`
    case 'timeout':
      return `gives up${connected}: nothing came back`
    case 'unreachable':
      return `cannot reach it${connected}${answered} (${code})`
    case 'no address':
      return 'has no address to connect to'
    default:
      return result satisfies never
  }
}

export function milliseconds(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`
}
