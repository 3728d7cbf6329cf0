import type { V1IngressSpec } from '@kubernetes/client-node'
import type { Wire } from '../../object.ts'
import type { Unchecked } from '../../unchecked.ts'

export type Spec = Unchecked<Wire<V1IngressSpec>>
export type Rule = NonNullable<Spec['rules']>[number]
export type Path = NonNullable<NonNullable<Rule['http']>['paths']>[number]
export type Backend = NonNullable<Spec['defaultBackend']>
export type ServiceBackend = NonNullable<Backend['service']>
export type ResourceBackend = NonNullable<Backend['resource']>
export type TLS = NonNullable<Spec['tls']>[number]
