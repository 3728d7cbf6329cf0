import { readFile } from 'node:fs/promises'

/** States of sockets in proc_net_tcp(5) tables (include/net/tcp_states.h). */
const state = { synReceived: '03', listen: '0A' }

/**
 * The TCP connections that clients have begun, or made, and that no program has accepted yet, in the network namespace
 * of a process. A listening socket that is closed resets them. 0 if the process has gone.
 */
export async function unacceptedConnections(pid: number): Promise<number> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => tableOf(pid, name)))
  return tables.map(unacceptedIn).reduce((sum, count) => sum + count, 0)
}

/** Of a listening socket the receive queue is what waits to be accepted. */
export function unacceptedIn(table: string): number {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .reduce((sum, [, , , socketState = '', queues = '']) => {
      if (socketState === state.synReceived) return sum + 1
      return socketState === state.listen ? sum + Number.parseInt(queues.split(':')[1] ?? '0', 16) : sum
    }, 0)
}

async function tableOf(pid: number, name: string): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/net/${name}`, 'utf8')
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    // A machine without IPv6 has no such table, and a process that has ended no connections.
    if (['ENOENT', 'ESRCH', 'EINVAL'].includes(code)) return ''
    throw error
  }
}
