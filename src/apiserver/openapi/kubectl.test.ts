import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kinds } from '../../api/kinds/index.ts'
import { ingressKind } from '../../api/kinds/ingress.ts'
import { legacyIngressViews } from '../../api/kinds/legacy-ingress.ts'
import { readSchema } from '../../api/schema/schema-file.ts'
import { apiHandler } from '../handler.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import { subresources } from '../subresources/index.ts'
import { testApi, type TestApi } from '../test-api.ts'
import { KindRegistry } from '../kind-registry.ts'
import { servedResource } from './served-resource.ts'
import { encodeOpenApiV2 } from './v2-protobuf.ts'
import { buildOpenApiV2, type DocumentV2 } from './v2.ts'

const manifest = `
apiVersion: v1
kind: Service
metadata: {name: kubia}
spec:
  prts: []
  ports: [{port: 80}]
`

describe.skipIf(!hasKubectl())('kubectl', () => {
  let api: TestApi
  let home: string
  const front = createServer((request, response) => {
    void answerFor(request).then(async ({ status, contentType, body }) => {
      response.writeHead(status, { 'content-type': contentType })
      if (typeof body !== 'function') return response.end(body)
      await body((chunk) => void response.write(chunk), AbortSignal.timeout(20_000))
      response.end()
    })
  })
  /** As an API server from before server-side validation was. */
  let isOld = false

  beforeAll(async () => {
    api = await testApi()
    api.context.kinds.add(ingressKind)
    for (const view of legacyIngressViews) api.context.kinds.addView(view)
    home = mkdtempSync(join(tmpdir(), 'portolan-kubectl-'))
    writeFileSync(join(home, 'service.yaml'), manifest)
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  })

  afterAll(async () => {
    front.close()
    front.closeAllConnections()
    rmSync(home, { recursive: true, force: true })
    await api[Symbol.asyncDispose]()
  })

  test('explains a field', async () => {
    const { output } = await kubectl('explain', 'service.spec.ports')
    expect(output).toMatch(/KIND: +Service\nVERSION: +v1\n/)
    expect(output).toContain("ServicePort contains information on service's port.")
    expect(output).toMatch(/nodePort\s+<integer>/)
    expect(output).toMatch(/port\s+<integer> -required-/)
  })

  for (const { name, query, lines } of [
    {
      name: 'a list of objects',
      query: ['pods.spec.containers'],
      lines: ['A single application container that you want to run within a pod.', 'Arguments to the entrypoint.', 'imagePullPolicy\t<string>'],
    },
    {
      name: 'an object',
      query: ['service.spec'],
      lines: ['ServiceSpec describes the attributes that a user creates on a service.', 'sessionAffinityConfig\t<SessionAffinityConfig>'],
    },
    { name: 'a field with its choices', query: ['service.spec.type'], lines: ['ENUM:', '    ClusterIP\n    ExternalName\n    LoadBalancer\n    NodePort'] },
    { name: 'a kind', query: ['endpointslices'], lines: ['discovery.k8s.io', 'addressType\t<string> -required-\n  enum: FQDN, IPv4, IPv6'] },
    { name: 'the stored version of a kind', query: ['ingress'], lines: ['networking.k8s.io', 'Ingress is a collection of rules'] },
    {
      name: 'an older version of a kind',
      query: ['ingress', '--api-version=extensions/v1beta1'],
      lines: ['VERSION:    v1beta1', 'Ingress is a collection of rules', 'spec\t<IngressSpec>'],
    },
  ]) {
    test(`explains ${name}`, async () => {
      const { output } = await kubectl('explain', ...query)
      expect(lines.filter((line) => !output.includes(line)).map((line) => `${output}\nlacks ${line}`)).toEqual([])
    })
  }

  test('is told of an unknown field', async () => {
    const { failed, output } = await kubectl('create', '-f', join(home, 'service.yaml'))
    expect(failed).toBe(true)
    expect(output).toMatch(/unknown field "(spec\.)?prts"/)
  })

  test('finds the unknown field by itself where it cannot ask the server', async () => {
    isOld = true
    const cache = join(home, 'old')
    const { failed, output } = await kubectl('create', '-f', join(home, 'service.yaml'), '--cache-dir', cache)
    isOld = false
    expect(failed).toBe(true)
    expect(output).toMatch(/error validating data: .*unknown field "(spec\.)?prts" in .*ServiceSpec/)
  })

  async function answerFor(request: IncomingMessage): Promise<ApiResponse> {
    const [path = '', search = ''] = (request.url ?? '').split('?', 2)
    const { accept = '', 'content-type': contentType = '' } = request.headers
    if (isOld && path.startsWith('/openapi/v3')) return { status: 404, contentType: 'text/plain', body: '' }
    if (isOld && path === '/openapi/v2') {
      return { status: 200, contentType: 'application/octet-stream', body: oldDocument() }
    }
    const asked: ApiRequest = {
      method: request.method ?? 'GET',
      path,
      query: new URLSearchParams(search),
      accept,
      contentType,
      body: await text(request),
      user: { name: 'admin', groups: ['system:masters'] },
      signal: AbortSignal.timeout(20_000),
    }
    return apiHandler(api.context)(asked)
  }

  function kubectl(...parameters: string[]): Promise<{ failed: boolean; output: string }> {
    const { port } = front.address() as AddressInfo
    const all = ['--server', `http://127.0.0.1:${port}`, ...parameters]
    const env = { PATH: process.env['PATH'], HOME: home, KUBECONFIG: join(home, 'none') }
    return new Promise((resolve) => {
      execFile('kubectl', all, { env, timeout: 15_000 }, (error, stdout, stderr) =>
        resolve({ failed: error !== null, output: stdout + stderr }),
      )
    })
  }
})

/** The v2 document in protobuf form, without the parameter that says that the server validates. */
function oldDocument(): Uint8Array {
  const served = new KindRegistry(kinds).all().map((form) => servedResource(form, subresources))
  const document = JSON.stringify(buildOpenApiV2(served, readSchema()), (_, value: unknown) =>
    Array.isArray(value) ? value.filter((item) => item?.name !== 'fieldValidation') : value,
  )
  return encodeOpenApiV2(JSON.parse(document) as DocumentV2)
}

function hasKubectl(): boolean {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
