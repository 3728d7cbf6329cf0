import { readFile } from 'node:fs/promises'

/** A socket that connections, or datagrams from anybody, arrive at. */
export interface ListeningSocket {
  readonly protocol: 'TCP' | 'UDP'
  /** `0.0.0.0` and `::` stand for every address; IPv6 is written with all its groups unless it is `::` or `::1`. */
  readonly address: string
  readonly port: number
}

const tables = { tcp: 'TCP', tcp6: 'TCP', udp: 'UDP', udp6: 'UDP' } as const
/** TCP_LISTEN; a datagram socket without a peer is in TCP_CLOSE (include/net/tcp_states.h). */
const states = { TCP: '0A', UDP: '07' } as const

/** The sockets in the network namespace of a process. None if the process has gone. */
export async function listeningSockets(pid: number): Promise<readonly ListeningSocket[]> {
  const all = Object.entries(tables).map(async ([name, protocol]) => listenersIn(await tableOf(pid, name), protocol))
  return (await Promise.all(all)).flat()
}

/** Those of a proc_net_tcp(5) or udp table. */
export function listenersIn(table: string, protocol: ListeningSocket['protocol']): readonly ListeningSocket[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state]) => state === states[protocol])
    .map(([, local = '']) => {
      const [address = '', port = ''] = local.split(':')
      return { protocol, address: addressOf(address), port: Number.parseInt(port, 16) }
    })
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

/** Words of 32 bits in the byte order of the machine, which is little-endian wherever Node.js runs on Linux but s390x. */
function addressOf(hex: string): string {
  const words = hex.match(/.{8}/g) ?? []
  const bytes = words.flatMap((word) => (word.match(/../g) ?? []).reverse())
  if (words.length === 1) return bytes.map((byte) => Number.parseInt(byte, 16)).join('.')
  const text = bytes.join('')
  if (/^0+$/.test(text)) return '::'
  if (/^0+1$/.test(text)) return '::1'
  const mapped = /^0{20}f{4}(.{8})$/i.exec(text)?.[1]
  if (mapped !== undefined) return (mapped.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)).join('.')
  return (text.toLowerCase().match(/.{4}/g) ?? []).join(':')
}

async function tableOf(pid: number, name: string): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/net/${name}`, 'utf8')
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    // A machine without IPv6 has no such table, and a process that has ended no sockets.
    if (['ENOENT', 'ESRCH', 'EINVAL'].includes(code)) return ''
    throw error
  }
}
