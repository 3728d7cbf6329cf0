import type { Ingress } from '../../api/kinds/ingress.ts'
import type { Address } from './endpoints.ts'

/**
 * All that HAProxy is to do, in the terms in which it is told: what needs a new configuration, and what can be changed
 * while it runs. Compiled from the API's objects, compared with what it was told last.
 */
export interface Description {
  /** Every line of the configuration before the backends. */
  readonly main: string
  readonly backends: ReadonlyMap<BackendName, Backend>
  readonly servers: ReadonlyMap<BackendName, readonly Address[]>
  readonly maps: Readonly<Record<MapName, ReadonlyMap<string, string>>>
  /** By the name of their file. */
  readonly certificates: ReadonlyMap<string, ShownCertificate>
}

export type BackendName = string

export interface Backend {
  /** Its lines but for the servers'. */
  readonly text: string
  /** What every server line ends with. */
  readonly serverOptions: string
  readonly ingresses: readonly Ingress[]
}

export interface ShownCertificate {
  readonly pem: string
  /** To whom it is shown, sorted. */
  readonly hosts: readonly string[]
  readonly ingresses: readonly Ingress[]
}

/**
 * - `hosts`: a host, or a wildcard, that has rules → itself
 * - `exact`: host and path → backend
 * - `prefixes`: host, path and a slash → backend; HAProxy finds the longest one
 * - `defaults`: host → backend of what no path matches
 * - `canaries`: backend → percentage of its requests that its canary gets
 */
export const mapNames = ['hosts', 'exact', 'prefixes', 'defaults', 'canaries'] as const
export type MapName = (typeof mapNames)[number]
