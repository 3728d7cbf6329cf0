/** One benchmark: a program that measures and returns figures. It judges nothing. */
export interface Benchmark {
  readonly name: string
  /** One line for the list. */
  readonly measures: string
  run(say: (line: string) => void): Promise<readonly Figure[]>
}

/** A measured figure beside what it is to be compared with. */
export interface Figure {
  readonly what: string
  readonly value: number
  /** `×` is a ratio of two figures of the same run. */
  readonly unit: 'changes' | 'ms' | 'µs' | 'MB' | '% of a core' | '/s' | 'MB/s' | '×' | 'requests'
  /** The goal of the project, in words. */
  readonly goal?: string
  /** How the best known other systems do, in words, with their source. */
  readonly others?: string
}

/** The value that a share (0 to 1) of all are at most; NaN if there are none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low = NaN, high = NaN] = [sorted[middle - (sorted.length % 2 === 0 ? 1 : 0)], sorted[middle]]
  return (low + high) / 2
}
