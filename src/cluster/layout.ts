import { join, resolve } from 'node:path'

/** Where one cluster keeps everything: state that lasts under the home, what lives with the processes under /run. */
export interface Layout {
  readonly home: string
  /** Wiped by `delete`. */
  readonly state: string
  readonly configFile: string
  readonly storeFile: string
  readonly pki: string
  /** Kept by `delete`: image seeds, shared by all clusters. */
  readonly images: string
  /** Kept by `delete`: how registries are reached, in containerd's form; made by users. */
  readonly registries: string
  /** Gone after `down`. */
  readonly run: string
  readonly controlSocket: string
  /** The files of HAProxy, and its runtime sockets. */
  readonly ingress: string
  readonly logs: string
  node(name: string): NodeLayout
}

export interface NodeLayout {
  readonly state: string
  /** For what lives as long as the processes. */
  readonly run: string
  readonly containerdRoot: string
  readonly containerdState: string
  readonly containerdSocket: string
  readonly containerdLog: string
  readonly cniConf: string
  readonly cniState: string
  readonly pods: string
}

export const defaultHome = '/var/lib/portolan'

/** The home from `$PORTOLAN_HOME`, or the default. Absolute: processes of a cluster work in other folders. */
export function homeOf(environment: NodeJS.ProcessEnv): string {
  const home = environment['PORTOLAN_HOME'] ?? ''
  return home === '' ? defaultHome : resolve(home)
}

export function layoutOf(home: string, cluster: string): Layout {
  const state = join(home, 'clusters', cluster)
  const run = join('/run/portolan', cluster)
  return {
    home,
    state,
    configFile: join(state, 'cluster.json'),
    storeFile: join(state, 'store.db'),
    pki: join(state, 'pki'),
    images: join(home, 'images'),
    registries: join(home, 'registries'),
    run,
    controlSocket: join(run, 'control.sock'),
    ingress: join(run, 'edge', 'ingress'),
    logs: join(state, 'logs'),
    node: (name) => ({
      state: join(state, 'nodes', name),
      run: join(run, name),
      containerdRoot: join(state, 'nodes', name, 'containerd'),
      containerdState: join(run, name, 'containerd'),
      containerdSocket: join(run, name, 'containerd.sock'),
      containerdLog: join(state, 'logs', `${name}-containerd.log`),
      cniConf: join(run, name, 'cni'),
      cniState: join(run, name, 'cni-state'),
      pods: join(state, 'nodes', name, 'pods'),
    }),
  }
}
