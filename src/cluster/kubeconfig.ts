import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { Document, parseDocument, type YAMLSeq, isMap, isSeq } from 'yaml'
import type { Identity } from './pki.ts'
import { UserError } from './user-error.ts'

/** The file that kubectl would write to: the first of `$KUBECONFIG`, or `~/.kube/config`. */
export function kubeconfigFile(environment: NodeJS.ProcessEnv): string {
  const first = (environment['KUBECONFIG'] ?? '').split(delimiter).find((path) => path !== '')
  return first ?? join(environment['HOME'] ?? homedir(), '.kube', 'config')
}

/** The name of the cluster that has not been given one. */
export const defaultCluster = 'default'

/** `portolan`, or `portolan-NAME` for a cluster that has a name of its own. */
export function contextName(cluster: string): string {
  return cluster === defaultCluster ? 'portolan' : `portolan-${cluster}`
}

/** Rejects with `UserError` if there is a file that a context cannot be added to. */
export async function checkKubeconfig(file: string): Promise<void> {
  await open(file)
}

/** Adds or renews the cluster's context and makes it the current one. Everything else in the file is kept. */
export async function addContext(file: string, context: string, server: string, identity: Identity): Promise<void> {
  const document = await open(file)
  put(document, 'clusters', { name: context, cluster: { server, 'certificate-authority-data': base64(identity.ca) } })
  put(document, 'users', {
    name: context,
    user: { 'client-certificate-data': base64(identity.cert), 'client-key-data': base64(identity.key) },
  })
  put(document, 'contexts', { name: context, context: { cluster: context, user: context } })
  document.set('current-context', context)
  await save(file, document)
}

/** Takes the cluster's context out again. No error if it is not there. */
export async function removeContext(file: string, context: string): Promise<void> {
  const document = await open(file)
  let found = false
  for (const list of ['clusters', 'users', 'contexts']) found = drop(document, list, context) || found
  if (!found) return
  if (document.get('current-context') === context) document.set('current-context', '')
  await save(file, document)
}

async function open(file: string): Promise<Document> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return new Document({ apiVersion: 'v1', kind: 'Config', clusters: [], users: [], contexts: [] })
  }
  const document = parseDocument(text)
  const [problem] = document.errors
  if (problem !== undefined) throw broken(file, problem.message)
  if (document.contents === null) return new Document({ apiVersion: 'v1', kind: 'Config' })
  if (!isMap(document.contents)) throw broken(file, 'it holds no fields')
  return document as unknown as Document
}

/** Of a message, the first line counts: the others show the place in the file. */
function broken(file: string, message: string): UserError {
  const [problem = ''] = message.split(/:?\n/)
  return new UserError(`${file} is not a kubeconfig (${problem}): correct it or set KUBECONFIG`)
}

function put(document: Document, list: string, entry: { name: string } & Record<string, unknown>): void {
  drop(document, list, entry.name)
  const existing = document.get(list)
  if (isSeq(existing)) existing.add(document.createNode(entry))
  else document.set(list, document.createNode([entry]))
}

function drop(document: Document, list: string, name: string): boolean {
  const entries = document.get(list)
  if (!isSeq(entries)) return false
  const index = (entries as YAMLSeq).items.findIndex((_, at) => document.getIn([list, at, 'name']) === name)
  return index >= 0 && document.deleteIn([list, index])
}

/** The file is replaced whole, with a mode that keeps its keys private. */
async function save(file: string, document: Document): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(`${file}.portolan-new`, document.toString(), { mode: 0o600 })
  await rename(`${file}.portolan-new`, file)
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
