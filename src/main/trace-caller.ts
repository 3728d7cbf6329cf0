import { createInterface } from 'node:readline'
import { call } from '../trace/caller/call.ts'
import type { Order } from '../trace/caller/messages.ts'

/** Makes one connection from the network namespace that it was started in, as `trace/caller/messages.ts` says. */
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const { value: order = '' } = await lines.next()

async function go(): Promise<void> {
  const { done } = await lines.next()
  if (done === true) process.exit() // nobody is there any more
}

await call(JSON.parse(order) as Order, go, (report) => void process.stdout.write(`${JSON.stringify(report)}\n`))
await lines.next()
process.exit()
