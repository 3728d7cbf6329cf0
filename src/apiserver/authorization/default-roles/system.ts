import { bootstrappersGroup, nodeJoinersGroup } from '../../../api/bootstrap-token.ts'
import { nodeRules } from '../node-rules.ts'
import type { DefaultBinding, DefaultRole } from './default-role.ts'
import { delegateAccess, electWith, onNames, onPaths, onResources, readVerbs, writeEvents } from './rules.ts'

const writeNode = ['create', 'patch', 'update']
const certificates = 'certificates.k8s.io'
const healthPaths = '/healthz /livez /readyz'

/** Roles of the cluster's own parts and of whoever asks it anything. */
export const systemRoles: readonly DefaultRole[] = [
  {
    name: 'system:discovery',
    rules: [onPaths(`/api /api/* /apis /apis/* ${healthPaths} /openapi /openapi/* /version /version/`)],
  },
  {
    name: 'system:basic-user',
    rules: [
      onResources('selfsubjectaccessreviews selfsubjectrulesreviews', ['create'], 'authorization.k8s.io'),
      onResources('selfsubjectreviews', ['create'], 'authentication.k8s.io'),
    ],
  },
  { name: 'system:public-info-viewer', rules: [onPaths(`${healthPaths} /version /version/`)] },
  {
    name: 'system:service-account-issuer-discovery',
    rules: [
      onPaths('/.well-known/openid-configuration /.well-known/openid-configuration/'),
      onPaths('/openid/v1/jwks /openid/v1/jwks/'),
    ],
  },
  {
    name: 'system:monitoring',
    rules: [onPaths('/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*')],
  },
  { name: 'system:auth-delegator', rules: delegateAccess },
  { name: 'system:kube-dns', rules: [onResources('endpoints services', ['list', 'watch'])] },
  {
    name: 'system:kubelet-api-admin',
    rules: [
      onResources('nodes', readVerbs),
      onResources('nodes', ['proxy']),
      onResources('nodes/log nodes/metrics nodes/proxy nodes/stats', ['*']),
    ],
  },
  {
    name: 'system:node-proxier',
    rules: [
      onResources('endpoints services', ['list', 'watch']),
      onResources('nodes', readVerbs),
      writeEvents,
      onResources('endpointslices', ['list', 'watch'], 'discovery.k8s.io'),
    ],
  },
  {
    name: 'system:node-problem-detector',
    rules: [onResources('nodes', ['get']), onResources('nodes/status', ['patch']), writeEvents],
  },
  {
    // Bound to nobody: what a node may is narrower, and `node-authorizer.ts` decides it.
    name: 'system:node',
    rules: [
      ...nodeRules,
      onResources('nodes', [...writeNode, ...readVerbs]),
      onResources('nodes/status', ['patch', 'update']),
      onResources('pods', ['create', 'delete', ...readVerbs]),
      onResources('pods/status', ['patch', 'update']),
      onResources('pods/eviction', ['create']),
      onResources('configmaps secrets', readVerbs),
      onResources('leases', [...writeNode, 'delete', 'get'], 'coordination.k8s.io'),
      onResources('serviceaccounts/token', ['create']),
    ],
  },
  {
    name: 'system:node-bootstrapper',
    rules: [onResources('certificatesigningrequests', ['create', ...readVerbs], certificates)],
  },
  // Who may do this gets what he asks for without anybody's looking at it.
  signedAtOnce('nodeclient'),
  signedAtOnce('selfnodeclient'),
  ...['kube-apiserver-client', 'kube-apiserver-client-kubelet', 'kubelet-serving', 'legacy-unknown'].map(approverOf),
  {
    name: 'system:kube-scheduler',
    rules: [
      writeEvents,
      ...electWith('kube-scheduler'),
      onResources('nodes', readVerbs),
      onResources('pods', ['delete', ...readVerbs]),
      onResources('bindings pods/binding', ['create']),
      onResources('pods/status', ['patch', 'update']),
      onResources('replicationcontrollers services namespaces', readVerbs),
      onResources('replicasets', readVerbs, 'apps', 'extensions'),
      onResources('statefulsets', readVerbs, 'apps'),
      ...delegateAccess,
    ],
  },
  {
    name: 'system:kube-controller-manager',
    rules: [
      writeEvents,
      ...electWith('kube-controller-manager'),
      onResources('secrets serviceaccounts', ['create', 'get', 'update']),
      onResources('secrets', ['delete']),
      onResources('configmaps namespaces', ['get']),
      onResources('serviceaccounts/token', ['create']),
      ...delegateAccess,
      onResources('*', ['list', 'watch'], '*'),
    ],
  },
]

/** What our agents and our edge read beside what a node reads for its pods. */
export const portolanRoles: readonly DefaultRole[] = [
  // Routes and service proxy; and what the edge says in its Lease of the data plane there.
  {
    name: 'portolan:data-plane',
    rules: [
      onResources('nodes services', readVerbs),
      onResources('endpointslices', readVerbs, 'discovery.k8s.io'),
      onNames('edge', 'leases', readVerbs, 'coordination.k8s.io'),
    ],
  },
  {
    name: 'portolan:ingress',
    rules: [
      writeEvents,
      onResources('ingresses ingressclasses', readVerbs, 'networking.k8s.io'),
      onResources('ingresses/status', ['patch', 'update'], 'networking.k8s.io'),
      onResources('secrets', readVerbs),
    ],
  },
  // DNS, an identity of its own like CoreDNS's: names are answered from all pods, of which a node sees its own.
  { name: 'portolan:dns-client', rules: [onResources('certificatesigningrequests/dnsclient', ['create'], certificates)] },
  { name: 'portolan:dns', rules: [onResources('namespaces pods', ['list', 'watch'])] },
]

export const systemBindings: readonly DefaultBinding[] = [
  { role: 'cluster-admin', groups: ['system:masters'] },
  { role: 'system:discovery', groups: ['system:authenticated'] },
  { role: 'system:basic-user', groups: ['system:authenticated'] },
  { role: 'system:public-info-viewer', groups: ['system:authenticated', 'system:unauthenticated'] },
  { role: 'system:service-account-issuer-discovery', groups: ['system:serviceaccounts'] },
  { role: 'system:monitoring', groups: ['system:monitoring'] },
  { role: 'system:node-proxier', users: ['system:kube-proxy'] },
  { role: 'system:node' },
  { role: 'system:kube-scheduler', users: ['system:kube-scheduler'] },
  { role: 'system:kube-controller-manager', users: ['system:kube-controller-manager'] },
  // Joining, as kubeadm binds it: any token may ask, those made for nodes are answered.
  { role: 'system:node-bootstrapper', groups: [bootstrappersGroup] },
  { role: roleSignedAtOnce('nodeclient'), groups: [nodeJoinersGroup] },
  { role: roleSignedAtOnce('selfnodeclient'), groups: ['system:nodes'] },
  { role: 'portolan:dns-client', groups: ['system:nodes'] },
  { role: 'portolan:data-plane', groups: ['system:nodes'] },
  { role: 'portolan:ingress', users: ['system:node:edge'] },
  { role: 'portolan:dns', users: ['portolan:dns'] },
]

function roleSignedAtOnce(what: string): string {
  return `system:certificates.k8s.io:certificatesigningrequests:${what}`
}

function signedAtOnce(what: string): DefaultRole {
  return { name: roleSignedAtOnce(what), rules: [onResources(`certificatesigningrequests/${what}`, ['create'], certificates)] }
}

function approverOf(signer: string): DefaultRole {
  return {
    name: `system:certificates.k8s.io:${signer}-approver`,
    rules: [onNames(`kubernetes.io/${signer}`, 'signers', ['approve'], certificates)],
  }
}
