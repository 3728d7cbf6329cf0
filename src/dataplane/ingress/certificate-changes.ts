import type { ShownCertificate } from './description.ts'
import type { FilePaths } from './files.ts'
import { payload, RuntimeError, type RuntimeSession } from './runtime-session.ts'

export interface CertificateChange {
  readonly file: string
  readonly before: ShownCertificate | undefined
  readonly after: ShownCertificate | undefined
}

type Certificates = ReadonlyMap<string, ShownCertificate>

export function certificateChanges(last: Certificates, next: Certificates): readonly CertificateChange[] {
  return [...new Set([...last.keys(), ...next.keys()])]
    .map((file) => ({ file, before: last.get(file), after: next.get(file) }))
    .filter(({ before, after }) => before?.pem !== after?.pem || before?.hosts.join() !== after?.hosts.join())
}

/** Rejects with `RuntimeError` if HAProxy does not take the certificate; then it shows the one it had. */
export async function changeCertificate(session: RuntimeSession, paths: FilePaths, change: CertificateChange): Promise<void> {
  const { before, after } = change
  const path = paths.certificate(change.file)
  const list = paths.certificateList
  if (after !== undefined && after.pem !== before?.pem) await install(session, path, { pem: after.pem, isNew: before === undefined })
  for (const host of after?.hosts ?? []) {
    if (before?.hosts.includes(host) !== true) await insert(session, list, `${path} ${host}`)
  }
  const gone = (before?.hosts ?? []).filter((host) => after?.hosts.includes(host) !== true)
  if (gone.length > 0) await removeLines(session, list, { path, hosts: gone })
  if (after === undefined) await session.command(`del ssl cert ${path}`)
}

async function install(session: RuntimeSession, path: string, { pem, isNew }: { pem: string; isNew: boolean }): Promise<void> {
  if (isNew) await session.command(`new ssl cert ${path}`)
  try {
    await session.command(`set ssl cert ${path} ${payload(pem)}`)
    await succeed(session, `commit ssl cert ${path}`)
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error
    // Whatever of it is there goes, so that the next one can come.
    await session.command(`abort ssl cert ${path}`).catch(() => undefined)
    if (isNew) await session.command(`del ssl cert ${path}`).catch(() => undefined)
    throw error
  }
}

function insert(session: RuntimeSession, list: string, line: string): Promise<void> {
  return succeed(session, `add ssl crt-list ${list} ${payload(line)}`)
}

/** These two tell of success in words, and of failure without a severity. */
async function succeed(session: RuntimeSession, command: string): Promise<void> {
  const answer = await session.command(command)
  if (!answer.includes('Success!')) throw new RuntimeError(`${command.split('\n')[0]}: ${answer.trim()}`)
}

/** Lines are named by their number; each entry begins with `FILE:NUMBER`. */
async function removeLines(session: RuntimeSession, list: string, { path, hosts }: { path: string; hosts: readonly string[] }): Promise<void> {
  const entries = (await session.command(`show ssl crt-list -n ${list}`)).split('\n')
  for (const entry of entries) {
    const [file = '', host = ''] = entry.trim().split(/\s+/)
    if (file.slice(0, file.lastIndexOf(':')) === path && hosts.includes(host)) await session.command(`del ssl crt-list ${list} ${file}`)
  }
}
