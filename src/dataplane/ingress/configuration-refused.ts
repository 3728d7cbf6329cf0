/** Parts of a configuration that HAProxy finds fault with. */
export interface Culprits {
  readonly backends: readonly string[]
  /** Names of their files. */
  readonly certificates: readonly string[]
}

const nobody: Culprits = { backends: [], certificates: [] }

/** HAProxy does not accept its configuration, and says why. Whatever ran before still runs. */
export class ConfigurationRefused extends Error {
  override readonly name = 'ConfigurationRefused'
  readonly culprits: Culprits
  constructor(message: string, culprits: Culprits = nobody) {
    super(message)
    this.culprits = culprits
  }
}

/** What is wrong, of all that HAProxy writes at its start. */
export function alertsIn(output: string): string {
  const alerts = [...output.matchAll(/^\[ALERT\] *\(\d+\) : (?:config : )?(.*)$/gm)].map(([, text = '']) => text)
  const telling = alerts.filter((text) => !/^(Error\(s\) found|Fatal errors found)/.test(text))
  return telling.length > 0 ? telling.join('; ') : output.trim()
}

/** Whom HAProxy means: it names lines of the configuration and files of certificates. */
export function culpritsOf(message: string, config: string): Culprits {
  const lines = config.split('\n')
  const numbers = [...message.matchAll(/\[[^\]\s]+:(\d+)\]/g)].map(([, number]) => Number(number))
  const backends = numbers.map((number) => sectionOf(lines.slice(0, number))).filter((name) => name !== undefined)
  const files = [...message.matchAll(/\/certificates\/([^/'"\s]+\.pem)/g)].map(([, file = '']) => file)
  return { backends: [...new Set(backends)], certificates: [...new Set(files)] }
}

/** The backend that the last of the lines belongs to, be it in a section of its own for its users or rates. */
function sectionOf(lines: readonly string[]): string | undefined {
  const heading = lines.findLast((line) => /^[a-z]/.test(line)) ?? ''
  return /^(?:backend|userlist) (?:users:|rate:)?(\S+)$/.exec(heading)?.[1]
}
