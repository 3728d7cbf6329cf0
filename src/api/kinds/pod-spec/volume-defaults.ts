import type { Volume } from './types.ts'

/** Readable by all, writable by its owner. */
const defaultMode = 0o644

/** Lifetime of a projected service account token, in seconds. */
const tokenLifetime = 3600

export function setVolumeDefaults(volume: Volume): void {
  const hasSource = Object.entries(volume).some(([field, value]) => field !== 'name' && value !== undefined)
  if (!hasSource) volume.emptyDir = {}
  if (volume.hostPath !== undefined) volume.hostPath.type ??= ''
  for (const source of [volume.secret, volume.configMap, volume.downwardAPI, volume.projected]) {
    if (source !== undefined) source.defaultMode ??= defaultMode
  }
  for (const { fieldRef } of volume.downwardAPI?.items ?? []) if (fieldRef !== undefined) fieldRef.apiVersion ??= 'v1'
  for (const { downwardAPI, serviceAccountToken } of volume.projected?.sources ?? []) {
    for (const { fieldRef } of downwardAPI?.items ?? []) if (fieldRef !== undefined) fieldRef.apiVersion ??= 'v1'
    if (serviceAccountToken !== undefined) serviceAccountToken.expirationSeconds ??= tokenLifetime
  }
}
