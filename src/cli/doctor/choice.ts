import { ingressServiceClass } from '../../api/kinds/load-balancer.ts'
import type { Service } from '../../api/kinds/service.ts'
import { mostResembling } from '../../base/resemblance.ts'
import type { Choose } from '../../doctor/examine.ts'
import type { Objects } from '../../doctor/gather/objects.ts'
import { UserError } from '../context.ts'

/** What the doctor is asked to look at: everything, or one object. */
export type Target = { readonly kind: 'all'; readonly namespace: string | undefined } | NamedTarget

export interface NamedTarget {
  readonly kind: 'service' | 'ingress'
  readonly name: string
  readonly namespace: string
}

/** Throws `UserError` for what is neither `service/NAME` nor `ingress/NAME`. */
export function targetOf(text: string | undefined, namespace: string | undefined): Target {
  if (text === undefined) return { kind: 'all', namespace }
  const [, kind, name] = /^(services?|svc|ingress(?:es)?|ing)\/([^/]+)$/.exec(text) ?? []
  if (kind === undefined || name === undefined) {
    throw new UserError(`${JSON.stringify(text)} is neither a Service nor an Ingress, nor what a client asks for: give service/NAME, ingress/NAME or a URL such as http://kubia:80`)
  }
  return { kind: kind.startsWith('ing') ? 'ingress' : 'service', name, namespace: namespace ?? 'default' }
}

/** Throws `UserError` if the object is not there. */
export function choose(target: Target): Choose {
  return (objects, { served }) => {
    if (target.kind === 'all') {
      const isThere = ({ metadata }: { metadata: { namespace?: string } }) => target.namespace === undefined || metadata.namespace === target.namespace
      const services = objects.services.filter((service) => isThere(service) && !(served.size === 0 && isIngressService(service)))
      return { services, ingresses: objects.ingresses.filter(isThere) }
    }
    return target.kind === 'service'
      ? { services: [named(objects.services, target, objects)], ingresses: [] }
      : { services: [], ingresses: [named(objects.ingresses, target, objects)] }
  }
}

function named<T extends Objects['services' | 'ingresses'][number]>(all: readonly T[], target: NamedTarget, { namespaces }: Objects): T {
  const { kind, name, namespace } = target
  const found = all.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace)
  if (found !== undefined) return found
  const names = namespaces.map(({ metadata }) => metadata.name)
  const what = names.includes(namespace) ? `there is no ${kind}/${name} in namespace ${namespace}` : `there is no namespace ${namespace}`
  throw new UserError(`${what}: ${whereElse(all, target, names)}`)
}

/** How many namespaces are named in a sentence. */
const mostNamed = 3

/** Where it may be, or what may be meant. */
function whereElse(all: readonly Objects['services' | 'ingresses'][number][], { kind, name, namespace }: NamedTarget, namespaces: readonly string[]): string {
  const meant = namespaces.includes(namespace) ? undefined : mostResembling(namespace, namespaces)
  const elsewhere = all.filter(({ metadata }) => metadata.name === name).map(({ metadata }) => metadata.namespace ?? '').sort((a, b) => Number(b === meant) - Number(a === meant))
  const near = mostResembling(name, all.filter(({ metadata }) => metadata.namespace === (meant ?? namespace)).map(({ metadata }) => metadata.name))
  const [first] = elsewhere
  if (first !== undefined) return `${kind}/${name} is in ${elsewhere.slice(0, mostNamed).join(', ')}${elsewhere.length > mostNamed ? ' and others' : ''}: give -n ${first}`
  if (near !== undefined) return `${kind}/${near}${meant === undefined ? '' : ` -n ${meant}`} may be meant`
  return `see kubectl get ${kind === 'service' ? 'services' : 'ingresses'} -A, and give -n NAMESPACE`
}

/** HAProxy is started with the first Ingress: before, nobody answers at its Service, and nothing is wrong. */
function isIngressService({ spec }: Service): boolean {
  return spec.loadBalancerClass === ingressServiceClass
}
