import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CertificateSigner } from '../controllers/certificates/signer.ts'

/** Signs with the authority in a cluster's PKI folder. What it takes is loaded when first used: most clusters never ask. */
export function certificateSigner(pki: string): CertificateSigner {
  return {
    async sign(order) {
      const { signOrder } = await import('../cluster/issue-certificates.ts')
      const [cert, key] = await Promise.all([readFile(join(pki, 'ca.crt'), 'utf8'), readFile(join(pki, 'ca.key'), 'utf8')])
      return signOrder({ cert, key }, order)
    },
  }
}
