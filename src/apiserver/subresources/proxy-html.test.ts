import { buffer, text } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { htmlLinks } from './proxy-html.ts'
import { rewriteLink } from './proxy-links.ts'

const prefix = '/api/v1/namespaces/default/pods/web/proxy'
const space = { prefix, backendHost: '10.1.2.3:8080', clientHost: 'localhost:6443' }

describe('a link', () => {
  for (const { link, becomes } of [
    { link: '/', becomes: `${prefix}/` },
    { link: '/a/b?c=/d#e', becomes: `${prefix}/a/b?c=/d#e` },
    { link: 'a/b', becomes: 'a/b' },
    { link: '?q', becomes: '?q' },
    { link: '#top', becomes: '#top' },
    { link: '', becomes: '' },
    { link: 'mailto:a@b.example', becomes: 'mailto:a@b.example' },
    { link: 'http://10.1.2.3:8080/a', becomes: `${prefix}/a` },
    { link: '//10.1.2.3:8080/a', becomes: `${prefix}/a` },
    { link: 'http://10.1.2.3:8080', becomes: 'http://10.1.2.3:8080' },
    { link: 'https://localhost:6443/a', becomes: `https://localhost:6443${prefix}/a` },
    { link: 'https://elsewhere.example/a', becomes: 'https://elsewhere.example/a' },
    { link: 'ftp://10.1.2.3:8080/a', becomes: 'ftp://10.1.2.3:8080/a' },
    { link: `${prefix}/a`, becomes: `${prefix}/a` },
    { link: `${prefix}-other/a`, becomes: `${prefix}${prefix}-other/a` },
  ]) {
    test(`${JSON.stringify(link)} becomes ${becomes}`, () => {
      expect(rewriteLink(link, space)).toBe(becomes)
    })
  }
})

const pages = [
  { name: 'quotes', page: '<a href="/x">y</a>', becomes: '<a href="@/x">y</a>' },
  { name: 'apostrophes', page: "<A class=b HREF = '/x'>", becomes: "<A class=b HREF = '@/x'>" },
  { name: 'no quotes', page: '<img src=/x.png alt=/y>', becomes: '<img src=@/x.png alt=/y>' },
  { name: 'several', page: '<video src="/a" poster="/b"/><form action="/c">', becomes: '<video src="@/a" poster="@/b"/><form action="@/c">' },
  { name: 'a > within a value', page: '<a title=">" href="/x">', becomes: '<a title=">" href="@/x">' },
  { name: 'an attribute within a value', page: '<a title=\'href="/x"\'>', becomes: '<a title=\'href="/x"\'>' },
  { name: 'another attribute that ends alike', page: '<a data-href="/x">', becomes: '<a data-href="/x">' },
  { name: 'text', page: 'a < b, href="/x" and 1 <2', becomes: 'a < b, href="/x" and 1 <2' },
  { name: 'a comment', page: '<!-- <a href="/x"> --><a href="/y">', becomes: '<!-- <a href="/x"> --><a href="@/y">' },
  {
    name: 'a script',
    page: '<script src="/s">if (a<b) "<a href=\'/x\'>"</script><a href="/y">',
    becomes: '<script src="@/s">if (a<b) "<a href=\'/x\'>"</script><a href="@/y">',
  },
  { name: 'a script of a few characters', page: '<script><a href="/x"></script>', becomes: '<script><a href="/x"></script>' },
  { name: 'an end that is missing', page: '<p>é<a href="/x', becomes: '<p>é<a href="/x' },
  { name: 'a declaration', page: '<!DOCTYPE html><?x?><base href="/">', becomes: '<!DOCTYPE html><?x?><base href="@/">' },
]

describe('a page with', () => {
  for (const { name, page, becomes } of pages) {
    test(`${name}, however it is cut`, async () => {
      const bytes = Buffer.from(page)
      for (let cut = 0; cut <= bytes.length; cut += 1) {
        expect(await rewritten([bytes.subarray(0, cut), bytes.subarray(cut)])).toBe(becomes)
      }
    })
  }

  test('another encoding keeps its bytes', async () => {
    const page = Buffer.from([0xe9, 0x3c, 0x62, 0x3e, 0xff])
    expect(await buffer(Readable.from([page]).pipe(htmlLinks((link) => link)))).toEqual(page)
  })

  test('a very long attribute is rewritten or left, never lost', async () => {
    for (const size of [500_000, 3_000_000]) {
      const page = `<img src="data:${'x'.repeat(size)}"><a href="/x">`
      const chunks = page.match(/.{1,65536}/gs)?.map((chunk) => Buffer.from(chunk)) ?? []
      expect(await rewritten(chunks)).toMatch(/x"><a href="@?\/x">$/)
    }
  })
})

function rewritten(chunks: readonly Buffer[]): Promise<string> {
  return text(Readable.from(chunks).pipe(htmlLinks((link) => (link.startsWith('/') ? `@${link}` : link))))
}
