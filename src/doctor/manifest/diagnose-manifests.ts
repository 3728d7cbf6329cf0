import type { Schema } from '../../api/schema/schema.ts'
import type { Check, Diagnosis } from '../finding.ts'
import { examineManifest, type ManifestExamination } from './examine-manifest.ts'
import { brokenReferences } from './references/index.ts'
import { worldOf, type ClusterObjects, type World } from './references/world.ts'

export interface Manifest {
  readonly file: string
  readonly text: string
}

export interface ManifestSurroundings {
  readonly schema: Schema
  /** Of objects that name none. */
  readonly namespace: string
  /** What the manifests may refer to; undefined if no cluster runs. */
  readonly cluster: ClusterObjects | undefined
}

/** What is wrong with manifests before they are applied, and with what they refer to. Pure. */
export function diagnoseManifests(manifests: readonly Manifest[], { cluster, ...context }: ManifestSurroundings): readonly Diagnosis[] {
  const examined = manifests.map(({ file, text }) => examineManifest(file, text, context))
  const world = worldOf(examined.flatMap(({ objects }) => objects.map(({ stored }) => stored)), cluster)
  return examined.map((each) => diagnosis(each, world))
}

function diagnosis({ file, checks, findings, valid }: ManifestExamination, world: World): Diagnosis {
  const broken = valid.flatMap((object) => brokenReferences(object, world))
  return {
    subject: `manifest ${file}`,
    checks: [...checks, ...(valid.length === 0 ? [] : [referencesCheck(broken.length, world)])],
    advice: [`apply it with kubectl apply -f ${file}`],
    findings: [...findings, ...broken],
  }
}

function referencesCheck(broken: number, { isWhole }: World): Check {
  if (broken > 0) return { outcome: 'failed', text: 'what is referred to is not there' }
  if (!isWhole) return { outcome: 'skipped', text: 'no cluster runs: whether it has what is referred to is not known' }
  return { outcome: 'passed', text: 'what is referred to is there, in the manifest or in the cluster' }
}
