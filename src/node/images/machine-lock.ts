import net from 'node:net'

export interface MachineLock {
  release(): Promise<void>
}

/**
 * Holds a lock of this name against all processes in the same network namespace, waiting for whoever has it. The lock
 * is a listening socket in the abstract namespace (unix(7)): the kernel takes it back when the process ends, however.
 */
export async function holdLock(name: string): Promise<MachineLock> {
  for (;;) {
    const server = await listen(`\0portolan:${name}`)
    if (server !== undefined) return server
    await untilReleased(`\0portolan:${name}`)
  }
}

/** Undefined if somebody else listens. Waiters stay connected until the lock is released. */
function listen(path: string): Promise<MachineLock | undefined> {
  const waiters = new Set<net.Socket>()
  const server = net.createServer((waiter) => {
    waiters.add(waiter)
    waiter.on('error', () => waiter.destroy())
    waiter.on('close', () => waiters.delete(waiter))
  })
  const release = () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const waiter of waiters) waiter.destroy()
    return closed
  }
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    server.listen(path, () => resolve({ release }))
  })
}

function untilReleased(path: string): Promise<void> {
  return new Promise((resolve) => {
    // Refused or reset means released, just now: the next try to listen tells.
    const socket = net.connect(path).on('error', () => socket.destroy())
    socket.on('close', () => resolve())
    socket.resume()
  })
}
