import type { IngressReading } from '../../doctor/ingress/reading.ts'
import type { Recording } from '../recording.ts'
import { answeringSteps } from './answering-steps.ts'
import { callSteps, outcomeStep } from './call-steps.ts'
import type { Directory } from './directory.ts'
import { routingSteps, servedSteps, tlsSteps } from './ingress-steps.ts'
import { namingSteps } from './naming-steps.ts'
import { passageStep } from './passage-step.ts'
import { summaryOf } from './summary.ts'
import { withoutCircles } from './circles.ts'
import type { Sighting } from '../watch/sighting.ts'
import type { Step, Walk } from './walk.ts'

/** Tells in words what was seen, with what the API knows of it; `reading` is of the Ingresses, where one was met. Pure. */
export function explain(recording: Recording, directory: Directory, reading?: IngressReading): Walk {
  const { target, source, connection, outcome, sightings, earlierTries, naming, tracked, relayed } = recording
  const entries = [...tracked, ...(relayed?.tracked ?? [])]
  return {
    target: target.text,
    from: source.name,
    steps: [
      ...namingSteps(recording),
      ...callSteps(recording, directory),
      ...waySteps(sightings, recording, directory),
      ...tlsSteps(recording, reading),
      ...routingSteps(recording, directory, reading),
      ...waySteps(relayed?.sightings ?? [], recording, directory),
      ...servedSteps(recording),
      outcomeStep(recording),
    ],
    tracked: entries.map(([place, entry]) => ({ place, ...entry })),
    summary: summaryOf(recording, directory, reading),
    outcome,
    seen: { ...(connection === undefined ? {} : { connection }), sightings, earlierTries, naming, ...(relayed === undefined ? {} : { relayed: { sightings: relayed.sightings, ...(relayed.request === undefined ? {} : { request: relayed.request }) } }) },
  }
}

function waySteps(sightings: readonly Sighting[], recording: Recording, directory: Directory): readonly Step[] {
  const { way, rest } = withoutCircles(sightings)
  const firstReply = way.findIndex(({ direction }) => direction === 'reply')
  const steps = way.flatMap((sighting, index) => {
    const step = passageStep(sighting, recording, directory)
    return index === firstReply ? [...answeringSteps(way[index - 1], sighting, directory), step] : [step]
  })
  const [next] = rest
  return next === undefined ? steps : [...steps, { place: next.place, text: `comes again, ${rest.length} times in all places`, details: ['it goes round in circles until its time to live is over'], warnings: [], at: next.cameAt }]
}
