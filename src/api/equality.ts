/**
 * Whether two JSON values mean the same to the API: as deep equality, but an empty list or map is as good as none
 * (k8s.io/apimachinery `equality.Semantic`).
 */
export function semanticallyEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b)) return equalLists(a, b)
  if (isObject(a) && isObject(b)) return equalObjects(a, b)
  return isEmpty(a) && isEmpty(b)
}

function equalLists(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => semanticallyEqual(item, b[index]))
}

function equalObjects(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].every((key) => semanticallyEqual(a[key], b[key]))
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
