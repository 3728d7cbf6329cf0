/** The Kubernetes version whose API is served, with ours as build metadata, so that clients compare it as v1.36.0. */
export function kubernetesVersion(portolanVersion: string): string {
  return `v1.36.0+portolan.${portolanVersion}`
}
