import { isStatus } from '../../api/errors.ts'
import { Deployments, type Deployment } from '../../api/kinds/deployment.ts'
import { ReplicaSets, type ReplicaSet } from '../../api/kinds/replica-set.ts'
import { controllerOf, keyOf, type Draft } from '../../api/object.ts'
import type { Client } from '../../client/client.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import { Claims } from '../claims.ts'
import { controllerReference } from '../controller-reference.ts'
import { guardedPatch } from '../guarded-patch.ts'
import type { PendingWrites } from '../pending-writes.ts'
import { selectorOf } from '../workload-selector.ts'
import { newSetAnnotations, sizeAnnotations } from './annotations.ts'
import { creationFailure, type Creation, type FailedCreation } from './progress.ts'
import { replicasOf, withSets, type Rollout } from './rollout.ts'
import type { Resize } from './step.ts'
import { hashLabel, templateHash, templateText, withHash } from './template.ts'

export interface ReplicaSetControlOptions {
  readonly client: Client
  readonly events: EventRecorder
  readonly writes: PendingWrites<ReplicaSet>
}

/** Another object has the name that the new ReplicaSet should have. */
export interface Collision {
  readonly outcome: 'collision'
}

/** The ReplicaSet was there already, and the cache does not show it yet. */
export interface Found {
  readonly outcome: 'found'
}

const maxNameLength = 253

/** Takes ReplicaSets over, creates, resizes and deletes them for their Deployment, and tells about it in Events. */
export class ReplicaSetControl {
  readonly #client: Client
  readonly #events: EventRecorder
  readonly #writes: PendingWrites<ReplicaSet>
  readonly #claims: Claims<ReplicaSet>

  constructor({ client, events, writes }: ReplicaSetControlOptions) {
    this.#client = client
    this.#events = events
    this.#writes = writes
    this.#claims = new Claims({ client, resource: ReplicaSets, writes })
  }

  claim(deployment: Deployment, sets: readonly ReplicaSet[], signal: AbortSignal): Promise<readonly ReplicaSet[]> {
    const claimant = { object: deployment, resource: Deployments, selector: selectorOf(deployment) }
    return this.#claims.claim(claimant, sets, signal)
  }

  /**
   * Creates the ReplicaSet of the present template. Its name follows from the template, so that it cannot be made
   * twice: what has the name already is it, or is in the way of it.
   */
  async create(rollout: Rollout, replicas: number, signal: AbortSignal): Promise<Creation | Collision | Found> {
    const { deployment } = rollout
    const draft = newReplicaSet(rollout, replicas)
    const { name = '' } = draft.metadata
    try {
      const write = () => this.#client.create(ReplicaSets, draft, { signal })
      const set = await this.#writes.create(keyOf(deployment), write)
      if (replicas > 0) this.#tell(deployment, set, { from: 0, to: replicas })
      return { outcome: 'created', set }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof Error)) throw error
      if (isStatus(error, 'AlreadyExists')) return this.#lookUp(deployment, name, signal)
      return { outcome: 'failed', name, error }
    }
  }

  /** Writes what is new: sizes, and the annotations and `minReadySeconds` of the present ReplicaSet. */
  async bring(rollout: Rollout, sizes: readonly Resize[], signal: AbortSignal): Promise<Rollout> {
    const { newSet } = rollout
    const resizedToo = sizes.some(({ set }) => set === newSet)
    const unsized = newSet === undefined || resizedToo ? [] : [{ set: newSet, replicas: undefined }]
    const written: ReplicaSet[] = []
    for (const { set, replicas } of [...sizes, ...unsized]) {
      written.push(await this.#bringOne(rollout, { set, replicas }, signal))
    }
    return withSets(rollout, written)
  }

  async forget(deployment: Deployment, sets: readonly ReplicaSet[], signal: AbortSignal): Promise<void> {
    for (const set of sets) {
      const { namespace, name, uid, resourceVersion } = set.metadata
      // Not if it has been given pods meanwhile.
      const write = () => this.#client.delete(ReplicaSets, { namespace, name }, { uid, resourceVersion, signal })
      await this.#writes.delete(keyOf(deployment), set, write)
    }
  }

  failed(deployment: Deployment, failure: FailedCreation): void {
    this.#events.event(deployment, 'Warning', creationFailure(failure))
  }

  async #bringOne(
    rollout: Rollout,
    { set, replicas }: { set: ReplicaSet; replicas: number | undefined },
    signal: AbortSignal,
  ): Promise<ReplicaSet> {
    const { deployment } = rollout
    const change = changeOf(rollout, set, replicas)
    if (change === undefined) return set
    const { namespace, name } = set.metadata
    const write = () => this.#client.patch(ReplicaSets, { namespace, name }, guardedPatch(set, change), { signal })
    const next = await this.#writes.update(keyOf(deployment), set, write)
    const [from, to] = [replicasOf(set), replicasOf(next)]
    if (from !== to) this.#tell(deployment, set, { from, to })
    return next
  }

  /** The cache may not show it yet, so it is asked for. */
  async #lookUp(deployment: Deployment, name: string, signal: AbortSignal): Promise<Collision | Found> {
    const { namespace, uid } = deployment.metadata
    const live = await this.#client.get(ReplicaSets, { namespace, name }, { signal })
    const sameTemplate = templateText(live.spec.template) === templateText(deployment.spec.template)
    return { outcome: controllerOf(live)?.uid === uid && sameTemplate ? 'found' : 'collision' }
  }

  #tell(deployment: Deployment, { metadata }: ReplicaSet, { from, to }: { from: number; to: number }): void {
    const message = `Scaled ${from < to ? 'up' : 'down'} replica set ${metadata.name} from ${from} to ${to}`
    this.#events.event(deployment, 'Normal', { reason: 'ScalingReplicaSet', message })
  }
}

function newReplicaSet(rollout: Rollout, replicas: number): Draft<ReplicaSet> {
  const { deployment } = rollout
  const { metadata, spec, status } = deployment
  const hash = templateHash(spec.template, status?.collisionCount)
  const template = withHash(spec.template, hash)
  const { matchLabels, ...others } = spec.selector
  return {
    metadata: {
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      name: `${metadata.name.slice(0, maxNameLength - 1 - hash.length)}-${hash}`,
      labels: template.metadata.labels,
      annotations: { ...newSetAnnotations(rollout), ...sizeAnnotations(deployment) },
      ownerReferences: [controllerReference(deployment, Deployments)],
    },
    spec: {
      replicas,
      ...(spec.minReadySeconds === undefined ? {} : { minReadySeconds: spec.minReadySeconds }),
      selector: { ...others, matchLabels: { ...matchLabels, [hashLabel]: hash } },
      template,
    },
  }
}

/** Undefined if the ReplicaSet is as it should be. */
function changeOf(rollout: Rollout, set: ReplicaSet, replicas: number | undefined) {
  const { deployment, newSet } = rollout
  const annotations = {
    ...(set === newSet ? newSetAnnotations(rollout) : {}),
    ...(replicas === undefined ? {} : sizeAnnotations(deployment)),
  }
  const present = set.metadata.annotations ?? {}
  const changed = Object.entries(annotations).filter(([key, value]) => present[key] !== value)
  const { minReadySeconds = 0 } = deployment.spec
  const spec = {
    ...(replicas === undefined || replicas === replicasOf(set) ? {} : { replicas }),
    ...(set !== newSet || minReadySeconds === (set.spec.minReadySeconds ?? 0) ? {} : { minReadySeconds }),
  }
  if (changed.length === 0 && Object.keys(spec).length === 0) return undefined
  return { metadata: { annotations: Object.fromEntries(changed) }, spec }
}
