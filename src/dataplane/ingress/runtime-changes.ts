import { mapNames, type BackendName, type Description } from './description.ts'
import type { FilePaths } from './files.ts'
import { word } from './runtime-session.ts'
import type { Slots } from './slots.ts'

export type SlotsOf = ReadonlyMap<BackendName, Slots>

/**
 * Commands that put other addresses into the slots of servers. One without an address gets no new requests. A backend
 * that `last` does not have is told of all its slots. They are carried out one by one, and requests come in between: so
 * what comes into free slots comes first, and what is gone goes last.
 */
export function serverCommands(last: SlotsOf, next: SlotsOf): readonly string[] {
  return [...next].flatMap(([backend, slots]) => {
    const before = last.get(backend)
    const changed = [...slots.keys()].filter((index) => before === undefined || before[index] !== slots[index])
    const [filled, exchanged, emptied] = [
      changed.filter((index) => slots[index] !== undefined && isFree(before, index)),
      changed.filter((index) => slots[index] !== undefined && !isFree(before, index)),
      changed.filter((index) => slots[index] === undefined),
    ]
    const server = (index: number) => `${backend}/s${index + 1}`
    return [
      ...filled.flatMap((index) => fill(server(index), slots[index])),
      ...exchanged.flatMap((index) => [...empty(server(index)), ...fill(server(index), slots[index])]),
      ...emptied.flatMap((index) => empty(server(index))),
    ]
  })
}

function isFree(slots: Slots | undefined, index: number): boolean {
  return slots !== undefined && slots[index] === undefined
}

function fill(server: string, address = ''): readonly string[] {
  const [host, port] = address.split(':')
  return [`set server ${server} addr ${host} port ${port}`, `set server ${server} state ready`]
}

function empty(server: string): readonly string[] {
  return [`set server ${server} state maint`]
}

/** Commands that turn maps into others. What is new comes first, and what is gone last. */
export function mapCommands(paths: FilePaths, last: Description['maps'], next: Description['maps']): readonly string[] {
  if (last === next) return []
  const changes = mapNames.map((name) => {
    const path = paths.map(name)
    const puts = [...next[name]].flatMap(([key, value]) => {
      const before = last[name].get(key)
      if (before === value) return []
      return [`${before === undefined ? 'add' : 'set'} map ${path} ${word(key)} ${word(value)}`]
    })
    const removals = [...last[name].keys()].filter((key) => !next[name].has(key)).map((key) => `del map ${path} ${word(key)}`)
    return { puts, removals }
  })
  // A host is known only once there is something that its requests can be led to.
  return [...changes.toReversed().flatMap(({ puts }) => puts), ...changes.flatMap(({ removals }) => removals)]
}
