import { join } from 'node:path'
import type { CriRuntime } from '../node/cri/cri-runtime.ts'
import type { ImageStore } from '../cli/image.ts'
import { UserError } from '../cli/context.ts'
import { systemClock } from '../base/clock.ts'
import { realProcesses } from '../kernel/real-processes.ts'
import { cniBinDir } from './cni-bin-dir.ts'

/** The images of nodes through their containerd. Loaded when first used: most commands need none of it. */
export function imageStore(say: (line: string) => void): ImageStore {
  const deps = { processes: realProcesses, clock: systemClock }
  return {
    async build(home) {
      const { ensureSeed } = await import('../node/images/seed.ts')
      const options = { directory: join(home, 'images'), runDir: '/run/portolan-seed', nodePath: process.execPath, cniBinDir }
      await ensureSeed(options, { ...deps, progress: (step) => say(`images: ${step}`) })
    },
    async load(file, socket) {
      const { loadImages, LoadFailed } = await import('../node/images/load.ts')
      return withRuntime(socket, async (runtime) => {
        try {
          return await loadImages(file, socket, { ...deps, runtime })
        } catch (error) {
          throw error instanceof LoadFailed ? new UserError(error.message, { cause: error }) : error
        }
      })
    },
    list: (socket) =>
      withRuntime(socket, async (runtime) => {
        const images = await runtime.listImages()
        return images
          .flatMap(({ id, repoTags, sizeBytes }) => (repoTags.length === 0 ? [id] : repoTags).map((name) => ({ name, sizeBytes })))
          .sort((a, b) => (a.name < b.name ? -1 : 1))
      }),
  }
}

async function withRuntime<Result>(
  socket: string,
  use: (runtime: CriRuntime) => Promise<Result>,
): Promise<Result> {
  const { criRuntime } = await import('../node/cri/cri-runtime.ts')
  const runtime = criRuntime(socket)
  try {
    return await use(runtime)
  } finally {
    runtime.close()
  }
}
