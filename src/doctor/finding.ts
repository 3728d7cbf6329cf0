/** Something that is wrong, why one knows, and what puts it right. */
export interface Finding {
  /** One word for programs, in the manner of an Event's reason. */
  readonly reason: string
  /** One sentence: what is wrong. */
  readonly cause: string
  /** What was seen, one fact a line. */
  readonly evidence: readonly string[]
  readonly fix: string
  /** As one would type it; `…` and words in capitals are to be filled in. Manifests are put right in an editor. */
  readonly command?: string
  /** Where in a manifest. */
  readonly place?: Place
  /** The lines that are to stand there instead. */
  readonly corrected?: readonly string[]
}

/** A place in a file; line and column count from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
  /** The line. */
  readonly text: string
}

/** One line of the checklist. */
export interface Check {
  readonly outcome: 'passed' | 'failed' | 'skipped'
  readonly text: string
}

export interface Diagnosis {
  /** `service/kubia in namespace default` */
  readonly subject: string
  readonly checks: readonly Check[]
  /** How clients must ask, which no cluster can know that they do. */
  readonly advice: readonly string[]
  /** The likeliest cause first. */
  readonly findings: readonly Finding[]
}
