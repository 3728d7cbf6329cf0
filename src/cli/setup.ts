import { Command } from 'commander'
import { homeOf } from '../cluster/layout.ts'
import { installEgressPackage, installSystemPackages } from '../cluster/system-packages.ts'
import type { CliContext } from './context.ts'

export function setupCommand(context: CliContext): Command {
  return new Command('setup')
    .description('install what is missing and build the images, without starting a cluster')
    .option('--no-egress', 'without what the way out of clusters takes')
    .action(async ({ egress }: { readonly egress: boolean }) => {
      await prepareMachine(context, homeOf(context.environment), { egress })
    })
}

/** Everything that a start needs of the machine: Debian packages, built-in images. Quick when it is there. */
export async function prepareMachine(context: CliContext, home: string, { egress }: { readonly egress: boolean }): Promise<void> {
  await installSystemPackages(context)
  if (egress) await installEgressPackage(context)
  await context.images.build(home)
}
