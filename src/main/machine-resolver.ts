import { readFile } from 'node:fs/promises'
import { isLoopback, parseResolvConf } from '../base/resolv-conf.ts'
import { resolvConf } from '../cluster/dns-settings.ts'

/** Where systemd-resolved tells who it asks itself (systemd-resolved.service(8)). */
const resolvedsUpstreams = '/run/systemd/resolve/resolv.conf'

/**
 * Upstreams with the machine's resolv.conf replaced by that of systemd-resolved, where it runs: its own server listens on
 * an address of the machine's loopback that nobody else reaches.
 */
export async function withMachineResolver(upstreams: readonly string[], files = { resolvConf, resolvedsUpstreams }): Promise<readonly string[]> {
  if (!upstreams.includes(files.resolvConf)) return upstreams
  const [own, resolved] = await Promise.all([nameServersIn(files.resolvConf), nameServersIn(files.resolvedsUpstreams)])
  const isOutOfReach = own.some((server) => isLoopback(server) && server !== '127.0.0.1')
  if (!isOutOfReach || resolved.length === 0) return upstreams
  return upstreams.map((upstream) => (upstream === files.resolvConf ? files.resolvedsUpstreams : upstream))
}

/** Name servers of a resolv.conf; none if there is no such file. */
export async function nameServersIn(file: string): Promise<readonly string[]> {
  try {
    return parseResolvConf(await readFile(file, 'utf8')).servers
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
