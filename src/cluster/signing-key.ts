import { generateKeyPairSync } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Named as kubeadm names it. */
const file = 'sa.key'

/**
 * The private key (ECDSA P-256, PKCS#8, PEM) that tokens of ServiceAccounts are signed with: made when it is first
 * asked for, and kept, because tokens outlive the server. The PKI folder must be there. Readable by root alone.
 */
export async function ensureSigningKey(pkiFolder: string): Promise<string> {
  const path = join(pkiFolder, file)
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  await writeFile(`${path}.new`, privateKey, { mode: 0o600, flush: true })
  await rename(`${path}.new`, path)
  return privateKey
}
