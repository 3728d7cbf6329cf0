import type { Pod } from '../../api/kinds/pod.ts'
import type { Subject } from '../../client/event-recorder.ts'
import { findContainer, type ContainerSpec } from './spec.ts'

/** A container as the subject of an Event: its pod, and where in it. */
export function containerSubject(pod: Pod, { name }: Pick<ContainerSpec, 'name'>): Subject {
  const list = findContainer(pod, name)?.role === 'main' ? 'containers' : 'initContainers'
  return { ...pod, fieldPath: `spec.${list}{${name}}` }
}
