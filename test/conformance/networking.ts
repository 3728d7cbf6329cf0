import type { ConformanceGroup } from './conformance-case.ts'
import { type Place, type Tenant, whoIn } from './tenant.ts'

const nodes = ['node-1', 'node-2'] as const
/** Of the first. */
const nodeAddress = '192.168.99.11'

/** A pod on each node that is asked by everybody of a kind. */
async function everyPodAnswers(tenant: Tenant, protocol: 'http' | 'udp', from: 'pod' | 'node'): Promise<void> {
  const servers = await Promise.all(nodes.map((node) => tenant.serverPod(`on-${node}`, { node, listens: [`${protocol}:8080`] })))
  if (from === 'pod') await tenant.askerPod()
  const places: readonly Place[] = from === 'pod' ? [{ pod: 'asker' }] : nodes.map((node) => ({ node }))
  for (const place of places) {
    for (const { metadata, status } of servers) {
      const question = { protocol, host: String(status?.podIP), port: 8080 }
      await tenant.untilAnswered(place, question, (answers) => whoIn(answers).join() === metadata.name)
    }
  }
}

export const granularChecks: ConformanceGroup = {
  title: 'Networking Granular Checks: Pods',
  cases: [
    { name: 'should function for intra-pod communication: http', perform: (tenant) => everyPodAnswers(tenant, 'http', 'pod') },
    { name: 'should function for intra-pod communication: udp', perform: (tenant) => everyPodAnswers(tenant, 'udp', 'pod') },
    { name: 'should function for node-pod communication: http', perform: (tenant) => everyPodAnswers(tenant, 'http', 'node') },
    { name: 'should function for node-pod communication: udp', perform: (tenant) => everyPodAnswers(tenant, 'udp', 'node') },
  ],
}

/** On one node, with one host port. */
async function hostPortPod(tenant: Tenant, name: string, at: { hostIP: string; protocol: 'TCP' | 'UDP' }): Promise<void> {
  const server = `${at.protocol === 'TCP' ? 'http' : 'udp'}:8080`
  await tenant.serverPod(name, { node: 'node-1', listens: [server], hostPort: { containerPort: 8080, hostPort: 54_323, ...at } })
}

export const hostPort: ConformanceGroup = {
  title: 'HostPort',
  cases: [
    {
      name: 'validates that there is no conflict between pods with same hostPort but different hostIP and protocol',
      async perform(tenant) {
        await Promise.all([
          hostPortPod(tenant, 'at-loopback', { hostIP: '127.0.0.1', protocol: 'TCP' }),
          hostPortPod(tenant, 'at-node', { hostIP: nodeAddress, protocol: 'TCP' }),
          hostPortPod(tenant, 'by-datagram', { hostIP: nodeAddress, protocol: 'UDP' }),
        ])
        const onNode = { node: 'node-1' }
        const answeredBy = (pod: string) => (answers: Parameters<typeof whoIn>[0]) => whoIn(answers).join() === pod
        await tenant.untilAnswered(onNode, { host: '127.0.0.1', port: 54_323 }, answeredBy('at-loopback'))
        await tenant.untilAnswered(onNode, { host: nodeAddress, port: 54_323 }, answeredBy('at-node'))
        await tenant.untilAnswered(onNode, { protocol: 'udp', host: nodeAddress, port: 54_323 }, answeredBy('by-datagram'))
      },
    },
  ],
}
