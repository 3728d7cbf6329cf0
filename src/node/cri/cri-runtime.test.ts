import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { realProcesses } from '../../kernel/real-processes.ts'
import { stopContainerd } from '../containerd/daemon.ts'
import { TestNode } from '../containerd/test-node.ts'
import { loadImages } from '../images/load.ts'
import { writeTestArchive, testImage } from '../images/test-archive.ts'
import { criRuntime, type CriRuntime } from './cri-runtime.ts'
import { runtimeContract } from './runtime.contract.ts'

async function setUp() {
  const node = await TestNode.create()
  const { address } = node.options
  const runtime = criRuntime(address)
  const dispose = async () => {
    runtime.close()
    await node.dispose()
  }
  try {
    await node.start()
    const archive = join(node.directory, 'images.tar')
    await writeTestArchive(archive)
    await loadImages(archive, address, { processes: realProcesses, clock: systemClock, runtime })
    const logDirectory = join(node.directory, 'logs')
    await mkdir(logDirectory)
    return { node, runtime, image: testImage, logDirectory, cgroupParent: node.podsCgroup, dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

runtimeContract('containerd', setUp)
