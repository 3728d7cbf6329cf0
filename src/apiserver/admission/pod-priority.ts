import { forbiddenRequest } from '../../api/errors.ts'
import { type Pod, Pods } from '../../api/kinds/pod.ts'
import { type PriorityClass, PriorityClasses, systemPriorities } from '../../api/kinds/priority-class.ts'
import { keyFor, type ObjectStore } from '../objects.ts'
import type { AdmissionStep } from './admission.ts'

/**
 * A new pod gets the priority and the preemption policy of its PriorityClass, or of the one that is the default; what it
 * says of these itself must agree. Of default classes there is one (upstream's admission plugin Priority).
 */
export function podPriority(objects: ObjectStore): AdmissionStep {
  return {
    name: 'pod-priority',
    async admit({ operation, kind, subresource, object, previous }) {
      if (subresource !== undefined) return
      const { resource } = kind
      if (resource.plural === Pods.plural && resource.group === Pods.group) {
        if (operation === 'create') await setPriority(object as Pod, objects)
        else if (operation === 'update' && previous !== undefined) keepPriority(object as Pod, previous as Pod)
      } else if (resource.plural === PriorityClasses.plural && resource.group === PriorityClasses.group) {
        if (operation === 'delete') refuseSystemClass(object.metadata.name)
        else await refuseSecondDefault(object as PriorityClass, objects)
      }
    },
  }
}

type Priority = Pick<PriorityClass, 'value' | 'preemptionPolicy'>

async function setPriority(pod: Pod, objects: ObjectStore): Promise<void> {
  const { spec } = pod
  const { value, preemptionPolicy } = await priorityOf(pod, objects)
  const computed = (what: unknown) => `priority admission controller computed ${what} from the given PriorityClass name`
  if (spec.priority !== undefined && spec.priority !== value) {
    const why = `the integer value of priority (${spec.priority}) must not be provided in pod spec; ${computed(value)}`
    throw refuse(pod, why)
  }
  spec.priority = value
  if (preemptionPolicy === undefined) return
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemptionPolicy) {
    const given = `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec`
    throw refuse(pod, `${given}; ${computed(preemptionPolicy)}`)
  }
  spec.preemptionPolicy = preemptionPolicy
}

/** Names the pod's class if it has chosen none and there is a default. Throws a 403 if there is no such class. */
async function priorityOf(pod: Pod, objects: ObjectStore): Promise<Priority> {
  const chosen = pod.spec.priorityClassName ?? ''
  if (chosen === '') {
    const found = await defaultClass(objects)
    if (found === undefined) return { value: 0, preemptionPolicy: 'PreemptLowerPriority' }
    pod.spec.priorityClassName = found.metadata.name
    return found
  }
  const stored = await objects.get(PriorityClasses, undefined, chosen)
  if (stored !== undefined) return stored.object as PriorityClass
  // While the cluster starts, its own pods may come before the objects.
  const value = systemPriorities.get(chosen)
  if (value === undefined) throw refuse(pod, `no PriorityClass with name ${chosen} was found`)
  return { value, preemptionPolicy: 'PreemptLowerPriority' }
}

/** The default of lowest priority, should two have been made at once. */
async function defaultClass(objects: ObjectStore): Promise<PriorityClass | undefined> {
  const { entries } = await objects.store.list(keyFor(PriorityClasses))
  const defaults = entries
    .map((entry) => objects.decode(entry).object as PriorityClass)
    .filter(({ globalDefault }) => globalDefault === true)
  return defaults.reduce<PriorityClass | undefined>(
    (lowest, one) => (lowest === undefined || one.value < lowest.value ? one : lowest),
    undefined,
  )
}

/** A pod keeps what it was given, also through a write that leaves it out. */
function keepPriority({ spec }: Pod, { spec: before }: Pod): void {
  if (spec.priority === undefined && before.priority !== undefined) spec.priority = before.priority
  if (spec.preemptionPolicy === undefined && before.preemptionPolicy !== undefined) {
    spec.preemptionPolicy = before.preemptionPolicy
  }
}

function refuseSystemClass(name: string): void {
  if (!systemPriorities.has(name)) return
  throw forbiddenRequest(PriorityClasses, name, 'this is a system priority class and cannot be deleted')
}

async function refuseSecondDefault({ metadata, globalDefault }: PriorityClass, objects: ObjectStore): Promise<void> {
  if (globalDefault !== true) return
  const present = await defaultClass(objects)
  if (present === undefined || present.metadata.name === metadata.name) return
  const why = `PriorityClass ${present.metadata.name} is already marked as default. Only one default can exist`
  throw forbiddenRequest(PriorityClasses, metadata.name, why)
}

function refuse({ metadata }: Pod, why: string) {
  return forbiddenRequest(Pods, metadata.name, why)
}
