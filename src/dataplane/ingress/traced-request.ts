import type { Clock } from '../../base/clock.ts'
import type { MapName } from './description.ts'
import { filePaths } from './files.ts'
import { runtimeSocketOf, runtimeSocketsIn } from './runtime-sockets.ts'
import { traced } from './main-text.ts'
import { anyHost } from './owners.ts'
import { RuntimeSession, word } from './runtime-session.ts'

/** What HAProxy says that it did with a request, as in its access log. */
export interface TracedRequest {
  readonly method: string
  /** As it is looked up: in small letters and without a port. */
  readonly host: string
  readonly path: string
  /** By which it was routed, in their order: those that were looked for and are there. */
  readonly lookups: readonly Lookup[]
  /** The name of the frontend if no backend had it. */
  readonly backend: string
  /** Absent if it was given to none. */
  readonly server?: { readonly name: string; readonly source: SocketAddress; readonly destination: SocketAddress }
  readonly status: number
  /** In milliseconds; absent what it did not come to. `response` is until the headers of the answer. */
  readonly timers: Partial<Record<Timer, number>>
  readonly retries: number
  /** Two letters, who ended it and when; `--` if nobody did but by its being over. */
  readonly end: string
  readonly tls?: { readonly version: string; readonly cipher: string; readonly sni?: string }
}

export type Timer = 'request' | 'queue' | 'connect' | 'response' | 'data' | 'total'

/** An element of a map of HAProxy. */
export interface Lookup {
  readonly map: MapName
  readonly key: string
  readonly value: string
}

interface SocketAddress {
  readonly address: string
  readonly port: number
}

/** HAProxy tells of requests from one port. */
export interface RequestWatch {
  /** The request that came since; undefined if it says nothing of one. */
  told(): Promise<TracedRequest | undefined>
  /** It tells no more. */
  end(): Promise<void>
}

const writtenWithinMs = 1_000
const pollEveryMs = 10

/** Has the HAProxy that takes connections tell of requests of this client. Undefined if none runs. */
export async function watchRequest(directory: string, { address, port }: SocketAddress, clock: Clock): Promise<RequestWatch | undefined> {
  const [youngest] = await runtimeSocketsIn(directory)
  if (youngest === undefined) return undefined
  const runtimeSocket = runtimeSocketOf(directory, youngest)
  const list = `acl #${traced.acl} ${port}`

  async function say(command: string): Promise<string> {
    using session = await RuntimeSession.open(runtimeSocket)
    return await session.command(command)
  }

  /** Lines about this client; those of an earlier one with its port are among them. */
  async function lines(): Promise<readonly Line[]> {
    const text = await say(`show events ${traced.ring}`)
    return text.split('\n').flatMap(lineIn).filter((line) => line.client === address && line.port === port)
  }

  const before = (await lines()).length
  await say(`add ${list}`)

  async function told(): Promise<TracedRequest | undefined> {
    const deadline = clock.monotonicMs() + writtenWithinMs
    for (;;) {
      const line = (await lines())[before]
      if (line !== undefined) return requestOf(line, await lookupsOf(directory, line, say))
      if (clock.monotonicMs() > deadline) return undefined
      await clock.sleep(pollEveryMs)
    }
  }

  return { told, end: async () => void (await say(`del ${list}`)) }
}

/** As main-text.ts has them written. Texts that are not there are `-` or empty. */
interface Line {
  readonly client: string
  readonly port: number
  readonly method: string
  readonly host: string
  readonly path: string
  readonly rules: string
  readonly backend: string
  readonly slot: string
  readonly server: string
  readonly source: string
  readonly status: number
  readonly ms: number
  readonly timers: Readonly<Record<Exclude<Timer, 'total'>, number>>
  readonly retries: string
  readonly end: string
  readonly tls: string
  readonly cipher: string
  readonly sni: string
}

/** None in one that is cut off, as somebody's path was too long for it. */
function lineIn(text: string): readonly Line[] {
  if (!text.startsWith('{')) return []
  try {
    return [JSON.parse(text) as Line]
  } catch {
    return []
  }
}

function requestOf(line: Line, lookups: readonly Lookup[]): TracedRequest {
  const { method, host, path, backend, slot, status, ms, end, tls, cipher, sni } = line
  const timers = Object.entries({ ...line.timers, total: ms }).filter(([, each]) => each >= 0)
  return {
    method,
    host,
    path,
    lookups,
    backend,
    ...(slot === '<NOSRV>' ? {} : { server: { name: slot, source: endOf(line.source), destination: endOf(line.server) } }),
    status,
    timers: Object.fromEntries(timers),
    retries: Number.parseInt(line.retries.replace('+', ''), 10),
    end,
    ...(tls === '-' ? {} : { tls: { version: tls, cipher, ...(sni === '-' || sni === '' ? {} : { sni }) } }),
  }
}

function endOf(text: string): SocketAddress {
  const colon = text.lastIndexOf(':')
  return { address: text.slice(0, colon), port: Number(text.slice(colon + 1)) }
}

/** Asks the running process for what the frontend's rules looked up, in their order. */
async function lookupsOf(directory: string, { rules, path }: Line, say: (command: string) => Promise<string>): Promise<readonly Lookup[]> {
  if (rules === '-' && path === '-') return []
  const paths = filePaths(directory)
  const look = async (map: MapName, key: string): Promise<readonly Lookup[]> => {
    const [, found, value] = /key="(.*)", value="(.*)", type=/.exec(await say(`get map ${paths.map(map)} ${word(key)}`)) ?? []
    return found === undefined || value === undefined ? [] : [{ map, key: found, value }]
  }
  const hosts = rules === anyHost ? [] : await look('hosts', rules)
  for (const [map, key] of [['exact', `${rules}${path}`], ['prefixes', `${rules}${path}/`], ['defaults', rules]] as const) {
    const [found] = await look(map, key)
    if (found !== undefined) return [...hosts, found]
  }
  return hosts
}
