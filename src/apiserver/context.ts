import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Kind } from '../api/kind.ts'
import type { Schema } from '../api/schema/schema.ts'
import type { AccessControl } from './access-control.ts'
import type { AdmissionStep } from './admission/admission.ts'
import type { Health } from './health/health.ts'
import type { KindRegistry, ServedForm } from './kind-registry.ts'
import type { Kubelets } from './kubelets.ts'
import type { ServerMetrics } from './metrics/server-metrics.ts'
import type { ObjectStore } from './objects.ts'
import type { OpenApi } from './openapi.ts'
import type { ApiRequest } from './request.ts'
import type { ResourcePath } from './request-info.ts'
import type { Upstream } from './upstream.ts'
import type { VersionInfo } from './version.ts'

/** What every verb works with. */
export interface ApiContext {
  readonly objects: ObjectStore
  readonly kinds: KindRegistry
  readonly schema: Schema
  /** Who asks, and what he may do. */
  readonly access: AccessControl
  readonly admission: readonly AdmissionStep[]
  readonly kubelets: Kubelets
  /** What runs in pods and on nodes, for the API proxy. */
  readonly backends: Upstream
  readonly openapi: OpenApi
  readonly version: VersionInfo
  readonly metrics: ServerMetrics
  /** Where clients reach the server, `127.0.0.1:6443`. */
  readonly address: string
  readonly health: Health
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
}

/** One request to a kind that is served, its path taken apart. */
export interface ResourceRequest {
  readonly request: ApiRequest
  readonly path: ResourcePath
  /** What the path names; `kind` is the form's. */
  readonly form: ServedForm
  readonly kind: Kind
  /** What the client is told beside the answer, a refusal included; each text once, in order. */
  readonly warnings: Set<string>
}
