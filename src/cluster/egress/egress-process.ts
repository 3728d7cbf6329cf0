import { join } from 'node:path'
import { Backoff } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import type { Cgroups } from '../../kernel/cgroups.ts'
import type { Namespaces } from '../../kernel/namespaces.ts'
import type { Processes } from '../../kernel/processes.ts'
import { egressCgroup } from '../cgroup-names.ts'
import { type ClusterConfig, planOf } from '../config.ts'
import type { Layout } from '../layout.ts'
import { namespaceNames } from '../network-description.ts'
import type { ProcessSpec } from '../supervised-process.ts'
import { egressLink } from './egress-link.ts'
import { egressRules } from './egress-rules.ts'

export interface EgressDeps {
  readonly namespaces: Namespaces
  readonly cgroups: Cgroups
  readonly processes: Processes
  readonly clock: Clock
}

export const egressProcess = 'egress'

/** Of the process that starts it, whichever that is. */
const ownNamespace = '/proc/self/ns/net'
/** Looking starts programs: less and less often, in case it never comes to be. */
const looks = { baseMs: 20, maxMs: 2_000 }

/**
 * The way out: pasta(1), on the host's side an ordinary program that opens connections, on the edge's side a device with
 * a default route. Nothing of the host's network is set up for it.
 */
export function egressProcessSpec(config: ClusterConfig, layout: Layout, deps: EgressDeps): ProcessSpec {
  const { namespaces, cgroups, processes, clock } = deps
  const { edge } = namespaceNames(config.name)
  const cgroup = egressCgroup(config.name)
  return {
    name: egressProcess,
    netns: ownNamespace,
    command: cgroups.inside(cgroup, pastaCommand(namespaces.path(edge))),
    logFile: join(layout.logs, `${egressProcess}.log`),
    isOptional: true,
    async prepare() {
      // One that a supervisor before has left behind has the device.
      await cgroups.kill(cgroup)
      await cgroups.create(cgroup)
      // Before there is a way out, so that nothing ever leaves that must not.
      await processes.run(['nft', '-f', '-'], { netns: namespaces.path(edge), input: egressRules(planOf(config)) })
    },
    async untilReady(signal) {
      const pauses = new Backoff(looks)
      while (!(await hasWayOut(namespaces, edge))) await clock.sleep(pauses.nextMs(), signal)
    },
  }
}

/**
 * Connections are opened from the edge only: nothing listens on either side (`none`). The machine's loopback is not
 * reached by the gateway's address (`--no-map-gw`), but for a name server at 127.0.0.1, over UDP.
 */
function pastaCommand(edge: string): readonly [string, ...string[]] {
  const { device, address, prefixBits, gateway } = egressLink
  const always = '--foreground --quiet --runas 0 --ipv4-only --config-net --no-map-gw'
  const noListeners = '--tcp-ports none --udp-ports none --tcp-ns none --udp-ns none'
  const link = `--ns-ifname ${device} --address ${address} --netmask ${prefixBits} --gateway ${gateway}`
  const names = `--dns 127.0.0.1 --dns-forward ${gateway}`
  return ['pasta', ...`${always} ${noListeners} ${link} ${names}`.split(' '), '--netns', edge]
}

async function hasWayOut(namespaces: Namespaces, edge: string): Promise<boolean> {
  const routes = await namespaces.routes(edge)
  return routes.some(({ destination, device }) => destination === 'default' && device === egressLink.device)
}
