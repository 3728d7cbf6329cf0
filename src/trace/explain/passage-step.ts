import type { Recording } from '../recording.ts'
import { endText, type Sighting } from '../watch/sighting.ts'
import type { Directory } from './directory.ts'
import { endpointWords } from './endpoint-words.ts'
import { ruleWords } from './rule-words.ts'
import { details, joined, noWords, type Step, type Words } from './walk.ts'

/** The way of a packet through one network namespace. */
export function passageStep(sighting: Sighting, recording: Recording, directory: Directory): Step {
  const { place, cameAt, wentAt, direction, iif } = sighting
  const by = iif === undefined ? 'begins here' : `comes in by ${iif}`
  return {
    place,
    text: direction === 'original' ? by : `answer ${by}`,
    ...joined([rules(sighting, recording), translation(sighting, directory), endpoint(sighting, recording, directory), details(endWords(sighting, recording)), ingress(sighting, recording, directory)]),
    at: cameAt,
    ...(wentAt === undefined ? {} : { took: wentAt - cameAt }),
  }
}

function rules(sighting: Sighting, { connection, elements }: Recording): Words {
  const { protocol = 'tcp' } = connection ?? {}
  const held = elements.get(sighting.place)
  return details(...sighting.matches.flatMap((match) => ruleWords({ match, sighting, protocol, elements: held?.get(match.table) ?? new Map() })))
}

function translation({ came, went, direction }: Sighting, directory: Directory): Words {
  const back = direction === 'reply' ? 'back ' : ''
  const named = (address: string) => {
    const owner = directory.owner(address)
    return owner === undefined ? '' : ` (${owner})`
  }
  return joined([
    came.destination.address === went.destination.address && came.destination.port === went.destination.port
      ? noWords
      : details(`destination translated ${back}to ${endText(went.destination)}${named(went.destination.address)}`),
    came.source.address === went.source.address && came.source.port === went.source.port
      ? noWords
      : details(`source translated ${back}to ${endText(went.source)}${named(went.source.address)}`),
  ])
}

function endpoint({ place, direction, came, went }: Sighting, { connection }: Recording, directory: Directory): Words {
  if (connection === undefined || direction === 'reply' || endText(came.destination) === endText(went.destination)) return noWords
  return endpointWords(place, { frontend: came.destination, endpoint: went.destination, protocol: connection.protocol }, directory)
}

function endWords(sighting: Sighting, recording: Recording): string {
  const { end, oif, went, matches } = sighting
  switch (end) {
    case 'left':
      return `leaves by ${oif}`
    case 'delivered':
      return `given to a program here: ${endText(went.destination)}`
    case 'dropped':
      return matches.at(-1)?.rule.includes('reject') === true ? 'ends here, refused' : 'ends here, dropped without a word'
    case 'lost':
      return isLast(sighting, recording) ? 'ends here: no rule dropped it, and the kernel did not pass it on' : 'goes on, of which the kernel says nothing'
    default:
      return end satisfies never
  }
}

/** Whether nothing was seen of it any more, neither by other kernels nor by the client. */
function isLast({ direction, cameAt }: Sighting, { sightings, outcome }: Recording): boolean {
  const isClientHappy = outcome.result === 'answered' || outcome.result === 'connected'
  return !isClientHappy && !sightings.some((other) => other.direction === direction && other.cameAt > cameAt)
}

/** HAProxy ends connections, and makes others. */
function ingress({ place, direction, went }: Sighting, { connection }: Recording, directory: Directory): Words {
  if (connection === undefined || place !== 'edge' || direction === 'reply') return noWords
  if (!directory.isIngress(went.destination, connection.protocol)) return noWords
  return details('which is HAProxy: what it sends to pods are connections of its own')
}
