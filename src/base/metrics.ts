/** What a family of metrics is called, and the labels that tell its members apart. */
export interface MetricDescription {
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
}

/** One value that is read when it is asked for, with a text for each label. */
export interface Reading {
  readonly labels?: readonly string[]
  readonly value: number
}

/** A counter, or a gauge. */
export class Value {
  #value = 0

  add(by = 1): void {
    this.#value += by
  }

  get value(): number {
    return this.#value
  }
}

export class Histogram {
  /** Upper bounds, rising; there is one more bucket for all that is greater. */
  readonly bounds: readonly number[]
  readonly #counts: number[]
  #sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  observe(value: number): void {
    let at = 0
    while (value > (this.bounds[at] ?? Infinity)) at += 1
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
    this.#sum += value
  }

  /** How many observations are in each bucket alone. */
  get counts(): readonly number[] {
    return this.#counts
  }

  get sum(): number {
    return this.#sum
  }
}

/** The members of one metric, each made when first asked for. Whoever counts often keeps the member. */
export class Family<T> {
  readonly #members = new Map<string, { readonly labels: readonly string[]; readonly metric: T }>()
  readonly #make: () => T

  constructor(make: () => T) {
    this.#make = make
  }

  /** Texts in the order of the labels. They must come from a bounded set: a member is never forgotten. */
  with(...labels: readonly string[]): T {
    const key = labels.join('\0')
    const known = this.#members.get(key)
    if (known !== undefined) return known.metric
    const metric = this.#make()
    this.#members.set(key, { labels, metric })
    return metric
  }

  all(): Iterable<{ readonly labels: readonly string[]; readonly metric: T }> {
    return this.#members.values()
  }
}

/** The media type of `MetricRegistry.text`. */
export const metricsMediaType = 'text/plain; version=0.0.4; charset=utf-8'

/** Metrics, told in the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export class MetricRegistry {
  readonly #families: { readonly name: string; text(): Promise<string> }[] = []

  counter(description: MetricDescription): Family<Value> {
    return this.#values('counter', description)
  }

  gauge(description: MetricDescription): Family<Value> {
    return this.#values('gauge', description)
  }

  histogram(description: MetricDescription, bounds: readonly number[]): Family<Histogram> {
    const family = new Family(() => new Histogram(bounds))
    this.#add(description, 'histogram', async () =>
      Array.from(family.all(), ({ labels, metric }) => histogramLines(description, labels, metric)).join(''),
    )
    return family
  }

  /** A metric whose values are there anyway, and are read each time they are told. */
  reads(type: 'counter' | 'gauge', description: MetricDescription, read: () => Iterable<Reading> | Promise<Iterable<Reading>>): void {
    this.#add(description, type, async () =>
      Array.from(await read(), ({ labels = [], value }) => line(description, labels, value)).join(''),
    )
  }

  /** Metrics by name; those without a member are left out. */
  async text(): Promise<string> {
    const texts = await Promise.all(this.#families.map((family) => family.text()))
    return texts.join('')
  }

  #values(type: 'counter' | 'gauge', description: MetricDescription): Family<Value> {
    const family = new Family(() => new Value())
    this.reads(type, description, () => Array.from(family.all(), ({ labels, metric }) => ({ labels, value: metric.value })))
    return family
  }

  #add({ name, help }: MetricDescription, type: string, lines: () => Promise<string>): void {
    if (this.#families.some((family) => family.name === name)) throw new Error(`the metric ${name} is there already`)
    const text = async () => {
      const body = await lines()
      return body === '' ? '' : `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${body}`
    }
    this.#families.push({ name, text })
    this.#families.sort((a, b) => (a.name < b.name ? -1 : 1))
  }
}

function histogramLines(description: MetricDescription, labels: readonly string[], { bounds, counts, sum }: Histogram): string {
  const { name, labels: names = [] } = description
  const bucket = { name: `${name}_bucket`, labels: [...names, 'le'] }
  let total = 0
  const lines = counts.map((count, at) => {
    total += count
    return line(bucket, [...labels, numberText(bounds[at] ?? Infinity)], total)
  })
  return `${lines.join('')}${line({ name: `${name}_sum`, labels: names }, labels, sum)}${line({ name: `${name}_count`, labels: names }, labels, total)}`
}

function line({ name, labels: names = [] }: Pick<MetricDescription, 'name' | 'labels'>, labels: readonly string[], value: number): string {
  const pairs = names.map((label, at) => `${label}="${escapeLabel(labels[at] ?? '')}"`)
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberText(value)}\n`
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"')
}
