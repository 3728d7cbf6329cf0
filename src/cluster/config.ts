import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { addressPlan, type AddressPlan } from './address-plan.ts'
import type { DnsSettings } from './dns-settings.ts'
import type { PublishedPort } from './published-port.ts'
import { UserError } from './user-error.ts'

/** What was chosen for a cluster when it was first started; later starts keep it. */
export interface ClusterConfig {
  readonly name: string
  readonly home: string
  readonly apiPort: number
  /** Ranges that differ from the presets of `address-plan.ts`. */
  readonly ranges: { readonly [Range in keyof AddressPlan]?: string }
  /** Numbers of the nodes: 1 is node-1. */
  readonly nodes: readonly number[]
  readonly clusterDomain: string
  /** What differs from `defaultDnsSettings`. */
  readonly dns?: Partial<DnsSettings>
  /** Whether there is a way out of the cluster; there is unless it says no. */
  readonly egress?: boolean
  /** The longest that a certificate is good which the cluster signs for nodes and people; a year unless given. */
  readonly clusterSigningSeconds?: number
  /** Ports that are open on the host's 127.0.0.1. */
  readonly published?: readonly PublishedPort[]
}

export const defaults: Omit<ClusterConfig, 'name' | 'home'> = {
  apiPort: 6443,
  ranges: {},
  nodes: [1],
  clusterDomain: 'cluster.local',
}

/** The stored configuration, or undefined if the cluster does not exist. Rejects with `UserError` if it is broken. */
export async function readConfig(file: string): Promise<ClusterConfig | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const problem = problemOf(text)
  if (problem === undefined) return JSON.parse(text) as ClusterConfig
  const advice = 'restore it, or wipe the cluster with ./portolan delete'
  throw new UserError(`${file} is not a cluster’s configuration (${problem}): ${advice}`)
}

/** Why a text cannot be what `writeConfig` wrote; undefined if it can. */
function problemOf(text: string): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  if (typeof value !== 'object' || value === null) return 'no object'
  const { name, home, apiPort, ranges, nodes, clusterDomain, dns = {}, egress = true, published = [], clusterSigningSeconds = 1 } = value as { [Key in keyof ClusterConfig]?: unknown }
  const wrong = [
    typeof name === 'string' || 'name',
    typeof home === 'string' || 'home',
    typeof apiPort === 'number' || 'apiPort',
    (typeof ranges === 'object' && ranges !== null) || 'ranges',
    (Array.isArray(nodes) && nodes.every(Number.isInteger)) || 'nodes',
    typeof clusterDomain === 'string' || 'clusterDomain',
    (typeof dns === 'object' && dns !== null) || 'dns',
    typeof egress === 'boolean' || 'egress',
    Array.isArray(published) || 'published',
    (Number.isInteger(clusterSigningSeconds) && Number(clusterSigningSeconds) > 0) || 'clusterSigningSeconds',
  ].filter((field) => field !== true)
  return wrong.length === 0 ? undefined : `${wrong.join(', ')}: missing or of a wrong type`
}

/** Writes the configuration whole or not at all. */
export async function writeConfig(file: string, config: ClusterConfig): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(`${file}.new`, `${JSON.stringify(config, null, 2)}\n`, { flush: true })
  await rename(`${file}.new`, file)
}

export function hasEgress({ egress = true }: ClusterConfig): boolean {
  return egress
}

/** The ranges of a cluster. Throws `AddressPlanError`. */
export function planOf(config: ClusterConfig): AddressPlan {
  return addressPlan(config.ranges)
}
