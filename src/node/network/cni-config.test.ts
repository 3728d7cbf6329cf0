import { expect, test } from 'vitest'
import { cniConfig } from './cni-config.ts'

test('routes the range of the node, and forwards host ports', () => {
  const config: unknown = JSON.parse(cniConfig({ name: 'dev-node-1', podCIDR: '10.108.1.0/24', dataDir: '/run/cni' }))
  expect(config).toEqual({
    cniVersion: '1.0.0',
    name: 'dev-node-1',
    plugins: [
      {
        type: 'ptp',
        mtu: 1500,
        ipMasq: false,
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: '10.108.1.0/24' }]],
          routes: [{ dst: '0.0.0.0/0' }],
          dataDir: '/run/cni',
        },
      },
      { type: 'portmap', snat: true, capabilities: { portMappings: true } },
    ],
  })
})
