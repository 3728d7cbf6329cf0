import { expect, test } from 'vitest'
import type { Service } from '../api/kinds/service.ts'
import { UserError } from './context.ts'
import { chosenPorts } from './publish.ts'

const service = {
  metadata: { namespace: 'shop', name: 'web' },
  spec: {
    ports: [
      { name: 'http', port: 80 },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ],
  },
} as Service
const about = { namespace: 'shop', service: 'web' }

test.for([
  [['80'], [{ hostPort: 80, port: 80, protocol: 'TCP' }]],
  [['8080:80'], [{ hostPort: 8080, port: 80, protocol: 'TCP' }]],
  [['8080:80', '5353:53/udp'], [{ hostPort: 8080, port: 80, protocol: 'TCP' }, { hostPort: 5353, port: 53, protocol: 'UDP' }]],
  [[], [{ hostPort: 80, port: 80, protocol: 'TCP' }, { hostPort: 53, port: 53, protocol: 'UDP' }]],
] as const)('publish service/web %j', ([words, expected]) => {
  expect(chosenPorts(service, words)).toEqual(expected.map((port) => ({ ...about, ...port })))
})

test.for([
  ['81', 'service/web has no port 81 for TCP: choose one of 80, 53/udp'],
  ['53', 'service/web has no port 53 for TCP: choose one of 80, 53/udp'],
  ['http', '"http" names no port: give HOST:PORT or PORT, such as 8080:80 or 53/udp'],
  ['0:80', '"0:80" names no port: give HOST:PORT or PORT, such as 8080:80 or 53/udp'],
  ['70000:80', '"70000:80" names no port: give HOST:PORT or PORT, such as 8080:80 or 53/udp'],
])('publish service/web %s is refused', ([word = '', sentence = '']) => {
  expect(() => chosenPorts(service, [word])).toThrow(new UserError(sentence))
})
