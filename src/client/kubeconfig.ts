import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'

/** How to reach and convince one API server. Certificates and keys are PEM. */
export interface ClusterAccess {
  /** `https://host:port`. */
  readonly server: string
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly token?: string
  /** Where the token was read, absolute: tokens of ServiceAccounts are renewed there within the hour. */
  readonly tokenFile?: string
  /** The name that the server's certificate must have, if not that of `server`. */
  readonly serverName?: string
  /** Whoever answers is believed: the server's certificate is not looked at. */
  readonly insecure?: true
  /** Namespace of the context; absent for `default`. */
  readonly namespace?: string
}

/** A kubeconfig that cannot be used; the message names the file and the field. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError'
}

/**
 * Reads one context of a kubeconfig file, the current one unless named. Relative file names in it are relative to its
 * folder, as kubectl has it. Throws `KubeconfigError`.
 */
export async function readKubeconfig(path: string, context?: string): Promise<ClusterAccess> {
  const config = new Section(path, '', parseFile(path, await readText(path, path)))
  const name = context ?? config.requiredText('current-context')
  const chosen = config.named('contexts', name, 'context')
  const cluster = config.named('clusters', chosen.requiredText('cluster'), 'cluster')
  const user = config.named('users', chosen.requiredText('user'), 'user')
  user.refuse('exec', 'auth-provider', 'username', 'as', 'as-uid', 'as-groups')
  cluster.refuse('proxy-url')
  const ca = await cluster.pem('certificate-authority')
  return {
    server: cluster.httpsAddress('server'),
    ...present('ca', ca),
    ...present('serverName', cluster.text('tls-server-name')),
    ...(cluster.flag('insecure-skip-tls-verify', ca === undefined) ? { insecure: true } : {}),
    ...(await clientPair(user)),
    ...(await bearer(user)),
    ...present('namespace', chosen.text('namespace')),
  }
}

async function clientPair(user: Section): Promise<Pick<ClusterAccess, 'cert' | 'key'>> {
  const [cert, key] = await Promise.all([user.pem('client-certificate'), user.pem('client-key')])
  if (cert !== undefined && key === undefined) user.requiredText('client-key')
  if (key !== undefined && cert === undefined) user.requiredText('client-certificate')
  return { ...present('cert', cert), ...present('key', key) }
}

async function bearer(user: Section): Promise<Pick<ClusterAccess, 'token' | 'tokenFile'>> {
  const token = user.text('token')
  if (token !== undefined) return { token }
  const content = await user.fileContent('tokenFile')
  return { ...present('token', content?.trim()), ...present('tokenFile', user.fileName('tokenFile')) }
}

/** A mapping in the file, with the path to it for messages. */
class Section {
  readonly #file: string
  readonly #at: string
  readonly #fields: Readonly<Record<string, unknown>>

  constructor(file: string, at: string, value: unknown) {
    this.#file = file
    this.#at = at
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.#problem('', 'must be a mapping')
    }
    this.#fields = value as Record<string, unknown>
  }

  /** `field` of the entry of a list that has this name, as in `clusters: [{ name: …, cluster: … }]`. */
  named(list: string, name: string, field: string): Section {
    const entries = this.#fields[list]
    if (!Array.isArray(entries)) throw this.#problem(list, 'must be a list')
    const index = entries.findIndex((entry: unknown) => Object(entry).name === name)
    if (index < 0) throw this.#problem(list, `has no entry named "${name}"`)
    return new Section(this.#file, `${list}[${index}].${field}`, Object(entries[index])[field])
  }

  text(field: string): string | undefined {
    const value = this.#fields[field]
    if (value === undefined || value === null || value === '') return undefined
    if (typeof value !== 'string') throw this.#problem(field, 'must be a string')
    return value
  }

  requiredText(field: string): string {
    const value = this.text(field)
    if (value === undefined) throw this.#problem(field, 'is not set')
    return value
  }

  /** What is given inline in base64 (`field-data`), or else in a file (`field`). */
  async pem(field: string): Promise<string | undefined> {
    const data = this.text(`${field}-data`)
    if (data === undefined) return this.fileContent(field)
    const decoded = Buffer.from(data, 'base64').toString('utf8')
    if (!decoded.includes('-----BEGIN ')) throw this.#problem(`${field}-data`, 'is not base64 of a PEM block')
    return decoded
  }

  async fileContent(field: string): Promise<string | undefined> {
    const name = this.fileName(field)
    return name === undefined ? undefined : readText(name, `${this.#file}: ${this.#path(field)}`)
  }

  /** Absolute. */
  fileName(field: string): string | undefined {
    const name = this.text(field)
    return name === undefined ? undefined : resolve(dirname(this.#file), name)
  }

  httpsAddress(field: string): string {
    const address = this.requiredText(field).replace(/\/+$/, '')
    const url = URL.parse(address)
    if (url?.protocol === 'https:' && url.pathname === '/') return address
    throw this.#problem(field, `${JSON.stringify(address)} is not supported; it must be https://HOST:PORT`)
  }

  /** Whether a flag is set that goes only without a certificate authority, as kubectl has it. */
  flag(field: string, isAlone: boolean): boolean {
    const value = this.#fields[field] ?? false
    if (typeof value !== 'boolean') throw this.#problem(field, 'must be true or false')
    if (value && !isAlone) throw this.#problem(field, 'cannot be set together with a certificate authority')
    return value
  }

  refuse(...fields: string[]): void {
    for (const field of fields) {
      const value = this.#fields[field]
      if (value === undefined || value === null || value === '' || value === false) continue
      throw this.#problem(field, 'is not supported; use a client certificate or a token, and a certificate authority')
    }
  }

  #path(field: string): string {
    return [this.#at, field].filter((part) => part !== '').join('.')
  }

  #problem(field: string, message: string): KubeconfigError {
    const path = this.#path(field)
    return new KubeconfigError(path === '' ? `${this.#file}: ${message}` : `${this.#file}: ${path}: ${message}`)
  }
}

async function readText(path: string, where: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new KubeconfigError(`${where}: ${message}`, { cause: error })
  }
}

function parseFile(path: string, text: string): unknown {
  try {
    return parse(text)
  } catch (error) {
    throw new KubeconfigError(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

function present<Name extends string>(name: Name, value: string | undefined): { [Key in Name]?: string } {
  return value === undefined ? {} : ({ [name]: value } as { [Key in Name]: string })
}
