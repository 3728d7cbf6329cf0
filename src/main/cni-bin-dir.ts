/** Where Debian's containernetworking-plugins puts them. */
export const cniBinDir = '/usr/lib/cni'
