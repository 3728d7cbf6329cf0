import type { Node } from '../kinds/node.ts'
import type { Pod } from '../kinds/pod.ts'
import type { Service } from '../kinds/service.ts'

/** Why nobody answers for a Service with a selector. */
export interface Reason {
  /** One word for programs, as the reason of an Event. */
  readonly reason: string
  /** Equal as long as the situation is: without times, counts of restarts and other things that keep changing. */
  readonly message: string
}

/** What the rules look at. */
export interface Situation {
  readonly service: Service
  /** The pods that its selector matches, by name. */
  readonly selected: readonly Pod[]
  /** Of its namespace, or of all. */
  podsIn(namespace?: string): readonly Pod[]
  node(name: string): Node | undefined
}

/** Undefined if the rule has nothing to say. Pure. */
export type Rule = (situation: Situation) => Reason | undefined
