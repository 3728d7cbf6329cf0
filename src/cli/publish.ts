import { Command } from 'commander'
import { isStatus } from '../api/errors.ts'
import { Services, type Service } from '../api/kinds/service.ts'
import type { Client } from '../client/client.ts'
import { defaultCluster } from '../cluster/kubeconfig.ts'
import { publishedInWords, type PublishedServicePort, type PublishedSubject, subjectInWords } from '../cluster/published-port.ts'
import { change, requireRunning, withClient } from './change.ts'
import { type CliContext, type ClusterOption, existingCluster, UserError } from './context.ts'
import { ingressPorts, parsePort } from './port-words.ts'

interface PublishOptions extends ClusterOption {
  readonly namespace: string
  readonly ingress?: boolean
}

export function publishCommand(context: CliContext): Command {
  return withOptions(new Command('publish'))
    .description('open ports on 127.0.0.1 of this machine: portolan publish service/kubia 8080:80, portolan publish --ingress')
    .argument('[words...]', 'service/NAME, then HOST:PORT or PORT, with /udp for UDP; every port of the Service unless given')
    .option('--ingress', 'the ports of the ingress, 8080:80 and 8443:443 unless others are given')
    .action(async (words: string[], options: PublishOptions) => {
      const { config, layout } = await existingCluster(context, options)
      await (await requireRunning(config, layout))[Symbol.asyncDispose]()
      const subject = subjectIn(words, options)
      const ports =
        subject === 'ingress'
          ? ingressPorts(words)
          : chosenPorts(await withClient(config, layout, (client) => existingService(client, subject)), words.slice(1))
      await change(config, layout, { action: 'publish', ports })
      for (const port of ports) context.say(publishedInWords(port))
    })
}

export function unpublishCommand(context: CliContext): Command {
  return withOptions(new Command('unpublish'))
    .description('close the ports of a Service, or of the ingress, that were opened with publish')
    .argument('[service]', 'service/NAME')
    .option('--ingress', 'the ports of the ingress')
    .action(async (service: string | undefined, options: PublishOptions) => {
      const words = service === undefined ? [] : [service]
      const subject = subjectIn(words, options)
      if (subject === 'ingress' && service !== undefined) throw new UserError(`give either --ingress or ${service}`)
      const { config, layout } = await existingCluster(context, options)
      await change(config, layout, { action: 'unpublish', subject })
      context.say(`${subjectInWords(subject)} is no longer published`)
    })
}

function withOptions(command: Command): Command {
  return command
    .option('--name <name>', 'name of the cluster', defaultCluster)
    .option('-n, --namespace <namespace>', 'namespace of the Service', 'default')
}

function subjectIn([first]: readonly string[], { ingress, namespace }: PublishOptions): PublishedSubject {
  if (ingress === true) return 'ingress'
  if (first === undefined) throw new UserError('say what: give a Service as service/NAME, or --ingress')
  return { namespace, service: serviceName(first) }
}

function serviceName(text: string): string {
  const [, name] = /^(?:service|services|svc)\/([a-z0-9.-]+)$/.exec(text) ?? []
  if (name !== undefined) return name
  throw new UserError(`${JSON.stringify(text)} cannot be published: give a Service as service/NAME`)
}

async function existingService(client: Client, { namespace, service }: { namespace: string; service: string }): Promise<Service> {
  try {
    return await client.get(Services, { namespace, name: service })
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error
    throw new UserError(`there is no service ${JSON.stringify(service)} in namespace ${namespace}`)
  }
}

/** Throws `UserError` for what the Service does not have, or the machine cannot open. */
export function chosenPorts({ metadata, spec }: Service, words: readonly string[]): readonly PublishedServicePort[] {
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
