import type { TrackedConnection } from '../kernel/tracked-connection.ts'
import type { Paint } from '../doctor/report.ts'
import { milliseconds } from './explain/call-steps.ts'
import { hasAnswerOfPod } from './explain/ingress-steps.ts'
import type { Step, Walk } from './explain/walk.ts'
import { flowText } from './watch/sighting.ts'

const width = 80
const works: ReadonlySet<string> = new Set(['answered', 'connected', 'unanswered'])

export function isReached({ outcome, seen }: Walk): boolean {
  const { request } = seen.relayed ?? {}
  if (request !== undefined && request.status >= 400 && !hasAnswerOfPod(request)) return false
  return works.has(outcome.result) && seen.sightings.every(({ direction, end }) => direction === 'reply' || end !== 'dropped')
}

/** The walk as people read it. Pure. */
export function reportOf(walk: Walk, paint: Paint): string {
  const { target, from, steps, tracked, summary } = walk
  const heading = tracked.length === 0 ? [] : ['connection tracking']
  const verdict = isReached(walk) ? paint.good(summary) : paint.bad(summary)
  return [`${target} from ${from}`, ...steps.flatMap((step, index) => stepLines(step, index, paint)), ...heading, ...tracked.flatMap(trackedLines), verdict].join('\n')
}

function stepLines({ place, text, details, warnings, at, took }: Step, index: number, { bad, faint }: Paint): readonly string[] {
  const times = [at === undefined ? '' : `+${duration(at)}`, took === undefined ? '' : `took ${duration(took)}`].filter((each) => each !== '').join(', ')
  const heading = `${String(index + 1).padStart(2)}. ${place}: ${text}`
  return [
    times === '' ? heading : `${heading.padEnd(width - times.length - 1)} ${faint(times)}`,
    ...details.map((line) => `      ${line}`),
    ...warnings.map((line) => `    ${bad('!')} ${line}`),
  ]
}

/** Of microseconds. */
function duration(microseconds: number): string {
  return microseconds < 1_000 ? `${Math.round(microseconds)} µs` : milliseconds(microseconds / 1_000)
}

function trackedLines({ place, original, reply, state, seconds, isAnswered }: Walk['tracked'][number]): readonly string[] {
  const words = [...(state === undefined ? [] : [state]), ...(isAnswered ? [] : ['unanswered']), `kept for ${seconds} s`].join(', ')
  return [`  ${place}: ${flowText(original)}, ${words}`, `  ${' '.repeat(place.length + 2)}answered by ${flowText(reply)}${translated({ original, reply })}`]
}

function translated({ original, reply }: Pick<TrackedConnection, 'original' | 'reply'>): string {
  return flowText({ source: reply.destination, destination: reply.source }) === flowText(original) ? ' (untranslated)' : ''
}
