import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ManagedFieldsEntry } from '../../api/apply/managers.ts'
import { testServer, type TestServer } from '../test-server.ts'

interface Moved {
  readonly data: unknown
  readonly metadata: { readonly managedFields: readonly ManagedFieldsEntry[] }
}

describe.skipIf(!isThere('kubectl', 'version', '--client'))('kubectl', () => {
  let server: TestServer
  let home: string

  beforeAll(async () => {
    server = await testServer()
    home = mkdtempSync(join(tmpdir(), 'portolan-apply-'))
    write('kubeconfig', '')
    write('ca.pem', server.pki.ca)
    write('client.pem', server.pki.client.cert)
    write('client-key.pem', server.pki.client.key)
  })

  afterAll(async () => {
    rmSync(home, { recursive: true, force: true })
    await server[Symbol.asyncDispose]()
  })

  test('applies on the server side, and again without a change', async () => {
    const file = configMap('plain', { a: '1' })
    expect(await kubectl('apply', '--server-side', '-f', file)).toEqual(ok('configmap/plain serverside-applied\n'))
    const version = await kubectl('get', 'cm/plain', '-o', 'jsonpath={.metadata.resourceVersion}')
    expect(await kubectl('apply', '--server-side', '-f', file)).toEqual(ok('configmap/plain serverside-applied\n'))
    expect(await kubectl('get', 'cm/plain', '-o', 'jsonpath={.metadata.resourceVersion}')).toEqual(version)
  })

  test('shows managed fields only when asked', async () => {
    await kubectl('apply', '--server-side', '-f', configMap('shown', { a: '1' }))
    expect((await kubectl('get', 'cm/shown', '-o', 'yaml')).output).not.toContain('managedFields')
    const { output } = await kubectl('get', 'cm/shown', '-o', 'yaml', '--show-managed-fields')
    const lines = ['fieldsV1:', '  f:data:', '    f:a: {}', 'manager: kubectl', 'operation: Apply']
    expect(output).toContain(lines.map((line) => `    ${line}\n`).join(''))
  })

  test('is told of conflicts, and can force them', async () => {
    const created = await kubectl('create', '-f', configMap('contested', { a: '1', b: '1' }))
    expect(created).toEqual(ok('configmap/contested created\n'))
    const file = configMap('contested', { a: '2', b: '1' })
    const refused = await kubectl('apply', '--server-side', '-f', file)
    expect(refused.failed).toBe(true)
    expect(refused.output).toContain('Apply failed with 1 conflict: conflict with "kubectl-create" using v1: .data.a')
    expect(refused.output).toContain('--force-conflicts')
    const forced = await kubectl('apply', '--server-side', '--force-conflicts', '-f', file)
    expect(forced).toEqual(ok('configmap/contested serverside-applied\n'))
    expect((await kubectl('get', 'cm/contested', '-o', 'jsonpath={.data}')).output).toBe('{"a":"2","b":"1"}')
  })

  test('goes over from its own apply to that of the server', async () => {
    const before = configMap('moved', { a: '1', b: '1', c: '1' })
    expect(await kubectl('apply', '-f', before)).toEqual(ok('configmap/moved created\n'))
    const last = await kubectl('apply', 'view-last-applied', 'cm/moved', '-o', 'json')
    expect(JSON.parse(last.output)).toMatchObject({ data: { a: '1', b: '1', c: '1' } })

    const after = configMap('moved', { a: '2', b: '1' })
    expect(await kubectl('apply', '--server-side', '-f', after)).toEqual(ok('configmap/moved serverside-applied\n'))
    const { output } = await kubectl('get', 'cm/moved', '-o', 'json', '--show-managed-fields')
    const { data, metadata } = JSON.parse(output) as Moved
    expect(data).toEqual({ a: '2', b: '1' })
    const owners = metadata.managedFields.map(({ manager, operation }) => `${manager} ${operation}`)
    expect(owners).toContain('kubectl Apply')
    expect(owners).not.toContain('kubectl-client-side-apply Update')
    const now = await kubectl('apply', 'view-last-applied', 'cm/moved', '-o', 'json')
    expect(JSON.parse(now.output)).toMatchObject({ data: { a: '2', b: '1' } })
  })

  test('merges ports by port and protocol', async () => {
    const service = (manager: string, ports: object[]) =>
      manifest(`${manager}-web`, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'web' },
        spec: { ports, selector: { app: 'web' } },
      })
    const mine = { name: 'http', port: 80, protocol: 'TCP' }
    const yours = { name: 'dns', port: 53, protocol: 'UDP' }
    await kubectl('apply', '--server-side', '-f', service('mine', [mine]))
    await kubectl('apply', '--server-side', '--field-manager=you', '-f', service('yours', [yours]))
    const names = () => kubectl('get', 'svc/web', '-o', 'jsonpath={.spec.ports[*].name}')
    expect((await names()).output).toBe('http dns')
    await kubectl('apply', '--server-side', '-f', service('mine', [{ ...mine, port: 8080 }]))
    expect((await names()).output.split(' ').sort()).toEqual(['dns', 'http'])
    const http = await kubectl('get', 'svc/web', '-o', 'jsonpath={.spec.ports[?(@.name=="http")].port}')
    expect(http.output).toBe('8080')
  })

  test.skipIf(!isThere('diff', '--version'))('shows what an apply would change', async () => {
    await kubectl('apply', '--server-side', '-f', configMap('compared', { a: 'old' }))
    const file = configMap('compared', { a: 'new' })
    const { failed, output } = await kubectl('diff', '--server-side', '-f', file)
    expect(failed).toBe(true)
    expect(output).toMatch(/^- +a: old$/m)
    expect(output).toMatch(/^\+ +a: new$/m)
    await kubectl('apply', '--server-side', '-f', file)
    expect(await kubectl('diff', '--server-side', '-f', file)).toEqual(ok(''))
  })

  function configMap(name: string, data: Record<string, string>): string {
    return manifest(name, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data })
  }

  function manifest(name: string, object: object): string {
    return write(`${name}.json`, JSON.stringify(object))
  }

  function write(name: string, content: string): string {
    const file = join(home, name)
    writeFileSync(file, content)
    return file
  }

  interface Result {
    readonly failed: boolean
    readonly output: string
  }

  function ok(output: string): Result {
    return { failed: false, output }
  }

  function kubectl(...parameters: string[]): Promise<Result> {
    const flags = {
      server: `https://127.0.0.1:${server.port}`,
      'certificate-authority': join(home, 'ca.pem'),
      'client-certificate': join(home, 'client.pem'),
      'client-key': join(home, 'client-key.pem'),
    }
    const identity = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
    const env = { PATH: process.env['PATH'], HOME: home, KUBECONFIG: join(home, 'kubeconfig') }
    return new Promise((resolve) => {
      execFile('kubectl', [...identity, ...parameters], { env, timeout: 15_000 }, (error, stdout, stderr) =>
        resolve({ failed: error !== null, output: stdout + stderr }),
      )
    })
  }
})

function isThere(program: string, ...parameters: string[]): boolean {
  try {
    execFileSync(program, parameters, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
