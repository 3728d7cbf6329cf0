import type { KubeObject } from './object.ts'

/** The first generation of a new object, whatever its creator wrote. */
export function startGeneration(object: KubeObject): void {
  object.metadata.generation = 1
}

/** The generation counts the changes of what is desired; writes of the status or of labels leave it alone. */
export function stepGeneration(next: KubeObject, previous: KubeObject, isChanged: boolean): void {
  const { generation = 0 } = previous.metadata
  next.metadata.generation = isChanged ? generation + 1 : generation
}
