import type { Pod } from '../../api/kinds/pod.ts'

export interface HostPort {
  readonly protocol: string
  readonly port: number
  readonly ip: string
}

/** Stands for all addresses of the node. */
const anyAddress = '0.0.0.0'

/** The ports of its node that a pod takes. */
export function hostPortsOf({ spec }: Pod): readonly HostPort[] {
  const sidecars = spec.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always') ?? []
  return [...spec.containers, ...sidecars].flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, containerPort, hostIP, protocol = 'TCP' }) => {
      const port = spec.hostNetwork === true ? (hostPort ?? containerPort) : hostPort
      if (port === undefined || port === 0) return []
      return [{ protocol, port, ip: hostIP === undefined || hostIP === '' ? anyAddress : hostIP }]
    }),
  )
}

export function clashes(a: HostPort, b: HostPort): boolean {
  const sameAddress = a.ip === b.ip || a.ip === anyAddress || b.ip === anyAddress
  return a.port === b.port && a.protocol === b.protocol && sameAddress
}
