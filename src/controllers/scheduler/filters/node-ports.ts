import type { Pod } from '../../../api/kinds/pod.ts'
import type { Filter } from '../filter.ts'

interface HostPort {
  readonly protocol: string
  readonly port: number
  readonly ip: string
}

const anyAddress = '0.0.0.0'

/** Two pods of one node cannot have the same host port, protocol and address; no address means all of them. */
export const nodePorts: Filter = {
  name: 'NodePorts',
  reasons(pod, { pods }) {
    const wanted = hostPorts(pod)
    if (wanted.length === 0) return []
    const used = pods.flatMap(hostPorts)
    const clash = wanted.some((port) => used.some((other) => clashes(port, other)))
    return clash ? ["node(s) didn't have free ports for the requested pod ports"] : []
  },
}

function hostPorts({ spec }: Pod): HostPort[] {
  const sidecars = spec.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always') ?? []
  return [...spec.containers, ...sidecars].flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, containerPort, hostIP, protocol = 'TCP' }) => {
      const port = spec.hostNetwork === true ? (hostPort ?? containerPort) : hostPort
      if (port === undefined || port === 0) return []
      return [{ protocol, port, ip: hostIP === undefined || hostIP === '' ? anyAddress : hostIP }]
    }),
  )
}

function clashes(a: HostPort, b: HostPort): boolean {
  const sameAddress = a.ip === b.ip || a.ip === anyAddress || b.ip === anyAddress
  return a.port === b.port && a.protocol === b.protocol && sameAddress
}
