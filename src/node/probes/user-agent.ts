/** How upstream's probes and hooks name themselves to servers, which may tell them from clients by it. */
export const probeUserAgent = 'kube-probe/1.36'
export const hookUserAgent = 'kube-lifecycle/1.36'
