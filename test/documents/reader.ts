import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Output, run, type TestCluster } from '../test-cluster.ts'

const root = resolve(import.meta.dirname, '../..')
const address = /\b\d+\.\d+\.\d+\.\d+\b/g
const podName = /\b([a-z][a-z0-9-]*)-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g

/**
 * Types commands of a document, as somebody would in a clone of the project who follows it on a machine with nothing else
 * on it: `./portolan` is that of a cluster of the test, and drawn names of pods and addresses are those that there are.
 */
export class Reader implements AsyncDisposable {
  readonly #cluster: TestCluster
  readonly #folder: string
  /** Pods that there are, by the names that the document has for them. */
  readonly #pods = new Map<string, string>()
  /** Addresses that were printed, by those that the document shows in their places. */
  readonly #addresses = new Map<string, string>()

  private constructor(cluster: TestCluster, folder: string) {
    this.#cluster = cluster
    this.#folder = folder
  }

  static async of(cluster: TestCluster): Promise<Reader> {
    const folder = await mkdtemp(join(tmpdir(), 'portolan-reader-'))
    await Promise.all(['examples', 'docs', 'test', 'package.json'].map((name) => symlink(join(root, name), join(folder, name))))
    await writeFile(join(folder, 'portolan'), launcher(cluster))
    await chmod(join(folder, 'portolan'), 0o755)
    return new Reader(cluster, folder)
  }

  /** What it prints is told in the words of a cluster that has the default name and place. */
  async type(command: string): Promise<Output> {
    const typed = (await this.#withPods(command)).replace(address, (shown) => this.#addresses.get(shown) ?? shown)
    const { name, home, environment } = this.#cluster
    const { code, stdout, stderr } = await run('bash', ['-c', `cd "$1" && ${typed}`, 'bash', this.#folder], environment)
    const asDefault = (text: string) =>
      text
        .replaceAll(`portolan-${name}`, 'portolan')
        .replaceAll(`${home}/kubeconfig`, '/root/.kube/config')
        .replaceAll(home, '/var/lib/portolan')
        .replaceAll(name, 'default')
        .replaceAll(`127.0.0.1:${this.#cluster.apiPort}`, '127.0.0.1:6443')
        .replace(/^( {2}egress +)off$/m, command.includes('--no-egress') ? '$&' : '$1on') // tests have no way out
    return { code, stdout: asDefault(stdout), stderr: asDefault(stderr) }
  }

  /** Takes addresses from what was printed, as a reader would for the next command. */
  learn(lines: readonly (readonly [shown: string, real: string])[]): void {
    for (const [shown, real] of lines) {
      const [inShown, inReal] = [shown, real].map((line) => line.match(address) ?? [])
      if (inShown?.length !== inReal?.length) continue
      inShown?.forEach((each, index) => this.#addresses.set(each, inReal?.[index] ?? each))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true })
  }

  async #withPods(command: string): Promise<string> {
    const shownNames = [...command.matchAll(podName)]
    if (shownNames.length === 0) return command
    const there = await this.#cluster.words('pods', '{.items[*].metadata.name}')
    for (const [shown, prefix = ''] of shownNames) {
      if (there.includes(shown) || this.#pods.has(shown)) continue
      const taken = new Set(this.#pods.values())
      const pod = there.find((each) => each.startsWith(`${prefix}-`) && !taken.has(each))
      if (pod !== undefined) this.#pods.set(shown, pod)
    }
    return command.replace(podName, (shown) => this.#pods.get(shown) ?? shown)
  }
}

/** Adds what makes a command one for this cluster: before `--`, behind which another command may stand. */
function launcher({ name, apiPort }: TestCluster): string {
  return `#!/usr/bin/env bash
own=(--name ${name})
case "$1" in
  up) own+=(--api-port ${apiPort} --no-egress) ;;
  setup | dns | proxy | ingress | agent | --*) own=() ;;
esac
words=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do words+=("$1"); shift; done
exec ${root}/portolan "\${words[@]}" "\${own[@]}" "$@"
`
}
