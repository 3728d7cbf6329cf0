import { beforeEach, describe, expect, test } from 'vitest'
import { Secrets } from '../../api/kinds/secret.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import type { Subject } from '../../client/event-recorder.ts'
import { MemoryClient } from '../../client/memory-client.ts'
import { FakeRuntime } from '../cri/fake-runtime.ts'
import { RuntimeError } from '../cri/runtime.ts'
import { ensureImage } from './images.ts'
import { apiSources } from './sources.ts'
import { testPod } from './test-pods.ts'

let client: MemoryClient
let runtime: FakeRuntime
let events: string[]
beforeEach(() => {
  client = new MemoryClient()
  runtime = new FakeRuntime({ images: { here: {}, 'built-in': {} }, registry: { here: {}, far: {}, 'registry.example/web:1': {} } })
  events = []
})

async function ensure(image: string, imagePullPolicy?: string, pullSecrets: readonly string[] = []): Promise<unknown> {
  const spec = { name: 'app', image, ...(imagePullPolicy === undefined ? {} : { imagePullPolicy }) }
  const pod = testPod({ spec: { containers: [spec], imagePullSecrets: pullSecrets.map((name) => ({ name })) } })
  const event = (about: Subject, type: string, { reason, message }: { reason: string; message: string }) =>
    void events.push(`${type} ${reason} ${about.fieldPath ?? ''} ${message}`)
  const deps = {
    runtime,
    events: { event },
    clock: new ManualClock(),
    sources: apiSources(client),
    isPinned: (name: string) => name === 'built-in' || name === 'lost',
  }
  return ensureImage(deps, { pod, spec, signal: new AbortController().signal }).catch((error: unknown) => error)
}

const at = 'spec.containers{app}'
const pulls = () => runtime.calls.filter((call) => call.startsWith('pullImage'))

describe('the pull policy', () => {
  for (const { image, policy, isPulled } of [
    { image: 'here', policy: 'Always', isPulled: true },
    { image: 'here', policy: 'IfNotPresent', isPulled: false },
    { image: 'here', policy: 'Never', isPulled: false },
    { image: 'far', policy: 'IfNotPresent', isPulled: true },
    { image: 'built-in', policy: 'Always', isPulled: false },
  ]) {
    test(`${policy} for ${image}: ${isPulled ? 'pulled' : 'used as it is'}`, async () => {
      expect(await ensure(image, policy)).toMatchObject({ id: `sha256:${image}` })
      const present = `Normal Pulled ${at} Container image "${image}" already present on machine`
      const pulled = [
        `Normal Pulling ${at} Pulling image "${image}"`,
        `Normal Pulled ${at} Successfully pulled image "${image}" in 0.000s (0.000s including waiting). Image size: 1 bytes.`,
      ]
      expect(events).toEqual(isPulled ? pulled : [present])
    })
  }

  test('Never fails for an image that is not there', async () => {
    const message = 'Container image "far" is not present with pull policy of Never'
    expect(await ensure('far', 'Never')).toMatchObject({ reason: 'ErrImageNeverPull', message })
    expect(events).toEqual([`Warning ErrImageNeverPull ${at} ${message}`])
  })

  test('counts again for a built-in image that was removed', async () => {
    expect(await ensure('lost', 'IfNotPresent')).toMatchObject({ reason: 'ErrImagePull' })
    expect(pulls()).toEqual(['pullImage lost'])
  })
})

test('a registry that refuses is quoted', async () => {
  const says = 'failed to pull and unpack image "none": none: not found'
  expect(await ensure('none')).toMatchObject({ kind: 'image', reason: 'ErrImagePull', message: says })
  expect(events.at(-1)).toBe(`Warning Failed ${at} Failed to pull image "none": ${says}`)
})

test('a name that is none is not asked for', async () => {
  const message = `Failed to apply default image tag "Web:1": couldn't parse image name "Web:1": invalid reference format: repository name (library/Web) must be lowercase`
  expect(await ensure('Web:1')).toMatchObject({ reason: 'InvalidImageName', message })
  expect(events).toEqual([`Warning InspectFailed ${at} ${message}`])
  expect(runtime.calls).toEqual([])
})

test('a runtime that cannot tell is quoted', async () => {
  runtime.failNext('imageStatus', new RuntimeError('INTERNAL', 'broken'))
  expect(await ensure('here')).toMatchObject({ reason: 'ImageInspectError', message: 'Failed to inspect image "here": broken' })
})

describe('pull secrets', () => {
  const web = 'registry.example/web:1'
  const seed = (name: string, username: string) => {
    const auths = { 'registry.example': { username, password: 'p' } }
    const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') }
    client.seed(Secrets, { metadata: { namespace: 'default', name }, type: 'kubernetes.io/dockerconfigjson', data })
  }

  test('are handed to the runtime', async () => {
    seed('one', 'ann')
    await ensure(web, 'Always', ['one'])
    expect(runtime.pullAuths).toEqual([{ username: 'ann', password: 'p' }])
  })

  test('are tried in turn; all refusals are told', async () => {
    seed('one', 'ann')
    seed('two', 'bob')
    runtime.failNext('pullImage', new RuntimeError('UNKNOWN', 'not ann'))
    expect(await ensure(web, 'Always', ['one', 'two'])).toMatchObject({ id: `sha256:${web}` })
    for (const who of ['ann', 'bob']) runtime.failNext('pullImage', new RuntimeError('UNKNOWN', `not ${who}`))
    expect(await ensure(web, 'Always', ['one', 'two'])).toMatchObject({ reason: 'ErrImagePull', message: '[not ann, not bob]' })
  })

  test('that are missing are told of, and the pull is tried', async () => {
    expect(await ensure(web, 'Always', ['none', 'nil'])).toMatchObject({ id: `sha256:${web}` })
    expect(runtime.pullAuths).toEqual([undefined])
    const message = 'Unable to retrieve some image pull secrets (none, nil); attempting to pull the image may not succeed.'
    expect(events).toContain(`Warning FailedToRetrieveImagePullSecret  ${message}`)
  })

  test('that are broken fail the pull', async () => {
    const data = { '.dockerconfigjson': Buffer.from('{').toString('base64') }
    client.seed(Secrets, { metadata: { namespace: 'default', name: 'bad' }, type: 'kubernetes.io/dockerconfigjson', data })
    expect(await ensure(web, 'Always', ['bad'])).toMatchObject({ reason: 'ErrImagePull', message: 'secret "bad": .dockerconfigjson: must be valid JSON' })
  })
})
