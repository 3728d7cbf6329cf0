import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withDefaultRoles } from '../authorization/test-policy.ts'
import { testServer, type TestServer } from '../test-server.ts'

/** The one in PATH, and an old one if there is any beside it. */
const inPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'kubectl')).find((path) => existsSync(path))
const kubectls = inPath === undefined ? [] : [inPath, join(dirname(realpathSync(inPath)), 'kubectl.1.27')].filter((path) => existsSync(path))
const accounts = '/api/v1/namespaces/default/serviceaccounts'

let server: TestServer
let home: string
let token: string
beforeAll(async () => {
  server = await testServer()
  await withDefaultRoles(server.api)
  home = mkdtempSync(join(tmpdir(), 'portolan-kubectl-'))
  writeFileSync(join(home, 'config'), '')
  writeFileSync(join(home, 'ca.crt'), server.pki.ca)
  writeFileSync(join(home, 'admin.crt'), server.pki.client.cert)
  writeFileSync(join(home, 'admin.key'), server.pki.client.key)
  await server.api.request('POST', accounts, { metadata: { name: 'web' } })
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:aggregate-to-view' }
  await server.api.request('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
    metadata: { name: 'web' },
    roleRef,
    subjects: [
      { kind: 'ServiceAccount', name: 'web', namespace: 'default' },
      { kind: 'User', name: 'ada', apiGroup: 'rbac.authorization.k8s.io' },
    ],
  })
  const { body } = await server.api.request('POST', `${accounts}/web/token`, {})
  token = (body['status'] as { token: string }).token
})
afterAll(async () => {
  rmSync(home, { recursive: true, force: true })
  await server[Symbol.asyncDispose]()
})

const asAdmin = () => ['--client-certificate', join(home, 'admin.crt'), '--client-key', join(home, 'admin.key')]
const asAccount = () => ['--token', token]

function run(kubectl: string, ...parameters: string[]): Promise<string> {
  const all = ['--server', `https://127.0.0.1:${server.port}`, '--certificate-authority', join(home, 'ca.crt'), ...parameters]
  const env = { PATH: process.env['PATH'], HOME: home, KUBECONFIG: join(home, 'config') }
  return new Promise((resolve) => {
    execFile(kubectl, all, { env, timeout: 15_000 }, (_, stdout, stderr) => resolve((stdout + stderr).trim()))
  })
}

describe.each(kubectls)('%s', (kubectl) => {
  test('auth whoami', async () => {
    const output = await run(kubectl, 'auth', 'whoami', ...asAccount())
    expect(output).toMatch(/Username +system:serviceaccount:default:web/)
    expect(output).toMatch(/Groups +\[system:serviceaccounts system:serviceaccounts:default system:authenticated\]/)
    expect(await run(kubectl, 'auth', 'whoami', ...asAdmin())).toMatch(/Username +admin/)
  })

  test('auth can-i', async () => {
    expect(await run(kubectl, 'auth', 'can-i', 'list', 'pods', ...asAccount())).toBe('yes')
    expect(await run(kubectl, 'auth', 'can-i', 'list', 'secrets', ...asAccount())).toMatch(/^no/)
    expect(await run(kubectl, 'auth', 'can-i', 'get', 'pods', '--subresource=log', ...asAccount())).toBe('yes')
    expect(await run(kubectl, 'auth', 'can-i', 'list', 'pods', '-n', 'kube-system', ...asAccount())).toMatch(/^no/)
    expect(await run(kubectl, 'auth', 'can-i', 'get', '/metrics', ...asAccount())).toMatch(/^no/)
    expect(await run(kubectl, 'auth', 'can-i', '*', '*', ...asAdmin())).toBe('yes')
  })

  test('auth can-i --list', async () => {
    const output = await run(kubectl, 'auth', 'can-i', '--list', ...asAccount())
    expect(output).toMatch(/^Resources +Non-Resource URLs +Resource Names +Verbs$/m)
    expect(output).toMatch(/^services +\[\] +\[\] +\[get list watch\]$/m)
    expect(output).toMatch(/^ +\[\/version\] +\[\] +\[get\]$/m)
  })

  test('--as', async () => {
    expect(await run(kubectl, 'get', 'pods', '--as', 'ada', ...asAdmin())).toBe('No resources found in default namespace.')
    expect(await run(kubectl, 'get', 'secrets', '--as', 'ada', '--as-group', 'team', ...asAdmin())).toBe(
      'Error from server (Forbidden): secrets is forbidden: User "ada" cannot list resource "secrets" in API group "" in the namespace "default"',
    )
    expect(await run(kubectl, 'get', 'pods', '--as', 'ada', ...asAccount())).toBe(
      'Error from server (Forbidden): users "ada" is forbidden: User "system:serviceaccount:default:web" cannot impersonate resource "users" in API group "" at the cluster scope',
    )
    expect(await run(kubectl, 'auth', 'whoami', '--as', 'ada', '--as-uid', '7', '--as-group', 'a', '--as-group', 'b', ...asAdmin())).toMatch(
      /Username +ada\nUID +7\nGroups +\[a b system:authenticated\]/,
    )
  })

  test('create token, which is good for requests', async () => {
    const made = await run(kubectl, 'create', 'token', 'web', '--duration', '10m', ...asAdmin())
    expect(made).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    expect(await run(kubectl, 'get', 'pods', '--token', made)).toBe('No resources found in default namespace.')
    expect(await run(kubectl, 'create', 'token', 'none', ...asAdmin())).toMatch(/serviceaccounts "none" not found/)
    expect(await run(kubectl, 'create', 'token', 'web', '--duration', '1m', ...asAdmin())).toMatch(/may not specify a duration less than 10 minutes/)
  })

  test('create of roles and of a question', async () => {
    const own = ['--dry-run=server', ...asAdmin()]
    expect(await run(kubectl, 'create', 'role', 'r', '--verb=get', '--resource=pods', ...own)).toMatch(/role.*created/)
    expect(await run(kubectl, 'create', 'rolebinding', 'b', '--clusterrole=view', '--user=ada', ...own)).toMatch(/rolebinding.*created/)
    const file = join(home, 'review.yaml')
    writeFileSync(
      file,
      'apiVersion: authorization.k8s.io/v1\nkind: SubjectAccessReview\nspec: {user: ada, resourceAttributes: {verb: list, resource: pods, namespace: default}}\n',
    )
    expect(await run(kubectl, 'create', '-f', file, '--validate=false', '-o', 'jsonpath={.status.allowed}', ...asAdmin())).toBe('true')
  })

  test('with a token that is not good', async () => {
    expect(await run(kubectl, 'get', 'pods', '--token', `${token}x`)).toMatch(
      /You must be logged in to the server \((Unauthorized|the server has asked for the client to provide credentials)\)/,
    )
  })
})

describe('over HTTP', () => {
  const unauthorized = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'Unauthorized', reason: 'Unauthorized', code: 401 }
  const get = (...headers: string[]) =>
    server.exchange(`GET /api/v1/namespaces/default/pods HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`, {})
  const bodyOf = (answer: string) => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as unknown

  test('a token that is not good is told in upstream’s words', async () => {
    for (const bad of ['nonsense', `${token}x`]) {
      const answer = await get(`Authorization: Bearer ${bad}`)
      expect(answer).toMatch(/^HTTP\/1\.1 401 /)
      expect(bodyOf(answer)).toEqual(unauthorized)
    }
  })

  test('a token counts in a header and among the protocols of a WebSocket', async () => {
    const encoded = Buffer.from(token).toString('base64url')
    expect(await get(`authorization: bearer ${token}`)).toMatch(/^HTTP\/1\.1 200 /)
    expect(await get(`Sec-WebSocket-Protocol: v4.channel.k8s.io, base64url.bearer.authorization.k8s.io.${encoded}`)).toMatch(/^HTTP\/1\.1 200 /)
    expect(await get('Authorization: Basic YTpi')).toMatch(/^HTTP\/1\.1 403 /)
  })

  test('an upgrade is refused to who is not who he says', async () => {
    const upgrade = (bearer: string) =>
      server.exchange(
        `GET /api/v1/namespaces/default/pods/web/exec?command=ls HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nAuthorization: Bearer ${bearer}\r\n\r\n`,
        {},
      )
    expect(await upgrade('nonsense')).toMatch(/^HTTP\/1\.1 401 /)
    expect(await upgrade(token)).toContain('cannot get resource \\"pods/exec\\"')
  })
})
