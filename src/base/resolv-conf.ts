import { isIPv4 } from 'node:net'

/** What resolv.conf(5) says. */
export interface ResolvConf {
  readonly servers: readonly string[]
  readonly searches: readonly string[]
  readonly options: readonly string[]
}

/** Of several `search` or `options` lines the last counts, as for the resolver. */
export function parseResolvConf(text: string): ResolvConf {
  const lines = text.split('\n').map((line) => line.replace(/[#;].*$/, '').trim().split(/\s+/))
  const last = (keyword: string) => lines.findLast(([first]) => first === keyword)?.slice(1) ?? []
  const domain = last('domain')
  const search = last('search')
  return {
    servers: lines.flatMap(([first, address]) => (first === 'nameserver' && address !== undefined ? [address] : [])),
    searches: (search.length > 0 ? search : domain).filter((name) => name !== '.').map((name) => name.replace(/\.$/, '')),
    options: last('options'),
  }
}

/** Whether a name server listens on the machine's loopback, such as 127.0.0.53 of systemd-resolved. */
export function isLoopback(server: string): boolean {
  return isIPv4(server) && server.startsWith('127.')
}
