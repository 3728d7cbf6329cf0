/**
 * Bundles the processes into dist/, one file each with what it loads later split off, so that a start reads one or two files
 * instead of hundreds, and of these only what it needs.
 */
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { build, type Plugin } from 'esbuild'
import { writeSchema } from './generate-schema.ts'

const root = new URL('..', import.meta.url).pathname
process.chdir(root)

writeSchema()

// Built beside the old one, which running clusters may start processes from, and dated from before the first look at a
// source: what is edited meanwhile is built the next time.
const startedAt = new Date()
rmSync('dist.new', { recursive: true, force: true })
mkdirSync('dist.new', { recursive: true })
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }

const processes = {
  ...Object.fromEntries(['portolan', 'supervisor', 'server', 'edge', 'reach', 'trace-caller'].map((name) => [name, `src/main/${name}.ts`])),
  // It opens the sockets of DNS, then loads agent.ts.
  agent: 'src/main/agent-entry.ts',
}
/**
 * An ES module that imports node:http has Node.js read all that it exports, `fetch` and what belongs to it among that: 20 ms
 * and 5 MB in each process, none of which needs it.
 */
const httpByName: Plugin = {
  name: 'http-by-name',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:http$/ }, () => ({ path: 'node:http', namespace: 'by-name' }))
    onLoad({ filter: /^/, namespace: 'by-name' }, () => ({ contents: "module.exports = process.getBuiltinModule('node:http')" }))
  },
}
// Each by itself: of what several processes share, esbuild would make a file for each set of them that shares it, and a
// start would read dozens.
await Promise.all(Object.entries(processes).map(([name, file]) => bundle(name, file)))

function bundle(name: string, file: string): Promise<unknown> {
  return build({
    entryPoints: { [name]: file },
    outdir: 'dist.new',
    plugins: [httpByName],
    chunkNames: `${name}-[hash]`,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    sourcemap: 'linked',
    sourcesContent: false,
    // Without comments: V8 keeps the whole text, and in two octets a character if there is one beyond Latin-1.
    minifyWhitespace: true,
    lineLimit: 120,
    legalComments: 'none',
    define: { PORTOLAN_VERSION: JSON.stringify(version) },
    // CommonJS packages inside an ES module bundle look for `require`.
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
    logLevel: 'warning',
  })
}

copyFileSync('.generated/schema.json', 'dist.new/schema.json')
// The launcher compares times with this file.
writeFileSync('dist.new/built', '')
utimesSync('dist.new/built', startedAt, startedAt)
rmSync('dist', { recursive: true, force: true })
renameSync('dist.new', 'dist')
