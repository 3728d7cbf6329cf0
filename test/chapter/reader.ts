import { cp, mkdir, mkdtemp, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type RunningCommand, KubectlSession } from '../kubectl-session.ts'
import type { Kubectl } from '../kubectls.ts'
import { eventually, type Output, run, type TestCluster } from '../test-cluster.ts'

const examples = resolve(import.meta.dirname, '../../examples')

/** One who reads the chapter and types what is in it: in a copy of the folder of examples, with one kubectl, as `kubectl`. */
export class Reader {
  readonly cluster: TestCluster
  readonly kubectl: Kubectl
  readonly #folder: string
  readonly #environment: NodeJS.ProcessEnv

  private constructor(cluster: TestCluster, kubectl: Kubectl, folder: string) {
    this.cluster = cluster
    this.kubectl = kubectl
    this.#folder = folder
    const { environment } = cluster
    this.#environment = { ...environment, HOME: folder, PATH: `${join(folder, 'bin')}:${environment['PATH']}` }
  }

  static async begin(cluster: TestCluster, kubectl: Kubectl): Promise<Reader> {
    const folder = await mkdtemp(join(cluster.home, 'reader-'))
    await cp(examples, folder, { recursive: true })
    await mkdir(join(folder, 'bin'))
    await symlink(kubectl.path, join(folder, 'bin/kubectl'))
    return new Reader(cluster, kubectl, folder)
  }

  /** Runs a line of shell, whatever its exit code. */
  async tries(line: string): Promise<Output> {
    return run('sh', ['-c', `cd '${this.#folder}' && ${line}`], this.#environment)
  }

  /** Runs a line that must succeed; resolves to what it printed. */
  async types(line: string): Promise<string> {
    const { code, stdout, stderr } = await this.tries(line)
    if (code === 0) return stdout
    throw new Error(`${line}: exit code ${code}\n${stdout}${stderr}`)
  }

  /** Runs a line that must fail; resolves to what it complained of. */
  async fails(line: string): Promise<string> {
    const { code, stdout, stderr } = await this.tries(line)
    if (code !== 0) return stderr
    throw new Error(`${line} did not fail\n${stdout}${stderr}`)
  }

  /** The same line again until what it prints is as expected, or it fails for too long. Resolves to the match. */
  async until(line: string, pattern: RegExp): Promise<RegExpExecArray> {
    let last = ''
    const find = async () => {
      last = await this.types(line)
      return pattern.exec(last) ?? undefined
    }
    return eventually(`${pattern} of ${line}`, find).catch((error: unknown) => {
      throw new Error(last, { cause: error })
    })
  }

  /** A line of shell in the network of a node, or outside of the nodes as a client; what it printed, whatever its exit code. */
  async at(place: 'outside' | `node-${number}`, line: string): Promise<string> {
    const words = place === 'outside' ? ['client'] : ['node', 'exec', place]
    return (await this.cluster.tryPortolan(...words, '--', 'sh', '-c', line)).stdout
  }

  /** The words of a `kubectl get … -o jsonpath`. */
  async words(what: string, jsonpath: string): Promise<string[]> {
    return (await this.types(`kubectl get ${what} -o 'jsonpath=${jsonpath}'`)).split(/\s+/).filter(Boolean)
  }

  async word(what: string, jsonpath: string): Promise<string> {
    const [word] = await this.words(what, jsonpath)
    if (word === undefined) throw new Error(`${what} has no ${jsonpath}`)
    return word
  }

  async clusterIP(service: string): Promise<string> {
    return this.word(`svc ${service}`, '{.spec.clusterIP}')
  }

  /** The first pod of the ReplicationController. */
  async pod(): Promise<string> {
    return this.word('pods -l app=kubia', '{.items[0].metadata.name}')
  }

  async pods(): Promise<string[]> {
    return (await this.words('pods -l app=kubia', '{.items[*].metadata.name}')).sort()
  }

  /** A command on a terminal of its own. */
  startOnTerminal(...args: string[]): RunningCommand {
    return new KubectlSession(this.kubectl, 'default', this.#environment).startOnTerminal(args)
  }
}

/** Requests by the same client, each over a connection of its own: so many that one of three pods is left out once in three million runs. */
export function requests(url: string, count = 40): string {
  return `curl -s -S --max-time 10 -H "Connection: close" "${url}/?[1-${count}]"`
}

/** Who answered, each once. */
export function hits(output: string): string[] {
  return [...new Set([...output.matchAll(/^You've hit (\S+)$/gm)].map(([, pod = '']) => pod))].sort()
}

/** What curl says when a connection was refused at once, and when nobody answered. */
export const curlExit = { refused: '7', noAnswer: '28' } as const

/** Prints nothing but curl's exit code. */
export function exitOf(url: string): string {
  return `curl -s -o /dev/null --max-time 3 ${url}; echo $?`
}
