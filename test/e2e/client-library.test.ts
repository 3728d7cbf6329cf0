import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { get, type RequestOptions } from 'node:https'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import {
  CoreV1Api,
  Exec,
  KubeConfig,
  Log,
  makeInformer,
  PatchStrategy,
  PortForward,
  setHeaderOptions,
  Watch,
  type V1ConfigMap,
  type V1PodSpec,
  type V1Status,
} from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, TestCluster } from '../test-cluster.ts'

/** The API as a program meets it that is written with Kubernetes' own library for Node.js. */

const namespace = 'default'
/** The library's name for `continue`, which is a word of the language. */
const next = '_continue'
const configMap = (name: string, data: Record<string, string> = {}): V1ConfigMap => ({ metadata: { name, labels: { of: 'library' } }, data })

let cluster: TestCluster
let config: KubeConfig
let core: CoreV1Api
beforeAll(async () => {
  cluster = await TestCluster.named(`e2e-library-${process.pid}`)
  await cluster.up()
  config = new KubeConfig()
  config.loadFromFile(String(cluster.environment['KUBECONFIG']))
  core = config.makeApiClient(CoreV1Api)
  const kubia = { name: 'main', image: 'luksa/kubia', ports: [{ containerPort: 8080 }] }
  const speaker = { name: 'main', image: 'busybox', command: ['sh', '-c', 'echo begin; until test -e /go; do sleep 0.1; done; echo end'] }
  await Promise.all([running('kubia', { containers: [kubia] }), running('speaker', { restartPolicy: 'Never', containers: [speaker] })])
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

async function running(name: string, spec: V1PodSpec): Promise<void> {
  await core.createNamespacedPod({ namespace, body: { metadata: { name }, spec: { terminationGracePeriodSeconds: 0, ...spec } } })
  await eventually(`${name} to run`, async () => {
    const { status } = await core.readNamespacedPod({ namespace, name })
    return status?.containerStatuses?.[0]?.ready
  })
}

describe('objects', () => {
  test('are created, read, listed, replaced and deleted', async () => {
    const created = await core.createNamespacedConfigMap({ namespace, body: configMap('one', { a: '1' }) })
    expect(created.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/)
    expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date)
    const listed = await core.listNamespacedConfigMap({ namespace, labelSelector: 'of=library' })
    expect(listed.items.map(({ metadata }) => metadata?.name)).toEqual(['one'])
    created.data = { a: '2' }
    const replaced = await core.replaceNamespacedConfigMap({ namespace, name: 'one', body: created })
    expect(replaced.data).toEqual({ a: '2' })
    await expect(core.replaceNamespacedConfigMap({ namespace, name: 'one', body: created })).rejects.toMatchObject({ code: 409 })
    await core.deleteNamespacedConfigMap({ namespace, name: 'one' })
    await expect(core.readNamespacedConfigMap({ namespace, name: 'one' })).rejects.toMatchObject({ code: 404 })
  })

  for (const { strategy, body } of [
    { strategy: PatchStrategy.JsonPatch, body: [{ op: 'replace', path: '/data/a', value: '2' }] },
    { strategy: PatchStrategy.MergePatch, body: { data: { a: '2' } } },
    { strategy: PatchStrategy.StrategicMergePatch, body: { data: { a: '2' } } },
  ]) {
    test(`are patched by ${strategy}`, async () => {
      await core.createNamespacedConfigMap({ namespace, body: configMap('patched', { a: '1', b: '1' }) })
      const header = setHeaderOptions('Content-Type', strategy)
      const patched = await core.patchNamespacedConfigMap({ namespace, name: 'patched', body }, header)
      expect(patched.data).toEqual({ a: '2', b: '1' })
      await core.deleteNamespacedConfigMap({ namespace, name: 'patched' })
    })
  }

  test('are listed in pages', async () => {
    for (let i = 0; i < 5; i += 1) await core.createNamespacedConfigMap({ namespace, body: configMap(`page-${i}`) })
    const names: string[] = []
    let page: string | undefined
    do {
      const list = await core.listNamespacedConfigMap({ namespace, labelSelector: 'of=library', limit: 2, ...(page !== undefined && { [next]: page }) })
      expect(list.items.length).toBeLessThanOrEqual(2)
      names.push(...list.items.map(({ metadata }) => metadata?.name ?? ''))
      page = list.metadata?.[next]
    } while (page !== undefined && page !== '')
    expect(names).toEqual(['page-0', 'page-1', 'page-2', 'page-3', 'page-4'])
    await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'of=library' })
  })
})

describe('what changes', () => {
  test('reaches an informer, its cache and its handlers', async () => {
    await core.createNamespacedConfigMap({ namespace, body: configMap('before') })
    const list = () => core.listNamespacedConfigMap({ namespace, labelSelector: 'of=library' })
    const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, list, 'of=library')
    const seen: string[] = []
    for (const verb of ['add', 'update', 'delete'] as const) informer.on(verb, ({ metadata }) => void seen.push(`${verb} ${metadata?.name}`))
    await informer.start()
    try {
      expect(informer.list(namespace).map(({ metadata }) => metadata?.name)).toEqual(['before'])
      await core.createNamespacedConfigMap({ namespace, body: configMap('during') })
      await core.replaceNamespacedConfigMap({ namespace, name: 'during', body: configMap('during', { a: '1' }) })
      await eventually('the update', async () => informer.get('during', namespace)?.data?.['a'] === '1')
      await core.deleteNamespacedConfigMap({ namespace, name: 'before' })
      await core.deleteNamespacedConfigMap({ namespace, name: 'during' })
      await eventually('the deletion', async () => informer.list(namespace).length === 0)
      expect(seen).toEqual(['add before', 'add during', 'update during', 'delete before', 'delete during'])
    } finally {
      await informer.stop()
    }
  })

  test('is watched from a version on, and a watch of its own time ends by itself', async () => {
    const { metadata } = await core.listNamespacedConfigMap({ namespace })
    await core.createNamespacedConfigMap({ namespace, body: configMap('watched') })
    const seen: string[] = []
    const ended = Promise.withResolvers<unknown>()
    const query = { resourceVersion: metadata?.resourceVersion, allowWatchBookmarks: true, timeoutSeconds: 2 }
    const note = (phase: string, object: V1ConfigMap) => void (phase !== 'BOOKMARK' && seen.push(`${phase} ${object.metadata?.name}`))
    await new Watch(config).watch(`/api/v1/namespaces/${namespace}/configmaps`, query, note, ended.resolve)
    await core.deleteNamespacedConfigMap({ namespace, name: 'watched' })
    await ended.promise
    expect(seen).toEqual(['ADDED watched', 'DELETED watched'])
  })
})

describe('a pod', () => {
  async function exec(pod: string, command: string[], tty = false) {
    const [output, errors, input] = [new PassThrough(), new PassThrough(), new PassThrough()]
    const status = Promise.withResolvers<V1Status>()
    const socket = await new Exec(config).exec(namespace, pod, 'main', command, output, tty ? null : errors, input, tty, status.resolve)
    return { output: text(output), errors: text(errors), input, status: status.promise, socket }
  }

  test('runs a command: input, output, errors and exit code', async () => {
    const { output, errors, input, status, socket } = await exec('kubia', ['sh', '-c', 'read line; echo got $line; echo no >&2; exit 3'])
    input.write('a line\n')
    expect(await status).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: '3' }] } })
    expect(await output).toBe('got a line\n')
    expect(await errors).toBe('no\n')
    socket.close()
  })

  test('runs a command on a terminal', async () => {
    const { output, status } = await exec('kubia', ['sh', '-c', 'test -t 0 && echo a terminal'], true)
    expect(await status).toMatchObject({ status: 'Success' })
    expect(await output).toBe('a terminal\r\n')
  })

  test('is asked through a forwarded port', async () => {
    const [output, errors, input] = [new PassThrough(), new PassThrough(), new PassThrough()]
    const socket = await new PortForward(config).portForward(namespace, 'kubia', [8080], output, errors, input)
    let answer = ''
    output.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk))
    input.write('GET / HTTP/1.1\r\nHost: kubia\r\nConnection: close\r\n\r\n')
    await eventually('an answer', async () => answer.includes("You've hit kubia\n"))
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    if (typeof socket !== 'function') socket.close()
  })

  test('logs, whole', async () => {
    const log = new PassThrough()
    await new Log(config).log(namespace, 'kubia', 'main', log, { tailLines: 10 })
    expect(await text(log)).toContain('Kubia server starting')
  })

  test('logs, followed to the end of the container', async () => {
    const log = new PassThrough()
    // The library cannot stop following without failing the program: the log has to end by itself.
    await new Log(config).log(namespace, 'speaker', 'main', log, { follow: true })
    await once(log.setEncoding('utf8'), 'readable')
    const { status } = await exec('speaker', ['touch', '/go'])
    expect(await status).toMatchObject({ status: 'Success' })
    expect(await text(log)).toBe('begin\nend\n')
  })

  test('is asked through the API proxy', async () => {
    expect(await throughProxy()).toBe("You've hit kubia\n")
  })

  async function throughProxy(): Promise<string> {
    const options: RequestOptions = {}
    await config.applyToHTTPSOptions(options)
    const url = `${config.getCurrentCluster()?.server}/api/v1/namespaces/${namespace}/pods/kubia:8080/proxy/`
    const [response] = (await once(get(url, options), 'response')) as [IncomingMessage]
    return text(response)
  }
})
