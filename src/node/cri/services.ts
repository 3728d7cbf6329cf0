import { message, one, repeated, type MessageType } from './codec.ts'
import {
  authConfig,
  container,
  containerConfig,
  containerId,
  containerStatus,
  empty,
  envelope,
  image,
  imageSpec,
  podSandbox,
  podSandboxConfig,
  podSandboxStatus,
  runtimeStatus,
  sandboxId,
  url,
} from './messages.ts'

/** A gRPC call. */
export interface Method<Q extends MessageType = MessageType, R extends MessageType = MessageType> {
  /** HTTP/2 path: `/package.Service/Method`. */
  readonly path: string
  readonly request: Q
  readonly response: R
}

const runtimeMethod = <Q extends MessageType, R extends MessageType>(name: string, request: Q, response: R) =>
  ({ path: `/runtime.v1.RuntimeService/${name}`, request, response }) satisfies Method<Q, R>
const imageMethod = <Q extends MessageType, R extends MessageType>(name: string, request: Q, response: R) =>
  ({ path: `/runtime.v1.ImageService/${name}`, request, response }) satisfies Method<Q, R>

export const runtimeService = {
  version: runtimeMethod(
    'Version',
    empty,
    message({ runtimeName: one(2, 'string'), runtimeVersion: one(3, 'string') }),
  ),
  status: runtimeMethod('Status', empty, message({ status: one(1, runtimeStatus) })),
  runPodSandbox: runtimeMethod('RunPodSandbox', message({ config: one(1, podSandboxConfig) }), sandboxId),
  stopPodSandbox: runtimeMethod('StopPodSandbox', sandboxId, empty),
  removePodSandbox: runtimeMethod('RemovePodSandbox', sandboxId, empty),
  podSandboxStatus: runtimeMethod('PodSandboxStatus', sandboxId, message({ status: one(1, podSandboxStatus) })),
  listPodSandbox: runtimeMethod('ListPodSandbox', empty, message({ items: repeated(1, podSandbox) })),
  createContainer: runtimeMethod(
    'CreateContainer',
    message({
      podSandboxId: one(1, 'string'),
      config: one(2, containerConfig),
      sandboxConfig: one(3, podSandboxConfig),
    }),
    containerId,
  ),
  startContainer: runtimeMethod('StartContainer', containerId, empty),
  stopContainer: runtimeMethod(
    'StopContainer',
    message({ containerId: one(1, 'string'), timeout: one(2, 'int64') }),
    empty,
  ),
  removeContainer: runtimeMethod('RemoveContainer', containerId, empty),
  listContainers: runtimeMethod(
    'ListContainers',
    message({ filter: one(1, message({ id: one(1, 'string') })) }),
    message({ containers: repeated(1, container) }),
  ),
  containerStatus: runtimeMethod('ContainerStatus', containerId, message({ status: one(1, containerStatus) })),
  reopenContainerLog: runtimeMethod('ReopenContainerLog', containerId, empty),
  execSync: runtimeMethod(
    'ExecSync',
    message({ containerId: one(1, 'string'), cmd: repeated(2, 'string'), timeout: one(3, 'int64') }),
    message({ stdout: one(1, 'bytes'), stderr: one(2, 'bytes'), exitCode: one(3, 'int32') }),
  ),
  exec: runtimeMethod(
    'Exec',
    message({
      containerId: one(1, 'string'),
      cmd: repeated(2, 'string'),
      tty: one(3, 'bool'),
      stdin: one(4, 'bool'),
      stdout: one(5, 'bool'),
      stderr: one(6, 'bool'),
    }),
    url,
  ),
  attach: runtimeMethod(
    'Attach',
    message({
      containerId: one(1, 'string'),
      stdin: one(2, 'bool'),
      tty: one(3, 'bool'),
      stdout: one(4, 'bool'),
      stderr: one(5, 'bool'),
    }),
    url,
  ),
  portForward: runtimeMethod('PortForward', message({ podSandboxId: one(1, 'string'), port: repeated(2, 'int32') }), url),
}

export const imageService = {
  listImages: imageMethod('ListImages', empty, message({ images: repeated(1, image) })),
  imageStatus: imageMethod('ImageStatus', message({ image: one(1, imageSpec) }), message({ image: one(1, image) })),
  pullImage: imageMethod(
    'PullImage',
    message({ image: one(1, imageSpec), auth: one(2, authConfig) }),
    message({ imageRef: one(1, 'string') }),
  ),
}

export const eventsService = {
  /** Server streaming: an envelope per event. A filter is `field==value,…`, joined by and; several filters by or. */
  subscribe: {
    path: '/containerd.services.events.v1.Events/Subscribe',
    request: message({ filters: repeated(1, 'string') }),
    response: envelope,
  } satisfies Method,
}
