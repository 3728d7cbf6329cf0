import { keyOf, type KubeObject, type ObjectKey } from '../api/object.ts'
import { silentLog } from '../base/log.ts'
import { LiveCache } from './live-cache.ts'

/** A cache that a test fills. */
export class TestCache<T extends KubeObject> extends LiveCache<T> {
  constructor(objects: readonly T[] = []) {
    super(silentLog)
    this.put(...objects)
    this.markSynced()
  }

  put(...objects: readonly T[]): void {
    this.apply(objects.map((next) => ({ key: keyOf(next), previous: this.get(keyOf(next)), next })))
  }

  remove(key: ObjectKey): void {
    this.apply([{ key, previous: this.get(key), next: undefined }])
  }
}
