export type Transport = 'udp' | 'tcp'

/** An answer on its way. */
export interface Reply {
  readonly packet: Buffer
  readonly topic: Topic
}

/** What a query was about, as far as it is counted. */
export interface Topic {
  /** The number of the record type; 0 if there was no question. */
  readonly type: number
  /** Whether it was answered from the cluster. */
  readonly inCluster: boolean
}
