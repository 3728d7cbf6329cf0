import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Kubectl } from '../kubectls.ts'
import { outsideAddress } from '../outside-host.ts'
import { TestCluster } from '../test-cluster.ts'
import { services } from './5.1-services.ts'
import { externalServices } from './5.2-external-services.ts'
import { outside } from './5.3-outside.ts'
import { ingress } from './5.4-ingress.ts'
import { readiness } from './5.5-readiness.ts'
import { headless } from './5.6-headless.ts'
import { troubleshooting } from './5.7-troubleshooting.ts'
import { startOutsideHosts } from './outside-hosts.ts'
import { Reader } from './reader.ts'

/** Two parts that take about as long: the rows that are tried once are with the newest. */
export function inTwoParts(kubectls: readonly Kubectl[]): readonly [newer: readonly Kubectl[], older: readonly Kubectl[]] {
  return [kubectls.slice(0, 3), kubectls.slice(3)]
}

const sections = [services, externalServices, outside, ingress, readiness, headless, troubleshooting]

/**
 * The chapter as a user types it, section by section, on one cluster of three nodes, with several kubectls in turn; all of
 * its rows only with `newest`. docs/chapter.md lists the rows.
 */
export function typeChapter(kubectls: readonly Kubectl[], newest: Kubectl | undefined): void {
  let cluster: TestCluster
  let hosts: AsyncDisposable | undefined
  beforeAll(async () => {
    cluster = await TestCluster.named(`chapter-${process.pid}`)
    await cluster.up('--nodes', '3', '--dns-upstream', outsideAddress)
    hosts = await startOutsideHosts(cluster)
    await cluster.kubectl('create', '-f', 'test/chapter/more.yaml')
  })
  afterAll(async () => {
    await hosts?.[Symbol.asyncDispose]()
    await cluster?.[Symbol.asyncDispose]()
  })

  for (const kubectl of kubectls) {
    describe(`kubectl ${kubectl.version}`, () => {
      let reader: Reader
      beforeAll(async () => {
        reader = await Reader.begin(cluster, kubectl)
      })
      afterAll(async () => {
        await reader.types('kubectl delete rc,ingress --all && kubectl delete pod --all --now && kubectl delete svc --field-selector metadata.name!=kubernetes')
      })

      for (const { title: section, rows } of sections) {
        for (const { row, title, perform } of rows.filter(({ once = false }) => !once || kubectl === newest)) {
          test(`${section}, row ${row}: ${title}`, async () => {
            await expect(perform(reader)).resolves.toBeUndefined()
          })
        }
      }
    })
  }
}
