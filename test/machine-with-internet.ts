import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TestNetwork, type TestNamespace } from '../src/kernel/test-network.ts'

/** Addresses for tests and examples (RFC 2544, RFC 5737). */
const machineAddress = '198.18.0.2'
const routerAddress = '198.18.0.1'
export const internetAddress = '198.51.100.7'

/**
 * A machine for one test, with a network and a resolv.conf of its own, and an internet behind its default route: a
 * program (`internet-program.ts`) that answers at `internetAddress`, and at all addresses of `alsoAt`. Both are
 * namespaces, so that nothing leaves the real machine.
 */
export class MachineWithInternet implements AsyncDisposable {
  readonly address = machineAddress
  readonly #namespace: TestNamespace
  readonly #stack: AsyncDisposableStack
  /** What runs a command on it. */
  readonly inside: readonly string[]
  readonly insideInternet: readonly [string, ...string[]]

  private constructor(namespace: TestNamespace, { internet, stack, pid }: { internet: TestNamespace; stack: AsyncDisposableStack; pid: number }) {
    this.#namespace = namespace
    this.#stack = stack
    this.inside = ['nsenter', `--target=${pid}`, '--mount', '--net', `--wd=${process.cwd()}`, '--']
    this.insideInternet = ['nsenter', `--net=${internet.path}`, '--']
  }

  /** Its resolver listens where `resolver` says. The default route is not there until `plugIn`. */
  static async create({ resolver, alsoAt }: { resolver: string; alsoAt: readonly string[] }): Promise<MachineWithInternet> {
    await using stack = new AsyncDisposableStack()
    const network = stack.use(new TestNetwork())
    const namespace = await network.namespace('machine')
    const internet = await network.namespace('internet')
    await network.link({ namespace, address: `${machineAddress}/24` }, { namespace: internet, address: `${routerAddress}/24` })
    await internet.ip(...[`${internetAddress}/32`, ...alsoAt].map((range) => `route add local ${range} dev lo`))
    const holder = await hold(stack, namespace, resolver)
    await startProgram(stack, internet, internetAddress)
    await startProgram(stack, namespace, resolver)
    return new MachineWithInternet(namespace, { internet, stack: stack.move(), pid: holder.pid ?? 0 })
  }

  /** Gives it a way to the internet. */
  async plugIn(): Promise<void> {
    await this.#namespace.ip(`route add default via ${routerAddress}`)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}

/** A process whose mounts are the machine's: they go with the last process in them. */
async function hold(stack: AsyncDisposableStack, { path }: TestNamespace, resolver: string): Promise<ChildProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'portolan-machine-'))
  stack.defer(() => rm(folder, { recursive: true }))
  const file = join(folder, 'resolv.conf')
  await writeFile(file, `nameserver ${resolver}\n`)
  const script = 'mount --bind "$0" /etc/resolv.conf && echo ready && exec cat'
  return start(stack, ['nsenter', `--net=${path}`, '--', 'unshare', '--mount', 'sh', '-c', script, file])
}

async function startProgram(stack: AsyncDisposableStack, { path }: TestNamespace, address: string): Promise<void> {
  const program = join(import.meta.dirname, 'internet-program.ts')
  await start(stack, ['nsenter', `--net=${path}`, '--', process.execPath, program, address])
}

/** A program that says `ready`, and ends when its input does. */
async function start(stack: AsyncDisposableStack, [program, ...args]: readonly [string, ...string[]]): Promise<ChildProcess> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  stack.defer(async () => {
    child.stdin.end()
    await ended
  })
  const [said] = await Promise.race([once(child.stdout, 'data'), ended.then(() => ['it ended'])])
  if (String(said) !== 'ready\n') throw new Error(`${program} ${args.join(' ')} did not start: ${said}`)
  return child
}
