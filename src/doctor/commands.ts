import type { KubeObject } from '../api/object.ts'

/** `-n shop`, or nothing for the namespace that kubectl takes by itself; with a blank before it. */
export function inNamespace({ metadata }: Pick<KubeObject, 'metadata'>): string {
  const { namespace = 'default' } = metadata
  return namespace === 'default' ? '' : ` -n ${namespace}`
}

/** `kubectl patch` of an object with a merge patch. */
export function patchCommand(what: string, object: Pick<KubeObject, 'metadata'>, patch: unknown): string {
  return `kubectl patch ${what} ${object.metadata.name}${inNamespace(object)} --type=merge -p '${JSON.stringify(patch)}'`
}

/** The ports of a Service in a patch, one of them changed: a merge patch replaces the list. */
export function withPort<P extends { readonly port: number; readonly name?: string }>(ports: readonly P[], changed: P, change: Partial<P>) {
  return { spec: { ports: ports.map((port) => (port === changed ? { ...port, ...change } : port)) } }
}
