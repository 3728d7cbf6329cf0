import { Command } from 'commander'
import { homeOf } from '../cluster/layout.ts'
import { installSystemPackages } from '../cluster/system-packages.ts'
import type { CliContext } from './context.ts'

export function setupCommand(context: CliContext): Command {
  return new Command('setup')
    .description('install what is missing and build the images, without starting a cluster')
    .action(async () => {
      await prepareMachine(context, homeOf(context.environment))
    })
}

/** Everything that a start needs of the machine: Debian packages, built-in images. Quick when it is there. */
export async function prepareMachine(context: CliContext, home: string): Promise<void> {
  await installSystemPackages(context)
  await context.images.build(home)
}
