import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compare } from '../documents/likeness.ts'
import { Reader } from '../documents/reader.ts'
import { sessionsIn } from '../documents/sessions.ts'
import { run, TestCluster } from '../test-cluster.ts'

/** What the documents tell people to type, typed from top to bottom, each document on a cluster of its own. */

const root = resolve(import.meta.dirname, '../..')
const inFolder = (folder: string) => readdirSync(join(root, folder)).filter((name) => name.endsWith('.md')).map((name) => `${folder}/${name}`)
const documents = ['README.md', ...inFolder('examples'), ...inFolder('docs')]
const textOf = (document: string) => readFileSync(join(root, document), 'utf8')

for (const document of documents) {
  const sessions = sessionsIn(textOf(document))
  if (sessions.length === 0) continue
  describe(document, () => {
    let cluster: TestCluster
    let reader: Reader
    beforeAll(async () => {
      cluster = await TestCluster.named(`e2e-docs-${process.pid}`)
      reader = await Reader.of(cluster)
      if (!sessions[0]?.commands[0]?.text.startsWith('./portolan up')) await cluster.up('--nodes', '2')
    })
    afterAll(async () => {
      await reader?.[Symbol.asyncDispose]()
      await cluster?.[Symbol.asyncDispose]()
    })

    for (const { line, commands, isToFail, elsewhere } of sessions) {
      test.skipIf(elsewhere !== undefined)(`line ${line}${elsewhere === undefined ? '' : `, not here: ${elsewhere}`}`, async () => {
        for (const [index, { text, output }] of commands.entries()) {
          const { code, stdout, stderr } = await reader.type(text)
          const said = `${text}\n${stdout}${stderr}`
          const fails = isToFail && index === commands.length - 1
          const { missing, found } = compare(output, stdout + stderr)
          expect({ said, fails: code !== 0, missing }).toEqual({ said, fails, missing: undefined })
          reader.learn(found)
        }
      })
    }
  })
}

test('commands of portolan that documents name exist', async () => {
  const { stdout } = await run(join(root, 'portolan'), ['--help'])
  const known = [...stdout.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, word]) => word)
  const named = documents.flatMap((document) => [...textOf(document).matchAll(/`(?:\.\/)?portolan ([a-z]+)/g)].map(([, word]) => word))
  expect([...new Set(named)].filter((word) => !known.includes(word))).toEqual([])
})

test('benchmarks that documents name exist', async () => {
  const { stdout } = await run('npm', ['run', '--silent', 'bench'])
  const known = [...stdout.matchAll(/^([a-z-]+)\s/gm)].map(([, word]) => word)
  const named = documents.flatMap((document) => [...textOf(document).matchAll(/npm run bench -- ([a-z-]+)/g)].map(([, word]) => word))
  expect([...new Set(named)].filter((word) => !known.includes(word))).toEqual([])
})
