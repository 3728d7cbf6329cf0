import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Pod } from '../api/kinds/pod.ts'
import type { Service } from '../api/kinds/service.ts'
import { keyOf } from '../api/object.ts'
import { silentLog } from '../base/log.ts'
import { LiveCache } from './live-cache.ts'
import { changesTo } from './object-index.ts'
import { ServicesBySelector } from './services-by-selector.ts'

const labels = fc.dictionary(fc.constantFrom('app', 'tier', 'x'), fc.constantFrom('a', 'b'))
const place = { namespace: fc.constantFrom('default', 'other'), name: fc.constantFrom('s', 't', 'u') }
const step = fc.record({ ...place, selector: fc.option(labels, { nil: undefined }), isThere: fc.boolean() })

function service(place: { namespace: string; name: string }, selector: Record<string, string> | undefined): Service {
  const spec = selector === undefined ? {} : { selector }
  return { apiVersion: 'v1', kind: 'Service', metadata: place, spec } as unknown as Service
}

test('finds what asking every Service would find, whatever comes, changes and goes', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), place.namespace, labels, (steps, namespace, podLabels) => {
      const services = new LiveCache<Service>(silentLog)
      const index = new ServicesBySelector(services)
      for (const { namespace: of, name, selector, isThere } of steps) {
        const next = service({ namespace: of, name }, selector)
        services.apply(changesTo(services.get(keyOf(next)), isThere ? next : undefined))
      }
      const asked = services.list(namespace).filter(({ spec: { selector = {} } }) => {
        const wanted = Object.entries(selector)
        return wanted.length > 0 && wanted.every(([name, value]) => podLabels[name] === value)
      })
      const found = index.selecting({ metadata: { namespace, labels: podLabels } } as unknown as Pod)
      expect([...found].sort()).toEqual(asked.map(keyOf).sort())
    }),
  )
})
