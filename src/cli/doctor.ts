import { Command, Option } from 'commander'
import { systemClock } from '../base/clock.ts'
import { defaultCluster } from '../cluster/kubeconfig.ts'
import { examineAsking } from '../doctor/asking/examine-asking.ts'
import { examine } from '../doctor/examine.ts'
import type { Diagnosis } from '../doctor/finding.ts'
import type { GatherDeps } from '../doctor/gather/gather.ts'
import { reportOf } from '../doctor/report.ts'
import { type CliContext, type ClusterOption, existingCluster, UserError } from './context.ts'
import { askedOf, clientOf } from './doctor/asking.ts'
import { choose, targetOf, type Target } from './doctor/choice.ts'
import { examineFiles } from './doctor/manifests.ts'
import { runningState, surroundingsOf, terminalPaint, withAnsweringApi } from './live-cluster.ts'

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
    return examination({ client, processes, cgroups, surroundings, readIngresses, clock: systemClock, reach: context.program('reach') })
  })
}

function objectsAt(target: Target): (deps: GatherDeps) => Promise<readonly Diagnosis[]> {
  return async (deps) => {
    const { nodes, services, ingresses } = await examine(deps, choose(target))
    return target.kind === 'all' ? [nodes, ...services, ...ingresses] : [...services, ...ingresses]
  }
}
