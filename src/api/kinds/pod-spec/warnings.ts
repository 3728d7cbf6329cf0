/** What about a valid pod its author should know, in the order and words of pkg/api/pod/warnings.go. */
import { isDNS1123Label } from '../../names.ts'
import type { KubeObject } from '../../object.ts'
import { repeated } from '../values.ts'
import {
  annotationWarnings,
  containerProfileWarnings,
  type Place,
  podProfileWarnings,
} from './annotation-warnings.ts'
import {
  environmentWarnings,
  fractionalBytes,
  placedContainers,
  portWarnings,
  resourceWarnings,
} from './container-warnings.ts'
import { nodeLabelWarnings, podAffinityWarnings, spreadWarnings } from './placement-warnings.ts'
import type { PodSpec, PodTemplate, Volume } from './types.ts'

interface Workload extends KubeObject {
  readonly spec: { readonly template?: PodTemplate }
}

/** Only a new pod is looked at: changes of pods are the work of programs. */
export function warningsForPod(pod: KubeObject & { readonly spec: PodSpec }, previous: unknown): string[] {
  if (previous !== undefined) return []
  return [
    ...nameWarnings(pod.metadata.name, "the Pod's hostname"),
    ...podWarnings(pod, { prefix: '', isTemplate: false }),
  ]
}

/** Warnings of what makes pods under its own name. */
export function warningsForWorkload(next: Workload, previous: Workload | undefined): string[] {
  const own = previous === undefined ? nameWarnings(next.metadata.name, 'Pod names and hostnames') : []
  return [...own, ...warningsForTemplate(next, previous)]
}

/** A template is looked at when it may have changed. */
export function warningsForTemplate(next: Workload, previous: Workload | undefined): string[] {
  const isSame = next.metadata.generation === previous?.metadata.generation
  return isSame || next.spec.template === undefined ? [] : templateWarnings(next.spec.template, 'spec.template')
}

export function templateWarnings(template: PodTemplate, path: string): string[] {
  return podWarnings(template, { prefix: `${path}.`, isTemplate: true })
}

function nameWarnings(name: string, usedIn: string): string[] {
  const problems = isDNS1123Label(name)
  if (problems.length === 0) return []
  const advice = 'which can result in surprising behavior; a DNS label is recommended'
  return [`metadata.name: this is used in ${usedIn}, ${advice}: [${problems.join(' ')}]`]
}

function podWarnings(pod: PodTemplate, place: Place): string[] {
  const { spec = {} } = pod
  const path = `${place.prefix}spec`
  const containers = placedContainers(spec, path)
  return [
    ...nodeLabelWarnings(spec, path),
    ...spreadWarnings(spec, path),
    ...annotationWarnings(pod, place),
    ...(spec.volumes ?? []).flatMap((volume, index) => volumeWarnings(volume, `${path}.volumes[${index}]`)),
    ...repetitionWarnings(spec, path),
    ...fractionalBytes(spec.overhead, ['memory', 'ephemeral-storage'], `${path}.overhead`),
    ...podProfileWarnings(pod, place),
    ...containers.flatMap((placed) => [
      ...containerProfileWarnings(placed.container, pod, place),
      ...resourceWarnings(placed),
      ...environmentWarnings(placed),
    ]),
    ...portWarnings(containers),
    ...graceWarnings(spec, path),
    ...podAffinityWarnings(spec, path),
  ]
}

/** Volumes of kinds that are on their way out or gone. */
const deprecatedVolumes = [
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
] as const

/** Upstream writes one of the fields otherwise than manifests do. */
const printedFields: Readonly<Record<string, string>> = { storageos: 'storageOS' }

function volumeWarnings(volume: Volume, path: string): string[] {
  const claimed = volume.ephemeral?.volumeClaimTemplate?.spec?.resources?.requests
  const claimPath = `${path}.ephemeral.volumeClaimTemplate.spec.resources.requests`
  return [
    ...deprecatedVolumes
      .filter(([field]) => volume[field] !== undefined)
      .map(([field, message]) => `${path}.${printedFields[field] ?? field}: ${message}`),
    ...fractionalBytes(claimed, ['storage'], claimPath),
  ]
}

function repetitionWarnings({ hostAliases = [], imagePullSecrets = [] }: PodSpec, path: string): string[] {
  const aliases = hostAliases.map(({ ip = '' }) => ip)
  const secrets = imagePullSecrets.map(({ name = '' }) => name)
  const text = (word: string, value: string) => `${word} ${JSON.stringify(value)}`
  return [
    ...repeated(aliases).map(({ value, index }) => `${path}.hostAliases[${index}].ip: ${text('duplicate ip', value)}`),
    ...repeated(secrets).map(
      ({ value, index }) => `${path}.imagePullSecrets[${index}].name: ${text('duplicate name', value)}`,
    ),
    ...secrets.flatMap((name, index) =>
      name === '' ? [`${path}.imagePullSecrets[${index}].name: ${text('invalid empty name', name)}`] : [],
    ),
  ]
}

function graceWarnings({ terminationGracePeriodSeconds = 0 }: PodSpec, path: string): string[] {
  if (terminationGracePeriodSeconds >= 0) return []
  const text = 'must be >= 0; negative values are invalid and will be treated as 1'
  return [`${path}.terminationGracePeriodSeconds: ${text}`]
}
