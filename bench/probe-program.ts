import { createConnection } from 'node:net'
import { createInterface } from 'node:readline'
import type { Sight } from './probe.ts'

/**
 * Looks at an address and port from the network namespace that it runs in. Told a line, `open` or `refused`, it says
 * `looking`, connects again and again until that is so, and then says at what time, in nanoseconds of CLOCK_MONOTONIC,
 * which all processes of a machine share.
 */
const pauseMs = 0.3
const [address = '', port = ''] = process.argv.slice(2)
const sleeping = new Int32Array(new SharedArrayBuffer(4))

for await (const wanted of createInterface({ input: process.stdin })) {
  console.log('looking')
  // A blocking sleep, because timers of Node.js are of whole milliseconds.
  while ((await sight()) !== wanted) Atomics.wait(sleeping, 0, 0, pauseMs)
  console.log(String(process.hrtime.bigint()))
}

function sight(): Promise<Sight> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: address, port: Number(port) })
    socket.on('connect', () => {
      socket.resetAndDestroy() // leaves no port in TIME_WAIT behind
      resolve('open')
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') resolve('refused')
      else reject(error)
    })
  })
}
