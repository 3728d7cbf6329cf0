/** How Kubernetes' clients send and accept protocol buffers. */
export const protobufMediaType = 'application/vnd.kubernetes.protobuf'

/** A `Content-Type` without its parameters, in lower case; '' if there is none. */
export function mediaTypeOf(contentType: string): string {
  return contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
}
