/** What `kubectl api-resources -o wide` shows, against what upstream's server shows of the same kinds. */
import { expect, test } from 'vitest'
import { kinds, kindsWithoutControllers, views } from '../api/kinds/index.ts'
import { resourceList } from './discovery.ts'
import { KindRegistry } from './kind-registry.ts'
import { testApi } from './test-api.ts'

// Plural, short names, kind, whether namespaced, categories; then every subresource with its kind.
const upstream: Readonly<Record<string, string>> = {
  v1: `
    configmaps cm ConfigMap namespaced -
    endpoints ep Endpoints namespaced -
    events ev Event namespaced -
    namespaces ns Namespace - -
    namespaces/finalize Namespace update
    namespaces/status Namespace get,patch,update
    nodes no Node - -
    nodes/proxy NodeProxyOptions create,delete,get,patch,update
    nodes/status Node get,patch,update
    pods po Pod namespaced all
    pods/attach PodAttachOptions create,get
    pods/binding Binding create
    pods/eviction policy/v1/Eviction create
    pods/exec PodExecOptions create,get
    pods/log Pod get
    pods/portforward PodPortForwardOptions create,get
    pods/proxy PodProxyOptions create,delete,get,patch,update
    pods/status Pod get,patch,update
    podtemplates - PodTemplate namespaced -
    replicationcontrollers rc ReplicationController namespaced all
    replicationcontrollers/scale autoscaling/v1/Scale get,patch,update
    replicationcontrollers/status ReplicationController get,patch,update
    secrets - Secret namespaced -
    serviceaccounts sa ServiceAccount namespaced -
    serviceaccounts/token authentication.k8s.io/v1/TokenRequest create
    services svc Service namespaced all
    services/proxy ServiceProxyOptions create,delete,get,patch,update
    services/status Service get,patch,update`,
  'apps/v1': `
    controllerrevisions - ControllerRevision namespaced -
    daemonsets ds DaemonSet namespaced all
    daemonsets/status DaemonSet get,patch,update
    deployments deploy Deployment namespaced all
    deployments/scale autoscaling/v1/Scale get,patch,update
    deployments/status Deployment get,patch,update
    replicasets rs ReplicaSet namespaced all
    replicasets/scale autoscaling/v1/Scale get,patch,update
    replicasets/status ReplicaSet get,patch,update
    statefulsets sts StatefulSet namespaced all
    statefulsets/scale autoscaling/v1/Scale get,patch,update
    statefulsets/status StatefulSet get,patch,update`,
  'authentication.k8s.io/v1': `
    selfsubjectreviews - SelfSubjectReview - -
    tokenreviews - TokenReview - -`,
  'authorization.k8s.io/v1': `
    localsubjectaccessreviews - LocalSubjectAccessReview namespaced -
    selfsubjectaccessreviews - SelfSubjectAccessReview - -
    selfsubjectrulesreviews - SelfSubjectRulesReview - -
    subjectaccessreviews - SubjectAccessReview - -`,
  'certificates.k8s.io/v1': `
    certificatesigningrequests csr CertificateSigningRequest - -
    certificatesigningrequests/approval CertificateSigningRequest get,patch,update
    certificatesigningrequests/status CertificateSigningRequest get,patch,update`,
  'coordination.k8s.io/v1': `
    leases - Lease namespaced -`,
  'discovery.k8s.io/v1': `
    endpointslices - EndpointSlice namespaced -`,
  'events.k8s.io/v1': `
    events ev Event namespaced -`,
  'extensions/v1beta1': `
    ingresses - Ingress namespaced -
    ingresses/status Ingress get,patch,update`,
  'networking.k8s.io/v1': `
    ingressclasses - IngressClass - -
    ingresses ing Ingress namespaced -
    ingresses/status Ingress get,patch,update
    ipaddresses ip IPAddress - -
    servicecidrs - ServiceCIDR - -
    servicecidrs/status ServiceCIDR get,patch,update`,
  'networking.k8s.io/v1beta1': `
    ingresses ing Ingress namespaced -
    ingresses/status Ingress get,patch,update`,
  'rbac.authorization.k8s.io/v1': `
    clusterrolebindings - ClusterRoleBinding - -
    clusterroles - ClusterRole - -
    rolebindings - RoleBinding namespaced -
    roles - Role namespaced -`,
  'scheduling.k8s.io/v1': `
    priorityclasses pc PriorityClass - -`,
}

const registry = new KindRegistry([...kinds, ...kindsWithoutControllers.map(({ kind }) => kind)], views)

interface Found {
  readonly name: string
  readonly singularName: string
  readonly kind: string
  readonly namespaced: boolean
  readonly verbs: readonly string[]
  readonly group?: string
  readonly version?: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
}

function found(groupVersion: string): readonly Found[] {
  const [version = '', group = ''] = groupVersion.split('/').reverse()
  return resourceList(registry, group, version)?.resources ?? []
}

function line({ name, kind, namespaced, verbs, group, version, shortNames, categories }: Found): string {
  if (name.includes('/')) {
    return `${name} ${group === undefined ? '' : `${group}/${version}/`}${kind} ${[...verbs].sort().join(',')}`
  }
  return [name, shortNames ?? '-', kind, namespaced ? 'namespaced' : '-', categories ?? '-'].join(' ')
}

const groups = new Set(registry.all().map(({ resource }) => [resource.group, resource.version].filter((part) => part !== '').join('/')))

test('every group is known', () => {
  for (const group of groups) expect(Object.keys(upstream)).toContain(group)
})

for (const [groupVersion, text] of Object.entries(upstream)) {
  test(`${groupVersion} has upstream's names and subresources`, () => {
    const wanted = text.trim().split('\n').map((one) => one.trim())
    expect(found(groupVersion).map(line).sort()).toEqual(wanted.sort())
  })
}

const reviews = /^(authentication|authorization)\.k8s\.io/
const all = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

for (const groupVersion of Object.keys(upstream)) {
  for (const { name, verbs, singularName, kind } of found(groupVersion)) {
    if (name.includes('/')) continue
    test(`${name} of ${groupVersion} have upstream's verbs`, () => {
      const kept = name === 'namespaces' ? all.filter((verb) => verb !== 'deletecollection') : all
      expect(verbs).toEqual(reviews.test(groupVersion) ? ['create'] : kept)
      expect(singularName).toBe(kind.toLowerCase())
    })
  }
}

test('what is not in the list is not served', async () => {
  await using api = await testApi()
  const message = 'the server does not allow this method on the requested resource'
  const refused = { code: 405, body: { reason: 'MethodNotAllowed', message, details: {} } }
  for (const [method, path] of [
    ['DELETE', '/api/v1/namespaces'],
    ['DELETE', '/api/v1/pods'],
    ['POST', '/api/v1/pods'],
    ['POST', '/api/v1/namespaces/default/pods/web'],
    ['PUT', '/api/v1/namespaces/default/pods'],
    ['PATCH', '/api/v1/namespaces/default/pods'],
    ['DELETE', '/api/v1/namespaces/default/status'],
    ['GET', '/apis/authorization.k8s.io/v1/subjectaccessreviews'],
  ] as const) {
    expect(await api.request(method, path, {})).toMatchObject(refused)
  }
  expect((await api.request('GET', '/api/v1/namespaces/default')).code).toBe(200)
})
