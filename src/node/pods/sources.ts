import { isStatus } from '../../api/errors.ts'
import { ConfigMaps, type ConfigMap } from '../../api/kinds/config-map.ts'
import { Secrets, type Secret } from '../../api/kinds/secret.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Resource } from '../../api/resource.ts'
import { systemClock } from '../../base/clock.ts'
import type { Client } from '../../client/client.ts'
import { StartFailure } from './start-failure.ts'
import { apiTokens, type PodTokens } from './volumes/pod-tokens.ts'

/** The objects that pods take data from. */
export interface PodSources {
  /** Undefined if it is not there. */
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>
  secret(namespace: string, name: string): Promise<Secret | undefined>
  readonly tokens: PodTokens
}

/** Reads the objects when they are needed. */
export function apiSources(client: Client, clock = systemClock, random = Math.random): PodSources {
  return {
    tokens: apiTokens(client, { clock, random }),
    configMap: (namespace, name) => getIfThere(client, ConfigMaps, { namespace, name }),
    secret: (namespace, name) => getIfThere(client, Secrets, { namespace, name }),
  }
}

async function getIfThere<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  target: { namespace: string; name: string },
): Promise<T | undefined> {
  try {
    return await client.get(resource, target)
  } catch (error) {
    if (isStatus(error, 'NotFound')) return undefined
    throw error
  }
}

/** A reference of a pod to an object of its namespace. */
export interface SourceReference {
  readonly name?: string | undefined
  readonly optional?: boolean | undefined
}

/** The object; undefined if it is not there and optional. Throws `StartFailure` if it is not there and needed. */
export async function configMapOf(
  sources: PodSources,
  namespace: string,
  { name = '', optional }: SourceReference,
): Promise<ConfigMap | undefined> {
  return needed(await sources.configMap(namespace, name), optional, `configmap ${JSON.stringify(name)} not found`)
}

/** As `configMapOf`. */
export async function secretOf(
  sources: PodSources,
  namespace: string,
  { name = '', optional }: SourceReference,
): Promise<Secret | undefined> {
  return needed(await sources.secret(namespace, name), optional, `secret ${JSON.stringify(name)} not found`)
}

function needed<T>(found: T | undefined, optional: boolean | undefined, problem: string): T | undefined {
  if (found !== undefined || optional === true) return found
  throw new StartFailure('config', 'CreateContainerConfigError', problem)
}

/** The bytes of a Secret's values. */
export function secretBytes({ data = {} }: Secret): ReadonlyMap<string, Buffer> {
  return new Map(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64')]))
}

/** The bytes of a ConfigMap's values, text as well as binary. */
export function configMapBytes({ data = {}, binaryData = {} }: ConfigMap): ReadonlyMap<string, Buffer> {
  return new Map([
    ...Object.entries(data).map(([key, value]): [string, Buffer] => [key, Buffer.from(value)]),
    ...Object.entries(binaryData).map(([key, value]): [string, Buffer] => [key, Buffer.from(value, 'base64')]),
  ])
}
