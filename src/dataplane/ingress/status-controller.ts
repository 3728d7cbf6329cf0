import { isDeepStrictEqual } from 'node:util'
import { Ingresses, type Ingress, type IngressStatus } from '../../api/kinds/ingress.ts'
import type { IngressClass } from '../../api/kinds/ingress-class.ts'
import { keyOf } from '../../api/object.ts'
import type { Cache } from '../../client/cache.ts'
import type { Client } from '../../client/client.ts'
import { from, type Controller, type Source } from '../../client/controller.ts'
import { isOurs } from './classes.ts'

export interface IngressStatusDeps {
  readonly client: Client
  readonly ingresses: Cache<Ingress>
  readonly classes: Cache<IngressClass>
  /** Who serves them: an address is told once somebody answers there. */
  readonly proxy: { serves(ingress: Ingress): boolean; onServed(listener: () => void): () => void }
  /** Where clients reach them. */
  readonly addresses: readonly string[]
}

type Addresses = NonNullable<NonNullable<IngressStatus['loadBalancer']>['ingress']>

/**
 * Says on each Ingress that is served where that is, and takes it back from one that has become another's. An Ingress of
 * another class is not touched, unless it still has exactly what was written here.
 */
export function ingressStatusController({ client, ingresses, classes, proxy, addresses }: IngressStatusDeps): Controller {
  const ours: Addresses = addresses.map((ip) => ({ ip }))

  return {
    name: 'ingress-status',
    wakesOn: [from(ingresses, (ingress) => [keyOf(ingress)]), whenOthersAreServed()],
    async reconcile(key, signal) {
      const ingress = ingresses.get(key)
      if (ingress === undefined || ingress.metadata.deletionTimestamp !== undefined) return
      const present = ingress.status?.loadBalancer?.ingress ?? []
      const isRight = isDeepStrictEqual(present, ours)
      if (isOurs(ingress, classes.list())) return isRight || !proxy.serves(ingress) ? undefined : write(ingress, ours, signal)
      if (isRight && ours.length > 0) await write(ingress, [], signal)
    },
  }

  async function write({ metadata }: Ingress, wanted: Addresses, signal: AbortSignal): Promise<void> {
    const { namespace, name, uid, resourceVersion } = metadata
    const ingress = wanted.length === 0 ? null : wanted
    const body = { metadata: { uid, resourceVersion }, status: { loadBalancer: { ingress } } }
    await client.patch(Ingresses, { namespace, name, subresource: 'status' }, { type: 'merge', body }, { signal })
  }

  function whenOthersAreServed(): Source {
    return {
      synced: classes.synced,
      subscribe: (wake) => proxy.onServed(() => ingresses.list().map(keyOf).forEach(wake)),
    }
  }
}
