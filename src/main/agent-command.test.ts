import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

test('the token is no longer to be seen among the machine’s processes once the agent knows it', () => {
  const token = 'abcdef.0123456789abcdef'
  const script = `
    import { readFileSync } from 'node:fs'
    import { agentRunner } from ${JSON.stringify(new URL('agent-command.ts', import.meta.url).href)}
    const line = () => readFileSync('/proc/self/cmdline', 'utf8')
    const before = line().includes('${token}')
    agentRunner.join({ node: 'a' }, { say() {} }).catch(() => {})
    console.log(before, line().includes('${token}'), line().includes('portolan agent --node a'))
    process.exit(0)`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script, 'agent', '--token', token], { encoding: 'utf8' })
  expect(stdout + stderr).toBe('true false true\n')
})
