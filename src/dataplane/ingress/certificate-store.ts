import type { Secret } from '../../api/kinds/secret.ts'
import type { ObjectKey } from '../../api/object.ts'
import { certificateOf, type Certificate } from './certificates.ts'

/** What is to be shown for a Secret, and what is wrong with it: then it is what was in it before. */
export interface SecretCertificate {
  readonly certificate: Certificate | undefined
  readonly problem: string | undefined
}

interface Parsed {
  readonly version: string
  readonly outcome: ReturnType<typeof certificateOf>
}

/** Certificates in Secrets. Of each it knows the last one that HAProxy took, to be used until another good one comes. */
export class CertificateStore {
  readonly #secret: (key: ObjectKey) => Secret | undefined
  readonly #parsed = new Map<ObjectKey, Parsed>()
  readonly #accepted = new Map<ObjectKey, Certificate>()
  /** Why, by what it consists of. */
  readonly #refused = new Map<string, string>()

  constructor(secret: (key: ObjectKey) => Secret | undefined) {
    this.#secret = secret
  }

  get(key: ObjectKey): SecretCertificate {
    const outcome = this.#outcome(key)
    if ('problem' in outcome) return { certificate: this.#accepted.get(key), problem: outcome.problem }
    return { certificate: outcome, problem: undefined }
  }

  /** HAProxy does not want it. */
  refuse(pem: string, problem: string): void {
    this.#refused.set(pem, problem)
  }

  /** HAProxy has taken all that are needed; others are forgotten, and so is what it did not want and nobody has any more. */
  accept(needed: ReadonlySet<ObjectKey>): void {
    for (const key of needed) {
      const outcome = this.#outcome(key)
      if (!('problem' in outcome)) this.#accepted.set(key, outcome)
    }
    for (const key of this.#accepted.keys()) if (!needed.has(key)) this.#accepted.delete(key)
    for (const key of this.#parsed.keys()) if (!needed.has(key)) this.#parsed.delete(key)
    const present = new Set([...this.#parsed.values()].map(({ outcome }) => ('problem' in outcome ? undefined : outcome.pem)))
    for (const pem of this.#refused.keys()) if (!present.has(pem)) this.#refused.delete(pem)
  }

  #outcome(key: ObjectKey): Parsed['outcome'] {
    const secret = this.#secret(key)
    if (secret === undefined) return { problem: 'there is no such Secret' }
    const { uid, resourceVersion } = secret.metadata
    const version = `${uid} ${resourceVersion}`
    const known = this.#parsed.get(key)
    const outcome = known?.version === version ? known.outcome : certificateOf(secret)
    this.#parsed.set(key, { version, outcome })
    const refusal = 'problem' in outcome ? undefined : this.#refused.get(outcome.pem)
    return refusal === undefined ? outcome : { problem: refusal }
  }
}
