import { Resolver as DnsClient } from 'node:dns/promises'
import type { Question } from './messages.ts'
import { candidates, type Resolver } from './resolver.ts'

/** Errors of which another question would not know more. */
const unavailable: ReadonlySet<string> = new Set(['ETIMEOUT', 'ECONNREFUSED'])

/** Asks for one name after the other until there is an address, or a server does not answer. */
export async function lookUp(host: string, resolver: Resolver, timeoutMs: number): Promise<readonly Question[]> {
  const [server = ''] = resolver.servers
  const client = new DnsClient({ timeout: timeoutMs, tries: 1 })
  client.setServers([server])
  const questions: Question[] = []
  for (const name of candidates(host, resolver)) {
    const question = await ask(client, name, server)
    questions.push(question)
    if (question.addresses.length > 0 || unavailable.has(question.error ?? '')) break
  }
  return questions
}

async function ask(client: DnsClient, name: string, server: string): Promise<Question> {
  const start = performance.now()
  const answer: Pick<Question, 'addresses' | 'error'> = await client.resolve4(name).then(
    // The end of an alias may be missing from an answer that is none the less right.
    (addresses) => ({ addresses, ...(addresses.length === 0 ? { error: 'ENODATA' } : {}) }),
    (error: NodeJS.ErrnoException) => ({ addresses: [], error: error.code ?? error.message }),
  )
  const ms = performance.now() - start
  const isSilent = unavailable.has(answer.error ?? '')
  return { name, server, ms, ...answer, ...(isSilent ? {} : await aliasOf(client, name)) }
}

async function aliasOf(client: DnsClient, name: string): Promise<Pick<Question, 'alias'>> {
  try {
    const [alias] = await client.resolveCname(name)
    return alias === undefined ? {} : { alias }
  } catch {
    return {} // that there is none is an error to Node.js, and what else is wrong the other question told
  }
}
