import { nodeArguments } from './node-arguments.ts'
import { nodeDnsSockets } from './node-dns-sockets.ts'

/**
 * Where the process of a node begins: loading the rest takes longer than all else, and whoever asks for a name meanwhile is
 * not to be refused, but to wait.
 */
const { settings } = await nodeArguments(process.argv.slice(2))
await nodeDnsSockets(settings)
await import('./agent.ts')
