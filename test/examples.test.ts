import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'

/** The examples and what is said of them. That they do what is said, the chapter test shows on a live cluster. */

const root = resolve(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const manifests = (folder: string) => readdirSync(join(root, folder)).filter((name) => name.endsWith('.yaml'))
const problems = (file: string) => parseAllDocuments(read(file)).flatMap(({ errors }) => errors)

test('every manifest is YAML and has a line in examples/README.md, and every line a manifest', () => {
  const listed = [...read('examples/README.md').matchAll(/^\| `(\S+\.yaml)` \|/gm)].map(([, name]) => name)
  expect(listed.sort()).toEqual(manifests('examples').sort())
  expect(manifests('examples').flatMap((name) => problems(`examples/${name}`))).toEqual([])
})

test('every misprinted one has a line in examples/misprints.md', () => {
  const text = read('examples/misprints.md')
  expect(manifests('examples/misprints').filter((name) => !text.includes(`\`${name}\``))).toEqual([])
})

test('docs/chapter.md has each row once, and names files that there are', () => {
  const text = read('docs/chapter.md')
  expect([...text.matchAll(/^\| (\d+) /gm)].map(([, row]) => Number(row))).toEqual(Array.from({ length: 25 }, (_, index) => index + 1))
  const named = [...text.matchAll(/`([\w./-]+\.ts|[\w/-]+\/|e2e\/[\w-]+|[\w-]+\.yaml)`/g)].map(([, name = '']) => name)
  const places = (name: string) => [`src/${name}`, name, `test/${name}.test.ts`, `test/chapter/${name}`, `examples/${name}`]
  expect(named.filter((name) => !places(name).some((place) => existsSync(join(root, place))))).toEqual([])
})
