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
