import type { LastingProcesses, Processes, RunningProcess } from '../../kernel/processes.ts'
import { Heard } from '../heard.ts'
import { TraceError } from '../trace-error.ts'
import { passagesIn } from './passages.ts'
import { timedFlows, type TimedFlow } from './set-times.ts'
import { flowText, type Flow, type Passage } from './sighting.ts'
import { timedSets } from './table.ts'
import { traceEvents } from './trace-text.ts'

/** A network namespace that the connection may go through. */
export interface WatchedPlace {
  /** `edge`, or the name of a node. */
  readonly name: string
  readonly netns: string
}

export interface WatcherDeps {
  readonly processes: Processes & LastingProcesses
}

/** A passage with its times, in nanoseconds since 1970. */
export interface TimedPassage extends Passage {
  readonly cameNs: bigint
  readonly wentNs?: bigint
}

/**
 * Loads the table and has the kernel tell of packets, until the input ends: when it is told to, or whoever started it
 * has gone, be it by Ctrl-C, of which this does not take notice. That nft listens can be seen in the groups that its
 * socket belongs to: that of traces (NFNLGRP_NFTRACE) is the ninth. It is told on standard error: what nft says goes to
 * standard output in blocks, which end in the middle of a line.
 */
const script = `
trap '' INT HUP
printf '%s\\nmonitor trace\\n' "$1" | HOME=/dev/null nft -i 2>&1 &
nft=$!
trap 'kill $nft 2>/dev/null' EXIT
listens() {
  while read -r _ protocol port groups _; do
    [ "$protocol $port $groups" = "12 $nft 00000100" ] && return 0
  done < /proc/$nft/net/netlink
  return 1
}
tries=0
until listens; do
  tries=$((tries + 1))
  if [ $tries -gt 500 ]; then echo 'nft does not listen' >&2; exit 1; fi
  sleep 0.02
done
echo listening >&2
cat > /dev/null
`
/** What lines begin with that tell of packets. Another trace may go on in the same place: the kernel tells everybody of all. */
const ofATrace = 'trace id '
const answerWithinMs = 20_000
/** Of what it said, in letters. */
const lastWords = 300
/** The kernel has told of a packet as soon as it has passed; what reads it may take its turn. */
const toldWithinMs = 1_000

/** Looks out for the packets of one connection in one network namespace. */
export class Watcher {
  readonly place: WatchedPlace
  readonly #deps: WatcherDeps
  readonly #table: string
  readonly #heard = new Heard()
  readonly #script = new Heard()
  readonly #program: RunningProcess

  private constructor(place: WatchedPlace, table: string, rules: string, deps: WatcherDeps) {
    this.place = place
    this.#deps = deps
    this.#table = table
    this.#program = deps.processes.start(['sh', '-c', script, 'sh', rules], {
      netns: place.netns,
      onStdout: (piece) => this.#heard.hear(piece),
      onStderr: (piece) => this.#script.hear(piece),
    })
    void this.#program.ended.then(() => {
      const reason = `nft has ended: ${(this.#heard.text + this.#script.text).slice(-lastWords).trim()}`
      for (const heard of [this.#heard, this.#script]) heard.end(reason)
    })
  }

  /** Resolves when nothing can be missed any more. `rules` are those of `watchTable`, `table` its name. */
  static async start(place: WatchedPlace, { table, rules }: { table: string; rules: string }, deps: WatcherDeps): Promise<Watcher> {
    const watcher = new Watcher(place, table, rules, deps)
    try {
      await watcher.#script.until((said) => (said.includes('listening\n') ? true : undefined), AbortSignal.timeout(answerWithinMs))
      // The last line may not be whole yet.
      const complaint = watcher.#heard.text.split('\n').slice(0, -1).find((line) => line !== '' && !line.startsWith(ofATrace))
      if (complaint !== undefined) throw new Error(complaint)
      return watcher
    } catch (error) {
      await watcher.end()
      const reason = error instanceof Error ? error.message : String(error)
      throw new TraceError(`packets cannot be followed in ${place.name}: ${reason}`)
    }
  }

  /** The packets that came until now, in the order in which they came. Waits until all that the kernel told of them is read. */
  async passages(): Promise<readonly TimedPassage[]> {
    const [came, went] = [await this.#times(timedSets.came), await this.#times(timedSets.went)]
    const read = () => passagesIn(traceEvents(this.#heard.text), this.#table)
    const isWhole = (passages: readonly Passage[]) =>
      passages.length >= came.length && passages.filter(hasGone).length >= went.length && passages.every(({ end }) => end !== 'lost')
    const passages = await this.#heard
      .until(() => { const all = read(); return isWhole(all) ? all : undefined }, AbortSignal.timeout(toldWithinMs))
      .catch(read) // a packet that the kernel gave up is told of no more
    return withTimes(passages, came, went)
  }

  /** Resolves when the table has gone. */
  async end(): Promise<void> {
    this.#program.endInput()
    await this.#program.ended
  }

  async #times(set: string): Promise<readonly TimedFlow[]> {
    const { stdout } = await this.#deps.processes.run(['nft', '--debug=netlink', 'list', 'set', 'inet', this.#table, set], { netns: this.place.netns })
    return timedFlows(stdout)
  }
}

/** Of equal flows the first told of is the first in time. */
function withTimes(passages: readonly Passage[], came: readonly TimedFlow[], went: readonly TimedFlow[]): readonly TimedPassage[] {
  const [takeCame, takeWent] = [taker(came), taker(went)]
  return passages.flatMap((passage) => {
    const cameNs = takeCame(passage.came)
    const wentNs = hasGone(passage) ? takeWent(passage.went) : undefined
    return cameNs === undefined ? [] : [{ ...passage, cameNs, ...(wentNs === undefined ? {} : { wentNs }) }]
  })
}

function taker(times: readonly TimedFlow[]): (flow: Flow) => bigint | undefined {
  const queues = Map.groupBy(times.toSorted((a, b) => (a.nanoseconds < b.nanoseconds ? -1 : 1)), flowText)
  return (flow) => queues.get(flowText(flow))?.shift()?.nanoseconds
}

function hasGone({ end }: Passage): boolean {
  return end === 'left' || end === 'delivered'
}
