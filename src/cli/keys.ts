import type { ReadStream } from 'node:tty'

const leaving: readonly string[] = ['q', 'Q', '\u0003', '\u0004']
const goingOn: readonly string[] = ['\r', '\n']

/** Resolves to true at Enter; to false at q, Ctrl-C or Ctrl-D, when the terminal goes away or the signal aborts. Other keys do nothing. */
export async function enterOrQuit(terminal: ReadStream, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const listen = (keys: Buffer) => {
    const key = keys.toString().slice(0, 1)
    if (leaving.includes(key) || goingOn.includes(key)) resolve(goingOn.includes(key))
  }
  const leave = () => resolve(false)
  terminal.setRawMode(true).resume().on('data', listen).once('end', leave)
  signal.addEventListener('abort', leave, { once: true })
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', leave)
    terminal.off('data', listen).off('end', leave)
    terminal.setRawMode(false).pause()
  }
}
