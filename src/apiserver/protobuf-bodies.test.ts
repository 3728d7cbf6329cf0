import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kinds, kindsWithoutControllers } from '../api/kinds/index.ts'
import { throwawayPki, type ThrowawayPki } from '../base/throwaway-pki.ts'
import { apiHandler } from './handler.ts'
import { httpServer } from './http-server.ts'
import { KindRegistry } from './kind-registry.ts'
import { testApi, type TestApi } from './test-api.ts'

const protobuf = 'application/vnd.kubernetes.protobuf'
const configMaps = '/api/v1/namespaces/default/configmaps'
/** A ConfigMap named `x` with the data `a: b`. */
const configMap = envelope('v1', 'ConfigMap', field(1, field(1, 'x')), field(2, field(1, 'a'), field(2, 'b')))

let api: TestApi
let pki: ThrowawayPki
let home: string
let port: number
let names = 0
const listener = createServer()
let close: () => void = () => {}

beforeAll(async () => {
  api = await testApi()
  pki = await throwawayPki('CN=admin, O=system:masters')
  const registry = new KindRegistry([...kinds, ...kindsWithoutControllers.map(({ kind }) => kind)])
  const context = { ...api.context, kinds: registry }
  const server = httpServer(apiHandler(context), context, { ca: pki.ca, ...pki.server })
  close = () => server.close()
  server.accept((take) => listener.on('connection', take))
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  port = (listener.address() as AddressInfo).port
  home = mkdtempSync(join(tmpdir(), 'portolan-protobuf-'))
  for (const [name, content] of [['ca', pki.ca], ['cert', pki.client.cert], ['key', pki.client.key]] as const) {
    writeFileSync(join(home, name), content)
  }
})

afterAll(async () => {
  close()
  listener.close()
  rmSync(home, { recursive: true, force: true })
  await api[Symbol.asyncDispose]()
})

describe('over HTTP', () => {
  test('an object is created, and answered in JSON where that is accepted too', async () => {
    const { status, type, body } = await send('POST', configMaps, configMap, `${protobuf},application/json`)
    expect({ status, type, body }).toMatchObject({ status: 201, type: 'application/json', body: { data: { a: 'b' } } })
  })

  test('who accepts nothing but protobuf is told so', async () => {
    expect(await send('GET', '/api/v1/namespaces/default', undefined, protobuf)).toMatchObject({ status: 406 })
  })

  test('options of a delete', async () => {
    await send('POST', configMaps, configMapNamed('kept'))
    const path = `${configMaps}/kept`
    const options = envelope('v1', 'DeleteOptions', field(2, field(1, 'other')))
    expect(await send('DELETE', path, options)).toMatchObject({ status: 409 })
    expect(await send('DELETE', path, Buffer.alloc(0))).toMatchObject({ status: 200 })
  })

  test.each([
    ['nothing', Buffer.alloc(0), 400, 'expected prefix'],
    ['JSON', Buffer.from('{}'), 400, 'expected prefix'],
    ['a body that is cut off', configMap.subarray(0, -1), 400, 'index out of range'],
    ['a text that is not UTF-8', configMapNamed(Buffer.from([0xff])), 400, 'V1ObjectMeta.name is not valid UTF-8'],
    ['another kind', envelope('v1', 'Secret'), 400, 'Secret in version "v1" cannot be handled as a ConfigMap'],
    ['a kind that nobody knows', envelope('example.com/v1', 'Widget'), 415, 'unknown format'],
  ] as const)('%s is refused', async (_, bytes, status, message) => {
    const answer = await send('POST', configMaps, bytes)
    expect(answer).toMatchObject({ status, body: { message: expect.stringContaining(message) } })
  })
})

const rbac = '/apis/rbac.authorization.k8s.io/v1'

/** What kubectl does with typed clients, which speak protobuf from 1.32 on. Every use has a name of its own. */
const commands = [
  ['create configmap NAME --from-literal=a=b --from-file=ca', configMaps],
  ['create secret generic NAME --from-literal=a=b', '/api/v1/namespaces/default/secrets'],
  ['create secret docker-registry NAME --docker-username=u --docker-password=p', '/api/v1/namespaces/default/secrets'],
  ['create secret tls NAME --cert=cert --key=key', '/api/v1/namespaces/default/secrets'],
  ['create namespace NAME', '/api/v1/namespaces'],
  ['create serviceaccount NAME', '/api/v1/namespaces/default/serviceaccounts'],
  ['create service clusterip NAME --tcp=80:http --tcp=53:5353', '/api/v1/namespaces/default/services'],
  ['create service clusterip NAME --clusterip=None --tcp=80', '/api/v1/namespaces/default/services'],
  ['create service nodeport NAME --tcp=80 --node-port=30001', '/api/v1/namespaces/default/services'],
  ['create service loadbalancer NAME --tcp=80', '/api/v1/namespaces/default/services'],
  ['create service externalname NAME --external-name=a.example', '/api/v1/namespaces/default/services'],
  ['create role NAME --verb=get --resource=pods', `${rbac}/namespaces/default/roles`],
  ['create rolebinding NAME --role=r --user=u', `${rbac}/namespaces/default/rolebindings`],
  ['create clusterrole NAME --verb=get --non-resource-url=/x', `${rbac}/clusterroles`],
  ['create clusterrole NAME --aggregation-rule=a=b', `${rbac}/clusterroles`],
  ['create clusterrolebinding NAME --clusterrole=r --group=g', `${rbac}/clusterrolebindings`],
  ['create deployment NAME --image=i --replicas=0 --port=80', '/apis/apps/v1/namespaces/default/deployments'],
  ['create ingress NAME --rule=a/b*=c:80,tls=t', '/apis/networking.k8s.io/v1/namespaces/default/ingresses'],
  ['create priorityclass NAME --value=0', '/apis/scheduling.k8s.io/v1/priorityclasses'],
] as const

/** `kubectl`, and others besides that the environment may name. */
const kubectls = ['kubectl', ...(process.env['TEST_KUBECTLS'] ?? '').split(' ')].filter(isThere)

describe.skipIf(kubectls.length === 0).each(kubectls)('%s', (program) => {
  test.each(commands)('%s', async (command, path) => {
    const name = `x${++names}`
    const parameters = command.replace('NAME', name).split(' ')
    const meant = JSON.parse((await kubectl(program, ...parameters, '--dry-run=client', '-o', 'json')).stdout)
    const asJson = Buffer.from(JSON.stringify(meant))
    const bySelf = await send('POST', `${path}?dryRun=All`, asJson, '*/*', 'application/json')
    expect(bySelf.status).toBe(201)

    const { stderr } = await kubectl(program, ...parameters, '-v=8')
    const stored = await send('GET', `${path}/${name}`)
    await send('DELETE', `${path}/${name}`)
    expect(stderr).toContain(`Content-Type: ${minorVersion(program) < 32 ? 'application/json' : protobuf}`)
    expect(given(stored.body)).toEqual(given(bySelf.body))
  })
})

/** Without what the server makes up. */
function given(object: Record<string, unknown>): unknown {
  const made = ['uid', 'resourceVersion', 'creationTimestamp', 'managedFields', 'clusterIP', 'clusterIPs', 'nodePort']
  return JSON.parse(JSON.stringify(object, (key, value: unknown) => (made.includes(key) ? undefined : value)))
}

interface Received {
  readonly status: number
  readonly type: string
  readonly body: Record<string, unknown>
}

async function send(
  method: string,
  path: string,
  body?: Uint8Array,
  accept = '*/*',
  type = protobuf,
): Promise<Received> {
  const headers = { accept, ...(body !== undefined && { 'content-type': type, 'content-length': body.length }) }
  const identity = { ca: pki.ca, ...pki.client }
  const asked = httpsRequest({ host: '127.0.0.1', port, path, method, headers, ...identity, agent: false })
  asked.end(body)
  const [answer] = await once(asked, 'response')
  return { status: answer.statusCode, type: answer.headers['content-type'], body: JSON.parse(await text(answer)) }
}

function kubectl(program: string, ...parameters: string[]): Promise<{ stdout: string; stderr: string }> {
  const env = { PATH: process.env['PATH'], HOME: home, KUBECONFIG: join(home, 'none') }
  const identity = ['--certificate-authority=ca', '--client-certificate=cert', '--client-key=key']
  const all = [`--server=https://127.0.0.1:${port}`, ...identity, ...parameters]
  return new Promise((resolve, reject) => {
    execFile(program, all, { env, cwd: home, timeout: 15_000, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      error === null ? resolve({ stdout, stderr }) : reject(new Error(stderr.slice(-2000), { cause: error })),
    )
  })
}

function isThere(program: string): boolean {
  return program !== '' && minorVersion(program) > 0
}

/** 0 if the program does not run. */
function minorVersion(program: string): number {
  try {
    const version = execFileSync(program, ['version', '--client', '-o', 'json'], { encoding: 'utf8' })
    const { clientVersion } = JSON.parse(version)
    return Number.parseInt(clientVersion.minor, 10)
  } catch {
    return 0
  }
}

function configMapNamed(name: string | Buffer): Buffer {
  return envelope('v1', 'ConfigMap', field(1, field(1, name)))
}

function envelope(apiVersion: string, kind: string, ...fields: readonly Buffer[]): Buffer {
  const typeMeta = field(1, field(1, apiVersion), field(2, kind))
  return Buffer.concat([Buffer.from('k8s\0'), typeMeta, field(2, ...fields)])
}

/** A field with a length below 128. */
function field(number: number, ...parts: readonly (string | Buffer)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
  return Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content])
}
