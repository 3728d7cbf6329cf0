import { expect, test } from 'vitest'
import { realProcesses } from '../../kernel/real-processes.ts'
import { findProgram, librariesOf, libraryTarget, parseLdd } from './programs.ts'

const dynamic = `/usr/bin/ls
\tlinux-vdso.so.1 (0x00007f79f55d4000)
\tlibselinux.so.1 => /lib/x86_64-linux-gnu/libselinux.so.1 (0x00007f79f556f000)
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f79f538d000)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f79f55d6000)
`

test.each([
  {
    title: 'a dynamic program',
    section: dynamic,
    paths: ['/lib/x86_64-linux-gnu/libselinux.so.1', '/lib/x86_64-linux-gnu/libc.so.6', '/lib64/ld-linux-x86-64.so.2'],
  },
  { title: 'a static program', section: '/usr/bin/busybox\n\tnot a dynamic executable\n', paths: [] },
  { title: 'a static program with relocations', section: '/usr/bin/x\n\tstatically linked\n', paths: [] },
])('libraries of $title', ({ section, paths }) => {
  expect(parseLdd(section)).toEqual(paths)
})

test.each([
  {
    section: '/usr/bin/x\n\tlibgone.so.1 => not found\n',
    message: '/usr/bin/x: needs libgone.so.1, which is not installed',
  },
  { section: '/usr/bin/x\nldd: /usr/bin/x: No such file or directory\n', message: 'No such file or directory' },
])('$message', ({ section, message }) => {
  expect(() => parseLdd(section)).toThrow(message)
})

test.each([
  ['/lib/x86_64-linux-gnu/libm.so.6', 'usr/lib/x86_64-linux-gnu/libm.so.6'],
  ['/lib64/ld-linux-x86-64.so.2', 'usr/lib64/ld-linux-x86-64.so.2'],
  ['/lib/ld-linux-aarch64.so.1', 'usr/lib/ld-linux-aarch64.so.1'],
  ['/usr/lib/x86_64-linux-gnu/systemd/libx.so', 'usr/lib/x86_64-linux-gnu/libx.so'],
  ['/opt/lib/liby.so', 'usr/lib/x86_64-linux-gnu/liby.so'],
])('%s goes to %s', (path, target) => {
  expect(libraryTarget(path, '/lib/x86_64-linux-gnu/libc.so.6')).toBe(target)
})

test('asks the machine', async () => {
  const sh = await findProgram('sh', ['/nowhere', '/usr/bin', '/bin'])
  expect(sh).toMatchObject({ name: 'sh' })
  expect(await findProgram('no-such-program', ['/usr/bin'])).toBeUndefined()
  const libraries = await librariesOf(realProcesses, [sh?.path ?? '', process.execPath])
  expect(libraries).toContainEqual(expect.stringMatching(/\/libc\.so\.6$/))
  expect(libraries).toEqual([...new Set(libraries)].sort())
})
