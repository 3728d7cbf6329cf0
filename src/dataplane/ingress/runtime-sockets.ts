import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Where the process of that number can be told things. */
export function runtimeSocketOf(directory: string, number: number): string {
  return join(directory, `runtime-${number}.sock`)
}

/** The numbers of those that are there, whether somebody answers at them or not. The youngest first. */
export async function runtimeSocketsIn(directory: string): Promise<readonly number[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const numbers = names.map((name) => Number(/^runtime-(\d+)\.sock$/.exec(name)?.[1])).filter((number) => !Number.isNaN(number))
  return numbers.sort((a, b) => b - a)
}
