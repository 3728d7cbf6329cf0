/** As many characters as one warning, and all of an answer, may have: headers must stay small. */
const maxEach = 256
const maxTogether = 4096

/** Values of the `Warning` headers (RFC 9111 §5.5) for texts that may quote whatever a client has sent. */
export function warningHeaders(warnings: readonly string[]): string[] {
  const headers: string[] = []
  let left = maxTogether
  for (const warning of warnings) {
    const text = warning.length > maxEach ? `${warning.slice(0, maxEach)}...` : warning
    left -= text.length
    if (left < 0) break
    headers.push(`299 - ${quoted(text)}`)
  }
  return headers
}

/** A quoted-string (RFC 9110 §5.6.4) of plain ASCII: anything else is not taken for the same by all clients. */
function quoted(text: string): string {
  const plain = text.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return `"${plain.replaceAll(/["\\]/g, '\\$&')}"`
}
