import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { formatCidr } from '../base/ip.ts'
import { type ClusterConfig, defaults, planOf, readConfig, writeConfig } from './config.ts'
import { UserError } from './user-error.ts'

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-config-'))
  file = join(folder, 'clusters', 'one', 'cluster.json')
})
afterEach(() => rm(folder, { recursive: true }))

const ranges = { pods: '172.20.0.0/16' }
const config: ClusterConfig = { ...defaults, name: 'one', home: '/home', nodes: [1, 2], ranges }

test('a cluster that was never started has none', async () => {
  expect(await readConfig(file)).toBeUndefined()
})

test('what was written is read, and nothing else lies beside it', async () => {
  await writeConfig(file, { ...config, apiPort: 1 })
  await writeConfig(file, config)
  expect(await readConfig(file)).toEqual(config)
  expect(await readdir(join(folder, 'clusters', 'one'))).toEqual(['cluster.json'])
})

test('ranges that were not chosen are the presets', () => {
  const { pods, nodes } = planOf(config)
  expect([pods, nodes].map(formatCidr)).toEqual(['172.20.0.0/16', '192.168.99.0/24'])
})

describe('a file that is broken is refused with what to do, and left as it is', () => {
  for (const [name, text] of Object.entries({
    empty: '',
    'cut off': JSON.stringify(config).slice(0, 40),
    'not an object': 'null',
    'without nodes': JSON.stringify({ ...config, nodes: undefined }),
    'with a node that is no number': JSON.stringify({ ...config, nodes: ['node-1'] }),
    'with DNS settings in words': JSON.stringify({ ...config, dns: 'verified' }),
    'with a time in words': JSON.stringify({ ...config, clusterSigningSeconds: '1h' }),
    'with a port in words': JSON.stringify({ ...config, apiPort: '6443' }),
  })) {
    test(name, async () => {
      await writeConfig(file, config)
      await writeFile(file, text)
      const refusal = await readConfig(file).catch((error: unknown) => error)
      expect(refusal).toBeInstanceOf(UserError)
      expect(String(refusal)).toMatch(
        /cluster\.json is not a cluster’s configuration \(.+\): restore it, or wipe the cluster with .+ delete$/,
      )
      expect(await readFile(file, 'utf8')).toBe(text)
    })
  }
})
