import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import type { Cgroups } from '../../kernel/cgroups.ts'
import { realMounts } from '../../kernel/mounts.ts'
import type { Processes } from '../../kernel/processes.ts'
import { realCgroups } from '../../kernel/real-cgroups.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { cniConfig, cniConfigFile } from '../network/cni-config.ts'
import { pauseImage } from '../images/catalog.ts'
import type { ContainerdOptions } from './config.ts'
import { startContainerd } from './daemon.ts'
import { removeLeftovers } from './leftovers.ts'

let nodes = 0

/** A node for tests, with a network namespace, directories and cgroups of its own, ready to start containerd in. */
export class TestNode {
  readonly directory: string
  readonly options: ContainerdOptions
  readonly podsCgroup: string
  /** Runs programs in the node's system cgroup, as those that its agent starts. */
  readonly processes: Processes
  readonly #cgroups: Cgroups
  readonly #cgroup: string
  readonly #networkName: string
  readonly #cniState: string

  private constructor(directory: string, name: string, cgroups: Cgroups) {
    this.directory = directory
    this.#cgroups = cgroups
    this.#cgroup = `/${name}`
    this.#networkName = name
    this.#cniState = join(directory, 'cni-state')
    this.podsCgroup = `${this.#cgroup}/pods`
    this.processes = {
      run: (command, options) => realProcesses.run([...cgroups.inside(`${this.#cgroup}/system`, command)], options),
    }
    this.options = {
      root: join(directory, 'root'),
      state: join(directory, 'state'),
      address: join(directory, 'containerd.sock'),
      cniConfDir: join(directory, 'cni'),
      cniBinDir: '/usr/lib/cni',
      sandboxImage: pauseImage,
      registries: join(directory, 'registries'),
      logFile: join(directory, 'containerd.log'),
      netns: join(directory, 'netns'),
    }
  }

  static async create(podCIDR = '10.108.1.0/24'): Promise<TestNode> {
    nodes += 1
    const name = `portolan-test-${process.pid}-${nodes}`
    const cgroups = await realCgroups(systemClock)
    await cgroups.create(`/${name}/system`)
    const node = new TestNode(await mkdtemp(join(tmpdir(), 'node-')), name, cgroups)
    const { netns = '', cniConfDir } = node.options
    await writeFile(netns, '')
    await realProcesses.run(['unshare', `--net=${netns}`, 'ip', 'link', 'set', 'lo', 'up'])
    await mkdir(cniConfDir)
    const network = { name, podCIDR, dataDir: node.#cniState }
    await writeFile(join(cniConfDir, cniConfigFile), cniConfig(network))
    return node
  }

  start(): Promise<'started' | 'adopted'> {
    return startContainerd(this.options, { processes: this.processes, clock: systemClock })
  }

  /** Ends everything at once, as `portolan down` does. Only files below `root` stay, and the network namespace. */
  async killAll(): Promise<void> {
    const { state } = this.options
    await this.#cgroups.kill(this.#cgroup)
    await realMounts(realProcesses).unmountBelow(state)
    await removeLeftovers({ state, networkName: this.#networkName })
    for (const directory of [state, this.#cniState]) await rm(directory, { recursive: true, force: true })
  }

  async dispose(): Promise<void> {
    await this.killAll()
    await this.#cgroups.remove(this.#cgroup)
    await realMounts(realProcesses).unmountBelow(this.directory)
    await rm(this.directory, { recursive: true, force: true })
  }
}
