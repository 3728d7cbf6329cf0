import type { Service } from '../../api/kinds/service.ts'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { Turns } from '../../base/turns.ts'
import type { Cache } from '../../client/cache.ts'
import type { Client } from '../../client/client.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import type { Cgroups } from '../../kernel/cgroups.ts'
import type { ContainerRuntime } from '../cri/runtime.ts'
import type { Withdrawal } from '../withdrawal/withdrawals.ts'
import type { ClusterDns } from './dns.ts'
import type { DownwardFacts } from './field-values.ts'
import type { NodePaths } from './paths.ts'
import type { Readiness } from './readiness.ts'
import type { RuntimeView } from './runtime-view.ts'
import type { PodSources } from './sources.ts'
import type { Tmpfs } from './volumes/tmpfs.ts'

/** The node, as far as its pods are told of it. */
export interface NodeFacts {
  readonly name: string
  readonly hostIP: string
  readonly allocatable: DownwardFacts['allocatable']
}

/** All that the workers of a node's pods need. */
export interface PodDeps {
  readonly client: Client
  readonly runtime: ContainerRuntime
  readonly view: RuntimeView
  readonly services: Cache<Service>
  readonly sources: PodSources
  readonly readiness: Readiness
  readonly withdrawal: Withdrawal
  readonly events: EventRecorder
  readonly clock: Clock
  readonly log: Log
  readonly node: NodeFacts
  readonly paths: NodePaths
  readonly tmpfs: Tmpfs
  /** By pod uid; see `VolumeDeps`. */
  readonly volumeTurns: Turns
  readonly cgroups: Pick<Cgroups, 'limit' | 'remove' | 'processes'>
  readonly cgroupRoot: string
  readonly clusterDns: ClusterDns
  /** The node's own resolver set-up, for `dnsPolicy: Default`. */
  readonly nodeResolvConfPath: string
  readonly nodeHostsPath: string
  isPinned(image: string): boolean
  /** Connections that no program has accepted yet, in the network namespace of a process; undefined if it has gone. */
  unacceptedConnections(pid: number): Promise<number | undefined>
}
