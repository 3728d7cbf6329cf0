import { readFile } from 'node:fs/promises'

/** States of sockets in proc_net_tcp(5) tables (include/net/tcp_states.h). */
const state = { established: '01', synReceived: '03', listen: '0A' }
/** Of a socket that no program has. */
const noInode = '0'

/**
 * The TCP connections that clients have begun, or made, and that no program has accepted yet, in the network namespace
 * of a process. A listening socket that is closed resets them. Undefined if the process has gone.
 */
export async function unacceptedConnections(pid: number): Promise<number | undefined> {
  const [ipv4, ipv6 = ''] = await Promise.all(['tcp', 'tcp6'].map((name) => tableOf(pid, name)))
  return ipv4 === undefined ? undefined : unacceptedIn(ipv4) + unacceptedIn(ipv6)
}

/**
 * Of a listening socket the receive queue is what waits to be accepted; and each of those is in the table by itself, under
 * way or made, with nobody's inode. The kernel prints listeners first, so that one that is made meanwhile is only there.
 */
export function unacceptedIn(table: string): number {
  const rows = table.split('\n').slice(1).map((line) => line.trim().split(/\s+/))
  const queued = rows
    .filter(([, , , socketState]) => socketState === state.listen)
    .reduce((sum, [, , , , queues = '']) => sum + Number.parseInt(queues.split(':')[1] ?? '0', 16), 0)
  const begun = rows.filter(([, , , socketState]) => socketState === state.synReceived).length
  const made = rows.filter((row) => row[3] === state.established && row[9] === noInode).length
  return begun + Math.max(queued, made)
}

async function tableOf(pid: number, name: string): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${pid}/net/${name}`, 'utf8')
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    // A machine without IPv6 has no such table, and a process that has ended no connections.
    if (['ENOENT', 'ESRCH', 'EINVAL'].includes(code)) return undefined
    throw error
  }
}
