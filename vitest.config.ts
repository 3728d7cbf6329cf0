import { defineConfig } from 'vitest/config'

/** They count requests that are lost while things die or go, or everything on the machine: nothing may run beside them. */
const alone = ['chaos', 'nodes', 'rollout', 'trouble'].map((name) => `test/e2e/${name}.test.ts`)

const onClusters = { globalSetup: ['test/built-images.ts'], testTimeout: 120_000, hookTimeout: 300_000 }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          sequence: { groupOrder: 0 },
          include: ['src/**/*.test.ts', 'test/*.test.ts', 'test/documents/*.test.ts'],
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
          include: ['test/e2e/**/*.test.ts', 'test/chapter/*.test.ts'],
          exclude: alone,
          // Clusters mostly wait: two run side by side, but not beside the unit tests, which do not.
          maxWorkers: 2,
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
