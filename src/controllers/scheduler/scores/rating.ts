/** The best rating of a node. */
export const highest = 100

/** In shares of the highest of the values; all 0 if none is above that. */
export function normalized(values: readonly number[]): readonly number[] {
  const most = Math.max(0, ...values)
  return values.map((value) => (most === 0 ? 0 : Math.trunc((highest * value) / most)))
}
