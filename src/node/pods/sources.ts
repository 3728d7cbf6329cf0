import { isStatus } from '../../api/errors.ts'
import { ConfigMaps } from '../../api/kinds/config-map.ts'
import { Secrets } from '../../api/kinds/secret.ts'
import { systemClock } from '../../base/clock.ts'
import type { Client } from '../../client/client.ts'
import { StartFailure } from './start-failure.ts'
import { apiTokens, type PodTokens } from './volumes/pod-tokens.ts'

export type SourceData = ReadonlyMap<string, Buffer>

/** The objects that pods take data from, read when they are needed. */
export interface PodSources {
  /** Undefined if it is not there and optional; throws `StartFailure` if it is not there and needed. */
  configMap(namespace: string, name: string, optional: boolean): Promise<SourceData | undefined>
  secret(namespace: string, name: string, optional: boolean): Promise<SourceData | undefined>
  readonly tokens: PodTokens
}

export function apiSources(client: Client, clock = systemClock, random = Math.random): PodSources {
  return {
    tokens: apiTokens(client, { clock, random }),
    configMap: (namespace, name, optional) =>
      unlessMissing(`configmap ${JSON.stringify(name)} not found`, optional, async () => {
        const { data = {}, binaryData = {} } = await client.get(ConfigMaps, { namespace, name })
        return new Map([...decode(data, 'utf8'), ...decode(binaryData, 'base64')])
      }),
    secret: (namespace, name, optional) =>
      unlessMissing(`secret ${JSON.stringify(name)} not found`, optional, async () => {
        const { data = {} } = await client.get(Secrets, { namespace, name })
        return new Map(decode(data, 'base64'))
      }),
  }
}

function decode(data: Readonly<Record<string, string>>, encoding: 'utf8' | 'base64'): [string, Buffer][] {
  return Object.entries(data).map(([key, value]) => [key, Buffer.from(value, encoding)])
}

async function unlessMissing<T>(problem: string, optional: boolean, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error
    if (optional) return undefined
    throw new StartFailure('config', 'CreateContainerConfigError', problem)
  }
}
