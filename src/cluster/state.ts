import type { ClusterConfig } from './config.ts'
import type { PublishedPort, PublishedSubject } from './published-port.ts'

/** What a running supervisor tells about its cluster, over the control socket. */
export interface ClusterState {
  readonly phase: 'starting' | 'ready' | 'stopping' | 'failed'
  /** The step under way, or the one sentence that says why it failed. */
  readonly message: string
  readonly config: ClusterConfig
  readonly supervisorPid: number
  readonly processes: readonly ProcessState[]
  /** When each step of the start ended, in milliseconds after its beginning. */
  readonly timeline: readonly { readonly step: string; readonly atMs: number }[]
}

export interface ProcessState {
  readonly name: string
  readonly pid: number | undefined
  readonly state: 'starting' | 'ready' | 'restarting' | 'stopped'
  readonly restarts: number
  /** How it ended last, if it has. */
  readonly lastEnd?: ProcessEnd
}

/** `error`: it could not be started, and why. */
export type ProcessEnd = { readonly exitCode: number } | { readonly signal: string } | { readonly error: string }

/** `with exit code 1`, `by SIGKILL`, `before it started: …` */
export function endInWords(end: ProcessEnd): string {
  if ('error' in end) return `before it started: ${end.error}`
  return 'signal' in end ? `by ${end.signal}` : `with exit code ${end.exitCode}`
}

/** A change of the nodes of a running cluster. */
export interface NodeChange {
  readonly action: 'add' | 'remove' | 'stop' | 'start'
  /** 1 is node-1. */
  readonly node: number
}

/** A change of what is open on the host's loopback. */
export type PublishChange =
  | { readonly action: 'publish'; readonly ports: readonly PublishedPort[] }
  | { readonly action: 'unpublish'; readonly subject: PublishedSubject }

export type ClusterChange = NodeChange | PublishChange

/** Requests on the control socket, one JSON line each. */
export type ControlRequest =
  | { readonly type: 'watch' }
  | { readonly type: 'stop' }
  /** Answered with a `ChangeOutcome` when it is done. */
  | { readonly type: 'change'; readonly change: ClusterChange }

export type ChangeOutcome = { readonly outcome: 'done' } | { readonly outcome: 'refused'; readonly problem: string }
