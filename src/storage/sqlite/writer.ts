/**
 * A process that writes until it is stopped, for tests of what survives it: `writer.ts PATH`. Four writers each count
 * up in a key of their own, with a key created and removed for every step. Every acknowledged count is printed as
 * `KEY COUNT REVISION`. Each ends at its first failure, `failed MESSAGE`; then `holds REVISION MODREVISION…` says what
 * the store still has, and `probe READ WRITE` whether it can be read and written.
 */
import { openSqliteStore } from './sqlite-store.ts'

const [path = ''] = process.argv.slice(2)
const store = openSqliteStore(path)
const padding = 'x'.repeat(500)

async function countUp(key: string): Promise<never> {
  let entry = (await store.get(key)) ?? (await store.create(key, '0'))
  for (;;) {
    const count = Number(entry.value.split(' ', 1)[0]) + 1
    const [updated, passing] = await Promise.all([
      store.update(key, `${count} ${padding}`, entry.modRevision),
      store.create(`${key}/passing/${count}`, padding),
    ])
    entry = updated
    process.stdout.write(`${key} ${count} ${entry.modRevision}\n`)
    await store.delete(passing.key, passing.modRevision)
  }
}

const writers = Array.from({ length: 4 }, (_, index) => countUp(`/registry/counters/${index}`))
for (const outcome of await Promise.allSettled(writers)) {
  if (outcome.status === 'rejected') process.stdout.write(`failed ${outcome.reason.message}\n`)
}
const probes = await Promise.allSettled([store.probe('read'), store.probe('write')])
process.stdout.write(`probe ${probes.map(({ status }) => status).join(' ')}\n`)
const { entries } = await store.list('/registry/counters/')
process.stdout.write(`holds ${store.revision} ${entries.map(({ modRevision }) => modRevision).join(' ')}\n`)
