import type { ContainerStatus, Pod } from '../kinds/pod.ts'
import type { Rule } from './reason.ts'
import { candidates } from './backing-pods.ts'
import { count, oneLine } from './wording.ts'

const imageReasons = ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull', 'RegistryUnavailable']

/** A container waits, for its image say, or keeps ending; the first such one is told of. */
export const containersNotRunning: Rule = ({ selected }) => {
  const pods = candidates(selected)
  const troubles = pods.flatMap((pod) => {
    const trouble = troubleOf(pod)
    return trouble === undefined ? [] : [trouble]
  })
  const [first] = troubles
  if (first === undefined) return undefined
  const share = `${count(troubles.length, 'pod')} of ${pods.length} selected`
  return { reason: first.reason, message: `${first.message} (${share})` }
}

function troubleOf(pod: Pod) {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {}
  for (const status of [...initContainerStatuses, ...containerStatuses]) {
    const trouble = imageTrouble(pod, status) ?? crashTrouble(pod, status) ?? otherWait(pod, status)
    if (trouble !== undefined) return trouble
  }
  return undefined
}

/** The reasons come in turns while a pull is tried again, and so are told as one. */
function imageTrouble(pod: Pod, { name, state, image }: ContainerStatus) {
  const reason = state?.waiting?.reason ?? ''
  if (!imageReasons.includes(reason)) return undefined
  const shown = reason === 'ErrImagePull' ? 'ImagePullBackOff' : reason
  return { reason: 'ImageNotPulled', message: `${containerOf(pod, name)} waits for its image ${JSON.stringify(image)}: ${shown}` }
}

/** While it is tried again, such a container runs, has ended, and waits, in turns. */
function crashTrouble(pod: Pod, status: ContainerStatus) {
  const ended = status.state?.terminated ?? status.lastState?.terminated
  if (status.ready || ended === undefined) return undefined
  const waits = status.state?.waiting?.reason === 'CrashLoopBackOff'
  if (!waits && (status.state?.running !== undefined || ended.exitCode === 0)) return undefined
  const why = ended.reason === 'OOMKilled' ? 'OOMKilled, ' : ''
  const message = `${containerOf(pod, status.name)} keeps ending (CrashLoopBackOff, ${why}exit code ${ended.exitCode})`
  return { reason: 'ContainersCrash', message }
}

function otherWait(pod: Pod, { name, state }: ContainerStatus) {
  const { reason = '', message = '' } = state?.waiting ?? {}
  if (['', 'ContainerCreating', 'PodInitializing'].includes(reason)) return undefined
  const detail = message === '' ? '' : `: ${oneLine(message)}`
  return { reason: 'ContainersWait', message: `${containerOf(pod, name)} waits: ${reason}${detail}` }
}

function containerOf({ metadata }: Pod, name: string): string {
  return `Container ${name} of pod ${metadata.name}`
}
