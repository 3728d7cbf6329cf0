/** Where the connection is made. */
export interface Source {
  readonly kind: 'pod' | 'node' | 'outside'
  /** `pod kubia-x1`, `node-1`, `outside` */
  readonly name: string
  /** The node that it is on. */
  readonly node?: string
  readonly netns: string
}
