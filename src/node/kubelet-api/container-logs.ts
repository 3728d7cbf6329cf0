import type { ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Clock } from '../../base/clock.ts'
import { BadLogOptions, parseLogOptions, type LogOptions } from './log-options.ts'
import { readLog } from './log-reader.ts'
import { findPod, findSpec, loggedRun, RequestFailed, type TargetDeps } from './targets.ts'

export interface LogDeps extends TargetDeps {
  readonly clock: Clock
}

export interface LogRequest {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  readonly query: URLSearchParams
}

/** Answers `GET /containerLogs/{namespace}/{pod}/{container}`. Throws `RequestFailed` before the first byte. */
export async function sendLogs(deps: LogDeps, request: LogRequest, response: ServerResponse): Promise<void> {
  const options = optionsOf(request.query, deps.clock)
  const pod = findPod(deps, request.namespace, request.pod)
  findSpec(pod, request.container)
  const run = await loggedRun(deps, pod, request.container, options.previous)
  if (run.logPath === undefined) throw new RequestFailed(500, `container ${run.id} has no log`)
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
  response.flushHeaders()
  const isRunning = async () => {
    const { containers } = await deps.view.observe(pod.metadata.uid)
    return containers.some(({ id, state }) => id === run.id && state === 'running')
  }
  const source = { path: run.logPath, isRunning, signal: gone.signal }
  try {
    await pipeline(readLog(source, options), response)
  } catch (error) {
    if (!gone.signal.aborted) throw error
  }
}

function optionsOf(query: URLSearchParams, clock: Clock): LogOptions {
  try {
    return parseLogOptions(query, clock.now())
  } catch (error) {
    if (error instanceof BadLogOptions) throw new RequestFailed(400, error.message)
    throw error
  }
}
