import { nftCommand } from '../../kernel/nft-command.ts'
import { parseListing } from '../../kernel/nft-table-listing.ts'
import type { Processes } from '../../kernel/processes.ts'
import type { KernelElements, NodePlace } from '../facts.ts'

/** As dataplane/proxy/base-rules.ts names it. */
const proxyTable = 'portolan-proxy'

/** What the service proxies have in the kernels of nodes; a node without the table is left out. */
export async function readKernels(processes: Processes, nodes: readonly NodePlace[]): Promise<ReadonlyMap<string, KernelElements>> {
  const all = nodes.map(async ({ name, netns }) => {
    const listing = await nftCommand({ processes, netns }).listTable(proxyTable)
    return listing === undefined ? [] : [[name, parseListing(listing).elements] as const]
  })
  return new Map((await Promise.all(all)).flat())
}
