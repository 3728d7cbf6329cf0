import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { run } from '../test-cluster.ts'
import type { Act } from './acts.ts'

/** What is done over a connection that stays open, or by several commands. */
export const streaming: readonly Act[] = [
  {
    name: 'exec has output, errors and exit code apart',
    core: true,
    async perform(session, pod) {
      expect(await session.run(['exec', pod, '--', 'sh', '-c', 'echo out; echo err >&2; exit 3'])).toMatchObject({
        code: 3,
        stdout: 'out\n',
        stderr: expect.stringMatching(/^err\ncommand terminated with exit code 3\n$/),
      })
      expect((await session.run(['exec', pod, '--', 'none'])).stderr).toMatch(/executable file not found|no such file/)
      expect((await session.run(['exec', 'none', '--', 'true'])).stderr).toContain('pods "none" not found')
      expect((await session.run(['exec', 'nowhere', '--', 'true'])).stderr).toContain('pod nowhere does not have a host assigned')
      expect((await session.run(['exec', 'imageless', '--', 'true'])).stderr).toContain('container not found ("main")')
      expect((await session.run(['exec', 'talker', '-c', 'none', '--', 'true'])).stderr).toContain('container none is not valid for pod talker')
    },
  },
  {
    name: 'exec -i takes input until its end, megabytes of it',
    core: true,
    async perform(session, pod) {
      expect(await session.feed('one\ntwo\n', 'exec', '-i', pod, '--', 'cat')).toBe('one\ntwo\n')
      const size = 3 * 2 ** 20
      const input = randomBytes(size / 2).toString('hex')
      expect(await session.feed(input, 'exec', '-i', pod, '--', 'cat')).toBe(input)
    },
  },
  {
    name: 'exec -it is a terminal: prompt, size, resize, Ctrl-C, exit code',
    core: true,
    async perform(session, pod) {
      await using terminal = session.startOnTerminal(['exec', '-it', pod, '--', 'sh', '-c', tellsSizesThenBash])
      const [, device = ''] = await terminal.says(/^(\/dev\/\S+)/)
      await terminal.says(/size 33 101\s/)
      await run('stty', ['-F', device, 'rows', '44', 'cols', '120'])
      await terminal.says(after('size 44 120'))
      // `sleeping` is said by what Ctrl-C is for: bash itself may miss one between two commands.
      terminal.type('test -t 0 && sh -c "echo sleep\'\'ing; exec sleep 1000"\n')
      await terminal.says(/sleeping\s/)
      terminal.type('\x03')
      await terminal.says(after('sleeping'))
      terminal.type('echo inter""rupted with $?\n')
      await terminal.says(after('interrupted with 130'))
      terminal.type('exit 7\n')
      expect(await terminal.end()).toBe(7)
    },
  },
  {
    name: 'attach joins what is said from then on',
    async perform(session) {
      await using attached = session.start(['attach', 'talker', '-c', 'main'])
      await attached.says(/tick/)
      await attached.interrupt()
      expect((await session.run(['attach', 'imageless'])).code).toBe(1)
    },
  },
  {
    name: 'run -it is a shell in a pod of its own',
    async perform(session) {
      const pod = ['shell', '--image=busybox', '--restart=Never', '--overrides={"spec":{"terminationGracePeriodSeconds":0}}']
      await using terminal = session.startOnTerminal(['run', '-it', '--rm', ...pod, '--', 'sh'])
      // The prompt may have been said before anyone was attached.
      await terminal.says(/try pressing enter/)
      terminal.type('echo he""re\n')
      await terminal.says(after('here'))
      terminal.type('exit\n')
      expect(await terminal.end()).toBe(0)
      expect(terminal.stdout()).toContain('pod "shell" deleted')
    },
  },
  {
    name: 'cp both ways: a file and a folder',
    core: true,
    async perform(session, pod) {
      const folder = await mkdtemp(join(tmpdir(), 'portolan-cp-'))
      try {
        const bytes = randomBytes(2 ** 20)
        await mkdir(join(folder, 'in/below'), { recursive: true })
        await writeFile(join(folder, 'in/bytes'), bytes)
        await writeFile(join(folder, 'in/below/note'), 'a note\n')
        await session.ok('cp', join(folder, 'in/bytes'), `${pod}:/tmp/bytes`)
        await session.ok('cp', `${pod}:/tmp/bytes`, join(folder, 'bytes'))
        expect((await readFile(join(folder, 'bytes'))).equals(bytes)).toBe(true)
        await session.ok('cp', join(folder, 'in'), `${pod}:/tmp/copied`)
        await session.ok('cp', `${pod}:/tmp/copied`, join(folder, 'out'))
        expect((await readdir(join(folder, 'out'))).sort()).toEqual(['below', 'bytes'])
        expect(await readFile(join(folder, 'out/below/note'), 'utf8')).toBe('a note\n')
      } finally {
        await rm(folder, { recursive: true })
      }
    },
  },
  {
    name: 'port-forward to a pod: a connection at a time and many at once',
    core: true,
    async perform(session, pod) {
      await using forward = session.start(['port-forward', pod, ':8080'])
      const [, port] = await forward.says(/127\.0\.0\.1:(\d+) -> 8080/)
      expect(await answerOf(port)).toBe(`You've hit ${pod}\n`)
      const answers = await Promise.all(Array.from({ length: 8 }, () => answerOf(port)))
      expect(new Set(answers)).toEqual(new Set([`You've hit ${pod}\n`]))
    },
  },
  {
    // Whether it goes on after that is the client's affair: from 1.23 kubectl ends.
    name: 'port-forward to a port where nobody listens says so',
    core: true,
    async perform(session, pod) {
      await using forward = session.start(['port-forward', pod, ':9'])
      const [, port] = await forward.says(/127\.0\.0\.1:(\d+) -> 9\n/)
      await expect(answerOf(port)).rejects.toThrow('fetch failed')
      await forward.says(/an error occurred forwarding \d+ -> 9: .*connection refused/, 'stderr')
    },
  },
  {
    name: 'port-forward to a Service, by its port',
    core: true,
    async perform(session) {
      await using forward = session.start(['port-forward', 'svc/kubia', ':http'])
      const [, port] = await forward.says(/127\.0\.0\.1:(\d+) -> 8080/)
      const answers = await Promise.all(Array.from({ length: 8 }, () => answerOf(port)))
      for (const answer of answers) expect(answer).toMatch(/^You've hit kubia-\w{5}\n$/)
    },
  },
  {
    name: 'logs: whole, last lines, since, with times, of several containers and pods',
    core: true,
    async perform(session) {
      const logs = (...args: string[]) => session.ok('logs', ...args)
      expect(await logs('talker', '-c', 'main')).toMatch(/^first\nsecond\n(tick\n)*$/)
      expect(await logs('talker', '-c', 'main', '--tail=1')).toMatch(/^(second|tick)\n$/)
      expect(await logs('talker', '-c', 'main', '--since=1h', '--limit-bytes=8')).toBe('first\nse')
      expect(await logs('talker', '-c', 'main', '--timestamps')).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z first\n/)
      // In which order it asks for the containers is kubectl's affair, and not always the same.
      const said = byPrefix(await logs('talker', '--all-containers', '--tail=2', '--prefix'))
      expect([...said.keys()].sort()).toEqual(['pod/talker/main', 'pod/talker/twice'])
      expect(said.get('pod/talker/main')).toMatch(/^(first\nsecond|second\ntick|tick\ntick)\n$/)
      expect(said.get('pod/talker/twice')).toBe('run of talker\n')
      // Of several pods kubectl asks for ten lines unless told otherwise; the pods have also logged requests.
      expect((await logs('-l', 'app=kubia', '--tail=-1')).match(/^Kubia server starting/gm)).toHaveLength(2)
      expect(await logs('rc/kubia', '--tail=1')).toMatch(/^.+\n$/)
      expect(await logs('talker', '-c', 'twice')).toBe('run of talker\n')
      expect(await logs('talker', '-c', 'twice', '--previous')).toBe('run of talker\n')
      expect(await logs('nowhere')).toBe('')
    },
  },
  {
    name: 'logs that cannot be had say why',
    core: true,
    async perform(session) {
      const refusal = async (...args: string[]) => (await session.run(['logs', ...args])).stderr
      expect(await refusal('talker', '-c', 'main', '--previous')).toContain('previous terminated container "main" in pod "talker" not found')
      expect(await refusal('talker', '-c', 'none')).toContain('container none is not valid for pod talker')
      expect(await refusal('imageless')).toMatch(/container "main" in pod "imageless" is waiting to start: /)
      expect(await refusal('none')).toContain('pods "none" not found')
    },
  },
  {
    name: 'logs -f follows, and ends with the container',
    core: true,
    async perform(session) {
      await using follower = session.start(['logs', '-f', '--tail=1', 'talker', '-c', 'main'])
      await follower.says(/(tick\n){2}/)
      const script = 'echo begin; read line; echo $line; exit 0'
      const spec = { terminationGracePeriodSeconds: 0 }
      await session.ok('run', 'ender', '--image=busybox', '--restart=Never', `--overrides=${JSON.stringify({ spec })}`, '-i', '--attach=false', '--', 'sh', '-c', script)
      await session.ok('wait', '--for=condition=Ready', 'pod/ender', '--timeout=30s')
      await using ending = session.start(['logs', '-f', 'ender'])
      await ending.says(/begin\n/)
      await session.feed('the end\n', 'attach', '-i', 'ender')
      expect(await ending.end()).toBe(0)
      expect(ending.stdout()).toBe('begin\nthe end\n')
      await session.ok('delete', 'pod', 'ender')
    },
  },
  {
    name: 'get -w shows what changes',
    core: true,
    async perform(session) {
      await using watch = session.start(['get', 'cm', '-w', '--no-headers', '--field-selector=metadata.name=watched'])
      await session.ok('create', 'cm', 'watched', '--from-literal=a=1')
      await watch.says(/^watched +1 +\d+s\n/m)
      await session.ok('patch', 'cm', 'watched', '-p', '{"data":{"b":"2"}}')
      await watch.says(/^watched +2 +\d+s\n/m)
      await session.ok('delete', 'cm', 'watched')
      await using events = session.start(['get', 'pods', '-w', '--output-watch-events', '-l', 'app=kubia'])
      await events.says(/^ADDED +kubia-/m)
    },
  },
  {
    name: 'wait --for=delete returns when it is gone',
    async perform(session) {
      await session.ok('create', 'cm', 'brief')
      await using waiting = session.start(['wait', '--for=delete', 'cm/brief', '--timeout=30s'])
      await session.ok('delete', 'cm', 'brief')
      await waiting.end()
      expect(waiting.stderr()).not.toContain('timed out')
    },
  },
]

/** What each container said, by the `[pod/POD/CONTAINER]` in front of its lines. */
function byPrefix(log: string): ReadonlyMap<string, string> {
  const said = new Map<string, string>()
  for (const [, prefix = '', line = ''] of log.matchAll(/^\[(.*?)\] (.*\n)/gm)) said.set(prefix, (said.get(prefix) ?? '') + line)
  return said
}

/** Says every new size of its terminal until the second one is there. */
const tellsSizesThenBash =
  'until test "$size" = "44 120"; do was="$size"; size="$(stty size)"; test "$size" = "$was" || echo "size $size"; sleep 0.1; done; exec bash'

/**
 * The shell's prompt that follows what it was told to say; what is typed before it is there may be lost. After it
 * busybox asks the terminal where its cursor is, and draws its line again when it learns of a new size.
 */
function after(said: string): RegExp {
  return new RegExp(`${said}\\s[^]*[#$] (\\u001b\\[\\d*[A-Za-z])*$`)
}

async function answerOf(port: string | undefined): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text()
}
