import { element, frontendKey, setIn, type Applied } from './applied.ts'

/** What rules of the load balancer did. Names are those of dataplane/loadbalancer/base-rules.ts. */
export function balancerWords(applied: Applied): readonly string[] {
  const { match } = applied
  const map = setIn(match, 'frontends')
  if (map !== undefined && match.verdict === 'drop') return ['dropped: a node sent it back, which does not know the address yet']
  if (map !== undefined) return [element(applied, map, frontendKey(applied))]
  if (setIn(match, 'buckets') !== undefined) return [`buckets: a node chosen by the hash of ${match.rule.includes('sport') ? 'the client’s address and port' : 'the client’s address'}`]
  if (setIn(match, 'members') !== undefined) return ['members: its node is still one that may be led to']
  if (match.chain === 'refuse' && match.verdict === 'drop') return [match.rule.includes('reject') ? `refused: ${match.rule}` : 'dropped']
  return match.chain === 'balance' && match.verdict.endsWith('refuse') ? ['not in frontends: no Service has this address and port'] : []
}
