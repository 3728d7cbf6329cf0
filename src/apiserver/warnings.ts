/** As much as the texts of an answer may have together. If they have more, each is cut to as much as one may have. */
const maxTogether = 4096
const maxEach = 256

/**
 * Values of the `Warning` headers (RFC 9111 §5.5) for texts that may quote whatever a client has sent
 * (k8s.io/apiserver/pkg/endpoints/filters `WithWarningRecorder`). Characters are those of Latin-1, each a byte of UTF-8:
 * so Node.js sends them.
 */
export function warningHeaders(warnings: readonly string[]): string[] {
  const whole = warnings.filter((text) => text !== '' && !hasControls(text)).map((text) => [...text.toWellFormed()])
  const isTooMuch = whole.reduce((sum, characters) => sum + characters.length, 0) > maxTogether
  const headers: string[] = []
  let written = 0
  for (const characters of whole) {
    if (written >= maxTogether) break
    const shown = isTooMuch ? characters.slice(0, maxEach) : characters
    written += shown.length
    headers.push(`299 - ${quoted(shown.join(''))}`)
  }
  return headers
}

function hasControls(text: string): boolean {
  return /\p{Cc}/u.test(text)
}

/** A quoted-string (RFC 9110 §5.6.4). */
function quoted(text: string): string {
  return `"${Buffer.from(text.replaceAll(/["\\]/g, '\\$&')).toString('latin1')}"`
}
