import { notAcceptable } from '../api/errors.ts'

/** The form in which the client wants objects: as they are, as a table, or as metadata alone. */
export type Representation = 'object' | 'table' | 'metadata'

/**
 * Chooses by the `Accept` header, in its order of preference. Media types that we do not speak (protobuf, CBOR) are
 * passed over, so that a client that lists JSON behind them is served. Throws a 406 if nothing fits.
 */
export function negotiate(accept: string, supported: readonly Representation[]): Representation {
  if (accept.trim() === '') return 'object'
  for (const range of parseAccept(accept)) {
    if (!jsonRanges.has(range.type)) continue
    const representation = representationOf(range.parameters)
    if (representation !== undefined && supported.includes(representation)) return representation
  }
  throw notAcceptable(
    'only the following media types are accepted: application/json, application/yaml for request bodies; ' +
      `found Accept: ${accept}`,
  )
}

const jsonRanges = new Set(['application/json', 'application/*', '*/*'])

function representationOf(parameters: ReadonlyMap<string, string>): Representation | undefined {
  const as = parameters.get('as')
  if (as === undefined) return 'object'
  if (parameters.get('g') !== 'meta.k8s.io' || parameters.get('v') !== 'v1') return undefined
  if (as === 'Table') return 'table'
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? 'metadata' : undefined
}

interface MediaRange {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
}

/** Media ranges by falling quality, equal ones in the order given (RFC 9110 §12.5.1). */
export function parseAccept(accept: string): readonly MediaRange[] {
  return accept
    .split(',')
    .map((part) => {
      const [type = '', ...pairs] = part.split(';').map((piece) => piece.trim())
      const parameters = new Map(pairs.map((pair) => splitPair(pair)))
      return { type: type.toLowerCase(), parameters, quality: Number(parameters.get('q') ?? 1) }
    })
    .filter((range) => range.quality > 0)
    .sort((a, b) => b.quality - a.quality)
}

function splitPair(pair: string): [string, string] {
  const equals = pair.indexOf('=')
  return equals < 0 ? [pair, ''] : [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()]
}
