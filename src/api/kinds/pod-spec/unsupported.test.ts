import { expect, test } from 'vitest'
import { describeFieldError } from '../../field-error.ts'
import { safeSysctls } from './sysctls.ts'
import type { PodSpec } from './types.ts'
import { unsupportedFields } from './unsupported.ts'

const volumes = 'emptyDir, hostPath, configMap, secret, downwardAPI, projected'
const volume = (type: object) => ({ volumes: [{ name: 'v', ...type }] })
const container = (securityContext: object) => ({ containers: [{ name: 'app', securityContext }] })

for (const { spec, says } of [
  ...['nfs', 'persistentVolumeClaim', 'csi', 'image', 'ephemeral', 'iscsi', 'gitRepo'].map((type) => ({
    spec: volume({ [type]: {} }),
    says: `spec.volumes[0].${type}: Forbidden: this type of volume is not supported; use one of ${volumes}`,
  })),
  {
    spec: volume({ emptyDir: { medium: 'HugePages' } }),
    says: 'spec.volumes[0].emptyDir.medium: Forbidden: HugePages is not supported; use Memory, or none for the disk',
  },
  {
    spec: volume({ projected: { sources: [{ secret: { name: 's' } }, { clusterTrustBundle: { path: 'p' } }] } }),
    says: 'spec.volumes[0].projected.sources[1].clusterTrustBundle: Forbidden: this source of files is not supported; use one of configMap, secret, downwardAPI, serviceAccountToken',
  },
  { spec: { hostUsers: false }, says: 'spec.hostUsers: Forbidden: user namespaces are not supported; leave the field out' },
  { spec: { runtimeClassName: 'gvisor' }, says: 'spec.runtimeClassName: Forbidden: there is one runtime, runc; leave the field out' },
  {
    spec: { resourceClaims: [{ name: 'gpu' }] },
    says: 'spec.resourceClaims: Forbidden: nodes have no devices to claim; leave the field out',
  },
  { spec: { os: { name: 'windows' } }, says: 'spec.os.name: Forbidden: nodes run linux' },
  {
    spec: { securityContext: { supplementalGroupsPolicy: 'Strict' } },
    says: 'spec.securityContext.supplementalGroupsPolicy: Forbidden: Strict is not supported; use Merge',
  },
  {
    spec: { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_syncookies' }, { name: 'kernel.msgmax' }] } },
    says: `spec.securityContext.sysctls[1].name: Forbidden: kernel.msgmax is not supported; safe ones are ${safeSysctls.join(', ')}`,
  },
  {
    spec: { securityContext: { seccompProfile: { type: 'Localhost' } } },
    says: 'spec.securityContext.seccompProfile.type: Forbidden: Localhost is not supported; use RuntimeDefault or Unconfined',
  },
  {
    spec: container({ seccompProfile: { type: 'Localhost' } }),
    says: 'spec.containers[0].securityContext.seccompProfile.type: Forbidden: Localhost is not supported; use RuntimeDefault or Unconfined',
  },
  {
    spec: { initContainers: [{ name: 'init', securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } }] },
    says: 'spec.initContainers[0].securityContext.appArmorProfile.type: Forbidden: RuntimeDefault is not supported; use Unconfined',
  },
]) {
  test(says, () => {
    expect(unsupportedFields(spec as PodSpec, 'spec').map(describeFieldError)).toEqual([says])
  })
}

test('what nodes can do is not refused', () => {
  const spec: PodSpec = {
    hostUsers: true,
    os: { name: 'linux' },
    securityContext: {
      supplementalGroupsPolicy: 'Merge',
      sysctls: [{ name: 'net/ipv4/tcp_syncookies', value: '1' }],
      seccompProfile: { type: 'RuntimeDefault' },
      appArmorProfile: { type: 'Unconfined' },
    },
    volumes: [
      { name: 'a', emptyDir: { medium: 'Memory' } },
      { name: 'b', emptyDir: { medium: '' } },
      { name: 'c', hostPath: { path: '/' } },
      { name: 'd', configMap: {} },
      { name: 'e', secret: {} },
      { name: 'f', downwardAPI: {} },
      { name: 'g', projected: { sources: [{ serviceAccountToken: { path: 't' } }, { downwardAPI: {} }, { configMap: {} }] } },
    ],
  }
  expect(unsupportedFields(spec, 'spec')).toEqual([])
})
