import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

/** What each folder under src/ may import besides itself. A line's reason is why it is no longer. */
const allowed: Readonly<Record<string, { may: readonly string[]; because: string }>> = {
  base: { may: [], because: 'base knows no Kubernetes and no operating system' },
  api: { may: ['base'], because: 'the kinds are plain data and rules, usable by client and server alike' },
  storage: { may: ['api', 'base'], because: 'the store keeps opaque values; who serves them is none of its business' },
  apiserver: { may: ['storage', 'api', 'base'], because: 'the server can be run and tested without anything that uses it' },
  client: { may: ['api', 'base'], because: 'the client speaks to any Kubernetes API, ours is one of them' },
  controllers: { may: ['client', 'api', 'base'], because: 'controllers know the cluster only through the API' },
  kernel: { may: ['base'], because: 'the kernel knows nothing of Kubernetes' },
  node: { may: ['client', 'api', 'kernel', 'base'], because: 'the agent must run on another machine than the server' },
  dataplane: { may: ['client', 'api', 'kernel', 'base'], because: 'data planes run against any Kubernetes API' },
  cluster: { may: ['kernel', 'client', 'api', 'base'], because: 'it starts processes; it does not reach into them' },
  doctor: { may: ['client', 'api', 'kernel', 'base'], because: 'it judges a cluster by its API and the kernel, and cares for nobody’s plans' },
  trace: { may: ['doctor', 'client', 'api', 'kernel', 'base'], because: 'it follows a connection through what the doctor knows of' },
  tour: { may: ['api', 'base'], because: 'it is a text with commands in it; who runs them, and where, is told to it' },
  cli: { may: ['tour', 'trace', 'doctor', 'cluster', 'client', 'api', 'kernel', 'base'], because: 'commands ask the API and the supervisor' },
  main: {
    may: ['apiserver', 'storage', 'controllers', 'node', 'dataplane', 'cluster', 'doctor', 'trace', 'tour', 'cli', 'client', 'api', 'kernel', 'base'],
    because: 'only here are real things constructed',
  },
}

const root = resolve(import.meta.dirname, '..')
const source = join(root, 'src')

interface Import {
  readonly file: string
  readonly specifier: string
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, specifier = '']) => ({ file, specifier }))
}

/** `dataplane/dns` for src/dataplane/dns/server.ts. */
function roomOf(file: string): string[] {
  return relative(source, file).split('/').slice(0, -1)
}

const imports = filesBelow(source).flatMap(importsOf)

describe('imports go one way', () => {
  for (const [folder, { may, because }] of Object.entries(allowed)) {
    test(`${folder} imports ${may.length === 0 ? 'nothing else' : may.join(', ')}: ${because}`, () => {
      const wrong = imports
        .filter(({ file, specifier }) => roomOf(file)[0] === folder && specifier.startsWith('.'))
        .filter(({ file, specifier }) => {
          const [target = ''] = roomOf(resolve(dirname(file), specifier))
          // A test may look at the script that makes what it tests.
          if (target === '..' && file.endsWith('.test.ts')) return false
          return target !== folder && !may.includes(target)
        })
      expect(wrong.map(({ file, specifier }) => `${relative(root, file)} imports ${specifier}`)).toEqual([])
    })
  }

  test('every folder under src has a line', () => {
    expect(readdirSync(source).sort()).toEqual(Object.keys(allowed).sort())
  })

  test('one data plane imports no other: each runs by itself', () => {
    const wrong = imports.filter(({ file, specifier }) => {
      const [folder, plane] = roomOf(file)
      if (folder !== 'dataplane' || !specifier.startsWith('.')) return false
      const [targetFolder, target] = roomOf(resolve(dirname(file), specifier))
      return targetFolder === 'dataplane' && target !== plane
    })
    expect(wrong.map(({ file, specifier }) => `${relative(root, file)} imports ${specifier}`)).toEqual([])
  })
})

test('the generated client library is used for its types alone: its code would cost every process megabytes', () => {
  const wrong = filesBelow(source).filter((file) =>
    /^import (?!type )[^;]*?from '@kubernetes\/client-node'/m.test(readFileSync(file, 'utf8')),
  )
  expect(wrong.map((file) => relative(root, file))).toEqual([])
})
