import type { V1PersistentVolumeClaim, V1StatefulSetSpec } from '@kubernetes/client-node'
import type { Wire } from '../../object.ts'
import type { Unchecked } from '../../unchecked.ts'

export type Spec = Unchecked<Wire<V1StatefulSetSpec>>
export type Strategy = NonNullable<Spec['updateStrategy']>
/** A volume that each pod gets one of its own of. */
export type ClaimTemplate = Unchecked<Wire<V1PersistentVolumeClaim>>
