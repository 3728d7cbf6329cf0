import { Command, Option } from 'commander'
import { Ingresses } from '../api/kinds/ingress.ts'
import type { Service } from '../api/kinds/service.ts'
import { defaultCluster } from '../cluster/kubeconfig.ts'
import { diagnoseNodes } from '../doctor/diagnose.ts'
import { examine } from '../doctor/examine.ts'
import { reportOf } from '../doctor/report.ts'
import { type CliContext, type ClusterOption, existingCluster, UserError } from './context.ts'
import { runningState, surroundingsOf, terminalPaint, withAnsweringApi } from './live-cluster.ts'

interface DoctorOptions extends ClusterOption {
  readonly namespace?: string
  readonly output?: 'json'
}

export function doctorCommand(context: CliContext): Command {
  return new Command('doctor')
    .description('find out why a Service does not answer, and what puts it right; exits with 1 if something is wrong')
    .argument('[service]', 'service/NAME; all Services and nodes unless given')
    .option('-n, --namespace <namespace>', 'namespace of the Service; default for one, all for all')
    .addOption(new Option('-o, --output <format>', 'print the result as JSON').choices(['json']))
    .option('--name <name>', 'name of the cluster', defaultCluster)
    .action(async (target: string | undefined, options: DoctorOptions) => {
      const { config, layout } = await existingCluster(context, options)
      const { processes: states } = await runningState(config, layout)
      const chosen = choice(target, options.namespace)
      const { processes, cgroups } = context
      const surroundings = surroundingsOf(context, config, states)
      const diagnoses = await withAnsweringApi(config, layout, async (client) => {
        const deps = { client, processes, cgroups, surroundings, reach: context.program('reach') }
        const isIngressAsleep = target === undefined && (await client.list(Ingresses, { limit: 1 })).items.length === 0
        const { facts, diagnoses: ofServices } = await examine(deps, (each) => chosen(each) && !(isIngressAsleep && isIngress(each)))
        if (target !== undefined && facts.length === 0) throw notThere(target, options.namespace)
        const cluster = facts[0]?.cluster
        return target !== undefined || cluster === undefined ? ofServices : [diagnoseNodes(cluster), ...ofServices]
      })
      context.print({ diagnoses }, options.output === 'json', reportOf(diagnoses, terminalPaint))
      if (diagnoses.some(({ findings }) => findings.length > 0)) process.exitCode = 1
    })
}

function choice(target: string | undefined, namespace: string | undefined): (service: Service) => boolean {
  if (target === undefined) return ({ metadata }) => namespace === undefined || metadata.namespace === namespace
  const [, name] = /^(?:services?|svc)\/(.+)$/.exec(target) ?? []
  if (name === undefined) throw new UserError(`${JSON.stringify(target)} is no Service: give service/NAME, such as service/kubia`)
  return ({ metadata }) => metadata.name === name && metadata.namespace === (namespace ?? 'default')
}

/** HAProxy is started with the first Ingress: before, nobody answers at its Service, and nothing is wrong. */
function isIngress({ spec }: Service): boolean {
  return spec.loadBalancerClass === 'portolan.dev/ingress'
}

function notThere(target: string, namespace = 'default'): UserError {
  return new UserError(`there is no ${target} in namespace ${namespace}: see kubectl get services -A, and give -n NAMESPACE`)
}
