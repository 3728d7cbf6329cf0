import { element, frontendKey, setIn, type Applied } from './applied.ts'

/**
 * What rules of the service proxy did. Names of chains and sets are those of dataplane/proxy/base-rules.ts and shape.ts
 * for IPv4.
 */
export function proxyWords(applied: Applied): readonly string[] {
  const { chain } = applied.match
  if (chain === 'prerouting' || chain === 'output') return dispatchWords(applied)
  if (chain === 'by-code') return applied.match.verdict === 'drop' ? ['its code says drop: there is no endpoint for this client here'] : []
  if (chain.startsWith('pick-')) return pickWords(applied)
  if (chain.startsWith('sticky-')) return stickyWords(applied)
  if (chain.startsWith('refuse')) return refusalWords(applied)
  if (chain === 'postrouting') return masqueradeWords(applied)
  return applied.match.verdict === 'drop' ? ['dropped: loopback addresses are used on no wire'] : []
}

function dispatchWords(applied: Applied): readonly string[] {
  const key = frontendKey(applied)
  if (setIn(applied.match, 'restricted') !== undefined) {
    return [element(applied, 'restricted', key), 'dropped: the client is in none of its allowed-sources (loadBalancerSourceRanges)']
  }
  const map = setIn(applied.match, 'outside') ?? setIn(applied.match, 'services')
  return map === undefined ? [] : [element(applied, map, key)]
}

function pickWords(applied: Applied): readonly string[] {
  const map = setIn(applied.match, 'slots-')
  if (map === undefined) return []
  const key = slotOf(applied, map)
  return [key === undefined ? `${map}: an element that is no longer there` : element(applied, map, key), drawn(Number(map.slice('slots-'.length)))]
}

/** The slot that was drawn: of the pool that the frontend's code names, the one with the endpoint. */
function slotOf(applied: Applied, map: string): string | undefined {
  const { elements } = applied
  const frontend = frontendKey(applied)
  const codes = ['outside', 'services'].flatMap((each) => elements.get(each)?.get(frontend) ?? [])
  const endpoint = chosen(applied)
  const slots = [...(elements.get(map) ?? [])].filter(([key, value]) => value === endpoint && codes.some((code) => key.startsWith(`${code} . `)))
  return slots[0]?.[0]
}

function drawn(count: number): string {
  return count === 1 ? 'the only endpoint' : `drawn at random, one of ${count}`
}

function stickyWords(applied: Applied): readonly string[] {
  const { match, elements } = applied
  const frontend = frontendKey(applied)
  const slots = setIn(match, 'sticky-slots')
  if (slots !== undefined) return [`the client is not remembered: ${drawn(Number(slots.split('-').at(-1)))}`]
  const endpoints = setIn(match, 'sticky-endpoints') ?? setIn(match, 'sticky-choices')
  if (endpoints !== undefined) {
    const isChosen = ([key, value]: readonly [string, string | undefined]) => key.startsWith(`${frontend} . `) && value === chosen(applied)
    const [key] = [...(elements.get(endpoints) ?? [])].find(isChosen) ?? []
    return key === undefined ? [] : [element(applied, endpoints, key)]
  }
  if (!match.rule.includes('map @affinity')) return []
  const client = `${applied.sighting.came.source.address} . ${frontend}`
  const seconds = match.chain.split('-').at(-1)
  return [`${element(applied, 'affinity', client)}`, `the client is remembered, for ${seconds} s from now`]
}

function refusalWords(applied: Applied): readonly string[] {
  const { rule, verdict } = applied.match
  const { address } = applied.sighting.went.destination
  if (setIn(applied.match, 'cluster-ips') !== undefined) return [`not in services, and ${element(applied, 'cluster-ips', address)}`]
  if (setIn(applied.match, 'refused') !== undefined) return [element(applied, 'refused', frontendKey(applied))]
  if (rule.includes('reject')) return [`refused: ${rule}`]
  return verdict === 'drop' ? ['dropped'] : []
}

function masqueradeWords(applied: Applied): readonly string[] {
  const { came, went } = applied.sighting
  if (setIn(applied.match, 'hairpin') !== undefined) {
    return [element(applied, 'hairpin', `${came.source.address} . ${went.destination.address}`), 'the pod meets itself: its address is hidden, or the answer would not come back']
  }
  if (setIn(applied.match, 'masqueraded') !== undefined) {
    return [element(applied, 'masqueraded', frontendKey(applied)), 'the client is hidden, so that the answer comes back this way']
  }
  return applied.match.rule.includes('masquerade') ? ['a client that is no pod is hidden, so that the answer comes back this way'] : []
}

/** The endpoint, as maps hold it. */
function chosen({ sighting }: Pick<Applied, 'sighting'>): string {
  const { address, port } = sighting.went.destination
  return `${address} . ${port}`
}
