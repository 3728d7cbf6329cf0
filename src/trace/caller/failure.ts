import type { Outcome } from './messages.ts'

/** What an error of a socket means. */
export function failureOf({ code = '' }: { readonly code?: string }): Outcome {
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return { result: 'refused', code }
  return { result: code === 'ETIMEDOUT' ? 'timeout' : 'unreachable', code }
}
