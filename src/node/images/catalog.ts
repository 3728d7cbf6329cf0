/** An image that Portolan brings along. What it is made of is read from the machine by `builtin-layers.ts`. */
export interface BuiltinImage {
  /** In full, as containerd stores it. */
  readonly reference: string
  readonly layers: readonly LayerName[]
  readonly config: ImageConfig
}

export type LayerName = 'busybox' | 'tools' | 'kubia'

export interface ImageConfig {
  readonly entrypoint?: readonly string[]
  readonly cmd?: readonly string[]
  readonly exposedPorts?: readonly string[]
}

/** The image of the container that holds a pod's namespaces. Never pulled. */
export const pauseImage = 'docker.io/portolan/pause:1'

/** Each stands on the layers of those before it, so that programs are stored once. */
export const builtinImages: readonly BuiltinImage[] = [
  { reference: pauseImage, layers: ['busybox'], config: { entrypoint: ['/usr/bin/busybox', 'sleep', 'infinity'] } },
  { reference: 'docker.io/library/busybox:latest', layers: ['busybox'], config: { cmd: ['sh'] } },
  { reference: 'docker.io/tutum/dnsutils:latest', layers: ['busybox', 'tools'], config: { cmd: ['bash'] } },
  {
    reference: 'docker.io/luksa/kubia:latest',
    layers: ['busybox', 'tools', 'kubia'],
    config: { entrypoint: ['node', 'app.js'], exposedPorts: ['8080/tcp'] },
  },
]

/** Programs of the tools layer, with the Debian package that has them. They take the place of busybox's. */
export const tools: Readonly<Record<string, readonly string[]>> = {
  bash: ['bash'],
  dash: ['sh'],
  'libc-bin': ['getent'],
  hostname: ['hostname'],
  grep: ['grep'],
  sed: ['sed'],
  curl: ['curl'],
  'bind9-dnsutils': ['nslookup', 'dig'],
  'bind9-host': ['host'],
  coreutils: [
    '[', 'base64', 'basename', 'cat', 'chmod', 'chown', 'cp', 'cut', 'date', 'dd', 'df', 'dirname', 'du', 'echo', 'env',
    'expr', 'false', 'head', 'id', 'ln', 'ls', 'mkdir', 'mkfifo', 'mktemp', 'mv', 'nproc', 'od', 'printenv', 'printf',
    'pwd', 'readlink', 'realpath', 'rm', 'rmdir', 'seq', 'sha256sum', 'sleep', 'sort', 'stat', 'stty', 'sync', 'tail',
    'tee', 'test', 'timeout', 'touch', 'tr', 'true', 'tty', 'uname', 'uniq', 'wc', 'whoami', 'yes',
  ],
}

/** Terminals that a shell in a container may be told of; of each, the machine's description if it has one. */
export const terminals: readonly string[] = [
  'dumb', 'linux', 'screen', 'screen-256color', 'tmux', 'tmux-256color', 'vt100', 'xterm', 'xterm-256color',
]

/** Files of every image. Names resolve through /etc/hosts, then DNS. */
export const etcFiles: Readonly<Record<string, string>> = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n',
  'etc/group': 'root:x:0:\nnogroup:x:65534:\n',
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
  // A shell's prompt says who and where one is, as in Debian's images: root@kubia-3inly:/#
  'etc/bash.bashrc': "PS1='\\u@\\h:\\w\\$ '\n",
}
