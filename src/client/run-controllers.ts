import { isStatus } from '../api/errors.ts'
import type { ObjectKey } from '../api/object.ts'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { WorkQueue } from '../base/work-queue.ts'
import type { Controller } from './controller.ts'
import { unlessAborted } from './unless-aborted.ts'

export interface RunControllersOptions {
  readonly log: Log
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * Runs controllers until the signal aborts; resolves when the last reconcile that was in progress has ended. A
 * controller starts when all of its sources are synced. A failed key comes again after 5 ms, doubled with each failure
 * in a row, at most 60 s.
 */
export async function runControllers(
  controllers: readonly Controller[],
  options: RunControllersOptions,
): Promise<void> {
  await Promise.all(controllers.map((controller) => runController(controller, options)))
}

async function runController(controller: Controller, options: RunControllersOptions): Promise<void> {
  const { signal, clock } = options
  const log = options.log.child({ controller: controller.name })
  const queue = new WorkQueue({ clock, priorityOf: (key) => controller.priorityOf?.(key) ?? 0 })
  const close = () => queue.close()
  signal.addEventListener('abort', close, { once: true })
  if (signal.aborted) close()
  const unsubscribes = controller.wakesOn.map((source) => source.subscribe((key) => queue.add(key)))
  try {
    await unlessAborted(Promise.all(controller.wakesOn.map(({ synced }) => synced)), signal)
    const workers = Array.from({ length: controller.workers ?? 4 }, () => work(controller, queue, { ...options, log }))
    await Promise.all(workers)
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', close)
    for (const unsubscribe of unsubscribes) unsubscribe()
  }
}

async function work(controller: Controller, queue: WorkQueue, options: RunControllersOptions): Promise<void> {
  for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
    await reconcile(controller, queue, key, options)
  }
}

async function reconcile(
  controller: Controller,
  queue: WorkQueue,
  key: ObjectKey,
  { log, signal }: RunControllersOptions,
): Promise<void> {
  try {
    const outcome = await controller.reconcile(key, signal)
    queue.done(key)
    if (outcome !== undefined) queue.addAfter(key, outcome.againInMs)
  } catch (error) {
    if (signal.aborted) return
    const retryInMs = queue.failed(key)
    // Losing a race for an object is ordinary: the cache will bring its new version.
    const level = isStatus(error, 'Conflict') ? 'debug' : 'warn'
    log[level]({ err: error, key, retryInMs }, 'reconcile failed')
  }
}
