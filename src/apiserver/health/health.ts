import { MetricRegistry } from '../../base/metrics.ts'

export type HealthPath = 'healthz' | 'livez' | 'readyz'

/** Something that has to be so for the server to be well. */
export interface HealthCheck {
  readonly name: string
  /** Where it is looked at. */
  readonly paths: readonly HealthPath[]
  /** Throws, or rejects, with what is wrong: whoever may ask for the check by name is shown the message. */
  check(): void | Promise<void>
}

export interface Outcome {
  readonly name: string
  readonly error: Error | undefined
}

/** The checks of a server, in the order in which they are shown, and how they came out. */
export class Health {
  /** What `/metrics/slis` tells (KEP-3466). */
  readonly indicators = new MetricRegistry()
  readonly #checks: readonly HealthCheck[]
  readonly #last = new Map<string, { readonly labels: readonly string[]; readonly value: number }>()
  readonly #total = this.indicators.counter({
    name: 'kubernetes_healthchecks_total',
    help: 'Outcomes of health checks.',
    labels: ['name', 'status', 'type'],
  })

  constructor(checks: readonly HealthCheck[]) {
    this.#checks = checks
    this.indicators.reads(
      'gauge',
      { name: 'kubernetes_healthcheck', help: 'How each health check came out last, 1 if well.', labels: ['name', 'type'] },
      () => this.#last.values(),
    )
  }

  checksOf(path: HealthPath): readonly HealthCheck[] {
    return this.#checks.filter(({ paths }) => paths.includes(path))
  }

  async run(path: HealthPath, { name, check }: HealthCheck): Promise<Outcome> {
    const error = await failureOf(check)
    const isWell = error === undefined
    this.#last.set(`${path}/${name}`, { labels: [name, path], value: isWell ? 1 : 0 })
    this.#total.with(name, isWell ? 'success' : 'error', path).add()
    return { name, error }
  }
}

async function failureOf(check: HealthCheck['check']): Promise<Error | undefined> {
  try {
    await check()
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
