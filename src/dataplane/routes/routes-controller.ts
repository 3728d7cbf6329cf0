import type { Node } from '../../api/kinds/node.ts'
import type { Clock } from '../../base/clock.ts'
import type { Cache } from '../../client/cache.ts'
import { from, type Controller } from '../../client/controller.ts'
import type { Processes } from '../../kernel/processes.ts'
import { compileRoutes, diffRoutes, type NodeRoute } from './route-table.ts'

/** The number that marks our routes in the kernel's table (`proto` in ip-route(8)); no daemon is known by it. */
export const routeProtocol = 108

export interface RoutesDeps {
  readonly nodes: Cache<Node>
  /** What is free of its range is unreachable; undefined where no node is, as on the edge. */
  readonly ownNode: string | undefined
  readonly processes: Processes
  readonly clock: Clock
}

/** The kernel drops the routes by a device that goes down, and whoever is root may do so: they are looked for that often. */
const lookEveryMs = 10_000

/**
 * Keeps one route per Node in the network namespace in which it runs. Routes of other origin are not touched, unless
 * they stand in the place of one that is wanted. Nodes change with every heartbeat: as long as the wanted routes stay
 * the same, nothing is run but a look now and then.
 */
export function routesController({ nodes, ownNode, processes, clock }: RoutesDeps): Controller {
  let applied: string | undefined
  let lookedAtMs = -Infinity
  return {
    name: 'routes',
    workers: 1,
    // The whole table is one piece of work.
    wakesOn: [from(nodes, () => ['routes'])],
    async reconcile(_key, signal) {
      const wanted = compileRoutes(nodes.list(), ownNode)
      const compiled = JSON.stringify(wanted)
      const restMs = lookedAtMs + lookEveryMs - clock.monotonicMs()
      if (compiled === applied && restMs > 0) return { againInMs: restMs }
      applied = undefined
      lookedAtMs = clock.monotonicMs()
      const lines = diffRoutes(await heldRoutes(processes, signal), wanted, routeProtocol)
      // With -force, one node that cannot be reached does not keep the others from their routes; it fails all the same.
      const input = `${lines.join('\n')}\n`
      if (lines.length > 0) await processes.run(['ip', '-force', '-batch', '-'], { input, signal })
      applied = compiled
      return { againInMs: lookEveryMs }
    },
  }
}

interface IpRoute {
  /** Absent for those that lead somewhere. */
  readonly type?: string
  readonly dst: string
  readonly gateway?: string
}

async function heldRoutes(processes: Processes, signal: AbortSignal): Promise<readonly NodeRoute[]> {
  const command = ['ip', '-json', '-4', 'route', 'show', 'protocol', String(routeProtocol)] as const
  const { stdout } = await processes.run(command, { signal })
  const routes = JSON.parse(stdout.trim() === '' ? '[]' : stdout) as readonly IpRoute[]
  return routes.map(({ type, dst, gateway = '' }) => {
    const podCIDR = dst.includes('/') ? dst : `${dst}/32`
    return type === 'unreachable' ? { podCIDR } : { podCIDR, via: gateway }
  })
}
