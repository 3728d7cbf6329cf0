import type { Ingress } from '../../api/kinds/ingress.ts'
import type { ClusterFacts, ServiceFacts } from '../facts.ts'
import type { IngressObjects, IngressReading, IngressRoute } from './reading.ts'

/** The facts about one Ingress. */
export interface IngressFacts {
  readonly ingress: Ingress
  readonly objects: IngressObjects
  readonly reading: IngressReading
  /** The Services that it names and that there are, by name. */
  readonly services: ReadonlyMap<string, ServiceFacts>
  readonly cluster: ClusterFacts
}

/** Whether Portolan's own ingress is to serve it. */
export function isServed({ ingress, reading }: Pick<IngressFacts, 'ingress' | 'reading'>): boolean {
  return reading.served.has(ingress.metadata.uid)
}

/** What the Ingress has of the routes that there are. */
export function routesOf({ ingress, reading }: Pick<IngressFacts, 'ingress' | 'reading'>): readonly IngressRoute[] {
  return reading.routes.filter((route) => route.ingress.metadata.uid === ingress.metadata.uid)
}

/** What concerns it of what cannot be served as it is written. */
export function problemsOf({ ingress, reading }: Pick<IngressFacts, 'ingress' | 'reading'>) {
  return reading.problems.filter((problem) => problem.ingress.metadata.uid === ingress.metadata.uid)
}
