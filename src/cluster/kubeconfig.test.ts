import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { addContext, checkKubeconfig, contextName, kubeconfigFile, removeContext } from './kubeconfig.ts'

const identity = { ca: 'CA', cert: 'CERT', key: 'KEY' }
const server = 'https://127.0.0.1:6443'
let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-kubeconfig-'))
  file = join(folder, 'sub', 'config')
})
afterEach(() => rm(folder, { recursive: true }))

const read = async () => parse(await readFile(file, 'utf8')) as Record<string, unknown>

test('a context is written into a file that did not exist, readable by its owner alone', async () => {
  await addContext(file, 'portolan', server, identity)
  expect(await read()).toMatchObject({
    'current-context': 'portolan',
    clusters: [{ name: 'portolan', cluster: { server, 'certificate-authority-data': 'Q0E=' } }],
    users: [{ name: 'portolan', user: { 'client-certificate-data': 'Q0VSVA==', 'client-key-data': 'S0VZ' } }],
    contexts: [{ name: 'portolan', context: { cluster: 'portolan', user: 'portolan' } }],
  })
  expect((await stat(file)).mode & 0o777).toBe(0o600)
})

test('what others wrote is kept, comments included, and a second write changes nothing', async () => {
  await addContext(file, 'portolan', server, identity)
  await writeFile(file, `# mine\n${await readFile(file, 'utf8')}`)
  await addContext(file, 'portolan-two', server, identity)
  const text = await readFile(file, 'utf8')
  expect(text).toMatch(/^# mine/)
  await addContext(file, 'portolan-two', server, identity)
  expect(await readFile(file, 'utf8')).toBe(text)
  expect(await read()).toMatchObject({ contexts: [{ name: 'portolan' }, { name: 'portolan-two' }] })
})

test('removing a context leaves the others and no dangling current-context', async () => {
  await addContext(file, 'portolan-two', server, identity)
  await addContext(file, 'portolan', server, identity)
  await removeContext(file, 'portolan')
  expect(await read()).toMatchObject({ 'current-context': '', clusters: [{ name: 'portolan-two' }] })
  await removeContext(file, 'portolan')
})

for (const { text, problem } of [
  { text: 'clusters: [\n', problem: 'Flow sequence in block collection must be .+ at line \\d+, column \\d+' },
  { text: 'hello\n', problem: 'it holds no fields' },
]) {
  test(`a file with ${JSON.stringify(text)} is refused in one sentence and left as it is`, async () => {
    await addContext(file, 'portolan', server, identity)
    await writeFile(file, text)
    const sentence = new RegExp(`^${file} is not a kubeconfig \\(${problem}\\): correct it or set KUBECONFIG$`)
    for (const attempt of [() => addContext(file, 'portolan', server, identity), () => checkKubeconfig(file)]) {
      await expect(attempt()).rejects.toThrow(expect.objectContaining({ message: expect.stringMatching(sentence) }))
      expect(await readFile(file, 'utf8')).toBe(text)
    }
  })
}

for (const { name, environment, expected } of [
  { name: 'the first of KUBECONFIG', environment: { KUBECONFIG: ':/a/b:/c', HOME: '/root' }, expected: '/a/b' },
  { name: 'the home folder', environment: { HOME: '/root' }, expected: '/root/.kube/config' },
]) {
  test(`kubeconfig comes from ${name}`, () => expect(kubeconfigFile(environment)).toBe(expected))
}

test('contexts are named after their cluster', () => {
  expect([contextName('default'), contextName('two')]).toEqual(['portolan', 'portolan-two'])
})
