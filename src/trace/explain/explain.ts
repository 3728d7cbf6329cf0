import type { Recording } from '../recording.ts'
import { answeringSteps } from './answering-steps.ts'
import { callSteps, outcomeStep } from './call-steps.ts'
import type { Directory } from './directory.ts'
import { namingSteps } from './naming-steps.ts'
import { passageStep } from './passage-step.ts'
import { summaryOf } from './summary.ts'
import type { Step, Walk } from './walk.ts'

/** Tells in words what was seen, with what the API knows of it. Pure. */
export function explain(recording: Recording, directory: Directory): Walk {
  const { target, source, connection, outcome, sightings, earlierTries, naming, tracked } = recording
  return {
    target: target.text,
    from: source.name,
    steps: [
      ...namingSteps(recording),
      ...callSteps(recording, directory),
      ...waySteps(recording, directory),
      outcomeStep(recording),
    ],
    tracked: [...tracked].map(([place, entry]) => ({ place, ...entry })),
    summary: summaryOf(recording, directory),
    outcome,
    seen: { ...(connection === undefined ? {} : { connection }), sightings, earlierTries, naming },
  }
}

/** A packet that goes round in circles is seen until its time to live is over. */
const maxPassages = 20

function waySteps(recording: Recording, directory: Directory): readonly Step[] {
  const { sightings } = recording
  const firstReply = sightings.findIndex(({ direction }) => direction === 'reply')
  const steps = sightings.slice(0, maxPassages).flatMap((sighting, index) => {
    const step = passageStep(sighting, recording, directory)
    return index === firstReply ? [...answeringSteps(sightings[index - 1], sighting, directory), step] : [step]
  })
  const rest = sightings.slice(maxPassages)
  const [next] = rest
  return next === undefined ? steps : [...steps, { place: next.place, text: `${rest.length} more passages: it goes round in circles`, details: [], warnings: [], at: next.cameAt }]
}
