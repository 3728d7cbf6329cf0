import { tokenSubresource } from '../authentication/token-request.ts'
import { approvalSubresource } from './approval.ts'
import { bindingSubresource } from './binding.ts'
import { evictionSubresource } from './eviction.ts'
import { finalizeSubresource } from './finalize.ts'
import { proxySubresources } from './proxy.ts'
import { scaleSubresource } from './scale.ts'
import { statusSubresource } from './status.ts'
import { attachSubresource, execSubresource, logSubresource, portForwardSubresource } from './kubelet.ts'
import type { Subresource } from './subresource.ts'

/** Every subresource served. A kind has those that apply to it. */
export const subresources: readonly Subresource[] = [
  statusSubresource,
  scaleSubresource,
  bindingSubresource,
  evictionSubresource,
  finalizeSubresource,
  approvalSubresource,
  tokenSubresource,
  logSubresource,
  execSubresource,
  attachSubresource,
  portForwardSubresource,
  ...proxySubresources,
]
