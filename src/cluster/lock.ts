import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

const pollMs = 20

/**
 * Does work that no other process of the machine does under the same name meanwhile; waits for whoever does. The lock
 * is an abstract socket (unix(7)): the kernel takes it back when its holder ends, however that happens, and no file is
 * left of it. Rejects with the signal's reason when it aborts first.
 */
export async function exclusively<Result>(
  name: string,
  work: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const lock = await hold(`\0portolan/${name}`, signal)
  try {
    return await work()
  } finally {
    await new Promise((closed) => lock.close(closed))
  }
}

async function hold(path: string, signal: AbortSignal | undefined): Promise<Server> {
  const server = createServer((connection) => connection.destroy())
  for (;;) {
    try {
      await once(server.listen(path), 'listening')
      return server
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
    signal?.throwIfAborted()
    await new Promise((wake) => setTimeout(wake, pollMs))
  }
}
