import { realProcesses } from '../../kernel/real-processes.ts'
import { writeArchive } from './archive.ts'
import { busyboxLayer } from './builtin-layers.ts'
import { pauseImage } from './catalog.ts'
import { findProgram } from './programs.ts'

/** Sleeps, or ends with the code in `EXIT_CODE`. */
export const testImage = 'docker.io/library/sleeper:latest'

/** An archive that is quickly loaded: the pause image and `testImage`, both of busybox. */
export async function writeTestArchive(file: string): Promise<void> {
  const busybox = await findProgram('busybox', ['/usr/bin', '/bin'])
  if (busybox === undefined) throw new Error('these tests need the Debian package busybox-static')
  const script = 'test -z "$EXIT_CODE" || exit "$EXIT_CODE"; exec sleep infinity'
  await writeArchive(file, {
    images: [
      { reference: pauseImage, layers: ['busybox'], config: { entrypoint: ['busybox', 'sleep', 'infinity'] } },
      { reference: testImage, layers: ['busybox'], config: { entrypoint: ['sh', '-c', script] } },
    ],
    layers: { busybox: await busyboxLayer(realProcesses, busybox) },
  })
}
