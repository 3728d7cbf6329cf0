import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { program } from './program.ts'
import { commandErrors, commonErrors } from './test-command-errors.ts'
import { testContext } from './test-context.ts'

interface Named {
  readonly words: string
  readonly command: Command
}

/** Commands that do something by themselves, with all their words. */
function commandsBelow(command: Command, words: readonly string[] = []): readonly Named[] {
  const below = command.commands.filter((each) => each.name() !== 'help')
  if (below.length === 0) return [{ words: words.join(' '), command }]
  return below.flatMap((each) => commandsBelow(each, [...words, each.name()]))
}

const commands = commandsBelow(program(testContext({}), '0.0.0'))

function sectionOf({ words, command }: Named): string {
  const options = command.options.map(({ flags, description }) => `| \`${cell(flags)}\` | ${cell(description)} |`)
  return [
    `## ${words}`,
    '',
    `\`./portolan ${words} ${command.usage()}\``,
    '',
    sentence(command.description()),
    ...(options.length === 0 ? [] : ['', '| option | |', '|---|---|', ...options]),
    ...errorTable(commandErrors[words] ?? []),
  ].join('\n')
}

function errorTable(errors: readonly (readonly [string, string])[]): readonly string[] {
  if (errors.length === 0) return []
  return ['', '| it says | |', '|---|---|', ...errors.map(([says, help]) => `| \`${cell(says)}\` | ${cell(help)} |`)]
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

test('the document has every command with its options and errors', async () => {
  const intro = [
    '# Commands',
    '',
    'Every command, with its options and with what it says when it does not do what was asked. All end with 0 if they have done it, and with 1 and one sentence on standard error if not; `client` and `node exec` as the command ends that they run.',
    ...errorTable(commonErrors),
  ].join('\n')
  const document = `${[intro, ...commands.map(sectionOf)].join('\n\n')}\n`
  await expect(document).toMatchFileSnapshot('../../docs/commands.md')
})

const sources = ['cli', 'cluster', 'main', 'kernel', 'node/join'].flatMap((folder) => {
  const path = join(import.meta.dirname, '..', folder)
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts') && !/test/.test(file))
  return files.map((file) => readFileSync(join(path, file), 'utf8').replaceAll("\\'", "'"))
})

test.for([...commonErrors, ...Object.values(commandErrors).flat()])('it is said somewhere: %s', ([says]) => {
  const pieces = says.split('…').filter((piece) => piece.length > 3)
  expect(sources.some((source) => pieces.every((piece) => source.includes(piece)))).toBe(true)
})

test('errors are of commands that there are', () => {
  const known = commands.map(({ words }) => words)
  expect(Object.keys(commandErrors).filter((words) => !known.includes(words))).toEqual([])
})
