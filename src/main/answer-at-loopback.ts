import type { Log } from '../base/log.ts'
import { setSysctl } from '../kernel/sysctl.ts'

const routeLoopback = 'net.ipv4.conf.all.route_localnet'

/**
 * Lets the kernel route loopback addresses, so that node ports are answered at 127.0.0.1: not before the proxy's rules
 * are there, which keep everybody else away from what listens there. Never rejects.
 */
export async function answerAtLoopback(proxy: { settled(): Promise<void> }, log: Log): Promise<void> {
  try {
    await proxy.settled()
  } catch {
    return // it was stopped before
  }
  try {
    await setSysctl(routeLoopback, '1')
  } catch (err) {
    log.warn({ err }, 'node ports are not answered at 127.0.0.1')
  }
}

/** The opposite, before the rules go. */
export async function keepToLoopback(): Promise<void> {
  await setSysctl(routeLoopback, '0')
}
