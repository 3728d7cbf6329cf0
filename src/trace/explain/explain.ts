import type { Recording } from '../recording.ts'
import { answeringSteps } from './answering-steps.ts'
import { callSteps, outcomeStep } from './call-steps.ts'
import type { Directory } from './directory.ts'
import { namingSteps } from './naming-steps.ts'
import { passageStep } from './passage-step.ts'
import { summaryOf } from './summary.ts'
import type { Walk } from './walk.ts'

/** Tells in words what was seen, with what the API knows of it. Pure. */
export function explain(recording: Recording, directory: Directory): Walk {
  const { target, source, connection, outcome, sightings, earlierTries, naming, tracked } = recording
  const there = sightings.filter(({ direction }) => direction === 'original')
  const back = sightings.filter(({ direction }) => direction === 'reply')
  return {
    target: target.text,
    from: source.name,
    steps: [
      ...namingSteps(recording),
      ...callSteps(recording, directory),
      ...there.map((sighting) => passageStep(sighting, recording, directory)),
      ...answeringSteps(there.at(-1), back[0], directory),
      ...back.map((sighting) => passageStep(sighting, recording, directory)),
      outcomeStep(recording),
    ],
    tracked: [...tracked].map(([place, entry]) => ({ place, ...entry })),
    summary: summaryOf(recording, directory),
    outcome,
    seen: { ...(connection === undefined ? {} : { connection }), sightings, earlierTries, naming },
  }
}
