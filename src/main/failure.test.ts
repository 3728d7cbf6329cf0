import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

const file = (name: string) => JSON.stringify(new URL(name, import.meta.url).href)
const setUp = `
  import { jsonLog } from ${file('../base/json-log.ts')}
  import { endOnFailure } from ${file('./failure.ts')}
  endOnFailure(jsonLog({ process: 'tested' }))
  setInterval(() => {}, 1000)
`

for (const [name, program] of [
  ['an exception at the start', `throw new Error('told')`],
  ['a promise that the start waits for', `await Promise.reject(new Error('told'))`],
  ['an exception later', `setImmediate(() => { throw new Error('told') })`],
  ['a promise that nobody waits for', `setImmediate(() => void Promise.reject(new Error('told')))`],
]) {
  test(`${name} is logged in one line and ends the process`, () => {
    const args = ['--input-type=module', '-e', `${setUp}\n${program}`]
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    expect(status).toBe(1)
    const lines = stderr.trim().split('\n')
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'error', process: 'tested', error: { message: 'told' } })
  })
}
