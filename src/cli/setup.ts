import { Command } from 'commander'
import { homeOf } from '../cluster/layout.ts'
import { installSystemPackages, SetupError } from '../cluster/system-packages.ts'
import { type CliContext, UserError } from './context.ts'
import { requireRootOnLinux } from './requirements.ts'

export function setupCommand(context: CliContext): Command {
  return new Command('setup')
    .description('install what is missing and build the images, without starting a cluster')
    .action(async () => {
      requireRootOnLinux(process.platform, process.getuid?.())
      await prepareMachine(context, homeOf(context.environment))
    })
}

/** Everything that a start needs of the machine: Debian packages, built-in images. Quick when it is there. */
export async function prepareMachine(context: CliContext, home: string): Promise<void> {
  try {
    await installSystemPackages(context)
  } catch (error) {
    throw error instanceof SetupError ? new UserError(error.message, { cause: error }) : error
  }
  await context.images.build(home)
}
