import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { readKubeconfig } from './kubeconfig.ts'

const pem = (what: string) => `-----BEGIN ${what}-----\nAAAA\n-----END ${what}-----\n`
const inline = (field: string, what: string) => ({ [`${field}-data`]: Buffer.from(pem(what)).toString('base64') })

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-kubeconfig-'))
  file = join(folder, 'config')
})

afterEach(() => rmSync(folder, { recursive: true }))

/** A file with two contexts: `inline` is the current one, `files` names files beside it. */
function config({ cluster = {}, user = {}, ...rest }: Record<string, object | string> = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'inline',
    contexts: [
      { name: 'files', context: { cluster: 'other', user: 'bot', namespace: 'shop' } },
      { name: 'inline', context: { cluster: 'here', user: 'admin' } },
    ],
    clusters: [
      { name: 'other', cluster: { server: 'https://10.0.0.1:6443/', 'certificate-authority': 'ca.pem' } },
      {
        name: 'here',
        cluster: { server: 'https://127.0.0.1:6443', ...inline('certificate-authority', 'CA'), ...Object(cluster) },
      },
    ],
    users: [
      { name: 'bot', user: { tokenFile: 'token' } },
      {
        name: 'admin',
        user: { ...inline('client-certificate', 'CERT'), ...inline('client-key', 'KEY'), ...Object(user) },
      },
    ],
    ...rest,
  }
}

function write(content: object | string): void {
  writeFileSync(file, typeof content === 'string' ? content : stringify(content))
}

test('reads the current context, with inline data', async () => {
  write(config())
  const access = { server: 'https://127.0.0.1:6443', ca: pem('CA'), cert: pem('CERT'), key: pem('KEY') }
  expect(await readKubeconfig(file)).toEqual(access)
})

test('reads a named context, with files relative to its own', async () => {
  write(config())
  writeFileSync(join(folder, 'ca.pem'), pem('CA'))
  writeFileSync(join(folder, 'token'), 'secret\n')
  const access = { server: 'https://10.0.0.1:6443', ca: pem('CA'), token: 'secret', namespace: 'shop' }
  expect(await readKubeconfig(file, 'files')).toEqual({ ...access, tokenFile: join(folder, 'token') })
})

for (const { name, cluster, access } of [
  { name: 'is not looked at', cluster: { 'insecure-skip-tls-verify': true }, access: { insecure: true } },
  { name: 'is looked at', cluster: { 'insecure-skip-tls-verify': false }, access: {} },
  { name: 'has another name', cluster: { 'tls-server-name': 'kubernetes' }, access: { serverName: 'kubernetes' } },
]) {
  test(`the server's certificate ${name}`, async () => {
    write(config({ cluster: { 'certificate-authority-data': '', ...cluster } }))
    const identity = { cert: pem('CERT'), key: pem('KEY') }
    expect(await readKubeconfig(file)).toEqual({ server: 'https://127.0.0.1:6443', ...identity, ...access })
  })
}

test('prefers inline data to files, and a token to a token file', async () => {
  write(config({ cluster: { 'certificate-authority': 'missing' }, user: { token: 'now', tokenFile: 'missing' } }))
  expect(await readKubeconfig(file)).toMatchObject({ ca: pem('CA'), token: 'now' })
})

for (const { name, content, context, says } of [
  { name: 'broken YAML', content: 'a: [', says: 'Flow sequence' },
  { name: 'no mapping', content: '- a\n', says: 'must be a mapping' },
  { name: 'no current context', content: config({ 'current-context': '' }), says: 'current-context: is not set' },
  { name: 'an unknown context', content: config(), context: 'x', says: 'contexts: has no entry named "x"' },
  {
    name: 'an unknown cluster',
    content: config({ clusters: [] as object }),
    says: 'clusters: has no entry named "here"',
  },
  { name: 'no server', content: config({ cluster: { server: '' } }), says: 'clusters[1].cluster.server: is not set' },
  {
    name: 'data that is not base64',
    content: config({ user: { 'client-key-data': '%%%' } }),
    says: 'users[1].user.client-key-data: is not base64 of a PEM block',
  },
  {
    name: 'a missing file',
    content: config(),
    context: 'files',
    says: 'clusters[0].cluster.certificate-authority: ENOENT',
  },
  {
    name: 'a plugin',
    content: config({ user: { exec: { command: 'aws' } } }),
    says: 'users[1].user.exec: is not supported',
  },
  {
    name: 'impersonation',
    content: config({ user: { as: 'somebody' } }),
    says: 'users[1].user.as: is not supported',
  },
  {
    name: 'no verification, with an authority',
    content: config({ cluster: { 'insecure-skip-tls-verify': true } }),
    says: 'clusters[1].cluster.insecure-skip-tls-verify: cannot be set together with a certificate authority',
  },
  {
    name: 'a flag that is none',
    content: config({ cluster: { 'insecure-skip-tls-verify': 'yes' } }),
    says: 'clusters[1].cluster.insecure-skip-tls-verify: must be true or false',
  },
  {
    name: 'a certificate without its key',
    content: config({ user: { 'client-key-data': '' } }),
    says: 'users[1].user.client-key: is not set',
  },
  {
    name: 'plain HTTP',
    content: config({ cluster: { server: 'http://127.0.0.1:8080' } }),
    says: 'clusters[1].cluster.server: "http://127.0.0.1:8080" is not supported; it must be https://HOST:PORT',
  },
  {
    name: 'a server behind a path',
    content: config({ cluster: { server: 'https://rancher/k8s/clusters/c-1' } }),
    says: 'clusters[1].cluster.server: "https://rancher/k8s/clusters/c-1" is not supported',
  },
]) {
  test(`names file and field: ${name}`, async () => {
    write(content)
    const failure: unknown = await readKubeconfig(file, context).catch((error: unknown) => error)
    expect(failure).toMatchObject({ name: 'KubeconfigError', message: expect.stringContaining(`${file}: `) })
    expect(failure).toMatchObject({ message: expect.stringContaining(says) })
  })
}

test('says that the file is missing', async () => {
  await expect(readKubeconfig(file)).rejects.toThrow(`${file}: ENOENT`)
})
