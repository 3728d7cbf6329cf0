import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { proxyVariables } from '../base/proxy-variables.ts'
import { hasEgress } from '../cluster/config.ts'
import { egressProcess } from '../cluster/egress/egress-process.ts'
import type { Layout } from '../cluster/layout.ts'
import { type ClusterState, endInWords, type ProcessEnd } from '../cluster/state.ts'

/** Whether there is a way out of a cluster. `broken` is tried again and again; `problem` is what it said last. */
export type EgressDescription =
  | { readonly state: 'on' | 'off' | 'starting' | 'stopped' }
  | { readonly state: 'broken'; readonly problem: string }

export function describeEgress(layout: Layout, { config, processes }: ClusterState): EgressDescription {
  if (!hasEgress(config)) return { state: 'off' }
  const process = processes.find(({ name }) => name === egressProcess)
  switch (process?.state) {
    case 'ready':
      return { state: 'on' }
    case 'starting':
      return { state: 'starting' }
    case 'restarting':
      return { state: 'broken', problem: problemOf(process.lastEnd, join(layout.logs, `${egressProcess}.log`)) }
    default:
      return { state: 'stopped' }
  }
}

export function egressInWords(egress: EgressDescription): string {
  return egress.state === 'broken' ? `broken: ${egress.problem}; it is tried again every few seconds` : egress.state
}

/** What is wrong with the proxies of an environment, for pulls; undefined if nothing is. */
export function proxyProblem(environment: NodeJS.ProcessEnv): string | undefined {
  const name = proxyVariables.find((each) => /^(?:\w+:\/\/)?(?:[^@/]*@)?(?:localhost|127(?:\.\d{1,3}){3})(?:[:/]|$)/.test(environment[each] ?? ''))
  if (name === undefined) return undefined
  return `images cannot be pulled by way of ${name}: nodes do not reach the loopback of this machine; give the proxy's address in your network`
}

/** What ended by itself has said why; what was killed, or could not be started, has not. */
function problemOf(end: ProcessEnd | undefined, logFile: string): string {
  return end === undefined || 'exitCode' in end ? lastWord(logFile) : `it ended ${endInWords(end)}`
}

/** pasta complains of a system log that it does not find before it says what the matter is. */
function lastWord(file: string): string {
  const lines = textOf(file).trim().split('\n').filter((line) => !line.includes('to syslog'))
  return lines.at(-1) || `there is nothing in ${file}`
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
