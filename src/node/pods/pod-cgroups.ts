import { dirname } from 'node:path'
import type { Pod } from '../../api/kinds/pod.ts'
import { keyOf } from '../../api/object.ts'
import type { Cache } from '../../client/cache.ts'
import type { Controller, Source } from '../../client/controller.ts'
import type { Cgroups } from '../../kernel/cgroups.ts'
import { cpuRequestOf, podResources, qosClassOf, sharesOf } from './resources.ts'
import { podCgroup } from './sandbox-config.ts'

export interface PodCgroupsDeps {
  /** Those of the node. */
  readonly pods: Cache<Pod>
  readonly cgroups: Pick<Cgroups, 'limit'>
  readonly cgroupRoot: string
}

/**
 * Gives each pod, and the pods of each quality of service together, their part of the node. The runtime does so for
 * containers only, whose parts count within their own pod.
 */
export function podCgroups({ pods, cgroups, cgroupRoot }: PodCgroupsDeps): Controller {
  return {
    name: 'pod-cgroups',
    wakesOn: [sandboxesOf(pods)],
    async reconcile(key) {
      const pod = pods.get(key)
      if (pod === undefined) return
      const path = podCgroup(pod, cgroupRoot)
      const { cpuShares, cpuQuota, memoryLimitInBytes } = podResources(pod)
      await cgroups.limit(path, { cpuShares, cpuQuotaMicros: cpuQuota, memoryBytes: memoryLimitInBytes })
      await cgroups.limit(dirname(path), { cpuShares: sharesBeside(pod, pods), cpuQuotaMicros: 0, memoryBytes: 0 })
    },
  }
}

/** What the pods of one quality of service ask for together. */
function sharesBeside(pod: Pod, pods: Cache<Pod>): number {
  const alike = pods.list().filter((other) => !isOver(other) && qosClassOf(other) === qosClassOf(pod))
  return sharesOf(alike.reduce((sum, other) => sum + cpuRequestOf(other), 0))
}

/** Wakes when a pod's sandbox is there, and with it the groups; and for another pod of its sort when one has gone. */
function sandboxesOf(pods: Cache<Pod>): Source {
  return {
    synced: pods.synced,
    subscribe: (wake) =>
      pods.onChange((previous, next) => {
        if (next !== undefined && hasSandbox(next) !== hasSandbox(previous)) wake(keyOf(next))
        const gone = previous !== undefined && (next === undefined || (isOver(next) && !isOver(previous)))
        const heir = gone ? pods.list().find((other) => qosClassOf(other) === qosClassOf(previous)) : undefined
        if (heir !== undefined) wake(keyOf(heir))
      }),
  }
}

function hasSandbox(pod: Pod | undefined): boolean {
  const condition = pod?.status?.conditions?.find(({ type }) => type === 'PodReadyToStartContainers')
  return condition?.status === 'True'
}

function isOver({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed'
}
