const factors: Readonly<Record<string, number>> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

const form = /^([+-]?(?:\d+\.?\d*|\.\d+))((?:[eE][+-]?\d+)|[numkMGTPE]|[KMGTPE]i)?$/

/** The number that a resource quantity stands for: `500m` is 0.5, `1Ki` is 1024. Throws `RangeError` for others. */
export function parseQuantity(text: string): number {
  const [, digits, suffix = ''] = form.exec(text) ?? []
  if (digits === undefined) throw new RangeError(`not a quantity: ${JSON.stringify(text)}`)
  const factor = factors[suffix]
  return factor === undefined ? Number(`${digits}${suffix}`) : Number(digits) * factor
}
