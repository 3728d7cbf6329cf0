import { Command } from 'commander'
import { isStatus } from '../api/errors.ts'
import { Services, type Service } from '../api/kinds/service.ts'
import type { Client } from '../client/client.ts'
import type { PublishedPort } from '../cluster/config.ts'
import { defaultCluster } from '../cluster/kubeconfig.ts'
import { change, requireRunning, withClient } from './change.ts'
import { type CliContext, type ClusterOption, existingCluster, UserError } from './context.ts'

interface PublishOptions extends ClusterOption {
  readonly namespace: string
}

export function publishCommand(context: CliContext): Command {
  return withOptions(new Command('publish'))
    .description('open ports of a Service on 127.0.0.1 of this machine: portolan publish service/kubia 8080:80')
    .argument('<service>', 'service/NAME')
    .argument('[ports...]', 'HOST:PORT or PORT, with /udp for UDP; every port of the Service unless given')
    .action(async (service: string, ports: string[], options: PublishOptions) => {
      const name = serviceName(service)
      const { config, layout } = await existingCluster(context, options)
      await (await requireRunning(config, layout))[Symbol.asyncDispose]()
      const object = await withClient(config, layout, (client) => existingService(client, options.namespace, name))
      const published = chosenPorts(object, ports)
      await change(config, layout, { action: 'publish', ports: published })
      for (const { hostPort, protocol, port } of published) {
        context.say(`127.0.0.1:${hostPort} leads to port ${port} of service/${name}${protocol === 'UDP' ? ' over UDP' : ''}`)
      }
    })
}

export function unpublishCommand(context: CliContext): Command {
  return withOptions(new Command('unpublish'))
    .description('close the ports of a Service that were opened with publish')
    .argument('<service>', 'service/NAME')
    .action(async (service: string, options: PublishOptions) => {
      const name = serviceName(service)
      const { config, layout } = await existingCluster(context, options)
      await change(config, layout, { action: 'unpublish', namespace: options.namespace, service: name })
      context.say(`service/${name} is no longer published`)
    })
}

function withOptions(command: Command): Command {
  return command
    .option('--name <name>', 'name of the cluster', defaultCluster)
    .option('-n, --namespace <namespace>', 'namespace of the Service', 'default')
}

function serviceName(text: string): string {
  const [, name] = /^(?:service|services|svc)\/([a-z0-9.-]+)$/.exec(text) ?? []
  if (name !== undefined) return name
  throw new UserError(`${JSON.stringify(text)} cannot be published: give a Service as service/NAME`)
}

async function existingService(client: Client, namespace: string, name: string): Promise<Service> {
  try {
    return await client.get(Services, { namespace, name })
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error
    throw new UserError(`there is no service ${JSON.stringify(name)} in namespace ${namespace}`)
  }
}

/** Throws `UserError` for what the Service does not have, or the machine cannot open. */
export function chosenPorts({ metadata, spec }: Service, words: readonly string[]): readonly PublishedPort[] {
  const about = { namespace: metadata.namespace ?? 'default', service: metadata.name }
  const has = (spec.ports ?? []).map(({ port, protocol = 'TCP' }) => ({ port, protocol }))
  const names = has.map(({ port, protocol }) => `${port}${protocol === 'TCP' ? '' : `/${protocol.toLowerCase()}`}`).join(', ')
  const chosen = words.length === 0 ? has.map(({ port, protocol }) => ({ hostPort: port, port, protocol })) : words.map(parsePort)
  if (chosen.length === 0) throw new UserError(`service/${metadata.name} has no ports`)
  return chosen.map(({ hostPort, port, protocol }) => {
    if (!has.some((each) => each.port === port && each.protocol === protocol)) {
      throw new UserError(`service/${metadata.name} has no port ${port} for ${protocol}: choose one of ${names}`)
    }
    if (protocol === 'TCP' || protocol === 'UDP') return { ...about, hostPort, port, protocol }
    throw new UserError(`port ${port} of service/${metadata.name} is for ${protocol}: only TCP and UDP can be published`)
  })
}

function parsePort(word: string): { readonly hostPort: number; readonly port: number; readonly protocol: string } {
  const [, first, second, protocol = 'tcp'] = /^(\d{1,5})(?::(\d{1,5}))?(?:\/(tcp|udp))?$/i.exec(word) ?? []
  const [hostPort, port] = [Number(first), Number(second ?? first)]
  const isPort = (number: number) => number >= 1 && number <= 65_535
  if (isPort(hostPort) && isPort(port)) return { hostPort, port, protocol: protocol.toUpperCase() }
  throw new UserError(`${JSON.stringify(word)} names no port: give HOST:PORT or PORT, such as 8080:80 or 53/udp`)
}
