import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** They count requests that are lost while things die or go, or everything on the machine: nothing may run beside them. */
const alone = ['chaos', 'nodes', 'rollout', 'trouble'].map((name) => `test/e2e/${name}.test.ts`)

/** What takes minutes by itself begins first, so that nothing waits for it at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => Number(/client-matrix|chapter/.test(moduleId))
    return (await super.sort(files)).sort((a, b) => isLong(b) - isLong(a))
  }
}

const onClusters = { globalSetup: ['test/built-images.ts'], testTimeout: 120_000, hookTimeout: 300_000 }

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          sequence: { groupOrder: 0 },
          include: ['src/**/*.test.ts', 'test/*.test.ts', 'test/documents/*.test.ts'],
          // Many wait for the kernel or for other programs.
          maxWorkers: 3,
          // Reading the sources anew for each file would take as long as the tests.
          isolate: false,
          testTimeout: 20_000,
          hookTimeout: 30_000,
          // What is polled for comes at once; a machine that is busy with something else may take its time.
          expect: { poll: { timeout: 15_000 } },
        },
      },
      {
        test: {
          ...onClusters,
          name: 'e2e',
          include: ['test/{e2e,chapter,conformance}/*.test.ts'],
          exclude: alone,
          // Clusters mostly wait: four run side by side, but not beside the unit tests.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...onClusters,
          name: 'e2e-alone',
          include: alone,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
