import { editCommand } from '../commands.ts'
import type { IngressRule } from './rule.ts'

/** HAProxy would not take what was made of the Ingress; its Events say why. */
export const refusedByHaproxy: IngressRule = ({ ingress, cluster }) =>
  cluster.events
    .filter(({ reason, involvedObject }) => reason === 'RefusedByHAProxy' && involvedObject.uid === ingress.metadata.uid)
    .slice(-1)
    .map(({ message = '' }) => ({
      reason: 'RefusedByHAProxy',
      cause: 'HAProxy has refused what was made of the Ingress: a part of it is not served',
      evidence: [message],
      fix: 'leave out what it names, and report the mistake: such an Ingress should have been refused before',
      command: editCommand(ingress),
    }))
