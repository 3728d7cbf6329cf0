import { expect, test } from 'vitest'
import { isPinned, normalizeReference, referenceProblem, repositoryOf } from './reference.ts'

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

test.each([
  ['busybox', 'docker.io/library/busybox'],
  ['luksa/kubia:v2', 'docker.io/luksa/kubia'],
  ['localhost:5000/web', 'localhost:5000/web'],
  [`registry.example/a/b:1@${digest}`, 'registry.example/a/b'],
])('%s is of the repository %s', (image, repository) => {
  expect(repositoryOf(image)).toBe(repository)
})

test.each([
  ['busybox', undefined],
  ['registry.example:5000/a_b/c-d/e__f:v1.2', undefined],
  ['[fd00::1]:5000/web', undefined],
  ['Registry.example/web', undefined],
  [`web:1@${digest}`, undefined],
  ['Alpine:3.20', 'invalid reference format: repository name (library/Alpine) must be lowercase'],
  ['registry.example/Web', 'invalid reference format: repository name (Web) must be lowercase'],
  ['web:', 'invalid reference format'],
  ['web:a b', 'invalid reference format'],
  ['a//b', 'invalid reference format'],
  ['web@sha256:short', 'invalid reference format'],
  ['-web', 'invalid reference format'],
  ['0'.repeat(64), `invalid repository name (${'0'.repeat(64)}), cannot specify 64-byte hexadecimal strings`],
  ['a'.repeat(250), 'repository name must not be more than 255 characters'],
])('%s: %s', (image, problem) => {
  expect(referenceProblem(image)).toBe(problem)
})
