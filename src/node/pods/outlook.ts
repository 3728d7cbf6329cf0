import type { Pod } from '../../api/kinds/pod.ts'
import type { Container } from '../cri/runtime.ts'
import { containerHash, crashStreakOf, hashOf } from './labels.ts'
import type { Failure, PodMemory } from './memory.ts'
import { currentSandbox, mayRun, runsOf, type ObservedPod } from './observed.ts'
import { replacementOf, type Replacement } from './replacement.ts'
import { describePod, restartPolicyOf, type PodContainer } from './spec.ts'

/** What is to come of one container. Decisions act on it, the status tells it. */
export type Outlook =
  | { readonly next: 'keep'; readonly run: Container }
  /** Runs, but must be stopped; whether it is started anew is then decided as for one that has ended by itself. */
  | ({ readonly next: 'replace'; readonly run: Container } & Replacement)
  | { readonly next: 'start'; readonly attempt: number; readonly streak: number; readonly last: Container | undefined }
  /** Created by an agent that did not live to start it. */
  | { readonly next: 'resume'; readonly run: Container }
  | {
      readonly next: 'wait'
      readonly until: Date
      readonly reason: string
      readonly message: string
      readonly last: Container | undefined
    }
  /** Has ended and stays so. */
  | { readonly next: 'nothing'; readonly run: Container }

export interface Situation {
  readonly pod: Pod
  readonly observed: ObservedPod
  readonly memory: PodMemory
  readonly now: Date
}

/** A run of this length ends a streak of crashes (upstream: twice the longest back-off). */
const longRunMs = 10 * 60_000
const firstCrashDelaySeconds = 10
const longestCrashDelaySeconds = 300
/** How long a failed pull shows as such before it shows as a back-off. */
const pullErrorShownMs = 1000

export function outlookOf(situation: Situation, container: PodContainer): Outlook {
  const { pod, observed } = situation
  const [last] = runsOf(observed, container.spec.name)
  if (last === undefined || !counts(observed, container, last)) {
    return start(situation, container, { attempt: nextAttempt(pod, container, last), streak: streakAfter(last), last })
  }
  const inSandbox = last.sandboxId === currentSandbox(observed)?.id
  if (inSandbox && last.state === 'created') return resume(situation, container, last)
  if (inSandbox && mayRun(last)) return keepOrReplace(situation, container, last)
  if (!shouldRestart(pod, container, last)) return { next: 'nothing', run: last }
  const until = inSandbox ? crashBackoffEnd(last) : undefined
  if (until !== undefined && until > situation.now) return crashLoop(pod, container, last, until)
  return start(situation, container, { attempt: last.metadata.attempt + 1, streak: streakAfter(last), last })
}

/** Init containers run again in every sandbox. What was created but not started in a sandbox now dead never ran. */
function counts(observed: ObservedPod, { role }: PodContainer, run: Container): boolean {
  if (run.sandboxId === currentSandbox(observed)?.id) return true
  return run.state !== 'created' && (role === 'main' || run.sandboxId === observed.sandboxes[0]?.id)
}

function keepOrReplace(situation: Situation, container: PodContainer, run: Container): Outlook {
  const replacement = replacementOf(situation, container, run)
  return replacement === undefined ? { next: 'keep', run } : { next: 'replace', run, ...replacement }
}

function resume({ memory, now }: Situation, { spec }: PodContainer, run: Container): Outlook {
  const failure = memory.containerFailures.get(spec.name)
  if (failure === undefined || failure.retryAt <= now) return { next: 'resume', run }
  return { next: 'wait', until: failure.retryAt, reason: failure.reason, message: failure.message, last: undefined }
}

function start(
  { memory, now }: Situation,
  { spec }: PodContainer,
  how: { attempt: number; streak: number; last: Container | undefined },
): Outlook {
  const failure = memory.containerFailures.get(spec.name)
  if (failure === undefined || failure.retryAt <= now) return { next: 'start', ...how }
  return { next: 'wait', ...waiting(failure, spec.image ?? '', now), last: how.last }
}

function waiting(failure: Failure, image: string, now: Date): { until: Date; reason: string; message: string } {
  const shownUntil = new Date(failure.at.getTime() + pullErrorShownMs)
  const { reason, message, retryAt } = failure
  if (reason !== 'ErrImagePull') return { until: retryAt, reason, message }
  if (shownUntil > now) return { until: shownUntil, reason, message }
  const backOff = `Back-off pulling image ${JSON.stringify(image)}: ErrImagePull: ${message}`
  return { until: retryAt, reason: 'ImagePullBackOff', message: backOff }
}

function crashLoop(pod: Pod, { spec }: PodContainer, last: Container, until: Date): Outlook {
  const delay = formatSeconds(crashDelaySeconds(crashStreakOf(last)))
  const message = `back-off ${delay} restarting failed container=${spec.name} pod=${describePod(pod)}`
  return { next: 'wait', until, reason: 'CrashLoopBackOff', message, last }
}

/** Whether an ended container runs again. */
export function shouldRestart(pod: Pod, container: PodContainer, run: Container): boolean {
  const hash = hashOf(run)
  if (hash !== undefined && hash !== containerHash(container.spec)) return true
  const policy = restartPolicyOf(pod, container)
  switch (policy) {
    case 'Always':
      return true
    case 'OnFailure':
      return mayRun(run) || run.exitCode !== 0
    case 'Never':
      return false
    default:
      return policy satisfies never
  }
}

/** A run that the runtime has forgotten is known from the pod's status. */
function nextAttempt(pod: Pod, { spec }: PodContainer, last: Container | undefined): number {
  if (last !== undefined) return last.state === 'created' ? last.metadata.attempt : last.metadata.attempt + 1
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]
  const known = statuses.find(({ name }) => name === spec.name)
  return known?.containerID === undefined || known.containerID === '' ? 0 : known.restartCount + 1
}

function streakAfter(last: Container | undefined): number {
  if (last === undefined || last.state === 'created') return 0
  return ranLong(last) ? 1 : crashStreakOf(last) + 1
}

function ranLong({ startedAt, finishedAt }: Container): boolean {
  if (startedAt === undefined || finishedAt === undefined) return false
  return finishedAt.getTime() - startedAt.getTime() >= longRunMs
}

/** When a container that ended may start again: the first restart is immediate, later ones wait ever longer. */
function crashBackoffEnd(run: Container): Date | undefined {
  const streak = crashStreakOf(run)
  if (streak === 0 || run.finishedAt === undefined || ranLong(run)) return undefined
  return new Date(run.finishedAt.getTime() + crashDelaySeconds(streak) * 1000)
}

function crashDelaySeconds(streak: number): number {
  return Math.min(longestCrashDelaySeconds, firstCrashDelaySeconds * 2 ** (streak - 1))
}

/** As Go prints durations: `10s`, `1m20s`, `5m0s`. */
function formatSeconds(seconds: number): string {
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
