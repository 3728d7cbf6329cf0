import { type Pod, Pods } from '../../api/kinds/pod.ts'
import { applyPodAdmissionDefaults } from '../../api/kinds/pod-spec/admission.ts'
import type { AdmissionStep } from './admission.ts'

/** What a Pod is given by the cluster and not by its kind. */
export const podDefaults: AdmissionStep = {
  name: 'pod-defaults',
  admit({ operation, kind, subresource, object }) {
    if (kind.resource.plural !== Pods.plural || kind.resource.group !== Pods.group) return
    if (operation !== 'delete' && subresource === undefined) applyPodAdmissionDefaults(object as Pod)
  },
}
