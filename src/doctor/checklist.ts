import { hasSelector, isEndpoint } from '../api/no-endpoints/index.ts'
import { count } from '../api/no-endpoints/wording.ts'
import { formatLabels } from '../api/selectors.ts'
import { attempts, type Attempt } from './attempts.ts'
import { readyEndpoints, textOf } from './destinations.ts'
import type { ServiceFacts } from './facts.ts'
import type { Check } from './finding.ts'
import { farNodes, nodesAtWork } from './nodes.ts'
import { dnsDisagrees, fullName } from './rules/dns-disagrees.ts'
import { proxyBehind } from './rules/proxy-behind.ts'
import { isServedByNodes } from './served-by-nodes.ts'

/** Everything that was looked at, in the order in which one would look by hand. Pure. */
export function checklist(facts: ServiceFacts): readonly Check[] {
  if (facts.service.spec.type === 'ExternalName') return [aliasCheck(facts)]
  return [selectorCheck(facts), ...endpointsCheck(facts), dnsCheck(facts), ...kernelCheck(facts), ...connectionChecks(facts)]
}

function selectorCheck(facts: ServiceFacts): Check {
  const { service, selected } = facts
  if (isServedByNodes(facts)) return { outcome: 'skipped', text: 'each node answers by itself: there are no endpoints' }
  if (!hasSelector(service)) return { outcome: 'skipped', text: 'no selector: endpoints are written by hand' }
  const ready = selected.filter((pod) => isEndpoint(service, pod)).length
  const text = `selector ${formatLabels(service.spec.selector)} matches ${count(selected.length, 'pod')}, ${ready} of them ready`
  return { outcome: ready > 0 ? 'passed' : 'failed', text }
}

function endpointsCheck(facts: ServiceFacts): readonly Check[] {
  if (isServedByNodes(facts)) return []
  const found = readyEndpoints(facts).map(textOf)
  const more = found.length > 4 ? ` and ${found.length - 4} more` : ''
  if (found.length > 0) return [{ outcome: 'passed', text: `ready endpoints: ${found.slice(0, 4).join(', ')}${more}` }]
  return [{ outcome: 'failed', text: 'no ready endpoint' }]
}

function dnsCheck(facts: ServiceFacts): Check {
  const asked = facts.cluster.views.flatMap(({ place, answers }) =>
    answers.names.filter(({ name }) => name === fullName(facts)).map(({ addresses, error }) => ({ place, addresses, error })),
  )
  const [first] = asked
  if (first === undefined) return { outcome: 'skipped', text: 'no node to ask cluster DNS from' }
  const answer = first.addresses.join(', ') || (first.error ?? 'no address')
  const text = `DNS answers ${fullName(facts)} with ${answer} (asked from ${asked.map(({ place }) => place).join(', ')})`
  return { outcome: dnsDisagrees(facts).length === 0 ? 'passed' : 'failed', text }
}

function aliasCheck({ service, cluster }: ServiceFacts): Check {
  const { externalName = '' } = service.spec
  const answer = cluster.views.flatMap(({ answers }) => answers.names).find(({ name, addresses }) => name === externalName && addresses.length > 0)
  if (answer === undefined) return { outcome: 'failed', text: `${externalName} does not resolve` }
  return { outcome: 'passed', text: `${externalName} resolves to ${answer.addresses.join(', ')}` }
}

function kernelCheck(facts: ServiceFacts): readonly Check[] {
  const { cluster, service } = facts
  if (service.spec.clusterIP === 'None' || isServedByNodes(facts)) return []
  const far = farNodes(cluster)
  const unseen = far.map((name): Check => ({ outcome: 'skipped', text: `${name} is another machine: its kernel was not looked at` }))
  const bare = nodesAtWork(cluster).map(({ metadata }) => metadata.name).filter((name) => !far.includes(name) && !cluster.kernels.has(name))
  if (bare.length > 0) return [{ outcome: 'failed', text: `no proxy rules on ${bare.join(', ')}` }, ...unseen]
  if (cluster.kernels.size === 0) return unseen
  const behind = proxyBehind(facts).length > 0
  const text = `the kernel of ${[...cluster.kernels.keys()].join(', ')} ${behind ? 'differs from' : 'agrees with'} the API`
  return [{ outcome: behind ? 'failed' : 'passed', text }, ...unseen]
}

function connectionChecks(facts: ServiceFacts): readonly Check[] {
  const tried = attempts(facts)
  const byDestination = Map.groupBy(tried, textOf)
  const checks = [...byDestination].flatMap(([to, made]) => Map.groupBy(made, ({ outcome }) => outcome).values().map((same) => connectionCheck(to, same)).toArray())
  const isOpen = facts.cluster.views.some(({ kind, place }) => kind === 'outside' && tried.some((attempt) => attempt.place === place))
  if (isOpen) return checks
  const { type = 'ClusterIP' } = facts.service.spec
  return [...checks, { outcome: 'skipped', text: `not open to clients from outside: type ${type}` }]
}

function connectionCheck(to: string, made: readonly Attempt[]): Check {
  const places = made.map(({ place }) => place).join(', ')
  const [{ outcome = 'unreachable' } = {}] = made
  switch (outcome) {
    case 'open':
      return { outcome: 'passed', text: `connected to ${to} from ${places}` }
    case 'unanswered':
      return { outcome: 'skipped', text: `sent a datagram to ${to} from ${places}; nobody refused it` }
    case 'refused':
      return { outcome: 'failed', text: `connection to ${to} refused, from ${places}` }
    case 'timeout':
      return { outcome: 'failed', text: `no answer from ${to}, asked from ${places}` }
    case 'unreachable':
      return { outcome: 'failed', text: `${to} cannot be reached from ${places}` }
    default:
      return outcome satisfies never
  }
}
