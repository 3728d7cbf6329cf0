import { expect, test } from 'vitest'
import type { Service } from '../api/kinds/service.ts'
import { UserError } from './context.ts'
import { ingressPorts, parsePublish } from './port-words.ts'
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

const http = { hostPort: 8080, protocol: 'TCP', ingressPort: 80 }
const https = { hostPort: 8443, protocol: 'TCP', ingressPort: 443 }

test.for([
  [[], [http, https]],
  [['8080:80'], [http]],
  [['8443:443', '80'], [https, { ...http, hostPort: 80 }]],
] as const)('publish --ingress %j', ([words, expected]) => {
  expect(ingressPorts(words)).toEqual(expected)
})

test.for([
  ['8080', 'the ingress has no port 8080 for TCP: give HOST:80 or HOST:443, such as 8080:80'],
  ['80/udp', 'the ingress has no port 80 for UDP: give HOST:80 or HOST:443, such as 8080:80'],
])('publish --ingress %s is refused', ([word = '', sentence = '']) => {
  expect(() => ingressPorts([word])).toThrow(new UserError(sentence))
})

test.for([
  ['ingress', [http, https]],
  ['ingress=8080:80', [http]],
  ['service/web=8080:80', [{ namespace: 'default', service: 'web', hostPort: 8080, port: 80, protocol: 'TCP' }]],
  ['svc/web.shop=80,53/udp', [{ ...about, hostPort: 80, port: 80, protocol: 'TCP' }, { ...about, hostPort: 53, port: 53, protocol: 'UDP' }]],
] as const)('up --publish %s', ([text, expected]) => {
  expect(parsePublish(text)).toEqual(expected)
})

test.for(['service/web', 'web=80', 'service/web=80=81', 'service/a.b.c=80', 'ingress=80=81'])('up --publish %s is refused', (text) => {
  const sentence = `--publish ${text} cannot be understood: give ingress, or service/NAME=HOST:PORT, such as service/kubia=8080:80`
  expect(() => parsePublish(text)).toThrow(new UserError(sentence))
})
