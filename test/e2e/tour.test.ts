import { afterAll, beforeAll, expect, test } from 'vitest'
import { RunningCommand } from '../kubectl-session.ts'
import { TestCluster } from '../test-cluster.ts'

/** The tour on a live cluster: by itself, by hand on a terminal, and where it cannot be given. */

let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.named(`e2e-tour-${process.pid}`)
  await cluster.up()
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const noNamespace = async () => {
  expect((await cluster.tryKubectl('get', 'namespace', 'tour')).stderr).toContain('namespaces "tour" not found')
}

test('tour --yes runs through: every answer is as it should be, and nothing is left', async () => {
  const { code, stdout, stderr } = await cluster.tryPortolan('tour', '--yes')
  expect(stdout).not.toContain('! The cluster answered otherwise')
  expect(stdout).toMatch(/every answer was as it should be\.\n$/)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  for (const number of [1, 2, 3, 4, 5, 6, 7]) expect(stdout).toContain(`\n5.${number} `)
  expect(stdout).toMatch(/│ service\/kubia +10\.\S+ +→ 10\.\S+:8080 10\.\S+:8080 10\.\S+:8080\n/)
  await noNamespace()
})

test('on a terminal it waits for Enter, and q leaves without a trace', async () => {
  const command = `stty -echo; ./portolan tour --section 5.6 --name ${cluster.name}`
  await using tour = new RunningCommand('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], { ...cluster.environment, SHELL: '/bin/sh' })
  await tour.says(/5\.6 Headless Services[^]*\$ kubectl -n tour create -f examples\/kubia-svc-headless\.yaml/)
  expect(tour.stdout()).not.toContain('service/kubia-headless created')
  tour.type('\r')
  await tour.says(/service\/kubia-headless created[^]*\$ kubectl -n tour run dnsutils/)
  tour.type('q')
  expect(await tour.end()).toBe(0)
  expect(tour.stdout()).not.toContain('pod/dnsutils created')
  await noNamespace()
})

test('Ctrl-C while a command runs leaves nothing, be it the first one', async () => {
  const command = `./portolan tour --yes --name ${cluster.name}`
  await using tour = new RunningCommand('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], { ...cluster.environment, SHELL: '/bin/sh' })
  await tour.says(/\$ kubectl create namespace tour/)
  tour.type('\x03')
  await tour.end()
  expect(tour.stdout()).toContain('What the tour made goes with its namespace.')
  expect(tour.stdout()).not.toContain('5.1 ')
  await noNamespace()
})

test('where it cannot be given, a sentence says why', async () => {
  expect(await cluster.tryPortolan('tour')).toMatchObject({ code: 1, stderr: expect.stringMatching(/^portolan: the tour waits for Enter .* or with --yes\n$/) })
  expect(await cluster.tryPortolan('tour', '--yes', '--section', '5.9')).toMatchObject({ code: 1, stderr: 'portolan: there is no section "5.9": choose one of 5.1, 5.2, 5.3, 5.4, 5.5, 5.6, 5.7\n' })
  await cluster.kubectl('create', 'namespace', 'tour')
  expect(await cluster.tryPortolan('tour', '--yes')).toMatchObject({ code: 1, stderr: expect.stringContaining('there is a namespace tour already') })
  await cluster.kubectl('config', 'unset', 'current-context')
  expect(await cluster.tryPortolan('tour', '--yes')).toMatchObject({ code: 1, stderr: expect.stringMatching(/kubectl leads to another cluster than .*: kubectl config use-context portolan-e2e-tour-\d+\n$/) })
})
