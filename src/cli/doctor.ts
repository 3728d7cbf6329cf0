import { styleText } from 'node:util'
import { Command, Option } from 'commander'
import { ConnectionError, type Client } from '../client/client.ts'
import type { ClusterConfig } from '../cluster/config.ts'
import { defaultCluster } from '../cluster/kubeconfig.ts'
import type { Layout } from '../cluster/layout.ts'
import type { ClusterState } from '../cluster/state.ts'
import { examineAsking } from '../doctor/asking/examine-asking.ts'
import { examine } from '../doctor/examine.ts'
import type { Diagnosis } from '../doctor/finding.ts'
import type { GatherDeps } from '../doctor/gather/gather.ts'
import { reportOf, type Paint } from '../doctor/report.ts'
import { requireRunning, withClient } from './change.ts'
import { type CliContext, type ClusterOption, existingCluster, UserError } from './context.ts'
import { askedOf, clientOf } from './doctor/asking.ts'
import { choose, targetOf, type Target } from './doctor/choice.ts'
import { examineFiles } from './doctor/manifests.ts'
import { surroundingsOf } from './doctor/surroundings.ts'

interface DoctorOptions extends ClusterOption {
  readonly namespace?: string
  readonly filename?: readonly string[]
  readonly from?: string
  readonly output?: 'json'
}

export function doctorCommand(context: CliContext): Command {
  return new Command('doctor')
    .description('find out why a Service or an Ingress does not answer, and what puts it right; exits with 1 if something is wrong')
    .argument('[target]', 'service/NAME, ingress/NAME, or what a client asks for, such as http://kubia:8080 or ping://kubia; all Services, Ingresses and nodes unless given')
    .option('--from <place>', 'with a URL, who asks for it: pod/NAME, node/NAME, outside, or here for this machine; any pod of the namespace unless given')
    .option('-f, --filename <file>', 'look at a manifest before it is applied; - for standard input; more than once for several', gathered)
    .option('-n, --namespace <namespace>', 'namespace of the target, or of objects that name none; default for one, all for all')
    .addOption(new Option('-o, --output <format>', 'print the result as JSON').choices(['json']))
    .option('--name <name>', 'name of the cluster', defaultCluster)
    .action(async (text: string | undefined, options: DoctorOptions) => {
      const { filename: files = [], output } = options
      if (text !== undefined && files.length > 0) throw new UserError(`give either ${text} or -f ${files.join(' -f ')}, not both`)
      const diagnoses = files.length > 0
        ? await examineFiles(context, files, options)
        : await examineCluster(context, text, options)
      context.print({ diagnoses }, output === 'json', reportOf(diagnoses, terminalPaint))
      if (diagnoses.some(({ findings }) => findings.length > 0)) process.exitCode = 1
    })
}

function gathered(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

async function examineCluster(context: CliContext, text: string | undefined, options: DoctorOptions): Promise<readonly Diagnosis[]> {
  const { namespace, from } = options
  const asked = text === undefined ? undefined : askedOf(text)
  if (asked === undefined && from !== undefined) throw new UserError('--from goes with what a client asks for, such as http://kubia:80')
  const examination = asked === undefined
    ? objectsAt(targetOf(text, namespace))
    : async (deps: GatherDeps) => [await examineAsking(deps, asked, clientOf(from, namespace ?? 'default'))]
  const { config, layout } = await existingCluster(context, options)
  const { processes: states } = await runningState(config, layout)
  const { processes, cgroups, doctor: { readIngresses } } = context
  const surroundings = surroundingsOf(context, config, states)
  return withAnsweringApi(config, layout, (client) => {
    return examination({ client, processes, cgroups, surroundings, readIngresses, reach: context.program('reach') })
  })
}

function objectsAt(target: Target): (deps: GatherDeps) => Promise<readonly Diagnosis[]> {
  return async (deps) => {
    const { nodes, services, ingresses } = await examine(deps, choose(target))
    return target.kind === 'all' ? [nodes, ...services, ...ingresses] : [...services, ...ingresses]
  }
}

async function runningState(config: ClusterConfig, layout: Layout): Promise<ClusterState> {
  await using control = await requireRunning(config, layout)
  for await (const state of control.states()) return state
  throw new UserError(`cluster ${config.name} has just ended`)
}

/** Lends a client; an API that cannot be reached is a finding of its own, in one sentence. */
async function withAnsweringApi<T>(config: ClusterConfig, layout: Layout, use: (client: Client) => Promise<T>): Promise<T> {
  try {
    return await withClient(config, layout, use)
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error
    throw new UserError(`the API server does not answer (${error.message}): see ./portolan status`)
  }
}

/** Colours where the output is a terminal that has them. */
const terminalPaint: Paint = {
  good: (text) => styleText('green', text, { stream: process.stdout }),
  bad: (text) => styleText('red', text, { stream: process.stdout }),
  faint: (text) => styleText('dim', text, { stream: process.stdout }),
}
