import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface MachineLock {
  release(): Promise<void>
}

/**
 * Holds a lock on a file, which is made if it is not there, against all processes of the machine that do the same;
 * waits for whoever has it. It is a lock of flock(2), held by a child: when this process ends, however, the child's input
 * closes, the child ends, and the kernel takes the lock back.
 */
export async function holdLock(file: string): Promise<MachineLock> {
  const script = ['--exclusive', file, 'sh', '-c', 'echo held; exec cat >/dev/null']
  const holder = spawn('flock', script, { stdio: ['pipe', 'pipe', 'pipe'] })
  const complaint: Buffer[] = []
  holder.stderr.on('data', (chunk: Buffer) => complaint.push(chunk))
  // Writing to a holder that has been killed is no concern: nothing is ever written.
  holder.stdin.on('error', () => {})
  const ended = once(holder, 'close')
  // `ended` rejects if flock cannot be started at all.
  const held = await Promise.race([once(holder.stdout, 'data').then(() => true), ended.then(() => false)])
  if (!held) throw new Error(`${file}: cannot be locked: ${Buffer.concat(complaint).toString('utf8').trim()}`)
  return {
    async release() {
      holder.stdin.end()
      await ended
    },
  }
}
