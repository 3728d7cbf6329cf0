/** How a program of a pod finds addresses of names, from its /etc/resolv.conf. */
export interface Resolver {
  readonly servers: readonly string[]
  readonly search: readonly string[]
  /** A name with as many dots is first asked for as it is. */
  readonly ndots: number
}

/** As resolv.conf(5) says: of several `search` lines the last counts, and one dot unless `ndots` is given. */
export function parseResolvConf(text: string): Resolver {
  const lines = text.split('\n').map((line) => line.replace(/[#;].*/, '').trim().split(/\s+/))
  const of = (keyword: string) => lines.filter(([word]) => word === keyword).map(([, ...rest]) => rest)
  const options = of('options').flat()
  const [, ndots = '1'] = options.map((option) => /^ndots:(\d+)$/.exec(option)).findLast((match) => match !== null) ?? []
  return { servers: of('nameserver').map(([server = '']) => server), search: of('search').at(-1) ?? [], ndots: Number(ndots) }
}

/** The names that are asked for in turn until one has an address, as glibc does. */
export function candidates(host: string, { search, ndots }: Resolver): readonly string[] {
  if (host.endsWith('.')) return [host.slice(0, -1)]
  const searched = search.map((domain) => `${host}.${domain}`)
  const dots = host.split('.').length - 1
  return dots >= ndots ? [host, ...searched] : [...searched, host]
}

/** The IPv4 address that hosts(5) has for a name. */
export function addressInHosts(text: string, host: string): string | undefined {
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim().split(/\s+/))
  const line = lines.find(([address = '', ...names]) => address.includes('.') && names.includes(host))
  return line?.[0]
}
