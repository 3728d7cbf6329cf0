import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Answer, RecordOptions } from './answer.ts'
import { LiveZone } from './live-zone.ts'
import { lookUp, zoneFile } from './naive-zone.ts'
import { labelsOf, recordType, type DnsRecord } from './record.ts'
import { answer } from './records.ts'
import { apply, candidateNames, change, domain, namespaces } from './test-changes.ts'
import { TestCaches } from './test-zone.ts'

const options: RecordOptions = { clusterDomain: domain, ttlSeconds: 5, podRecords: 'verified' }

function inWords(answered: Answer): string {
  if (answered.outcome === 'alias') return `found ${answered.alias.target}`
  if (answered.outcome !== 'found') return answered.outcome
  return `found ${[...new Set(answered.answers.map(data))].sort().join(', ')}`
}

function data(record: DnsRecord): string {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return record.address
    case 'SRV':
      return `${record.port} ${record.target}`
    case 'TXT':
      return record.text
    case 'SOA':
      return 'SOA'
    default:
      return record.target
  }
}

const types = ['A', 'AAAA', 'SRV', 'PTR', 'CNAME', 'TXT', 'NS', 'SOA'] as const

test('answers are those of a zone file with every record written out, whatever happened before', () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 30 }), (changes) => {
      const caches = new TestCaches()
      caches.markSynced()
      const zone = new LiveZone(caches)
      for (const next of changes) apply(caches, next)
      const lines = zoneFile(caches, domain)
      const existing = namespaces.filter((namespace) => caches.namespaces.get(namespace) !== undefined)
      const empty = ['', 'svc.', 'pod.', 'dns.', ...existing.flatMap((name) => [`${name}.svc.`, `${name}.pod.`])].map((prefix) => `${prefix}${domain}`)
      const wrong = [...new Set([...lines.map(({ name }) => name), ...candidateNames()])].flatMap((name) =>
        types.flatMap((type) => {
          const given = inWords(answer({ name, labels: labelsOf(name), type: recordType[type] }, zone, options))
          const expected = lookUp(lines, empty, { name, type })
          return given === expected ? [] : [`${name} ${type}: ${given}, but should be ${expected}`]
        }),
      )
      expect(wrong).toEqual([])
    }),
    { numRuns: 50 },
  )
})
