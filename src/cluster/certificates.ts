import { apiServiceAddress, ingressAddress, nodeAddress, serverAddress } from './address-plan.ts'
import { type ClusterConfig, planOf } from './config.ts'
import { nodeName } from './network.ts'
import type { CertificateRequest } from './pki.ts'

/** Every certificate of a cluster, by the file that it is kept in. */
export function clusterCertificates(config: ClusterConfig): readonly CertificateRequest[] {
  const plan = planOf(config)
  const apiServer: CertificateRequest = {
    file: 'server',
    commonName: 'kube-apiserver',
    // Agents let this identity in to logs and exec.
    organizations: ['system:masters'],
    addresses: ['127.0.0.1', serverAddress(plan), apiServiceAddress(plan)],
    dnsNames: [
      'localhost',
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      `kubernetes.default.svc.${config.clusterDomain}`,
    ],
  }
  const admin = client('admin', 'portolan-admin', ['system:masters'])
  const edge = client('edge', 'system:node:edge', ['system:nodes'])
  const dns = client('dns', 'portolan:dns', [])
  const nodes = config.nodes.map((number): CertificateRequest => {
    const name = nodeName(number)
    const addresses = [nodeAddress(plan, number)]
    return { file: name, commonName: `system:node:${name}`, organizations: ['system:nodes'], addresses, dnsNames: [name] }
  })
  // Shown to those who ask for a host without a certificate of its own. As a client it is nobody.
  const ingress: CertificateRequest = {
    file: 'ingress',
    commonName: 'Portolan ingress default certificate',
    organizations: [],
    addresses: [ingressAddress(plan)],
    dnsNames: [`portolan-ingress.kube-system.svc.${config.clusterDomain}`],
  }
  return [apiServer, admin, edge, dns, ingress, ...nodes]
}

function client(file: string, commonName: string, organizations: readonly string[]): CertificateRequest {
  return { file, commonName, organizations, addresses: [], dnsNames: [] }
}
