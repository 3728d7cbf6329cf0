import type { PolicyRule } from '../../../api/kinds/rbac/policy-rule.ts'
import { onPaths, onResources, readVerbs, writeVerbs } from './rules.ts'
import type { DefaultRole } from './default-role.ts'

const aggregateTo = (role: string) => ({ [`rbac.authorization.k8s.io/aggregate-to-${role}`]: 'true' })

/** `*` on everything. */
const everything: readonly PolicyRule[] = [onResources('*', ['*'], '*'), onPaths('*', ['*'])]

/** What is added in a namespace by being its administrator. */
const administering: readonly PolicyRule[] = [
  onResources('localsubjectaccessreviews', ['create'], 'authorization.k8s.io'),
  onResources('rolebindings roles', [...writeVerbs, ...readVerbs], 'rbac.authorization.k8s.io'),
]

const editing: readonly PolicyRule[] = [
  onResources('pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy', readVerbs),
  onResources('serviceaccounts', ['impersonate']),
  onResources('pods pods/attach pods/exec pods/portforward pods/proxy', writeVerbs),
  onResources('pods/eviction', ['create']),
  onResources(
    `
      configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets
      serviceaccounts services services/proxy`,
    writeVerbs,
  ),
  onResources('serviceaccounts/token', ['create']),
  onResources(
    `
      daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets
      statefulsets/scale`,
    writeVerbs,
    'apps',
  ),
  onResources('horizontalpodautoscalers', writeVerbs, 'autoscaling'),
  onResources('cronjobs jobs', writeVerbs, 'batch'),
  onResources('ingresses networkpolicies', writeVerbs, 'extensions', 'networking.k8s.io'),
  onResources('poddisruptionbudgets', writeVerbs, 'policy'),
  onResources('leases', [...writeVerbs, ...readVerbs], 'coordination.k8s.io'),
]

/** Nothing by which more could be had: no Secrets, no roles. */
const viewing: readonly PolicyRule[] = [
  onResources(
    `
      configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers
      replicationcontrollers/scale serviceaccounts services services/status`,
    readVerbs,
  ),
  onResources(
    `
      bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status
      resourcequotas resourcequotas/status`,
    readVerbs,
  ),
  onResources('namespaces', readVerbs),
  onResources('endpointslices', readVerbs, 'discovery.k8s.io'),
  onResources(
    `
      controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status
      replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status`,
    readVerbs,
    'apps',
  ),
  onResources('horizontalpodautoscalers horizontalpodautoscalers/status', readVerbs, 'autoscaling'),
  onResources('cronjobs cronjobs/status jobs jobs/status', readVerbs, 'batch'),
  onResources('ingresses ingresses/status networkpolicies', readVerbs, 'extensions', 'networking.k8s.io'),
  onResources('poddisruptionbudgets poddisruptionbudgets/status', readVerbs, 'policy'),
]

/**
 * Roles for people (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles). `admin`, `edit`
 * and `view` are put together from all roles that bear their label, so that others can add to them.
 */
export const userFacingRoles: readonly DefaultRole[] = [
  { name: 'cluster-admin', rules: everything },
  { name: 'admin', aggregates: aggregateTo('admin') },
  { name: 'edit', aggregates: aggregateTo('edit'), labels: aggregateTo('admin') },
  { name: 'view', aggregates: aggregateTo('view'), labels: aggregateTo('edit') },
  { name: 'system:aggregate-to-admin', labels: aggregateTo('admin'), rules: administering },
  { name: 'system:aggregate-to-edit', labels: aggregateTo('edit'), rules: editing },
  { name: 'system:aggregate-to-view', labels: aggregateTo('view'), rules: viewing },
]
