import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'

/** How to reach and convince one API server. Certificates and keys are PEM. */
export interface ClusterAccess {
  readonly server: string
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly token?: string
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
  user.refuse('exec', 'auth-provider', 'username')
  cluster.refuse('insecure-skip-tls-verify', 'proxy-url')
  const namespace = chosen.text('namespace')
  return {
    server: cluster.requiredText('server').replace(/\/+$/, ''),
    ...present('ca', await cluster.pem('certificate-authority')),
    ...present('cert', await user.pem('client-certificate')),
    ...present('key', await user.pem('client-key')),
    ...present('token', user.text('token') ?? (await user.fileContent('tokenFile'))?.trim()),
    ...present('namespace', namespace),
  }
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
    const name = this.text(field)
    if (name === undefined) return undefined
    return readText(resolve(dirname(this.#file), name), `${this.#file}: ${this.#path(field)}`)
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
