/**
 * Runs a task `count` times, in batches of 1, 2, 4 …, each batch at once. After a batch with a failure no further one
 * is begun, so what must fail every time, such as a create against a quota, is tried once and not a hundred times.
 * Resolves to the first failure.
 */
export async function slowStart(
  count: number,
  task: () => Promise<unknown>,
): Promise<{ readonly failure: unknown } | undefined> {
  let left = count
  for (let batch = 1; left > 0; batch *= 2) {
    const size = Math.min(batch, left)
    const results = await Promise.allSettled(Array.from({ length: size }, task))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) return { failure: failed.reason }
    left -= size
  }
  return undefined
}
