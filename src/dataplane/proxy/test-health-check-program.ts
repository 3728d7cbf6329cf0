/** Health check servers in the network namespace of this process; what to say comes over the IPC channel. */
import { silentLog, type Log } from '../../base/log.ts'
import { healthCheckServers, type ProxyHealth } from './health-check-servers.ts'

const log: Log = { ...silentLog, error: (fields, message) => process.send?.({ ...fields, err: undefined, message }) }
const servers = healthCheckServers(log)

process.on('disconnect', () => process.exit())
process.on('message', (health: ProxyHealth) => servers.set(health))
process.send?.('ready')
