import type { Address } from './endpoints.ts'
import type { SlotsOf } from './runtime-changes.ts'
import type { RuntimeSession } from './runtime-session.ts'

/**
 * The bit of `srv_admin_state` by which a server is in maintenance, told to be or so from the start: SRV_ADMF_FMAINT.
 * SRV_ADMF_CMAINT, that it was so from the start, stays when it is told to be ready.
 */
const maintenance = 0x01

/** What a running HAProxy has in the slots of its backends. */
export async function slotsIn(session: RuntimeSession): Promise<SlotsOf> {
  const [, ...lines] = (await session.command('show servers state')).split('\n')
  const [head = '', ...rows] = lines
  const columns = head.replace(/^# /, '').split(' ')
  const slots = new Map<string, (Address | undefined)[]>()
  for (const row of rows.map((line) => line.trim().split(' '))) {
    const value = (name: string) => row[columns.indexOf(name)] ?? ''
    const index = Number(/^s(\d+)$/.exec(value('srv_name'))?.[1]) - 1
    if (!(index >= 0)) continue
    const own = slots.get(value('be_name')) ?? []
    own[index] = (Number(value('srv_admin_state')) & maintenance) === 0 ? `${value('srv_addr')}:${value('srv_port')}` : undefined
    slots.set(value('be_name'), own)
  }
  return slots
}

/** The frontends that take connections. */
export async function openFrontends(session: RuntimeSession): Promise<readonly string[]> {
  const all = '-1'
  const frontends = '1'
  const [head = '', ...rows] = (await session.command(`show stat ${all} ${frontends} ${all}`)).split('\n')
  const columns = head.replace(/^# /, '').split(',')
  const values = rows.map((row) => row.split(','))
  return values.filter((row) => row[columns.indexOf('status')] === 'OPEN').map(([name = '']) => name)
}
