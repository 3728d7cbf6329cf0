/** Parts of a Pod as its rules see them: decoded, but not yet known to be complete. */
import type {
  V1Container,
  V1EnvFromSource,
  V1EnvVar,
  V1Lifecycle,
  V1LifecycleHandler,
  V1PodSpec,
  V1PodTemplateSpec,
  V1Probe,
  V1ResourceRequirements,
  V1Toleration,
  V1Volume,
  V1VolumeMount,
} from '@kubernetes/client-node'
import type { Wire } from '../../object.ts'
import type { Unchecked } from '../../unchecked.ts'

export type PodSpec = Unchecked<Wire<V1PodSpec>>
export type PodTemplate = Unchecked<Wire<V1PodTemplateSpec>>
export type Container = Unchecked<Wire<V1Container>>
export type EnvVar = Unchecked<Wire<V1EnvVar>>
export type EnvFromSource = Unchecked<Wire<V1EnvFromSource>>
export type Lifecycle = Unchecked<Wire<V1Lifecycle>>
/** What a probe or a lifecycle hook does; a probe has `grpc` besides, a hook `sleep`. */
export type Handler = Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> & Pick<LifecycleHandler, 'sleep'>
export type LifecycleHandler = Unchecked<Wire<V1LifecycleHandler>>
export type Probe = Unchecked<Wire<V1Probe>>
export type Resources = Unchecked<Wire<V1ResourceRequirements>>
export type Toleration = Unchecked<Wire<V1Toleration>>
export type Volume = Unchecked<Wire<V1Volume>>
export type VolumeMount = Unchecked<Wire<V1VolumeMount>>

/** Whether an init container keeps running beside the others (KEP-753). */
export function isSidecar({ restartPolicy }: Container): boolean {
  return restartPolicy === 'Always'
}
