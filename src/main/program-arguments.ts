import { type ClusterConfig, readConfig } from '../cluster/config.ts'
import { type Layout, layoutOf } from '../cluster/layout.ts'

/** `HOME CLUSTER [REST…]`: what the supervisor starts every process with. */
export async function clusterOf(
  args: readonly string[],
): Promise<{ config: ClusterConfig; layout: Layout; rest: readonly string[] }> {
  const [home = '', cluster = '', ...rest] = args
  const layout = layoutOf(home, cluster)
  const config = await readConfig(layout.configFile)
  if (config === undefined) throw new Error(`there is no cluster at ${layout.configFile}: 'portolan up' makes it`)
  return { config, layout, rest }
}

/** Aborts when the process is to end: told by a signal, or left alone by a supervisor that has died. */
export function endOfProcess(): AbortSignal {
  const aborter = new AbortController()
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.on(event, () => aborter.abort(new Error(event)))
  return aborter.signal
}

/** Tells the supervisor that the process does its work. */
export function reportReady(): void {
  if (process.connected) process.send?.('ready')
}
