import { forbidden, type FieldError } from '../field-error.ts'
import type { Pod } from './pod.ts'

const mirrorAnnotation = 'kubernetes.io/config.mirror'

/** A mirror pod is a node's own account of what it runs anyway: it gives the node no access to anything. */
export function isMirrorPod({ metadata }: Pod): boolean {
  return metadata.annotations?.[mirrorAnnotation] !== undefined
}

/**
 * A pod is a mirror pod from its beginning to its end, or never (`ValidatePodSpecificAnnotationUpdates` of
 * pkg/apis/core/validation): a node that could take the annotation from a pod of its own making, by its status, would have
 * what ordinary pods give access to.
 */
export function validateMirrorKept(next: Pod, previous: Pod): FieldError[] {
  const [now, before] = [next, previous].map(({ metadata }) => metadata.annotations?.[mirrorAnnotation])
  if (now === before) return []
  const what = before === undefined ? 'add' : 'remove or update'
  return [forbidden(`metadata.annotations[${mirrorAnnotation}]`, `may not ${what} mirror pod annotation`)]
}
