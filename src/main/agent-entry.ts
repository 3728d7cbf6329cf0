import { nodeDnsSockets } from './node-dns-sockets.ts'
import { clusterOf } from './program-arguments.ts'

/**
 * Where the process of a node begins: loading the rest takes longer than all else, and whoever asks for a name meanwhile is
 * not to be refused, but to wait.
 */
const { config } = await clusterOf(process.argv.slice(2))
await nodeDnsSockets(config)
await import('./agent.ts')
