import { describe, expect, test } from 'vitest'
import { compare } from './likeness.ts'
import { sessionsIn } from './sessions.ts'

const block = (info: string, ...lines: string[]) => ['text', `\`\`\`${info}`, ...lines, '```'].join('\n')

describe('sessions', () => {
  test('are commands with what they print', () => {
    const text = block('console', '# kubectl get svc \\', '    kubia', 'NAME', '', '# ./portolan down')
    expect(sessionsIn(`${text}\n${block('yaml', 'a: 1')}`)).toEqual([
      {
        line: 2,
        commands: [
          { text: 'kubectl get svc \\\n    kubia', output: ['NAME', ''] },
          { text: './portolan down', output: [] },
        ],
        isToFail: false,
        elsewhere: undefined,
      },
    ])
  })

  test('may be to fail, or need more than a test has', () => {
    expect(sessionsIn(block('console fails', '# false'))[0]?.isToFail).toBe(true)
    expect(sessionsIn(block('console elsewhere: takes the internet', '# curl x'))[0]?.elsewhere).toBe('takes the internet')
  })

  test.for([
    ['an unknown remark', block('console slow', '# true'), 'line 2: expected nothing, fails or elsewhere: REASON after console, found "slow"'],
    ['output of nothing', block('console', 'NAME'), 'line 3: output before the first command, which begins with "# "'],
    ['a command that no test would run', block('sh', '$ kubectl get svc'), 'line 3: a command outside of a block of the language console, which no test runs'],
    ['another', 'text\n    kubectl get svc', 'line 2: a command outside of a block of the language console, which no test runs'],
    ['a block without an end', '```console', 'line 1: the block has no end'],
  ])('refused: %s', ([, text = '', message = '']) => {
    expect(() => sessionsIn(text)).toThrow(message)
  })
})

describe('likeness', () => {
  const output = `NAME      TYPE        CLUSTER-IP      PORT(S)        AGE
kubia     NodePort    10.97.238.130   80:30123/TCP   1s
You've hit kubia-fp2ft
web-7d8b9c5f6-x2x4z took 12.5 ms
services: 10.97.38.85 . tcp . 80 : 3:4001
slots-1: 3:4001 . 0 : 10.108.2.2 . 8080
by veth93f3c3b1, 10.108.1.2:36533 after 24 ms`

  test.for([
    ['other addresses, ports and ages', ['kubia NodePort 10.96.0.7 80:31999/TCP 4m3s']],
    ['other drawn names', ["You've hit kubia-bcdfg", 'web-5c6d7f8b9-zzzzz took 3 ms']],
    ['lines left out', ['NAME TYPE CLUSTER-IP PORT(S) AGE', '…', 'web-7d8b9c5f6-x2x4z took 12.5 ms']],
    ['the rest of a line left out', ['kubia NodePort …']],
    ['what a trace says of this run', ['services: 10.0.0.1 . tcp . 80 : 1:4001', 'slots-1: 2:1 . 0 : 10.0.0.2 . 8080', 'by vetha1b2, 10.0.0.1:40000 after 3 ms']],
  ] as const)('is kept by %s', ([, shown]) => {
    expect(compare(shown, output).missing).toBeUndefined()
  })

  test.for([
    ['another word', ['kubia ClusterIP 10.96.0.7 80:31999/TCP 4m'], 'kubia ClusterIP 10.96.0.7 80:31999/TCP 4m'],
    ['another order', ["You've hit kubia-bcdfg", 'kubia NodePort …'], 'kubia NodePort …'],
    ['another count', ["You've hit kubia-bcdfg", "You've hit kubia-bcdfh"], "You've hit kubia-bcdfh"],
  ] as const)('is lost by %s', ([, shown, missing]) => {
    expect(compare(shown, output).missing).toBe(missing)
  })
})
