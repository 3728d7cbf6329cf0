/** A command and what it printed, with the seconds that it took. */
export interface Recorded {
  readonly command: string
  readonly output: string
  readonly seconds: number
}

/** What is on the screen from a moment on: one more line. */
interface Line {
  readonly atSeconds: number
  readonly text: string
  readonly isCommand: boolean
}

export const columns = 100
const rows = 28
/** A newcomer reads; the machine is faster. */
const perLetter = 0.025
const perLineRead = 0.22
const leastReading = 0.8
const lastLook = 6

const lineHeight = 19
const padding = 14
const letterWidth = 8.43

/** When each line appears. Commands take as long as they took. */
function lines(recorded: readonly Recorded[]): readonly Line[] {
  let atSeconds = 0.5
  return recorded.flatMap(({ command, output, seconds }) => {
    const shown = output.replace(/\n$/, '').split('\n').filter((line, index, all) => line !== '' || index < all.length - 1)
    const typed = { atSeconds, text: `# ${command}`, isCommand: true }
    atSeconds += perLetter * command.length + seconds
    const answered = shown.map((text) => ({ atSeconds, text: text.slice(0, columns), isCommand: false }))
    atSeconds += Math.max(leastReading, perLineRead * shown.length)
    return [typed, ...answered]
  })
}

/** The recording as asciicast v2 (https://docs.asciinema.org/manual/asciicast/v2/), for `asciinema play`. */
export function asciicast(recorded: readonly Recorded[], title: string): string {
  const header = { version: 2, width: columns, height: rows, title }
  const events = lines(recorded).flatMap(({ atSeconds, text, isCommand }) =>
    isCommand
      ? [...`${text}\r\n`].map((letter, index) => [atSeconds + index * perLetter, 'o', letter])
      : [[atSeconds, 'o', `${text}\r\n`]],
  )
  return `${[header, ...events.map(([at, ...rest]) => [Number(Number(at).toFixed(3)), ...rest])].map((each) => JSON.stringify(each)).join('\n')}\n`
}

/** The recording as a picture that moves by itself, over and over: every line once, shown when it appears, and the page scrolled. */
export function movingPicture(recorded: readonly Recorded[], title: string): string {
  const all = lines(recorded)
  const lasts = (all.at(-1)?.atSeconds ?? 0) + lastLook
  const percent = (seconds: number) => `${((100 * seconds) / lasts).toFixed(3)}%`
  const width = Math.ceil(columns * letterWidth + 2 * padding)
  const height = rows * lineHeight + 2 * padding
  const moments = [...new Set(all.map(({ atSeconds }) => atSeconds))]
  const appearing = moments.map((moment, index) => `@keyframes a${index}{0%{opacity:0}${percent(moment)}{opacity:1}100%{opacity:1}}`)
  const scrolled = moments.map((moment) => {
    const count = all.filter(({ atSeconds }) => atSeconds <= moment).length
    return `${percent(moment)}{transform:translateY(${-lineHeight * Math.max(0, count - rows)}px)}`
  })
  const last = scrolled.at(-1)?.replace(/^[^{]*/, '100%') ?? ''
  const texts = all.map(({ atSeconds, text, isCommand }, index) => {
    const y = padding + (index + 0.75) * lineHeight
    return `<text x="${padding}" y="${y}" class="${isCommand ? 'c' : 'o'} m${moments.indexOf(atSeconds)}">${escaped(text)}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(title)}</title>
<style>
text{font:14px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre;animation-duration:${lasts.toFixed(2)}s;animation-iteration-count:infinite;animation-timing-function:step-end}
.c{fill:#9fe8a8}.o{fill:#d7dce2}
#page{animation:scroll ${lasts.toFixed(2)}s step-end infinite}
${appearing.join('\n')}
${moments.map((_, index) => `.m${index}{animation-name:a${index}}`).join('\n')}
@keyframes scroll{0%{transform:translateY(0)}${scrolled.join('')}${last}}
</style>
<rect width="100%" height="100%" rx="8" fill="#14181d"/>
<svg y="${padding}" width="${width}" height="${rows * lineHeight}" viewBox="0 ${padding} ${width} ${rows * lineHeight}"><g id="page">
${texts.join('\n')}
</g></svg>
</svg>
`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
