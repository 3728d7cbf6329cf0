/**
 * Bundles the processes into dist/, one file each with what they share split off, so that a start loads one small file
 * instead of hundreds and each process only what it needs.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'
import { writeSchema } from './generate-schema.ts'

const root = new URL('..', import.meta.url).pathname
process.chdir(root)

writeSchema()

rmSync('dist', { recursive: true, force: true })
mkdirSync('dist', { recursive: true })
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }

await build({
  entryPoints: ['portolan', 'supervisor', 'server', 'agent', 'edge'].map((name) => `src/main/${name}.ts`),
  outdir: 'dist',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  sourcemap: 'linked',
  sourcesContent: false,
  define: { PORTOLAN_VERSION: JSON.stringify(version) },
  // CommonJS packages inside an ES module bundle look for `require`.
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  logLevel: 'warning',
})
copyFileSync('.generated/schema.json', 'dist/schema.json')
// The launcher compares times with this file.
writeFileSync('dist/built', '')
