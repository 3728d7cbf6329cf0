/** The numbers of fields, which the schema does not know, in a notation that keeps a message to a line. */

/**
 * By the schema's name of a message, its fields as `number:name`, by their names in JSON. A `!` after the name marks
 * scalars that JSON says even when they are zero: those that Go has as pointers, which come only when set, or without
 * `omitempty`. `1(…)` is a message whose fields JSON has in the outer one, as Go inlines it.
 */
export type FieldNumbers = Readonly<Record<string, string>>

export type Message = ReadonlyMap<number, NumberedField>

export type NumberedField =
  | { readonly name: string; readonly keepsZero: boolean }
  /** The fields of a message that JSON does not have as an object of its own. */
  | { readonly inline: Message }

/** Throws if the text is not in the notation of `FieldNumbers`. */
export function parseMessage(text: string): Message {
  const tokens = text.match(/\d+:\w+!?|\d+\(|\)|\S/g) ?? []
  const message = takeFields(tokens)
  if (tokens.length > 0) throw new Error(`unexpected ${tokens[0]} in the field numbers ${text}`)
  return message
}

/** Takes what stands before the closing parenthesis, or the end. */
function takeFields(tokens: string[]): Message {
  const fields = new Map<number, NumberedField>()
  while (tokens.length > 0 && tokens[0] !== ')') {
    const token = tokens.shift() ?? ''
    const [, number = '', name = '', mark] = /^(\d+)(?:\(|:(\w+)(!?))$/.exec(token) ?? []
    if (number === '') throw new Error(`${token} is no field number`)
    if (fields.has(Number(number))) throw new Error(`field number ${number} stands there twice`)
    fields.set(Number(number), name === '' ? { inline: takeInline(tokens) } : { name, keepsZero: mark === '!' })
  }
  return fields
}

function takeInline(tokens: string[]): Message {
  const inline = takeFields(tokens)
  if (tokens.shift() !== ')') throw new Error('an inline message has no end')
  return inline
}
