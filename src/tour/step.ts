/** One command of the tour. */
export interface Step {
  /** What is about to be done, and why: read before the command. */
  readonly before: string
  /** A line of shell, in the project's folder, as the user could type it. */
  readonly command: string
  /** What it must print. */
  readonly expects: RegExp
  /** 0 unless given. */
  readonly exitCode?: number
  /** The cluster needs a moment: the command is repeated until it prints what it must. */
  readonly takesTime?: true
  /** What happened: read after the command. */
  readonly after: string
}

export interface Section {
  /** The chapter's number, such as `5.3`. */
  readonly number: string
  readonly title: string
  /** What must be there when the tour starts here, in place of the sections before. */
  readonly prepare: readonly string[]
  readonly steps: readonly Step[]
}

/** Everything the tour makes is in it. */
export const namespace = 'tour'
export const createNamespace = `kubectl create namespace ${namespace}`
export const deleteNamespace = `kubectl delete namespace ${namespace} --ignore-not-found`

/** For sections that need pods and a Service before them. Their steps wait where they must. */
export const kubia: readonly string[] = ['kubectl -n tour create -f examples/kubia-rc.yaml', 'kubectl -n tour create -f examples/kubia-svc.yaml']
