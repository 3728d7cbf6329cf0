import { join } from 'node:path'

/** What a private containerd is made with. Paths are absolute. */
export interface ContainerdOptions {
  /** What lasts: images, snapshots, metadata. */
  readonly root: string
  /** What ends with the machine, or when its pods are killed: mounts, namespaces, state of what runs. */
  readonly state: string
  /** Its socket. */
  readonly address: string
  /** Holds the node's CNI configuration, and nothing else's. */
  readonly cniConfDir: string
  readonly cniBinDir: string
  /** Of the container that holds a pod's namespaces. Never pulled as long as it is there. */
  readonly sandboxImage: string
  /**
   * Where it is set how registries are reached, `HOST[:PORT]/hosts.toml` for each; looked at by every pull, and need
   * not be there: https://github.com/containerd/containerd/blob/main/docs/hosts.md
   */
  readonly registries?: string
  /** Appended to. */
  readonly logFile: string
  /** Set in its environment on top of the caller's. */
  readonly environment?: Readonly<Record<string, string>>
  /** File of the network namespace that it runs in; the caller's own if absent. */
  readonly netns?: string
}

/** The configuration file of the containerd with this state directory; the process is known by it. */
export function configFile(state: string): string {
  return join(state, 'containerd.toml')
}

/** Plugins that nothing here uses; those that a version of containerd does not have do not matter to it. */
const disabledPlugins = [
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.blockfile',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.erofs',
  'io.containerd.snapshotter.v1.native',
  'io.containerd.snapshotter.v1.zfs',
  // Containers restarted by labels, and programs installed into /opt: both of `ctr`, not of CRI.
  'io.containerd.internal.v1.opt',
  'io.containerd.internal.v1.restart',
  'io.containerd.internal.v1.tracing',
  'io.containerd.tracing.processor.v1.otlp',
  // Metrics only: out-of-memory events come from the shims.
  'io.containerd.monitor.v1.cgroups',
  'io.containerd.monitor.task.v1.cgroups',
  'io.containerd.nri.v1.nri',
]

/**
 * containerd's configuration, version 2: https://github.com/containerd/containerd/blob/release/1.6/docs/cri/config.md
 * Layers stay after they were unpacked: containerd 1.6 forgets images without them when it restarts.
 */
export function containerdConfig(options: ContainerdOptions): string {
  const { root, state, address, cniConfDir, cniBinDir, sandboxImage, registries } = options
  const text = JSON.stringify
  const registry = registries === undefined ? '' : registrySection(registries)
  return `version = 2
root = ${text(root)}
state = ${text(state)}
# The last to go when memory is short. Where that is forbidden, containers are held to what is allowed (below).
oom_score = -999
disabled_plugins = ${text(disabledPlugins)}

[debug]
level = "warn"

[grpc]
address = ${text(address)}

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = ${text(sandboxImage)}
stream_server_address = "127.0.0.1"
stream_server_port = "0"
max_container_log_line_size = 16384
netns_mounts_under_state_dir = true
restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = ${text(cniBinDir)}
conf_dir = ${text(cniConfDir)}

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
discard_unpacked_layers = false
default_runtime_name = "runc"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
Root = ${text(join(state, 'runc'))}
SystemdCgroup = false
${registry}`
}

function registrySection(directory: string): string {
  return `
[plugins."io.containerd.grpc.v1.cri".registry]
config_path = ${JSON.stringify(directory)}
`
}
