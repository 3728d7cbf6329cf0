import type { Question } from '../caller/messages.ts'
import type { Recording } from '../recording.ts'
import type { Step } from './walk.ts'

/** How the address of the target was found. */
export function namingSteps({ naming, source, target }: Pick<Recording, 'naming' | 'source' | 'target'>): readonly Step[] {
  const step = (text: string, ...details: string[]) => ({ place: source.name, text, details, warnings: [] })
  switch (naming.by) {
    case 'address':
      return []
    case 'hosts file':
      return [step(`/etc/hosts has ${naming.address} for ${target.host}`)]
    case 'ingress':
      return [step(`takes ${naming.address} for ${target.host}`, `no DNS was asked: it is the address of ingress ${naming.ingress}`)]
    case 'dns': {
      const took = naming.questions.reduce((sum, { ms }) => sum + ms, 0) * 1_000
      const [server] = naming.questions.map((question) => question.server)
      return [{ ...step(`asks ${server} for ${target.host}`, ...naming.questions.map(questionLine)), took }]
    }
    default:
      return naming satisfies never
  }
}

function questionLine({ name, addresses, alias, error = '' }: Question): string {
  const aliased = alias === undefined ? [] : [`alias of ${alias}`]
  return [name, ...aliased, addresses.length > 0 ? addresses.join(', ') : failureText(error)].join(': ')
}

/** Of an error in Node.js' words. */
function failureText(error: string): string {
  switch (error) {
    case 'ENOTFOUND':
      return 'does not exist'
    case 'ENODATA':
      return 'has no address'
    case 'ETIMEOUT':
      return 'no answer'
    default:
      return `fails (${error})`
  }
}
