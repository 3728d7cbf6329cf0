import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts'
import type { IngressClass } from '../../api/kinds/ingress-class.ts'
import type { Ingress, IngressBackend } from '../../api/kinds/ingress.ts'
import type { Secret } from '../../api/kinds/secret.ts'
import type { Service } from '../../api/kinds/service.ts'

/** What Ingresses are understood from. */
export interface IngressObjects {
  readonly ingresses: readonly Ingress[]
  readonly classes: readonly IngressClass[]
  readonly services: readonly Service[]
  readonly slices: readonly EndpointSlice[]
  readonly secrets: readonly Secret[]
}

/** How whoever serves the Ingresses understands them. */
export interface IngressReading {
  /** Those that are served at all, by uid. */
  readonly served: ReadonlySet<string>
  readonly routes: readonly IngressRoute[]
  /** What cannot be served as it is written, in the words of the Ingress's Events. */
  readonly problems: readonly IngressProblem[]
  readonly certificates: readonly IngressCertificate[]
}

export interface IngressProblem {
  readonly ingress: Ingress
  readonly reason: string
  readonly message: string
}

/** One path of one host, or what no path matches; and who has it. */
export interface IngressRoute {
  readonly ingress: Ingress
  /** `-` for any. */
  readonly host: string
  readonly match: 'exact' | 'prefix' | 'default'
  readonly path: string
  readonly backend: IngressBackend
}

/** A certificate that can be shown for hosts of an Ingress. */
export interface IngressCertificate {
  readonly ingress: Ingress
  readonly secretName: string
  readonly hosts: readonly string[]
  /** SHA-256, as node:crypto prints it. */
  readonly fingerprint: string
  readonly validFrom: Date
  readonly validTo: Date
}

/** Handed in by src/main: the doctor knows no data plane, and yet judges by the very rules that requests are served by. */
export type ReadIngresses = (objects: IngressObjects) => Promise<IngressReading>
