import { forbiddenRequest, notFound } from '../../api/errors.ts'
import { type Namespace, Namespaces } from '../../api/kinds/namespace.ts'
import type { ObjectStore } from '../objects.ts'
import type { AdmissionStep } from './admission.ts'

/** Namespaces that the system needs and that cannot be deleted. */
const immortal = new Set(['default', 'kube-system', 'kube-public'])

/** Nothing is created in a namespace that does not exist or is being deleted. */
export function namespaceLifecycle(objects: ObjectStore): AdmissionStep {
  return {
    name: 'namespace-lifecycle',
    async admit({ operation, kind, object }) {
      const { name, namespace } = object.metadata
      if (operation === 'delete') {
        if (kind.resource.plural === Namespaces.plural && immortal.has(name)) {
          throw forbiddenRequest(Namespaces, name, 'this namespace may not be deleted')
        }
        return
      }
      if (operation !== 'create' || namespace === undefined) return
      const stored = await objects.get(Namespaces, undefined, namespace)
      if (stored === undefined) throw notFound(Namespaces, namespace)
      if ((stored.object as Namespace).status?.phase !== 'Terminating') return
      const why = `unable to create new content in namespace ${namespace} because it is being terminated`
      throw forbiddenRequest(kind.resource, name, why)
    },
  }
}
