import { api } from './api.ts'
import type { Benchmark, Figure } from './benchmark.ts'
import { dns } from './dns.ts'
import { doctor } from './doctor.ts'
import { failOver } from './fail-over.ts'
import { ingressChanges } from './ingress-changes.ts'
import { ingress } from './ingress.ts'
import { memory } from './memory.ts'
import { nodePaths } from './node-paths.ts'
import { nodes } from './nodes.ts'
import { pods } from './pods.ts'
import { propagation } from './propagation.ts'
import { proxyPath } from './proxy-path.ts'
import { proxySync } from './proxy-sync.ts'
import { published } from './published.ts'
import { rollout } from './rollout.ts'
import { startup } from './startup.ts'

/** Every benchmark. `npm run bench -- NAME [--json]`. */
const benchmarks: readonly Benchmark[] = [
  startup,
  memory,
  nodes,
  api,
  pods,
  proxySync,
  propagation,
  proxyPath,
  nodePaths,
  dns,
  ingress,
  ingressChanges,
  published,
  rollout,
  failOver,
  doctor,
]

const [name, ...flags] = process.argv.slice(2)
const benchmark = benchmarks.find((candidate) => candidate.name === name)
if (benchmark === undefined) {
  for (const each of benchmarks) console.log(`${each.name.padEnd(17)}${each.measures}`)
  process.exitCode = name === undefined ? 0 : 1
} else {
  const figures = await benchmark.run((line) => console.error(line))
  console.log(flags.includes('--json') ? JSON.stringify(figures, null, 2) : table(figures))
}

function table(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, value, unit, goal = '', others = '' }) => [what, `${round(value)} ${unit}`, goal, others])
  const all = [['what', 'measured', 'goal', 'others'], ...rows]
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n')
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2)
}
