import { Command } from 'commander'
import { isStatus } from '../api/errors.ts'
import { EndpointsResource } from '../api/kinds/endpoints.ts'
import { Namespaces } from '../api/kinds/namespace.ts'
import { Pods } from '../api/kinds/pod.ts'
import { Services } from '../api/kinds/service.ts'
import { systemClock } from '../base/clock.ts'
import type { Client } from '../client/client.ts'
import { contextName, defaultCluster } from '../cluster/kubeconfig.ts'
import { longestMs, runTour, TourCannotGoOn, type TourDeps, type TourResult } from '../tour/run-tour.ts'
import { sections } from '../tour/sections/index.ts'
import { stateLines } from '../tour/state-lines.ts'
import { deleteNamespace, namespace, type Section } from '../tour/step.ts'
import { requireProgram } from './api-access.ts'
import { requireRunning, withClient } from './change.ts'
import { type CliContext, type ClusterOption, existingCluster, UserError } from './context.ts'
import { interruption } from './interruption.ts'
import { enterOrQuit } from './keys.ts'
import { inShell } from './tour/in-shell.ts'

interface TourOptions extends ClusterOption {
  readonly yes?: boolean
  readonly section?: string
}

export function tourCommand(context: CliContext): Command {
  return new Command('tour')
    .description('walk through the chapter on Services, on your own cluster: shows each command, runs it on Enter, says what happened')
    .option('--yes', 'go on without waiting for Enter')
    .option('--section <number>', `start there: ${sections.map(({ number }) => number).join(', ')}`)
    .option('--name <name>', 'name of the cluster', defaultCluster)
    .action((options: TourOptions) => tour(context, options))
}

async function tour(context: CliContext, options: TourOptions): Promise<void> {
  const chosen = sectionsFrom(options.section)
  const waits = options.yes !== true
  if (waits && !process.stdin.isTTY) {
    throw new UserError('the tour waits for Enter before each command, and standard input is no terminal: start it in one, or with --yes')
  }
  await requireProgram(context, ['kubectl', 'version', '--client', '-o', 'json'], 'kubernetes-client')
  const { config, layout } = await existingCluster(context, options)
  await (await requireRunning(config, layout))[Symbol.asyncDispose]()
  await requireContext(context, config.name)
  const show = showWith(context)
  using interrupted = interruption()
  const result = await withClient(config, layout, async (client) => {
    await requireNoNamespace(client)
    show(`The tour is in a namespace of its own, ${namespace}, and removes it at the end. Commands are for a shell in ${context.projectFolder}.`)
    if (waits) show('Enter runs a command, q or Ctrl-C leaves.')
    const deps: TourDeps = {
      clock: systemClock,
      run: (command, signal) => inShell({ ...context, longestMs }, command, signal),
      show,
      goOn: async () => !waits || enterOrQuit(process.stdin, interrupted.signal),
      state: () => stateOf(client),
      signal: interrupted.signal,
    }
    return runTour(deps, chosen.map((section) => forCluster(section, config.name))).catch(inOneSentence)
  })
  if (!result.wasLeft) conclude(result, show)
}

function showWith({ print }: CliContext): (text: string) => void {
  return (text) => print(text, false, text)
}

function conclude({ differed }: TourResult, show: (text: string) => void): void {
  if (differed.length === 0) return show('\nThat was the tour: every answer was as it should be.')
  show(['\nThe cluster answered otherwise than expected to:', ...differed].join('\n  '))
  process.exitCode = 1
}

/** Throws `UserError`. */
function sectionsFrom(number: string | undefined): readonly Section[] {
  if (number === undefined) return sections
  const index = sections.findIndex((section) => section.number === number)
  if (index !== -1) return sections.slice(index)
  throw new UserError(`there is no section ${JSON.stringify(number)}: choose one of ${sections.map((section) => section.number).join(', ')}`)
}

/** The tour types what the user could type, so it is the user's own kubectl, and that must lead to this cluster. */
async function requireContext(context: CliContext, cluster: string): Promise<void> {
  const { output } = await inShell({ ...context, longestMs }, 'kubectl config current-context')
  const current = output.trim()
  const wanted = contextName(cluster)
  if (current === wanted) return
  throw new UserError(`kubectl leads to another cluster than ${cluster} (its context is ${JSON.stringify(current)}): kubectl config use-context ${wanted}`)
}

async function requireNoNamespace(client: Client): Promise<void> {
  try {
    await client.get(Namespaces, { name: namespace })
  } catch (error) {
    if (isStatus(error, 'NotFound')) return
    throw error
  }
  throw new UserError(`there is a namespace ${namespace} already, perhaps of a tour that was cut off: if nobody needs it, ${deleteNamespace}`)
}

async function stateOf(client: Client): Promise<readonly string[]> {
  const [services, endpoints, pods] = await Promise.all([
    client.list(Services, { namespace }),
    client.list(EndpointsResource, { namespace }),
    client.list(Pods, { namespace }),
  ])
  return stateLines({ services: services.items, endpoints: endpoints.items, pods: pods.items })
}

/** Our own commands want to know which cluster is meant, unless it is the default one. */
function forCluster(section: Section, cluster: string): Section {
  if (cluster === defaultCluster) return section
  const named = (command: string) => command.replaceAll(/\.\/portolan (client|doctor)/g, `./portolan $1 --name ${cluster}`)
  return { ...section, steps: section.steps.map((step) => ({ ...step, command: named(step.command) })) }
}

function inOneSentence(error: unknown): never {
  if (error instanceof TourCannotGoOn) throw new UserError(`the tour cannot go on: ${error.message}`, { cause: error })
  throw error
}
