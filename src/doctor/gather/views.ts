import type { Processes } from '../../kernel/processes.ts'
import { destinationsFrom } from '../attempts.ts'
import { textOf } from '../destinations.ts'
import type { ClusterFacts, ServiceFacts, View } from '../facts.ts'
import type { Answers, Destination, Questions, Request } from '../reach/questions.ts'
import { fullName } from '../rules/dns-disagrees.ts'

/** A place to try things from. */
export interface Place extends Pick<View, 'kind' | 'place'> {
  readonly netns: string
}

export interface ViewsDeps {
  readonly processes: Processes
  /** Runs src/main/reach.ts. */
  readonly reach: readonly [string, ...string[]]
}

/** On a network of namespaces an answer takes microseconds; a program that is busy may take longer to accept. */
const timeoutMs = 1_200
/** Of a cluster with more Services than that, not all are tried. */
const maxDestinations = 400

/** What is tried. */
export interface Tried {
  readonly services: readonly ServiceFacts[]
  /** From outside. */
  readonly requests: readonly Request[]
}

/** Tries what clients of the Services do, from each place at once. */
export async function lookFrom(places: readonly Place[], tried: Tried, deps: ViewsDeps): Promise<readonly View[]> {
  return Promise.all(places.map(async ({ kind, place, netns }) => {
    const questions = questionsFrom(kind, tried)
    const answers = await ask(questions, netns, deps)
    return { kind, place, answers }
  }))
}

/** Asks from one network namespace. */
export async function ask(questions: Questions, netns: string, { processes, reach }: ViewsDeps): Promise<Answers> {
  const { stdout } = await processes.run(reach, { netns, input: JSON.stringify(questions) })
  return JSON.parse(stdout) as Answers
}

function questionsFrom(kind: View['kind'], { services, requests }: Tried): Questions {
  const destinations = services.flatMap((facts) => destinationsFrom(kind, facts))
  return {
    connections: withoutRepeats(destinations).slice(0, maxDestinations),
    // Clients outside do not ask cluster DNS.
    names: kind === 'outside' ? [] : [...new Set(services.map(nameAskedFor))].slice(0, maxDestinations),
    requests: kind === 'outside' ? requests.slice(0, maxDestinations) : [],
    dnsServer: dnsServerOf(services[0]?.cluster),
    timeoutMs,
  }
}

function nameAskedFor(facts: ServiceFacts): string {
  const { type, externalName = '' } = facts.service.spec
  return type === 'ExternalName' ? externalName : fullName(facts)
}

function withoutRepeats(destinations: readonly Destination[]): readonly Destination[] {
  return [...new Map(destinations.map((destination) => [textOf(destination), destination])).values()]
}

function dnsServerOf(cluster: ClusterFacts | undefined): string {
  return cluster?.surroundings.dnsServer ?? '127.0.0.1'
}
