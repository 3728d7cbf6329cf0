/** Annotations that were once read and have become fields, as pkg/api/pod/warnings.go words it. */
import type { Container, PodTemplate } from './types.ts'

export interface Place {
  /** What comes before `spec` and `metadata` in paths: nothing in a Pod. */
  readonly prefix: string
  readonly isTemplate: boolean
}

const useSysctls = 'non-functional in v1.11+; use the "sysctls" field instead'
const deprecatedAnnotations = [
  [
    'scheduler.alpha.kubernetes.io/critical-pod',
    'non-functional in v1.16+; use the "priorityClassName" field instead',
  ],
  ['security.alpha.kubernetes.io/sysctls', useSysctls],
  ['security.alpha.kubernetes.io/unsafe-sysctls', useSysctls],
] as const

export function annotationWarnings(pod: PodTemplate, place: Place): string[] {
  return deprecatedAnnotations.flatMap(([key, message]) => warningIf(key, message, { pod, place }))
}

const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod'
const seccompContainer = 'container.seccomp.security.alpha.kubernetes.io/'
const appArmorContainer = 'container.apparmor.security.beta.kubernetes.io/'
const useSeccompField = 'non-functional in v1.27+; use the "seccompProfile" field instead'
const useAppArmorField = 'deprecated since v1.30; use the "appArmorProfile" field instead'

export function podProfileWarnings(pod: PodTemplate, place: Place): string[] {
  if (pod.spec?.securityContext?.seccompProfile !== undefined) return []
  return warningIf(seccompPod, useSeccompField, { pod, place })
}

export function containerProfileWarnings(container: Container, pod: PodTemplate, place: Place): string[] {
  const { name = '', securityContext: own } = container
  const appArmor = pod.spec?.securityContext?.appArmorProfile ?? own?.appArmorProfile
  const seccompWarnings = warningIf(seccompContainer + name, useSeccompField, { pod, place })
  const appArmorWarnings = warningIf(appArmorContainer + name, useAppArmorField, { pod, place })
  return [
    ...(own?.seccompProfile === undefined ? seccompWarnings : []),
    ...(place.isTemplate && appArmor === undefined ? appArmorWarnings : []),
  ]
}

function warningIf(key: string, message: string, at: { readonly pod: PodTemplate; readonly place: Place }): string[] {
  const annotations = at.pod.metadata?.annotations ?? {}
  return Object.hasOwn(annotations, key) ? [`${at.place.prefix}metadata.annotations[${key}]: ${message}`] : []
}
