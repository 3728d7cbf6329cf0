import { fnv1a } from '../../base/fnv.ts'

/** How many there are: a prime, so that every step goes through all of them. Beyond as many nodes some get none. */
export const bucketCount = 127

/**
 * Whose each bucket is: the nodes have equally many, but for one, and when a node comes or goes few of the others'
 * buckets change (Maglev hashing, https://research.google/pubs/pub44824/). `nodes` in any order, each once. Pure.
 */
export function assignBuckets(nodes: readonly string[]): readonly string[] {
  const sorted = [...nodes].sort()
  const turns = sorted.map((node) => ({ node, preferences: preferencesOf(node) }))
  const owners = new Map<number, string>()
  while (turns.length > 0 && owners.size < bucketCount) {
    for (const { node, preferences } of turns) {
      const bucket = preferences.find((each) => !owners.has(each))
      if (bucket !== undefined) owners.set(bucket, node)
    }
  }
  return Array.from(owners, ([bucket, node]) => ({ bucket, node }))
    .sort((a, b) => a.bucket - b.bucket)
    .map(({ node }) => node)
}

/** All buckets in an order of the node's own. */
function preferencesOf(node: string): readonly number[] {
  const start = hash(`start ${node}`) % bucketCount
  const step = 1 + (hash(`step ${node}`) % (bucketCount - 1))
  return Array.from({ length: bucketCount }, (_, turn) => (start + turn * step) % bucketCount)
}

/** FNV-1a, then mixed: names that differ in their last letter only would give neighbours. */
function hash(text: string): number {
  let value = fnv1a(text)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
