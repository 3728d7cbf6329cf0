import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestCluster } from '../test-cluster.ts'
import { groups } from './groups.ts'
import { Tenant } from './tenant.ts'

/** What upstream calls a conforming cluster, as far as Services and their network go, on a live one of two nodes. */

let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.named(`conformance-${process.pid}`)
  await cluster.up('--nodes', '2')
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

let number = 0
for (const { title, cases } of groups) {
  describe.concurrent(title, () => {
    for (const { name, perform } of cases) {
      test(name, async () => {
        number += 1
        await expect(perform(await Tenant.begin(cluster, `case-${number}`))).resolves.toBeUndefined()
      })
    }
  })
}
