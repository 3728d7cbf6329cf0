import { expect } from 'vitest'
import { eventually } from '../test-cluster.ts'
import type { Reader } from './reader.ts'
import type { Section } from './row.ts'

const address = '203.0.113.3'
const deprecated = 'Warning: extensions/v1beta1 Ingress is deprecated'

export const ingress: Section = {
  title: '5.4 Ingress',
  rows: [
    {
      row: 19,
      title: 'the chapter’s Ingress, as it was written then and as it is written today',
      async perform(reader) {
        for (const file of ['kubia-ingress.yaml', 'kubia-ingress-v1.yaml']) {
          const { code, stdout, stderr } = await reader.tries(`kubectl create -f ${file}`)
          expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ingress\.(extensions|networking\.k8s\.io)\/kubia created\n$/) })
          expect(stderr.includes(deprecated)).toBe(file === 'kubia-ingress.yaml')
          await reader.until('kubectl get ingresses', /^NAME +CLASS +HOSTS +ADDRESS +PORTS +AGE\nkubia +portolan +kubia\.example\.com +203\.0\.113\.3 +80 +\d+s\n$/)
          await answers(reader, 'http://kubia.example.com', /^You've hit kubia-/)
          expect(await reader.at('outside', `curl -s -H 'Host: kubia.example.com' http://${address}/`)).toMatch(/^You've hit kubia-/)
          await reader.types('kubectl delete ingress kubia')
        }
      },
    },
    {
      row: 20,
      title: 'several paths of a host, several hosts',
      async perform(reader) {
        await reader.types('kubectl create -f foo-and-bar.yaml -f kubia-ingress-paths.yaml -f kubia-ingress-hosts.yaml')
        await reader.types('kubectl wait --for=condition=Ready pod foo bar --timeout=60s')
        await answers(reader, 'http://kubia.example.com/kubia', /^You've hit kubia-/)
        await answers(reader, 'http://kubia.example.com/foo', /^You've hit bar\n/)
        await answers(reader, 'http://foo.example.com/', /^You've hit foo\n/)
        await answers(reader, 'http://bar.example.com/', /^You've hit bar\n/)
        await answers(reader, 'http://kubia.example.com/', /no rule for the host kubia\.example\.com matches the path \/\n404$/)
        await reader.types('kubectl delete -f foo-and-bar.yaml --now && kubectl delete ingress kubia foo-and-bar')
      },
    },
    {
      row: 20,
      title: 'as they are misprinted, they are refused, or serve nobody',
      async perform(reader) {
        for (const file of ['misprints/kubia-ingress-paths.yaml', 'misprints/kubia-ingress-hosts.yaml']) {
          expect(await reader.fails(`kubectl create -f ${file}`)).toMatch(
            reader.kubectl.minor < 25 ? /ValidationError\(Ingress\.spec\.rules\[0\]\): unknown field "paths"/ : /unknown field "spec\.rules\[0\]\.paths"/,
          )
        }
        await reader.types('kubectl create --validate=false -f misprints/kubia-ingress-hosts.yaml')
        await reader.until('kubectl get ingress foo-and-bar', / foo\.example\.com,bar\.example\.com +203\.0\.113\.3 /)
        await answers(reader, 'http://foo.example.com/', /404$/)
        await reader.types('kubectl delete ingress foo-and-bar')
      },
    },
    {
      row: 20,
      title: 'types of paths, wildcards, nobody’s hosts and paths, and the default backend',
      once: true,
      async perform(reader) {
        const numbers = /^You've hit on-(8080|9090)\n/
        for (const path of ['/prefix', '/prefix/below', '/exact', '/any/thing']) await answers(reader, `http://paths.more.example${path}`, numbers)
        for (const path of ['/prefixes', '/exact/below', '/']) await answers(reader, `http://paths.more.example${path}`, /404$/)
        await answers(reader, 'http://any.wild.example/', numbers)
        await answers(reader, 'http://a.any.wild.example/', /404$/)
        await answers(reader, 'http://unknown.example/', /no Ingress has a rule for the host unknown\.example\n404$/)
        const backend = { spec: { defaultBackend: { service: { name: 'echo', port: { number: 80 } } } } }
        await reader.types(`kubectl patch ingress fan-out -n more --type=merge -p '${JSON.stringify(backend)}'`)
        await answers(reader, 'http://unknown.example/', /"host":"unknown\.example"/)
        await reader.types(`kubectl patch ingress fan-out -n more --type=merge -p '{"spec":{"defaultBackend":null}}'`)
      },
    },
    {
      row: 21,
      title: 'HTTPS with the certificate of a Secret',
      async perform(reader) {
        await reader.types('openssl genrsa -out tls.key 2048')
        await reader.types('openssl req -new -x509 -key tls.key -out tls.cert -days 360 -subj /CN=kubia.example.com')
        expect(await reader.types('kubectl create secret tls tls-secret --cert=tls.cert --key=tls.key')).toBe('secret/tls-secret created\n')
        expect(await reader.fails('kubectl apply-f kubia-ingress-tls.yaml')).toContain('unknown command "apply-f" for "kubectl"')
        await reader.types('kubectl apply -f kubia-ingress-tls.yaml')
        expect(await reader.types('kubectl get ingress kubia')).toMatch(/ 80, 443 /)
        await answers(reader, 'https://kubia.example.com/kubia', /subject: CN ?= ?kubia\.example\.com\n[^]*^> GET \/kubia HTTP\/[^]*^You've hit kubia-/m, '-v')
        await reader.types('kubectl delete ingress kubia && kubectl delete secret tls-secret')
      },
    },
    {
      row: 21,
      title: 'a pod is told of its client in plain HTTP; a Secret that is missing is told in an Event',
      once: true,
      async perform(reader) {
        await answers(reader, 'https://no-secret.example/', /"x-forwarded-for":"203\.0\.113\.2"[^]*"x-forwarded-proto":"https"/)
        await reader.until('kubectl describe ingress no-secret -n more', /Warning +SecretNotFound/)
      },
    },
  ],
}

/** Asks from outside by a name that leads to the Ingress, until the answer, with the status behind it, is as expected. */
async function answers(reader: Reader, url: string, expected: RegExp, ...options: string[]): Promise<void> {
  const { hostname, protocol } = new URL(url)
  const name = `--resolve ${hostname}:${protocol === 'https:' ? 443 : 80}:${address}`
  const line = `curl -s -k --max-time 5 ${name} -w '%{http_code}' ${options.join(' ')} ${url} 2>&1`
  let last = ''
  await eventually(url, async () => {
    last = await reader.at('outside', line)
    return expected.test(last)
  }, 15_000).catch((error: unknown) => {
    throw new Error(last, { cause: error })
  })
}
