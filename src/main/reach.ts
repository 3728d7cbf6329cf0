import { text } from 'node:stream/consumers'
import { answer } from '../doctor/reach/answer.ts'
import type { Questions } from '../doctor/reach/questions.ts'

/** Answers the questions on standard input, from the network namespace that it was started in. */
process.stdout.write(JSON.stringify(await answer(JSON.parse(await text(process.stdin)) as Questions)))
