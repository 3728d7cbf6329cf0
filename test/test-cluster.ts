import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import type { AddressInfo } from 'node:net'

export interface Output {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Names, in the environment, the folder of images that clusters of tests begin with. See built-images.ts. */
export const builtImages = 'PORTOLAN_TEST_IMAGES'

const root = resolve(import.meta.dirname, '..')
const portolanCommand = join(root, 'portolan')

/** A command's output is bounded by this, in milliseconds: a hang is a failure that says which command hung. */
const commandTimeoutMs = 240_000

/**
 * A cluster of its own for one test file, driven as a user would: `./portolan` and stock kubectl, nothing else.
 * Disposing of it wipes it and its home.
 */
export class TestCluster implements AsyncDisposable {
  readonly name: string
  readonly home: string
  readonly apiPort: number
  /** What kubectl and portolan need to reach it. */
  readonly environment: NodeJS.ProcessEnv
  readonly #inside: readonly string[]

  private constructor(name: string, home: string, { apiPort, inside }: { apiPort: number; inside: readonly string[] }) {
    this.name = name
    this.#inside = inside
    this.home = home
    this.apiPort = apiPort
    this.environment = { ...process.env, PORTOLAN_HOME: home, KUBECONFIG: join(home, 'kubeconfig') }
  }

  /**
   * A cluster that has not been started. `home` holds built images and can serve several clusters in turn. `inside` is
   * what every command is run by, if its machine is not this one.
   */
  static async named(name: string, home?: string, inside: readonly string[] = []): Promise<TestCluster> {
    return new TestCluster(name, home ?? (await newHome()), { apiPort: await freePort(), inside })
  }

  async up(...options: string[]): Promise<Output> {
    return this.portolan('up', '--api-port', String(this.apiPort), '--no-egress', ...options)
  }

  /** Runs `./portolan COMMAND --name THIS …`; rejects unless it exits with 0. */
  async portolan(...words: string[]): Promise<Output> {
    return succeed(await this.tryPortolan(...words))
  }

  async tryPortolan(...words: string[]): Promise<Output> {
    const isNested = words[0] === 'node' || words[0] === 'image'
    const at = isNested ? (words[1] === 'token' ? 3 : 2) : 1
    const args = [...words.slice(0, at), '--name', this.name, ...words.slice(at)]
    return this.run(portolanCommand, ...args)
  }

  /** Runs kubectl against this cluster; rejects unless it exits with 0. Resolves to what it printed. */
  async kubectl(...args: string[]): Promise<string> {
    return succeed(await this.tryKubectl(...args)).stdout
  }

  async tryKubectl(...args: string[]): Promise<Output> {
    return this.run('kubectl', ...args)
  }

  /** Runs a command on the cluster's machine. */
  async run(...command: readonly [string, ...string[]]): Promise<Output> {
    const [program = '', ...args] = [...this.#inside, ...command]
    return run(program, args, this.environment)
  }

  /** What `kubectl get … -o jsonpath` prints, split at white space. */
  async words(resource: string, jsonpath: string, ...args: string[]): Promise<string[]> {
    const text = await this.kubectl('get', resource, ...args, '-o', `jsonpath=${jsonpath}`)
    return text.split(/\s+/).filter((word) => word !== '')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tryPortolan('delete')
    await rm(this.home, { recursive: true, force: true })
  }
}

/** With the images in it that all tests share, if they have been built. */
export async function newHome(): Promise<string> {
  const home = await mkdtemp('/var/tmp/portolan-test-')
  const { [builtImages]: images } = process.env
  if (images !== undefined) succeed(await run('cp', ['--archive', '--link', images, join(home, 'images')]))
  return home
}

/**
 * Resolves once `probe` returns something other than undefined or false. Asks again after as long as the last answer took,
 * so that who waits leaves half of a processor to those who work; rejects with the last problem after the time.
 */
export async function eventually<T>(what: string, probe: () => Promise<T | undefined | false>, withinMs = 60_000): Promise<T> {
  const deadline = performance.now() + withinMs
  let lastProblem = ''
  while (performance.now() < deadline) {
    const asked = performance.now()
    try {
      const value = await probe()
      if (value !== undefined && value !== false) return value
    } catch (error) {
      lastProblem = String(error)
    }
    await new Promise((wake) => setTimeout(wake, Math.max(50, performance.now() - asked)))
  }
  throw new Error(`not within ${withinMs} ms: ${what}. ${lastProblem}`)
}

export function run(program: string, args: readonly string[], environment: NodeJS.ProcessEnv = process.env): Promise<Output> {
  return new Promise((done, reject) => {
    const options = { env: environment, cwd: root, timeout: commandTimeoutMs, maxBuffer: 64 * 1024 * 1024 }
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') {
        return reject(new Error(`${program} ${args.join(' ')}: ${error.message}\n${stdout}${stderr}`))
      }
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

function succeed(output: Output): Output {
  if (output.code === 0) return output
  throw new Error(`exit code ${output.code}\n${output.stdout}${output.stderr}`)
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((closed) => server.close(closed))
  return port
}
