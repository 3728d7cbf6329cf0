import { expect, test } from 'vitest'
import { isPinned, normalizeReference } from './reference.ts'

const digest = `sha256:${'0'.repeat(64)}`

test.each([
  ['busybox', 'docker.io/library/busybox:latest'],
  ['busybox:1.36', 'docker.io/library/busybox:1.36'],
  ['luksa/kubia', 'docker.io/luksa/kubia:latest'],
  ['docker.io/busybox', 'docker.io/library/busybox:latest'],
  ['index.docker.io/luksa/kubia', 'docker.io/luksa/kubia:latest'],
  ['localhost/web', 'localhost/web:latest'],
  ['localhost:5000/web', 'localhost:5000/web:latest'],
  ['registry.example/a/b:v1', 'registry.example/a/b:v1'],
  [`busybox@${digest}`, `docker.io/library/busybox@${digest}`],
  [`busybox:1@${digest}`, `docker.io/library/busybox:1@${digest}`],
])('%s is %s', (image, full) => {
  expect(normalizeReference(image)).toBe(full)
})

test.each([
  ['luksa/kubia', true],
  ['luksa/kubia:latest', true],
  ['docker.io/luksa/kubia', true],
  ['tutum/dnsutils', true],
  ['busybox', true],
  ['portolan/pause:1', true],
  ['luksa/kubia:v2', false],
  ['registry.example/luksa/kubia', false],
  ['nginx', false],
])('%s is brought along: %s', (image, pinned) => {
  expect(isPinned(image)).toBe(pinned)
})
