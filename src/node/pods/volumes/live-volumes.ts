import type { Pod } from '../../../api/kinds/pod.ts'
import type { Controller } from '../../../client/controller.ts'
import type { EventRecorder } from '../../../client/event-recorder.ts'
import type { DownwardFacts } from '../field-values.ts'
import { followSources, type FollowSourcesDeps } from './followed-sources.ts'
import { refreshVolumes, type VolumeDeps } from './volumes.ts'

export interface LiveVolumesDeps extends VolumeDeps, FollowSourcesDeps {
  readonly events: EventRecorder
  /** What the downward API tells of a pod. */
  facts(pod: Pod): DownwardFacts
}

/**
 * Keeps the files in pods' volumes equal to the ConfigMaps, Secrets, labels and annotations that they are made of. What
 * is missing meanwhile is told by an Event, and the files stay as they were.
 */
export function liveVolumes(deps: LiveVolumesDeps): Controller {
  const { source, sources } = followSources(deps)
  return {
    name: 'live-volumes',
    wakesOn: [source],
    async reconcile(key) {
      const pod = deps.pods.get(key)
      // With its namespace, what a pod is made of may go before it.
      if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return
      const problems = await refreshVolumes({ pod, sources, facts: deps.facts(pod) }, deps)
      for (const { reason, message } of problems) deps.events.event(pod, 'Warning', { reason, message })
    },
  }
}
