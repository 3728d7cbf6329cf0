import { homeOf, type Layout, layoutOf } from '../cluster/layout.ts'
import { type ClusterConfig, readConfig } from '../cluster/config.ts'
import { defaultCluster } from '../cluster/kubeconfig.ts'
import type { TeardownDeps } from '../cluster/teardown.ts'
import { UserError } from '../cluster/user-error.ts'
import type { LastingProcesses, Processes } from '../kernel/processes.ts'
import type { WatchRequest } from '../trace/ingress/served-request.ts'
import type { AgentRunner } from './agent.ts'
import type { DnsRunner } from './dns.ts'
import type { DoctorSources } from './doctor/sources.ts'
import type { ImageStore } from './image.ts'
import type { IngressRunner } from './ingress.ts'
import type { LoadBalancerRunner } from './load-balancer.ts'
import type { ProxyRunner } from './proxy.ts'

export { UserError } from '../cluster/user-error.ts'

/** What commands work with. They return data; `print` is the one place that shows it. */
export interface CliContext extends TeardownDeps {
  readonly environment: NodeJS.ProcessEnv
  readonly processes: Processes & LastingProcesses
  /** Where `portolan` and the examples are. */
  readonly projectFolder: string
  /** The command that runs one of our programs, without its arguments. */
  program(name: string): readonly [string, ...string[]]
  readonly images: ImageStore
  readonly agent: AgentRunner
  readonly proxy: ProxyRunner
  readonly loadBalancer: LoadBalancerRunner
  readonly ingress: IngressRunner
  readonly dns: DnsRunner
  readonly doctor: DoctorSources
  /** Has the HAProxy with these files tell of a client's request; see trace/ingress/served-request.ts. */
  watchRequest(directory: string, ...client: Parameters<WatchRequest>): ReturnType<WatchRequest>
  /** A line of progress, on standard error. */
  say(line: string): void
  /** The result: as JSON if asked for, else in words. */
  print(result: unknown, asJson: boolean, inWords: string): void
}

export interface ClusterOption {
  readonly name?: string
}

export function layoutFor({ environment }: CliContext, { name = defaultCluster }: ClusterOption): Layout {
  if (!/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/.test(name)) {
    throw new UserError(
      `--name ${JSON.stringify(name)} cannot be used: give at most 22 lower-case letters, digits and inner hyphens`,
    )
  }
  return layoutOf(homeOf(environment), name)
}

/** The cluster's configuration. Throws `UserError` if there is no such cluster. */
export async function existingCluster(
  context: CliContext,
  option: ClusterOption,
): Promise<{ config: ClusterConfig; layout: Layout }> {
  const layout = layoutFor(context, option)
  const config = await readConfig(layout.configFile)
  if (config !== undefined) return { config, layout }
  const flag = option.name === undefined ? '' : ` --name ${option.name}`
  throw new UserError(`there is no cluster ${JSON.stringify(option.name ?? defaultCluster)}: start one with ./portolan up${flag}`)
}
