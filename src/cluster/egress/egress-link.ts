/** The way out of a cluster, as the edge's namespace sees it. Link-local, so no range of a cluster can be in its way. */
export const egressLink = {
  device: 'egress',
  /** The edge's own. */
  address: '169.254.77.2',
  prefixBits: 30,
  /** Stands for everything behind it, and for the name server at 127.0.0.1 of the machine. */
  gateway: '169.254.77.1',
} as const
