import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** PEM texts of a certificate, its key, and the authority that signed it. */
export interface Identity {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export interface CertificateRequest {
  /** File name below the PKI folder, without ending. */
  readonly file: string
  /** The user or server that the certificate stands for. */
  readonly commonName: string
  /** Kubernetes groups. */
  readonly organizations: readonly string[]
  readonly addresses: readonly string[]
  readonly dnsNames: readonly string[]
}

const validityYears = 10

/**
 * The cluster's authority and certificates, made where they are missing and kept in the PKI folder. Keys are ECDSA
 * P-256, files of keys readable by root alone. One authority signs servers and clients, as a single-machine cluster
 * needs no more.
 */
export async function ensurePki(folder: string, requests: readonly CertificateRequest[]): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const missing = []
  for (const request of requests) if (!(await hasPair(folder, request.file))) missing.push(request)
  if (missing.length === 0) return
  // Loaded only here: costs more than everything else that a start loads.
  const { authorityFor, issue } = await import('./issue-certificates.ts')
  if (!(await hasPair(folder, 'ca'))) await writePair(folder, 'ca', await authorityFor('portolan', validityYears))
  const authority = { cert: await read(folder, 'ca.crt'), key: await read(folder, 'ca.key') }
  for (const request of missing) await writePair(folder, request.file, await issue(authority, request, validityYears))
}

/** Certificates of one machine with their keys, which never leave it. */
export interface PairStore {
  /** PEM. */
  authority(): Promise<string>
  writeAuthority(pem: string): Promise<void>
  read(name: string): Promise<{ readonly cert: string; readonly key: string }>
  /** Undefined if it is not there, or is half of one pair and half of another: the machine failed while it was written. */
  find(name: string): Promise<{ readonly cert: string; readonly key: string } | undefined>
  /** Rejects if the machine is full; the one before is then kept. */
  write(name: string, pair: { readonly cert: string; readonly key: string }): Promise<void>
}

/** In a folder that root alone can look into. */
export function pairStore(folder: string): PairStore {
  const readPair = async (name: string) => {
    const [cert, key] = await Promise.all([read(folder, `${name}.crt`), read(folder, `${name}.key`)])
    return { cert, key }
  }
  const made = () => mkdir(folder, { recursive: true, mode: 0o700 })
  return {
    authority: () => read(folder, 'ca.crt'),
    async writeAuthority(pem) {
      await made()
      await writeWhole(join(folder, 'ca.crt'), pem)
    },
    read: readPair,
    async find(name) {
      if (!(await hasPair(folder, name))) return undefined
      const pair = await readPair(name)
      return new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key)) ? pair : undefined
    },
    async write(name, pair) {
      await made()
      await writePair(folder, name, pair)
    },
  }
}

/** Throws if the pair is missing: `ensurePki` makes it. */
export async function readIdentity(folder: string, file: string): Promise<Identity> {
  const [ca, cert, key] = await Promise.all([
    read(folder, 'ca.crt'),
    read(folder, `${file}.crt`),
    read(folder, `${file}.key`),
  ])
  return { ca, cert, key }
}

async function hasPair(folder: string, file: string): Promise<boolean> {
  try {
    await Promise.all([read(folder, `${file}.crt`), read(folder, `${file}.key`)])
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

async function writePair(folder: string, file: string, pair: { cert: string; key: string }): Promise<void> {
  const key = join(folder, `${file}.key`)
  const cert = join(folder, `${file}.crt`)
  await writeNew(key, pair.key)
  await writeNew(cert, pair.cert)
  for (const path of [key, cert]) await rename(`${path}.new`, path)
}

async function writeWhole(path: string, text: string): Promise<void> {
  await writeNew(path, text)
  await rename(`${path}.new`, path)
}

function writeNew(path: string, text: string): Promise<void> {
  return writeFile(`${path}.new`, text, { mode: 0o600, flush: true })
}

function read(folder: string, name: string): Promise<string> {
  return readFile(join(folder, name), 'utf8')
}

