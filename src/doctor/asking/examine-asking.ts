import { isIP } from 'node:net'
import type { Diagnosis } from '../finding.ts'
import { examine } from '../examine.ts'
import type { GatherDeps } from '../gather/gather.ts'
import type { Objects } from '../gather/objects.ts'
import { processOf } from '../gather/pod-processes.ts'
import { ask } from '../gather/views.ts'
import type { Outcome } from '../reach/questions.ts'
import { addresseeOf } from './addressee.ts'
import type { Asked, Askable, Client } from './asked.ts'
import { diagnoseAsking } from './diagnose-asking.ts'

/** Explains what becomes of an attempt of a client, and tries the same from there. Changes nothing. */
export async function examineAsking(deps: GatherDeps, asked: Asked, clientIn: (objects: Objects) => Client): Promise<Diagnosis> {
  const { surroundings } = deps
  // Tried while the Service is looked at, each time anew: either may have to wait for an answer that does not come.
  let tried: Promise<PromiseSettledResult<Outcome | undefined>[]> | undefined
  const { objects, services: [service] } = await examine(deps, (all) => {
    const there = { ...all, surroundings }
    tried = Promise.allSettled([outcomeOf(asked, { client: clientIn(all), there, deps })])
    const addressee = addresseeOf(asked, clientIn(all), there)
    return { services: addressee.what === 'service' ? [addressee.service] : [], ingresses: [] }
  })
  const [outcome] = (await tried) ?? []
  if (outcome?.status === 'rejected') throw outcome.reason
  return diagnoseAsking({ asked, client: clientIn(objects), there: { ...objects, surroundings }, outcome: outcome?.value }, service)
}

/** Undefined for what is not tried: pings, names that mean nothing, and from the machine, whose networks are not the cluster's. */
async function outcomeOf(asked: Asked, { client, there, deps }: { client: Client; there: Askable; deps: GatherDeps }): Promise<Outcome | undefined> {
  const netns = await networkOf(client, deps)
  const address = addressOf(asked, client, there)
  if (netns === undefined || address === undefined || asked.scheme === 'ping') return undefined
  const connection = { protocol: asked.scheme === 'udp' ? ('UDP' as const) : ('TCP' as const), address, port: asked.port }
  const answers = await ask({ connections: [connection], names: [], requests: [], dnsServer: deps.surroundings.dnsServer, timeoutMs: 1_200 }, netns, deps)
  return answers.connections[0]?.outcome
}

/** What the name stands for; of a headless Service, a pod's. */
function addressOf(asked: Asked, client: Client, there: Askable): string | undefined {
  if (isIP(asked.host) !== 0) return asked.host
  const addressee = addresseeOf(asked, client, there)
  if (addressee.what !== 'service') return undefined
  const { clusterIP = '' } = addressee.service.spec
  return isIP(clusterIP) === 0 ? undefined : clusterIP
}

async function networkOf(client: Client, { surroundings, cgroups }: GatherDeps): Promise<string | undefined> {
  switch (client.kind) {
    case 'pod': {
      const pid = await processOf(client.pod, surroundings.nodes, cgroups)
      return pid === undefined ? undefined : `/proc/${pid}/ns/net`
    }
    case 'node':
      return surroundings.nodes.find(({ name, isOff }) => name === client.name && !isOff)?.netns
    case 'outside':
      return surroundings.outside.netns
    case 'machine':
      return undefined
    default:
      return client satisfies never
  }
}
