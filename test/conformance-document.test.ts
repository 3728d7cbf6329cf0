import { expect, test } from 'vitest'
import { groups } from './conformance/groups.ts'

const head = `# Conformance

Kubernetes has a suite of tests that a cluster must pass to be called conforming. 47 of its cases are of the group
sig-network: they are what "Services work" means. Each of them is checked here, in words of our own, by
[test/conformance/](../test/conformance), on a live cluster of two nodes, as part of \`npm test\`; by itself:

\`\`\`sh
npm test -- --project e2e test/conformance
\`\`\`

Upstream's own suite is not part of this repository, and was not run. Names are upstream's.
`

test('docs/conformance.md lists what is checked', async () => {
  const count = groups.flatMap(({ cases }) => cases).length
  const lists = groups.map(({ title, cases }) => `## ${title}\n\n${cases.map(({ name }) => `- ${name}`).join('\n')}\n`)
  expect(count).toBe(47)
  await expect([head, ...lists].join('\n')).toMatchFileSnapshot('../docs/conformance.md')
})
