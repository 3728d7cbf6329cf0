/** `2026-01-01T12:00:00Z`: RFC 3339 in UTC, to the second. */
export function rfc3339(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`
}

/** `2026-01-01T12:00:00.000000Z`: the same to the microsecond, as Kubernetes' `MicroTime` is written. */
export function rfc3339Micro(time: Date): string {
  return time.toISOString().replace('Z', '000Z')
}
