import { expect, test } from 'vitest'
import { reportOf } from './report.ts'

const paint = { good: (text: string) => `+${text}`, bad: (text: string) => `!${text}`, faint: (text: string) => `(${text})` }

test('healthy ones end with the word, broken ones with causes and commands', () => {
  const finding = { reason: 'Broken', cause: 'It is broken', evidence: ['a crack'], fix: 'mend it', command: 'kubectl mend' }
  const text = reportOf([
    { subject: 'service/a', checks: [{ outcome: 'passed', text: 'fine' }, { outcome: 'skipped', text: 'not tried' }], advice: ['a hint'], findings: [] },
    { subject: 'service/b', checks: [{ outcome: 'failed', text: 'bad' }], advice: ['a hint'], findings: [finding, { ...finding, reason: 'Odd' }] },
  ], paint)
  expect(text.split('\n')).toEqual([
    'service/a',
    '  +✔ fine',
    '  (- not tried)',
    '  (· a hint)',
    '+healthy',
    '',
    'service/b',
    '  !✘ bad',
    '!likely causes, the likeliest first:',
    '1. It is broken (Broken)',
    '     seen: a crack',
    '     fix:  mend it',
    '           $ kubectl mend',
    '2. It is broken (Odd)',
    '     seen: a crack',
    '     fix:  mend it',
    '           $ kubectl mend',
  ])
})

test('mistakes in a manifest come with the line, a mark, and the line as it should be', () => {
  const place = { file: 'a.yaml', line: 3, column: 3, text: '\t名：x' }
  const finding = { reason: 'Odd', cause: 'It is odd', evidence: [], fix: 'write it so', place, corrected: ['  a: x', '  b: y'] }
  const text = reportOf([{ subject: 'manifest a.yaml', checks: [], advice: [], findings: [finding] }], paint)
  expect(text.split('\n')).toEqual([
    'manifest a.yaml',
    '!the mistake:',
    '1. It is odd (Odd)',
    '     at:   a.yaml, line 3, column 3',
    '           \t名：x',
    '           \t  ^',
    '     fix:  write it so',
    '             a: x',
    '             b: y',
  ])
})
