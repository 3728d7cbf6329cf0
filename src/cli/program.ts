import { Command } from 'commander'
import { agentCommand } from './agent.ts'
import { clientCommand } from './client.ts'
import type { CliContext } from './context.ts'
import { doctorCommand } from './doctor.ts'
import { deleteCommand, downCommand } from './down.ts'
import { dnsCommand } from './dns.ts'
import { imageCommand } from './image.ts'
import { ingressCommand } from './ingress.ts'
import { loadBalancerCommand } from './load-balancer.ts'
import { nodeCommand } from './node.ts'
import { proxyCommand } from './proxy.ts'
import { publishCommand, unpublishCommand } from './publish.ts'
import { requireRootOnLinux } from './requirements.ts'
import { setupCommand } from './setup.ts'
import { statusCommand } from './status.ts'
import { tourCommand } from './tour.ts'
import { traceCommand } from './trace.ts'
import { upCommand } from './up.ts'

/** The whole command line. */
export function program(context: CliContext, version: string): Command {
  const commands = [
    upCommand,
    downCommand,
    deleteCommand,
    statusCommand,
    doctorCommand,
    traceCommand,
    tourCommand,
    clientCommand,
    nodeCommand,
    publishCommand,
    unpublishCommand,
    imageCommand,
    agentCommand,
    proxyCommand,
    loadBalancerCommand,
    ingressCommand,
    dnsCommand,
    setupCommand,
  ]
  const root = new Command('portolan')
    .description('Kubernetes Services without the weight of a Kubernetes cluster')
    .version(version)
    .hook('preAction', () => requireRootOnLinux(process.platform, process.getuid?.()))
  for (const command of commands) root.addCommand(command(context))
  return root
}
