import type { ReadStream } from 'node:tty'

const leaving: readonly string[] = ['q', 'Q', '\u0003', '\u0004']
const goingOn: readonly string[] = ['\r', '\n']

/** Resolves to true at Enter, and to false at q, Ctrl-C or Ctrl-D. Other keys do nothing. */
export function enterOrQuit(terminal: ReadStream): Promise<boolean> {
  return new Promise((resolve) => {
    const listen = (keys: Buffer) => {
      const key = keys.toString().slice(0, 1)
      if (!leaving.includes(key) && !goingOn.includes(key)) return
      terminal.off('data', listen)
      terminal.setRawMode(false).pause()
      resolve(goingOn.includes(key))
    }
    terminal.setRawMode(true).resume().on('data', listen)
  })
}
