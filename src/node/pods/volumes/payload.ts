import type { Pod } from '../../../api/kinds/pod.ts'
import { fieldValue, resourceValue, type DownwardFacts } from '../field-values.ts'
import { configMapBytes, configMapOf, secretBytes, secretOf, type PodSources } from '../sources.ts'
import type { TokenProjection, VolumeSpec } from '../spec.ts'
import { isVolumeProblem, VolumeFailure } from './volume-failure.ts'

/** The files of a volume by path relative to it. */
export type Payload = ReadonlyMap<string, PayloadFile>

export interface PayloadFile {
  readonly content: Buffer
  readonly mode: number
}

export interface PayloadInputs {
  readonly pod: Pod
  readonly sources: PodSources
  readonly facts: DownwardFacts
}

type ConfigMapSource = NonNullable<VolumeSpec['configMap']>
type SecretSource = NonNullable<VolumeSpec['secret']>
type DownwardSource = NonNullable<VolumeSpec['downwardAPI']>
type ProjectedSource = NonNullable<VolumeSpec['projected']>
type Projection = NonNullable<ProjectedSource['sources']>[number]
type Item = NonNullable<ConfigMapSource['items']>[number]

const usualMode = 0o644

export async function configMapPayload(inputs: PayloadInputs, source: ConfigMapSource): Promise<Payload> {
  const { optional = false, items, defaultMode = usualMode } = source
  const found = await configMapOf(inputs.sources, inputs.pod.metadata.namespace ?? '', source)
  const missing = (key: string) => `configmap references non-existent config key: ${key}`
  return select(found && configMapBytes(found), items, { mode: defaultMode, optional, missing })
}

export async function secretPayload(inputs: PayloadInputs, source: SecretSource): Promise<Payload> {
  const { secretName, optional = false, items, defaultMode = usualMode } = source
  const found = await secretOf(inputs.sources, inputs.pod.metadata.namespace ?? '', { name: secretName, optional })
  const missing = (key: string) => `references non-existent secret key: ${key}`
  return select(found && secretBytes(found), items, { mode: defaultMode, optional, missing })
}

export function downwardPayload({ pod, facts }: PayloadInputs, source: DownwardSource): Payload {
  const { items = [], defaultMode = usualMode } = source
  return new Map(
    items.map(({ path, fieldRef, resourceFieldRef, mode = defaultMode }) => {
      if (fieldRef !== undefined) return [path, file(fieldValue(pod, fieldRef, facts), mode)]
      if (resourceFieldRef === undefined) throw new VolumeFailure(`downwardAPI item ${path} has no source`)
      return [path, file(resourceValue(pod, resourceFieldRef, resourceFieldRef.containerName ?? '', facts), mode)]
    }),
  )
}

/** Later sources win where two give the same path. Throws `VolumeFailure` that tells of all that is missing. */
export async function projectedPayload(inputs: PayloadInputs, source: ProjectedSource): Promise<Payload> {
  const { sources = [], defaultMode = usualMode } = source
  const parts = await Promise.allSettled(sources.map((projection) => projected(inputs, projection, defaultMode)))
  const problems = parts.flatMap((part): unknown[] => (part.status === 'rejected' ? [part.reason] : []))
  const strange = problems.find((problem) => !isVolumeProblem(problem))
  if (strange !== undefined) throw strange
  if (problems.length > 0) throw new VolumeFailure(listed(problems.filter(isVolumeProblem)))
  return new Map(parts.flatMap((part) => (part.status === 'fulfilled' ? [...part.value] : [])))
}

/** As upstream prints several errors: `[first, second]`, each once. */
function listed(problems: readonly Error[]): string {
  const messages = [...new Set(problems.map(({ message }) => message))]
  return messages.length === 1 ? messages.join('') : `[${messages.join(', ')}]`
}

async function projected(inputs: PayloadInputs, projection: Projection, defaultMode: number): Promise<Payload> {
  const { configMap, secret, downwardAPI, serviceAccountToken } = projection
  if (configMap !== undefined) return configMapPayload(inputs, { ...configMap, defaultMode })
  if (secret !== undefined) {
    const { name, ...rest } = secret
    return secretPayload(inputs, { ...rest, defaultMode, ...(name === undefined ? {} : { secretName: name }) })
  }
  if (downwardAPI !== undefined) return downwardPayload(inputs, { ...downwardAPI, defaultMode })
  if (serviceAccountToken !== undefined) return tokenPayload(inputs, serviceAccountToken, defaultMode)
  const [kind = 'empty'] = Object.keys(projection)
  const supported = 'configMap, secret, downwardAPI or serviceAccountToken'
  throw new VolumeFailure(`projected source ${kind} is not supported; use ${supported}`)
}

async function tokenPayload({ pod, sources }: PayloadInputs, token: TokenProjection, mode: number): Promise<Payload> {
  return new Map([[token.path, file(await sources.tokens.token(pod, token), mode)]])
}

interface Selection {
  readonly mode: number
  readonly optional: boolean
  missing(key: string): string
}

function select(data: ReadonlyMap<string, Buffer> | undefined, items: readonly Item[] | undefined, how: Selection): Payload {
  if (data === undefined) return new Map()
  if (items === undefined) return new Map([...data].map(([key, content]) => [key, { content, mode: how.mode }]))
  return new Map(
    items.flatMap(({ key, path, mode = how.mode }): [string, PayloadFile][] => {
      const content = data.get(key)
      if (content !== undefined) return [[path, { content, mode }]]
      if (how.optional) return []
      throw new VolumeFailure(how.missing(key))
    }),
  )
}

function file(text: string, mode: number): PayloadFile {
  return { content: Buffer.from(text), mode }
}
