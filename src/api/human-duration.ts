const minute = 60
const hour = 60 * minute
const day = 24 * hour
const year = 365 * day

/**
 * A length of time in the two or three figures that people need, `2m30s`, `5d3h`, as `HumanDuration` of
 * k8s.io/apimachinery/pkg/util/duration words it. Clocks may differ by a second or so; what lies further in the
 * future is `<invalid>`.
 */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 2 * minute) return `${seconds}s`
  if (seconds < 10 * minute) return twoUnits(seconds, { size: minute, sign: 'm' }, { size: 1, sign: 's' })
  if (seconds < 3 * hour) return `${Math.floor(seconds / minute)}m`
  if (seconds < 8 * hour) return twoUnits(seconds, { size: hour, sign: 'h' }, { size: minute, sign: 'm' })
  if (seconds < 2 * day) return `${Math.floor(seconds / hour)}h`
  if (seconds < 8 * day) return twoUnits(seconds, { size: day, sign: 'd' }, { size: hour, sign: 'h' })
  if (seconds < 2 * year) return `${Math.floor(seconds / day)}d`
  if (seconds < 8 * year) return twoUnits(seconds, { size: year, sign: 'y' }, { size: day, sign: 'd' })
  return `${Math.floor(seconds / year)}y`
}

interface Unit {
  /** In seconds. */
  readonly size: number
  readonly sign: string
}

function twoUnits(seconds: number, large: Unit, small: Unit): string {
  const rest = Math.floor((seconds % large.size) / small.size)
  const head = `${Math.floor(seconds / large.size)}${large.sign}`
  return rest === 0 ? head : `${head}${rest}${small.sign}`
}
