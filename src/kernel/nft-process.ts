import type { Clock } from '../base/clock.ts'
import { quote } from './nft-complaint.ts'
import { NftError } from './nft.ts'
import type { LastingProcesses, RunningProcess, StartOptions } from './processes.ts'

export interface NftProcessOptions {
  readonly processes: LastingProcesses
  readonly clock: Clock
  readonly where: Pick<StartOptions, 'netns' | 'directory'>
  /** The process is killed when it needs more to answer or to end. */
  readonly answerWithinMs: number
}

interface Question {
  /** A word that is no command: nft's complaint about it says that everything before it is done. */
  readonly marker: string
  readonly answer: PromiseWithResolvers<string>
}

/**
 * A lasting `nft -i`, which takes each line as a transaction. Of a line that was applied it says nothing, so each is
 * followed by a word that it must complain of, on the same stream and in order:
 *
 *     Error: syntax error, unexpected newline, expecting string
 *     answered17
 *               ^
 */
export class NftProcess {
  readonly #options: NftProcessOptions
  readonly #process: RunningProcess
  readonly #ended: Promise<void>
  /** Not answered yet, oldest first. */
  readonly #questions: Question[] = []
  #said = ''
  /** How much of it is known to hold no answer. */
  #searched = 0
  #lines = 0
  #hasEnded = false
  #wasLate = false

  constructor(options: NftProcessOptions) {
    this.#options = options
    this.#process = options.processes.start(['nft', '-i'], {
      ...options.where,
      environment: { HOME: '/dev/null' }, // below which there can be no .nft.history
      onStderr: (piece) => this.#hear(piece),
    })
    this.#ended = this.#process.ended.then(
      (exitCode) => this.#lose(`exit ${exitCode ?? 'by signal'}`),
      (error: unknown) => this.#lose(String(error)),
    )
  }

  /** How many lines it was told. */
  get lines(): number {
    return this.#lines
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /**
   * Resolves to nft's complaint, empty if the line was applied. Rejects with `NftError` when the process ended before
   * it answered, and so not before it is settled whether the line was applied. What it is told while it is busy it does
   * next.
   */
  async tell(line: string): Promise<string> {
    this.#lines += 1
    const question = { marker: `answered${this.#lines}`, answer: Promise.withResolvers<string>() }
    this.#questions.push(question)
    this.#process.write(`${line}\n${question.marker}\n`)
    const cancel = this.#killLater()
    try {
      return await question.answer.promise
    } finally {
      cancel()
    }
  }

  /** Resolves when it has ended. */
  async end(): Promise<void> {
    this.#process.endInput()
    const cancel = this.#killLater()
    await this.#ended
    cancel()
  }

  #killLater(): () => void {
    return this.#options.clock.after(this.#options.answerWithinMs, () => {
      this.#wasLate = true
      this.#process.kill()
    })
  }

  #hear(piece: string): void {
    this.#said += piece
    for (let answer = this.#takeAnswer(); answer !== undefined; answer = this.#takeAnswer()) {
      this.#questions.shift()?.answer.resolve(answer)
    }
  }

  /** To the oldest question, if it has been said whole. */
  #takeAnswer(): string | undefined {
    const [question] = this.#questions
    if (question === undefined) return undefined
    const { marker } = question
    const end = this.#said.indexOf(`\n${marker}\n`, this.#searched)
    if (end < 0) {
      this.#searched = Math.max(0, this.#said.length - marker.length - 1)
      return undefined
    }
    const complaint = this.#said.slice(0, this.#said.lastIndexOf('\n', end - 1) + 1)
    this.#said = this.#said.slice(end + marker.length + 2)
    this.#searched = 0
    return complaint.replace(markBelow, '')
  }

  #lose(how: string): void {
    this.#hasEnded = true
    const why = this.#wasLate ? `it gave no answer within ${this.#options.answerWithinMs} ms` : how
    const lastWords = this.#said.replace(markBelow, '').trim()
    const message = `nft ended in the middle of a transaction, which may or may not be applied: ${why}`
    const error = new NftError(lastWords === '' ? message : `${message}: ${quote(lastWords)}`)
    for (const { answer } of this.#questions.splice(0)) answer.reject(error)
  }
}

/** What is left of the complaint about the marker before. */
const markBelow = /^ *\^\n/
