import type { Log } from '../../base/log.ts'
import { rcodeLabel, typeLabel } from './metrics-labels.ts'
import { parseQuery } from './query.ts'
import type { Reply, Transport } from './reply.ts'

/** One query and what became of it. */
export interface Answered {
  readonly client: string
  readonly transport: Transport
  readonly query: Buffer
  readonly reply: Reply
  readonly seconds: number
}

/** Writes a line for each query, with what CoreDNS's `log` plugin tells. */
export function queryLog(log: Log): (answered: Answered) => void {
  return ({ client, transport, query, reply, seconds }) => {
    const parsed = parseQuery(query)
    const question = 'query' in parsed ? parsed.query?.question : undefined
    log.info(
      {
        client,
        proto: transport,
        name: `${question?.name ?? ''}.`,
        type: typeLabel(reply.topic.type),
        rcode: rcodeLabel((reply.packet[3] ?? 0) & 15),
        queryBytes: query.length,
        answerBytes: reply.packet.length,
        seconds,
      },
      'DNS query',
    )
  }
}
