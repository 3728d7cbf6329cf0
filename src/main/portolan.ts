import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { readSchema } from '../api/schema/schema-file.ts'
import { systemClock } from '../base/clock.ts'
import { UserError, type CliContext } from '../cli/context.ts'
import { program } from '../cli/program.ts'
import { realCgroups } from '../kernel/real-cgroups.ts'
import { realMounts } from '../kernel/mounts.ts'
import { realNamespaces } from '../kernel/real-namespaces.ts'
import { realProcesses } from '../kernel/real-processes.ts'
import { agentRunner } from './agent-command.ts'
import { dnsRunner } from './dns-runner.ts'
import { imageStore } from './image-store.ts'
import { ingressRunner } from './ingress-command.ts'
import { loadBalancerRunner } from './load-balancer-runner.ts'
import { proxyRunner } from './proxy-runner.ts'
import { readIngresses } from './read-ingresses.ts'
import { removeRuntimeLeftovers } from './runtime-leftovers.ts'
import { version } from './version.ts'

const say = (line: string) => void process.stderr.write(`${line}\n`)

const context: CliContext = {
  environment: process.env,
  processes: realProcesses,
  namespaces: realNamespaces(realProcesses),
  cgroups: await realCgroups(systemClock),
  mounts: realMounts(realProcesses),
  projectFolder: fileURLToPath(new URL('..', import.meta.url)),
  // What is experimental in Node.js is used on purpose (node:ffi): nobody is to be warned of it.
  program: (name) => [process.execPath, '--disable-warning=ExperimentalWarning', fileURLToPath(new URL(`${name}.js`, import.meta.url))],
  removeRuntimeLeftovers,
  images: imageStore(say),
  proxy: proxyRunner,
  loadBalancer: loadBalancerRunner,
  ingress: ingressRunner,
  dns: dnsRunner,
  agent: agentRunner,
  doctor: {
    readIngresses,
    schema: () => readSchema(new URL('schema.json', import.meta.url)),
    standardInput: () => text(process.stdin),
  },
  // Its code is loaded when first used: most commands need none of it.
  watchRequest: async (directory, from) => (await import('../dataplane/ingress/traced-request.ts')).watchRequest(directory, from, systemClock),
  say,
  print: (result, asJson, inWords) => void process.stdout.write(`${asJson ? JSON.stringify(result, null, 2) : inWords}\n`),
}

try {
  await program(context, version).parseAsync()
} catch (error) {
  if (!(error instanceof UserError)) throw error
  say(`portolan: ${error.message}`)
  process.exitCode = 1
}
