/** Keys of `User.extra` (k8s.io/apiserver/pkg/authentication). */
export const extraKeys = {
  /** Which credential it was, so that logs can tell two of one user apart. */
  credentialId: 'authentication.kubernetes.io/credential-id',
  podName: 'authentication.kubernetes.io/pod-name',
  podUid: 'authentication.kubernetes.io/pod-uid',
  nodeName: 'authentication.kubernetes.io/node-name',
  nodeUid: 'authentication.kubernetes.io/node-uid',
} as const
