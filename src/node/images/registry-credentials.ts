import type { Secret } from '../../api/kinds/secret.ts'
import type { RegistryAuth } from '../cri/runtime.ts'
import { repositoryOf } from './reference.ts'

/** A Secret that is no list of registry credentials. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError'
}

interface Credential {
  /** Host, and perhaps the beginning of a path; its labels may have `*`. */
  readonly location: string
  readonly auth: RegistryAuth
}

const dockerHub = 'index.docker.io'

/**
 * The credentials for pulling an image among those in pull Secrets, most specific first; several are tried in turn
 * (https://kubernetes.io/docs/concepts/containers/images/#config-json). Throws `CredentialsError`.
 */
export function credentialsFor(image: string, secrets: readonly Secret[]): readonly RegistryAuth[] {
  const all = secrets.flatMap(credentialsIn).sort(bySpecificity)
  const repository = repositoryOf(image)
  const matching = all.filter(({ location }) => matches(location, repository))
  const chosen = matching.length > 0 || !repository.startsWith('docker.io/') ? matching : atDockerHub(all)
  return chosen.map(({ auth }) => auth)
}

/** A longer location with the same beginning comes first; equal ones stay in order. */
function bySpecificity(a: Credential, b: Credential): number {
  if (a.location === b.location) return 0
  return a.location < b.location ? 1 : -1
}

function atDockerHub(all: readonly Credential[]): readonly Credential[] {
  return all.filter(({ location }) => location === dockerHub)
}

/** Secrets of other types hold none. */
function credentialsIn(secret: Secret): readonly Credential[] {
  switch (secret.type) {
    case 'kubernetes.io/dockerconfigjson':
      return entriesOf(secret, (parse(secret, '.dockerconfigjson') as { auths?: unknown } | null)?.auths)
    case 'kubernetes.io/dockercfg':
      return entriesOf(secret, parse(secret, '.dockercfg'))
    default:
      return []
  }
}

function parse({ metadata, data = {} }: Secret, key: string): unknown {
  try {
    return JSON.parse(Buffer.from(data[key] ?? '', 'base64').toString())
  } catch {
    // The parser's own words would show a part of the secret.
    throw new CredentialsError(`secret ${JSON.stringify(metadata.name)}: ${key}: must be valid JSON`)
  }
}

function entriesOf({ metadata }: Secret, entries: unknown): readonly Credential[] {
  if (typeof entries !== 'object' || entries === null) return []
  return Object.entries(entries).map(([location, entry]) => ({
    location: normalizeLocation(location),
    auth: authOf(entry, `secret ${JSON.stringify(metadata.name)}: ${location}`),
  }))
}

/** `auth` is `name:password` in base64, and goes before the fields of that name. */
function authOf(entry: unknown, where: string): RegistryAuth {
  const { username = '', password = '', auth = '' } = (entry ?? {}) as Record<string, unknown>
  if (auth === '') return { username: String(username), password: String(password) }
  const [, name, secret] = /^([^:]*):([^]*)$/.exec(Buffer.from(String(auth), 'base64').toString()) ?? []
  if (name !== undefined && secret !== undefined) return { username: name, password: secret }
  throw new CredentialsError(`${where}: unable to parse auth field, must be formatted as base64(username:password)`)
}

/** `https://index.docker.io/v1/` is `index.docker.io`. */
function normalizeLocation(location: string): string {
  const [, host = '', path = ''] = /^(?:https?:\/\/)?([^/]*)(.*)$/.exec(location) ?? []
  const own = path.replace(/^\/v[12]\//, '/')
  return own === '/' ? host : `${host}${own}`
}

function matches(location: string, repository: string): boolean {
  const [, host = '', path = ''] = /^([^/]*)(.*)$/.exec(location) ?? []
  const [, itsHost = '', itsPath = ''] = /^([^/]*)(.*)$/.exec(repository) ?? []
  const [labels, itsLabels] = [host.split('.'), itsHost.split('.')]
  return (
    labels.length === itsLabels.length &&
    labels.every((label, index) => matchesLabel(label, itsLabels[index] ?? '')) &&
    itsPath.startsWith(path)
  )
}

/** `*` stands for any number of characters, `?` for one; a port is part of the last label. */
function matchesLabel(pattern: string, label: string): boolean {
  const escaped = pattern.replace(/[\\^$+.()|[\]{}]/g, '\\$&').replaceAll('*', '[^:]*').replaceAll('?', '[^:]')
  return new RegExp(`^${escaped}$`).test(label)
}
