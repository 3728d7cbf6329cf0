import type { Pod } from '../../api/kinds/pod.ts'
import type { Subject } from '../../client/event-recorder.ts'
import { findContainer } from './spec.ts'

/** A container as the subject of an Event: its pod and its place in it, such as `spec.containers{app}`. */
export function aboutContainer(pod: Pod, name: string): Subject {
  const { apiVersion, kind, metadata } = pod
  const role = findContainer(pod, name)?.role
  if (role === undefined) return pod
  return { apiVersion, kind, metadata, fieldPath: `spec.${role === 'main' ? 'containers' : 'initContainers'}{${name}}` }
}
