import { mkdir, mkdtemp, rm, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FakeEnd, FakeProcesses } from '../kernel/fake-processes.ts'
import { installEgressPackage, installSystemPackages, SetupError } from './system-packages.ts'

const programs = [
  'usr/bin/containerd', 'usr/sbin/runc', 'usr/lib/cni/ptp', 'usr/sbin/nft', 'sbin/ip', 'usr/sbin/conntrack', 'usr/sbin/haproxy',
  'usr/bin/nsenter', 'bin/busybox', 'usr/bin/dig', 'usr/bin/curl', 'bin/bash', 'usr/bin/apt-get', 'opt/kubectl/kubectl',
]

/** A machine's files, all of them executable. */
let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'portolan-packages-'))
  for (const program of programs) {
    await mkdir(dirname(join(root, program)), { recursive: true })
    await writeFile(join(root, program), '', { mode: 0o755 })
  }
})
afterEach(() => rm(root, { recursive: true }))

async function install(end: (command: readonly string[]) => FakeEnd = () => ({}), installWhat = installSystemPackages) {
  const processes = new FakeProcesses(({ command }) => end(command))
  const said: string[] = []
  const environment = { PATH: '/usr/bin:/opt/kubectl' }
  const outcome = installWhat({ processes, environment, root, say: (line) => void said.push(line) })
  const calls = () => processes.calls.map(({ command }) => command.join(' '))
  return { outcome: await outcome.catch((error: unknown) => error), said, calls: calls() }
}

const apt = 'env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120'

test('nothing is run on a machine that has everything', async () => {
  expect(await install()).toEqual({ outcome: undefined, said: [], calls: [] })
})

test('exactly what is missing is installed, and said', async () => {
  for (const program of ['usr/sbin/runc', 'usr/lib/cni/ptp', 'usr/bin/dig']) await unlink(join(root, program))
  const packages = 'runc containernetworking-plugins bind9-dnsutils'
  expect(await install()).toEqual({
    outcome: undefined,
    said: [`installing Debian packages: ${packages}`],
    calls: [`${apt} update`, `${apt} --no-install-recommends install ${packages}`],
  })
})

test('kubectl is looked for where the user’s shell would', async () => {
  await unlink(join(root, 'opt/kubectl/kubectl'))
  const { calls } = await install()
  expect(calls.at(-1)).toBe(`${apt} --no-install-recommends install kubernetes-client`)
})

test('a file that is no program does not count as one', async () => {
  await rm(join(root, 'usr/sbin/nft'))
  await writeFile(join(root, 'usr/sbin/nft'), '', { mode: 0o644 })
  expect((await install()).calls.at(-1)).toContain('install nftables')
})

test('a failing apt-get is one sentence, with its own last words', async () => {
  await unlink(join(root, 'usr/bin/curl'))
  const stderr = 'Reading package lists…\nE: Unable to locate package curl\n'
  const { outcome } = await install((command) => (command.includes('install') ? { exitCode: 100, stderr } : {}))
  expect(outcome).toBeInstanceOf(SetupError)
  const said = 'Reading package lists… E: Unable to locate package curl'
  const message = `apt-get could not install curl: ${said}; correct that, or install them by hand`
  expect(outcome).toMatchObject({ message })
})

test('a machine without apt-get is told what is missing', async () => {
  for (const program of ['usr/bin/apt-get', 'usr/bin/curl', 'bin/bash']) await unlink(join(root, program))
  const { outcome, calls } = await install()
  const problem = 'these Debian packages are missing and there is no apt-get to install them: curl bash'
  expect(outcome).toMatchObject({ message: `${problem}; install what brings the same programs` })
  expect(calls).toEqual([])
})

describe('the package of the way out', () => {
  const patience = '-o Acquire::Retries=0 -o Acquire::http::Timeout=5 -o Acquire::https::Timeout=5'

  test('is installed for itself', async () => {
    expect(await install(() => ({}), installEgressPackage)).toEqual({
      outcome: undefined,
      said: ['installing Debian packages: passt'],
      calls: [`${apt} ${patience} update`, `${apt} ${patience} --no-install-recommends install passt`],
    })
  })

  test('is done without if it cannot be had, and that is said', async () => {
    const { outcome, said } = await install(() => ({ exitCode: 100, stderr: 'E: no network' }), installEgressPackage)
    expect(outcome).toBeUndefined()
    expect(said.at(-1)).toBe(
      'no way out of the cluster: apt-get could not install passt: E: no network; correct that, or install them by hand; --no-egress does without',
    )
  })

  test('is not asked for where it is', async () => {
    await writeFile(join(root, 'usr/bin/pasta'), '', { mode: 0o755 })
    expect(await install(() => ({}), installEgressPackage)).toEqual({ outcome: undefined, said: [], calls: [] })
  })
})
