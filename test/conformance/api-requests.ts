import { request, type RequestOptions } from 'node:https'
import { createInterface } from 'node:readline'
import type { IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { KubeConfig, KubernetesObject } from '@kubernetes/client-node'

export interface ApiAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** What a watch was told: `ADDED name`. */
export interface Watched extends AsyncDisposable {
  readonly seen: readonly string[]
}

/** Objects as JSON has them. */
export type Json = KubernetesObject & Readonly<Record<string, unknown>>

/** Requests to the API by their paths, where a library would be in the way. */
export class ApiRequests {
  readonly #config: KubeConfig

  constructor(config: KubeConfig) {
    this.#config = config
  }

  /** Resolves to the answer, whatever its status. */
  async ask(method: string, path: string, body?: object, contentType = 'application/json'): Promise<ApiAnswer> {
    const response = await this.#open(method, path, body, contentType)
    return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) }
  }

  /** Resolves to the object that came; rejects unless the request was granted. */
  async json(method: string, path: string, body?: object, contentType?: string): Promise<Json> {
    const answer = await this.ask(method, path, body, contentType)
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`)
    return JSON.parse(answer.body) as Json
  }

  /** Resolves when the watch has begun. */
  async watch(path: string, labelSelector: string, resourceVersion: string): Promise<Watched> {
    const query = new URLSearchParams({ watch: 'true', labelSelector, resourceVersion })
    const response = await this.#open('GET', `${path}?${query}`)
    const seen: string[] = []
    createInterface({ input: response }).on('line', (line) => {
      const { type, object } = JSON.parse(line) as { type: string; object: KubernetesObject }
      seen.push(`${type} ${object.metadata?.name}`)
    })
    return {
      seen,
      async [Symbol.asyncDispose]() {
        response.destroy()
      },
    }
  }

  async #open(method: string, path: string, body?: object, contentType = 'application/json'): Promise<IncomingMessage> {
    const options: RequestOptions = { method }
    await this.#config.applyToHTTPSOptions(options)
    const asking = request(`${this.#config.getCurrentCluster()?.server}${path}`, options)
    if (body !== undefined) asking.setHeader('Content-Type', contentType)
    asking.end(body === undefined ? undefined : JSON.stringify(body))
    const [response] = (await once(asking, 'response')) as [IncomingMessage]
    return response
  }
}
