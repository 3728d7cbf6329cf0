import { readdir, readFile, readlink } from 'node:fs/promises'
import { parseIPv4 } from '../base/ip.ts'

export interface PortHolder {
  readonly pid: number
  /** As in /proc/PID/comm. */
  readonly name: string
}

/**
 * The process that listens on a TCP port of this network namespace in the way of an IPv4 address. Undefined if there is
 * none, or if this process may not see it.
 */
export async function portHolder(address: string, port: number): Promise<PortHolder | undefined> {
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readOr(file, '')))
  const inodes = tables.flatMap((table) => listeningInodes(table, address, port))
  if (inodes.length === 0) return undefined
  const targets = new Set(inodes.map((inode) => `socket:[${inode}]`))
  for (const entry of await readdir('/proc')) {
    if (/^\d+$/.test(entry) && (await hasOpen(entry, targets))) {
      return { pid: Number(entry), name: (await readOr(`/proc/${entry}/comm`, 'unknown')).trim() }
    }
  }
  return undefined
}

/**
 * Inodes of the sockets that listen on a port at this address or at all of them. `table` is as in proc_net_tcp:
 * addresses are hexadecimal in the byte order of the machine (little-endian words), state 0A is LISTEN.
 */
export function listeningInodes(table: string, address: string, port: number): readonly string[] {
  const own = littleEndian(address)
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  const inTheWay = new Set([own, '0'.repeat(8), '0'.repeat(32), `${'0'.repeat(16)}FFFF0000${own}`])
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
    const [heldAddress = '', heldPort] = local.split(':')
    const conflicts = own === '0'.repeat(8) || inTheWay.has(heldAddress)
    return state === '0A' && heldPort === hex && conflicts && inode !== undefined ? [inode] : []
  })
}

function littleEndian(address: string): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(parseIPv4(address) ?? 0)
  return bytes.toString('hex').toUpperCase()
}

async function hasOpen(pid: string, targets: ReadonlySet<string>): Promise<boolean> {
  // Processes end while they are looked at, and others' descriptors are not for everybody to see.
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => [])
  for (const descriptor of descriptors) {
    if (targets.has(await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => ''))) return true
  }
  return false
}

async function readOr(file: string, otherwise: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => otherwise)
}
