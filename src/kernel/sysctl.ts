import { writeFile } from 'node:fs/promises'

/** Sets a parameter of the kernel, e.g. `net.ipv4.ip_forward`; those below `net` are of this process's network namespace. */
export async function setSysctl(key: string, value: string): Promise<void> {
  await writeFile(`/proc/sys/${key.replaceAll('.', '/')}`, value)
}
