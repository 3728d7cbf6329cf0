import type { Filter } from '../filter.ts'
import { clashes } from '../host-ports.ts'

const reasons = ["node(s) didn't have free ports for the requested pod ports"]

/** Two pods of one node cannot have the same host port, protocol and address; no address means all of them. */
export const nodePorts: Filter = {
  name: 'NodePorts',
  prepare({ hostPorts }) {
    if (hostPorts.length === 0) return undefined
    return ({ load }) => {
      for (const other of load.podsWithHostPorts()) {
        const clash = hostPorts.some((port) => other.hostPorts.some((taken) => clashes(port, taken)))
        if (clash) return { reasons, dueToPods: true }
      }
      return undefined
    }
  },
}
