/**
 * A registry for tests: serves the images of an OCI layout by the read half of the distribution protocol
 * (https://github.com/opencontainers/distribution-spec/blob/main/spec.md), without TLS. Repositories below `private/`
 * ask for the name and password `ann:secret`. Arguments: the layout's folder, address, port. Prints `ready`.
 */
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { join } from 'node:path'

const [, , directory = '', address = '', port = ''] = process.argv
const allowed = `Basic ${Buffer.from('ann:secret').toString('base64')}`

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly annotations?: Readonly<Record<string, string>>
}

const { manifests } = JSON.parse(await readFile(join(directory, 'index.json'), 'utf8')) as { manifests: Descriptor[] }
/** By `repository:tag`, without the registry. */
const byName = new Map(manifests.map((each) => [nameOf(each), each]))

createServer((request, response) => {
  answer(request.url ?? '', request.headers.authorization, response).catch((error: Error) => response.destroy(error))
}).listen(Number(port), address, () => process.stdout.write('ready\n'))

function nameOf({ annotations }: Descriptor): string | undefined {
  return annotations?.['io.containerd.image.name']?.replace(/^[^/]*\//, '')
}

async function answer(url: string, authorization: string | undefined, response: ServerResponse): Promise<void> {
  const [, repository = '', what, reference = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(url) ?? []
  if (repository.startsWith('private/') && authorization !== allowed) {
    response.setHeader('www-authenticate', 'Basic realm="the test registry"')
    return refuse(response, 401, { code: 'UNAUTHORIZED', message: 'authentication required' })
  }
  const blob = { mediaType: 'application/octet-stream', digest: reference }
  const found = what === 'manifests' ? manifestOf(repository, reference) : blob
  if (what === undefined || found === undefined) {
    return refuse(response, 404, { code: 'MANIFEST_UNKNOWN', message: `no ${reference} in ${repository}` })
  }
  const file = join(directory, 'blobs', found.digest.replace(':', '/'))
  response.writeHead(200, {
    'content-type': found.mediaType,
    'content-length': (await stat(file)).size,
    'docker-content-digest': found.digest,
  })
  createReadStream(file).pipe(response)
}

function manifestOf(repository: string, reference: string): Descriptor | undefined {
  if (!reference.includes(':')) return byName.get(`${repository}:${reference}`)
  return manifests.find(({ digest }) => digest === reference)
}

function refuse(response: ServerResponse, code: number, error: { code: string; message: string }): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify({ errors: [error] }))
}
