import { join } from 'node:path'
import type { Pod } from '../../api/kinds/pod.ts'
import type { SandboxOwner } from './runtime-view.ts'

/** Where things of pods lie on the node. All paths are absolute. */
export interface NodePaths {
  /** Logs by pod: `<ns>_<name>_<uid>/<container>/<n>.log`, upstream's `/var/log/pods`. */
  readonly logs: string
  /** Volumes and files by pod uid, upstream's `/var/lib/kubelet/pods`. */
  readonly data: string
}

export function nodePaths(stateDirectory: string): NodePaths {
  return { logs: join(stateDirectory, 'pods'), data: join(stateDirectory, 'pod-data') }
}

export function ownerOf({ metadata }: Pod): SandboxOwner {
  return { uid: metadata.uid, name: metadata.name, namespace: metadata.namespace ?? '' }
}

export function logDirectory({ logs }: NodePaths, { namespace, name, uid }: SandboxOwner): string {
  return join(logs, `${namespace}_${name}_${uid}`)
}

/** Relative to the pod's log directory. */
export function logPath(container: string, attempt: number): string {
  return join(container, `${attempt}.log`)
}

export function dataDirectory({ data }: NodePaths, uid: string): string {
  return join(data, uid)
}

export function volumeDirectory(paths: NodePaths, uid: string, volume: string): string {
  return join(dataDirectory(paths, uid), 'volumes', volume)
}

export function hostsFile(paths: NodePaths, uid: string): string {
  return join(dataDirectory(paths, uid), 'etc-hosts')
}

export function terminationLog(paths: NodePaths, uid: string, container: string, attempt: number): string {
  return join(dataDirectory(paths, uid), 'containers', container, String(attempt))
}
