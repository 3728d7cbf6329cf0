import { isIPv4 } from 'node:net'
import type { TestCaches } from './test-zone.ts'

/** One line of a zone file. */
export interface ZoneLine {
  readonly name: string
  readonly type: string
  readonly data: string
}

/**
 * All records of the specification for a cluster, written out one by one from the API's objects as a person would write a
 * zone file: nothing is shared with what is tested by it. Names are in lower case.
 */
export function zoneFile({ services, slices, pods, namespaces }: TestCaches, domain: string): readonly ZoneLine[] {
  const lines: ZoneLine[] = [
    { name: domain, type: 'SOA', data: 'SOA' },
    { name: domain, type: 'NS', data: `ns.dns.${domain}` },
    { name: `dns-version.${domain}`, type: 'TXT', data: '1.1.0' },
  ]
  const add = (name: string, type: string, data: string) => lines.push({ name: name.toLowerCase(), type, data })
  const addAddress = (name: string, address: string) => add(name, isIPv4(address) ? 'A' : 'AAAA', address)

  for (const service of services.list()) {
    const { name, namespace } = service.metadata
    const base = `${name}.${namespace}.svc.${domain}`
    const { spec } = service
    if (spec.type === 'ExternalName') {
      add(base, 'CNAME', spec.externalName ?? '')
      continue
    }
    const isHeadless = spec.clusterIP === 'None'
    const clusterIPs = isHeadless ? [] : (spec.clusterIPs ?? [])
    if (!isHeadless && clusterIPs.length === 0) continue
    for (const address of clusterIPs) {
      addAddress(base, address)
      add(pointerName(address), 'PTR', base)
      if (`${namespace}/${name}` === 'kube-system/kube-dns') addAddress(`ns.dns.${domain}`, address)
      for (const port of spec.ports ?? []) {
        add(base, 'SRV', `${port.port} ${base}`)
        if (port.name !== undefined) add(`_${port.name}._${(port.protocol ?? 'TCP').toLowerCase()}.${base}`, 'SRV', `${port.port} ${base}`)
      }
    }
    for (const slice of slices.list(namespace)) {
      if (slice.metadata.labels?.['kubernetes.io/service-name'] !== name) continue
      for (const endpoint of slice.endpoints) {
        if (endpoint.conditions?.ready === false) continue
        for (const address of endpoint.addresses) {
          const label = endpoint.hostname ?? address.replaceAll('.', '-').replaceAll(':', '-')
          const own = `${label}.${base}`
          addAddress(own, address)
          if (isHeadless) addAddress(base, address)
          if (!services.list().some((other) => other.spec.clusterIPs?.includes(address))) add(pointerName(address), 'PTR', own)
          for (const port of slice.ports ?? []) {
            add(own, 'SRV', `${port.port} ${own}`)
            if (isHeadless) add(base, 'SRV', `${port.port} ${own}`)
            if (isHeadless && port.name !== undefined) add(`_${port.name}._${(port.protocol ?? 'TCP').toLowerCase()}.${base}`, 'SRV', `${port.port} ${own}`)
          }
        }
      }
    }
  }
  for (const pod of pods.list()) {
    const { podIP } = pod.status ?? {}
    const { namespace } = pod.metadata
    if (podIP === undefined || namespaces.get(namespace ?? '') === undefined) continue
    addAddress(`${podIP.replaceAll('.', '-')}.${namespace}.pod.${domain}`, podIP)
  }
  return lines
}

/** `found` with the data in order, `no-data`, or `no-name`, by looking through the whole file. */
export function lookUp(lines: readonly ZoneLine[], emptyNames: readonly string[], asked: { name: string; type: string }): string {
  const name = asked.name.toLowerCase()
  const held = lines.filter((line) => line.name === name)
  // An alias stands for everything.
  const alias = held.find(({ type }) => type === 'CNAME')
  if (alias !== undefined) return `found ${alias.data}`
  const data = held.filter(({ type }) => type === asked.type).map((line) => line.data)
  if (data.length > 0) return `found ${[...new Set(data)].sort().join(', ')}`
  return held.length > 0 || emptyNames.includes(name) ? 'no-data' : 'no-name'
}

function pointerName(address: string): string {
  return `${address.split('.').reverse().join('.')}.in-addr.arpa`
}
