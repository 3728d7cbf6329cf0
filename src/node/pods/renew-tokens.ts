import type { Pod } from '../../api/kinds/pod.ts'
import type { PodDeps } from './pod-deps.ts'
import { downwardFacts } from './start-sandbox.ts'
import { refreshTokenVolumes } from './volumes/volumes.ts'

const retryMs = 10_000

/**
 * Renews the tokens that are due in a running pod's volumes. Resolves to when to do so again, which is soon if it has
 * failed: the old tokens are good for a while yet, so the pod goes on.
 */
export async function renewTokens(deps: PodDeps, pod: Pod): Promise<Date> {
  const { clock, log, sources, node } = deps
  const soon = () => new Date(clock.now().getTime() + retryMs)
  try {
    await refreshTokenVolumes({ pod, sources, facts: downwardFacts(pod, '', node) }, deps)
    return sources.tokens.dueAt(pod) ?? soon()
  } catch (error) {
    log.warn({ err: error }, 'tokens of the pod not renewed; tries again')
    return soon()
  }
}
