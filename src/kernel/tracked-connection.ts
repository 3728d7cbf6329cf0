import type { SocketAddress, TrackedProtocol } from './conntrack.ts'
import { CommandFailed, type Processes } from './processes.ts'

/** One entry of connection tracking. */
export interface TrackedConnection {
  readonly original: TrackedEnds
  /** Ends of the packets that answer, before they are translated back. */
  readonly reply: TrackedEnds
  /** Of TCP: `ESTABLISHED`, `SYN_SENT`, … */
  readonly state?: string
  /** How long it is kept if nothing more comes. */
  readonly seconds: number
  /** Whether there has been an answer. */
  readonly isAnswered: boolean
  readonly mark: number
}

export interface TrackedEnds {
  readonly source: SocketAddress
  readonly destination: SocketAddress
}

/**
 * The entry whose original packets have these ends, in the network namespace; undefined if there is none. Rejects with
 * `CommandFailed`.
 */
export async function trackedConnection(
  processes: Processes,
  netns: string,
  { protocol, source, destination }: TrackedEnds & { readonly protocol: TrackedProtocol },
): Promise<TrackedConnection | undefined> {
  const ends = ['-s', source.address, '--sport', `${source.port}`, '-d', destination.address, '--dport', `${destination.port}`]
  try {
    const { stdout } = await processes.run(['conntrack', '-L', '-p', protocol, ...ends], { netns })
    return parseConnection(stdout.split('\n')[0] ?? '')
  } catch (error) {
    // Of nothing to list it says so, with an exit code that differs from version to version.
    if (error instanceof CommandFailed && / 0 flow entries/.test(error.stderr)) return undefined
    throw error
  }
}

/** A line of `conntrack -L`: the original direction and then the reply's. Undefined if it is none. */
export function parseConnection(line: string): TrackedConnection | undefined {
  const [original, reply] = [...line.matchAll(/src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/g)].map(endsOf)
  const [, seconds = '0', state] = /^\S+ +\d+ (\d+) (?:([A-Z_]+) )?/.exec(line) ?? []
  if (original === undefined || reply === undefined) return undefined
  return {
    original,
    reply,
    ...(state === undefined ? {} : { state }),
    seconds: Number(seconds),
    isAnswered: !line.includes('[UNREPLIED]'),
    mark: Number(/ mark=(\d+)/.exec(line)?.[1] ?? 0),
  }
}

function endsOf([, source = '', destination = '', sourcePort = '', destinationPort = '']: RegExpExecArray): TrackedEnds {
  return {
    source: { address: source, port: Number(sourcePort) },
    destination: { address: destination, port: Number(destinationPort) },
  }
}
