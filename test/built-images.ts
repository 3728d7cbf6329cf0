import { mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { builtImages, run } from './test-cluster.ts'

/** Builds the images once for all test files; each cluster gets them by hard links. */
export default async function buildImages(): Promise<(() => Promise<void>) | undefined> {
  if (process.env[builtImages] !== undefined) return undefined
  const home = await mkdtemp('/var/tmp/portolan-test-images-')
  const { code, stderr } = await run(join(resolve(import.meta.dirname, '..'), 'portolan'), ['image', 'build'], {
    ...process.env,
    PORTOLAN_HOME: home,
  })
  if (code !== 0) throw new Error(`the images could not be built: ${stderr}`)
  process.env[builtImages] = join(home, 'images')
  return () => rm(home, { recursive: true })
}
