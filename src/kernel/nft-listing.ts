/**
 * The elements in the listing of one set or map: `key` or `key : value`, sorted. Timeouts and what is left of them
 * are not part of an element.
 */
export function parseElements(listing: string): string[] {
  const start = listing.indexOf('elements = {')
  if (start < 0) return []
  const body = listing.slice(start + 'elements = {'.length, listing.indexOf('}', start))
  return body
    .split(',')
    .map((element) => element.replaceAll(/\s+(timeout|expires) \S+/g, '').replaceAll(/\s+/g, ' ').trim())
    .filter((element) => element !== '')
    .sort()
}
