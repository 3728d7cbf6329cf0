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
  readonly unit: 'ms' | 'MB' | '% of a core' | '/s'
  /** The goal of the project, in words. */
  readonly goal?: string
  /** How the best known other systems do, in words, with their source. */
  readonly others?: string
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low = NaN, high = NaN] = [sorted[middle - (sorted.length % 2 === 0 ? 1 : 0)], sorted[middle]]
  return (low + high) / 2
}
