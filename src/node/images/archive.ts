import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ImageConfig } from './catalog.ts'
import { textEntry } from './layers.ts'
import { tarBytes, type TarEntry, type TarFile } from './tar.ts'

/** An image to be written: its layers are keys of the archive's layers, the lowest first. */
export interface ImagePlan {
  readonly reference: string
  readonly layers: readonly string[]
  readonly config: ImageConfig
}

export interface ArchivePlan {
  readonly images: readonly ImagePlan[]
  readonly layers: Readonly<Record<string, readonly TarEntry[]>>
}

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

const mediaType = (name: string) => `application/vnd.oci.image.${name}`
const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * Writes an OCI image layout (https://github.com/opencontainers/image-spec/blob/main/image-layout.md) as a tar file.
 * Equal contents give equal digests. Layers are not compressed: that would take longer than everything else.
 */
export async function writeArchive(file: string, { images, layers }: ArchivePlan): Promise<void> {
  const blobs = new Map<string, TarEntry>()
  const layerDescriptors = new Map<string, Descriptor>()
  for (const [name, entries] of Object.entries(layers)) {
    const { descriptor, blob } = await layerBlob(entries)
    layerDescriptors.set(name, descriptor)
    blobs.set(descriptor.digest, blob)
  }
  const addJson = (type: string, value: object): Descriptor => {
    const text = JSON.stringify(value)
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`
    blobs.set(digest, textEntry(blobPath(digest), text))
    return { mediaType: type, digest, size: Buffer.byteLength(text) }
  }
  const manifests = images.map(({ reference, layers: names, config }) => {
    const descriptors = names.map((name) => layerDescriptors.get(name) ?? unknownLayer(reference, name))
    const configJson = imageConfig(config, descriptors.map(({ digest }) => digest))
    const manifest = addJson(mediaType('manifest.v1+json'), {
      schemaVersion: 2,
      mediaType: mediaType('manifest.v1+json'),
      config: addJson(mediaType('config.v1+json'), configJson),
      layers: descriptors,
    })
    return { ...manifest, annotations: { 'io.containerd.image.name': reference } }
  })
  const entries = [
    textEntry('oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' })),
    textEntry('index.json', JSON.stringify({ schemaVersion: 2, manifests })),
    ...[...blobs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry),
  ]
  await pipeline(Readable.from(tarBytes(entries)), createWriteStream(file))
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`
}

/** Reads the layer once for its digest; the blob reads it again when it is written. */
async function layerBlob(entries: readonly TarEntry[]): Promise<{ descriptor: Descriptor; blob: TarFile }> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of tarBytes(entries)) {
    hash.update(chunk)
    size += chunk.length
  }
  const digest = `sha256:${hash.digest('hex')}`
  return {
    descriptor: { mediaType: mediaType('layer.v1.tar'), digest, size },
    blob: { type: 'file', path: blobPath(digest), mode: 0o644, size, content: () => tarBytes(entries) },
  }
}

function imageConfig(config: ImageConfig, layers: readonly string[]): object {
  const { entrypoint, cmd, exposedPorts = [] } = config
  return {
    created: '1970-01-01T00:00:00Z',
    // Go's names, which OCI uses.
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: {
      Env: [`PATH=${searchPath}`],
      ...(entrypoint && { Entrypoint: entrypoint }),
      ...(cmd && { Cmd: cmd }),
      ...(exposedPorts.length > 0 && { ExposedPorts: Object.fromEntries(exposedPorts.map((port) => [port, {}])) }),
      WorkingDir: '/',
    },
    // Uncompressed layers have the same digest packed and unpacked.
    rootfs: { type: 'layers', diff_ids: layers },
  }
}

function unknownLayer(reference: string, name: string): never {
  throw new Error(`${reference}: no layer ${name}`)
}
