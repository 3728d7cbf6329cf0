/** Health check servers in the network namespace of this process; the list of checks comes over the IPC channel. */
import { silentLog, type Log } from '../../base/log.ts'
import type { HealthCheck } from './health-check.ts'
import { healthCheckServers } from './health-check-servers.ts'

const log: Log = { ...silentLog, error: (fields, message) => process.send?.({ ...fields, err: undefined, message }) }
const servers = healthCheckServers(log)

process.on('disconnect', () => process.exit())
process.on('message', (checks: readonly HealthCheck[]) => servers.set(checks))
process.send?.('ready')
