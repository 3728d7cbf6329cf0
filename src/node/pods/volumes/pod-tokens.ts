import { StatusError } from '../../../api/errors.ts'
import type { Pod } from '../../../api/kinds/pod.ts'
import { ServiceAccounts } from '../../../api/kinds/service-account.ts'
import type { Clock } from '../../../base/clock.ts'
import type { Client } from '../../../client/client.ts'
import { tokenProjectionsOf, type TokenProjection } from '../spec.ts'
import { VolumeFailure } from './volume-failure.ts'

/** Tokens of the ServiceAccounts that pods run as, each bound to its pod, and kept until it is time for another. */
export interface PodTokens {
  /** Throws `VolumeFailure` if the API refuses. */
  token(pod: Pod, projection: TokenProjection): Promise<string>
  /** When the first of the tokens that the pod has is to be renewed; undefined if it has none. */
  dueAt(pod: Pod): Date | undefined
  /** The pod is gone. */
  forget(podUid: string): void
}

interface KeptToken {
  readonly token: string
  readonly dueAt: Date
}

/** Of a token's life, after which it is renewed; as upstream's kubelet. */
const lifeShare = 0.8
const longestKeptMs = 24 * 3600_000
/** Tokens that were made together are not all renewed together. */
const jitterMs = 10_000
const defaultSeconds = 3600

export function apiTokens(client: Client, { clock, random }: { clock: Clock; random: () => number }): PodTokens {
  /** By pod, then by projection. */
  const kept = new Map<string, Map<string, KeptToken>>()
  return {
    async token(pod, projection) {
      const { uid } = pod.metadata
      const key = keyOf(projection)
      const known = kept.get(uid)?.get(key)
      if (known !== undefined && known.dueAt > clock.now()) return known.token
      const { token, expiresAt } = await request(client, pod, projection)
      const tokens = kept.get(uid) ?? new Map<string, KeptToken>()
      kept.set(uid, tokens.set(key, { token, dueAt: renewalOf(clock.now(), expiresAt, random()) }))
      return token
    },
    dueAt(pod) {
      const times = tokenProjectionsOf(pod).flatMap(
        (projection) => kept.get(pod.metadata.uid)?.get(keyOf(projection))?.dueAt ?? [],
      )
      return times.length === 0 ? undefined : new Date(Math.min(...times.map((time) => time.getTime())))
    },
    forget: (podUid) => void kept.delete(podUid),
  }
}

function renewalOf(now: Date, expiresAt: Date, random: number): Date {
  const lifeMs = expiresAt.getTime() - now.getTime()
  return new Date(now.getTime() + Math.min(lifeMs * lifeShare, longestKeptMs) - random * jitterMs)
}

function keyOf({ audience = '', expirationSeconds = defaultSeconds }: TokenProjection): string {
  return `${audience} ${expirationSeconds}`
}

async function request(
  client: Client,
  { metadata, spec }: Pod,
  { audience = '', expirationSeconds = defaultSeconds }: TokenProjection,
): Promise<{ token: string; expiresAt: Date }> {
  const { name, uid, namespace = '' } = metadata
  const target = { namespace, name: spec.serviceAccountName ?? 'default', subresource: 'token' }
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {
      audiences: audience === '' ? [] : [audience],
      expirationSeconds,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
    },
  }
  try {
    return readAnswer(await client.createSubresource(ServiceAccounts, target, body))
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    throw new VolumeFailure(`failed to fetch token: ${error.message}`, { cause: error })
  }
}

function readAnswer(answer: unknown): { token: string; expiresAt: Date } {
  const { status } = answer as { status?: { token?: unknown; expirationTimestamp?: unknown } }
  const { token, expirationTimestamp } = status ?? {}
  if (typeof token !== 'string' || typeof expirationTimestamp !== 'string') {
    throw new VolumeFailure('failed to fetch token: the answer to the TokenRequest holds none')
  }
  return { token, expiresAt: new Date(expirationTimestamp) }
}
