import { readFile } from 'node:fs/promises'
import { readConfig, type ClusterConfig } from '../../cluster/config.ts'
import { connectControl } from '../../cluster/control.ts'
import type { Layout } from '../../cluster/layout.ts'
import { ConnectionError } from '../../client/client.ts'
import type { Diagnosis } from '../../doctor/finding.ts'
import { listReferred } from '../../doctor/gather/cluster-objects.ts'
import type { ClusterObjects } from '../../doctor/manifest/references/world.ts'
import { withClient } from '../change.ts'
import { type CliContext, type ClusterOption, layoutFor, UserError } from '../context.ts'

/** Judges manifests before they are applied, beside what runs if something does. */
export async function examineFiles(context: CliContext, files: readonly string[], options: ClusterOption & { readonly namespace?: string }): Promise<readonly Diagnosis[]> {
  const manifests = await Promise.all(files.map(async (file) => ({ file: file === '-' ? 'standard input' : file, text: await textOf(context, file) })))
  // Loaded when first used: it knows all kinds, which no other command does.
  const { diagnoseManifests } = await import('../../doctor/manifest/diagnose-manifests.ts')
  const cluster = await runningCluster(context, options)
  return diagnoseManifests(manifests, { schema: context.doctor.schema(), namespace: options.namespace ?? 'default', cluster })
}

async function textOf({ doctor }: CliContext, file: string): Promise<string> {
  if (file === '-') return doctor.standardInput()
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    throw new UserError(`${file} cannot be read (${code}): give the file of a manifest, or - for standard input`)
  }
}

/** Undefined if no cluster runs. */
async function runningCluster(context: CliContext, options: ClusterOption): Promise<ClusterObjects | undefined> {
  const layout = layoutFor(context, options)
  const config = await readConfig(layout.configFile)
  return config !== undefined && (await isRunning(layout)) ? objectsOf(config, layout) : undefined
}

async function isRunning({ controlSocket }: Layout): Promise<boolean> {
  await using control = await connectControl(controlSocket)
  return control !== undefined
}

/** Undefined, too, if its API does not answer: it is as good as none. */
async function objectsOf(config: ClusterConfig, layout: Layout): Promise<ClusterObjects | undefined> {
  try {
    return await withClient(config, layout, listReferred)
  } catch (error) {
    if (error instanceof ConnectionError) return undefined
    throw error
  }
}
