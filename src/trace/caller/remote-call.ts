import type { SocketAddress } from '../../kernel/conntrack.ts'
import type { LastingProcesses } from '../../kernel/processes.ts'
import { Heard } from '../heard.ts'
import { TraceError } from '../trace-error.ts'
import type { Order, Outcome, Question, Report } from './messages.ts'

export interface RemoteCallDeps {
  readonly processes: LastingProcesses
  /** Runs src/main/trace-caller.ts. */
  readonly caller: readonly [string, ...string[]]
}

/** A connection that a program in another network namespace makes. It is closed by `end`. */
export interface RemoteCall {
  readonly questions: readonly Question[]
  /** Between whom the connection is going to be; absent if there is no address, or no route to it: then it is done. */
  readonly ends?: { readonly source: SocketAddress; readonly destination: SocketAddress }
  /** Makes the connection, or fails; calls back when it is made and about to be used. */
  done(beforeAsking: () => Promise<void>): Promise<Outcome>
  end(): Promise<void>
}

type ReportOf<T extends Report['report']> = Extract<Report, { report: T }>

/** Resolves when it is known who will be connected with whom. Rejects with `TraceError`, as `done` does. */
export async function remoteCall(order: Order, netns: string, { processes, caller }: RemoteCallDeps): Promise<RemoteCall> {
  const heard = new Heard()
  let complaint = ''
  const program = processes.start(caller, {
    netns,
    onStdout: (piece) => heard.hear(piece),
    onStderr: (piece) => void (complaint += piece),
  })
  void program.ended.then(() => heard.end(`the program that connects has ended: ${complaint.trim()}`))

  async function report<T extends Report['report']>(...kinds: readonly T[]): Promise<ReportOf<T>> {
    const isOf = (each: Report): each is ReportOf<T> => kinds.some((kind) => kind === each.report)
    const timeout = AbortSignal.timeout(order.timeoutMs * patience)
    try {
      return await heard.until((text) => reportsIn(text).find(isOf), timeout)
    } catch (error) {
      if (error !== timeout.reason) throw error
      throw new TraceError(`the program that connects has said nothing for ${(order.timeoutMs * patience) / 1_000} s: is the machine too busy?`)
    }
  }

  async function end(): Promise<void> {
    program.endInput()
    await program.ended
  }

  try {
    program.write(`${JSON.stringify(order)}\n`)
    const { questions } = await report('asked')
    const next = await report('bound', 'done')
    const done = async (beforeAsking: () => Promise<void>) => {
      program.write('go\n')
      const connected = await report('connected', 'done')
      if (connected.report === 'done') return connected.outcome
      await beforeAsking()
      program.write('go\n')
      return (await report('done')).outcome
    }
    return { questions, done, end, ...(next.report === 'bound' ? { ends: { source: next.source, destination: next.destination } } : {}) }
  } catch (error) {
    await end()
    throw error
  }
}

/** The program gives up each step by itself; a search list has several. */
const patience = 8

function reportsIn(text: string): readonly Report[] {
  return text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Report)
}
