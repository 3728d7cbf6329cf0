import { ConntrackError, flowKey, type Conntrack, type TrackedFlow, type TrackedProtocol } from './conntrack.ts'
import { CommandFailed, type Processes, type RunOptions } from './processes.ts'

export interface ConntrackCommandOptions {
  readonly processes: Processes
  /** Path of a network namespace file; the namespace of this process unless given. */
  readonly netns?: string
}

/** Through cat, because conntrack opens /dev/stdin by its name, which only works where that is a real pipe. */
const restore = ['sh', '-c', 'cat | conntrack -R -'] as const

/** The kernel's connection tracking through the `conntrack` command, one process for each call. */
export function conntrackCommand({ processes, netns }: ConntrackCommandOptions): Conntrack {
  const inNamespace: RunOptions = netns === undefined ? {} : { netns }

  async function run(command: readonly [string, ...string[]], input?: string): Promise<string> {
    try {
      return (await processes.run(command, input === undefined ? inNamespace : { ...inNamespace, input })).stdout
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error
      throw new ConntrackError(error.message, { cause: error })
    }
  }

  return {
    async list(protocol, family) {
      const lines = (await run(['conntrack', '-L', '-f', family, '-p', protocol])).split('\n')
      const flows = lines.map((line) => parseFlow(protocol, line)).filter((flow) => flow !== undefined)
      return [...new Map(flows.map((flow) => [flowKey(flow), flow])).values()]
    },

    async forget(flows) {
      if (flows.length > 0) await run(restore, flows.map(deletion).join(''))
    },
  }
}

/** The line lists the original direction and then the reply's: who answers is the source of the second. */
function parseFlow(protocol: TrackedProtocol, line: string): TrackedFlow | undefined {
  const [original, reply] = [...line.matchAll(/src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/g)]
  if (original === undefined || reply === undefined) return undefined
  return {
    protocol,
    destination: { address: original[2] ?? '', port: Number(original[4]) },
    answeredBy: { address: reply[1] ?? '', port: Number(reply[3]) },
  }
}

function deletion({ protocol, destination, answeredBy }: TrackedFlow): string {
  const family = destination.address.includes(':') ? 'ipv6' : 'ipv4'
  const original = `--orig-dst ${destination.address} --orig-port-dst ${destination.port}`
  const reply = `--reply-src ${answeredBy.address} --reply-port-src ${answeredBy.port}`
  return `-D -f ${family} -p ${protocol} ${original} ${reply}\n`
}
