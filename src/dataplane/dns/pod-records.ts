import { addressKey, undashed } from './addresses.ts'
import { addressRecord, noData, noName, pick, type Answer, type Asked } from './answer.ts'

/** Answers for `<address with dashes>.<namespace>` below `pod`, in the three modes of CoreDNS. */
export function podAnswer(asked: Asked, path: readonly string[]): Answer {
  const { zone, options, question } = asked
  const [namespace] = path.slice(-1)
  if (namespace === undefined) return noData(asked)
  if (options.podRecords === 'disabled' || !zone.hasNamespace(namespace)) return noName(asked)
  if (path.length === 1) return noData(asked)
  const address = undashed(path[0] ?? '')
  if (path.length > 2 || address === undefined) return noName(asked)
  if (options.podRecords === 'verified') {
    if (!zone.podsSynced) return { outcome: 'not-synced' }
    if (!zone.hasPod(namespace, addressKey(address))) return noName(asked)
  }
  return pick(asked, [addressRecord(asked, question.name, address)])
}
