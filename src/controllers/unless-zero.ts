/** One field of a status, or none where Go's `omitempty` leaves a zero out. */
export function unlessZero<Field extends string>(field: Field, count: number): { [Key in Field]?: number } {
  return count === 0 ? {} : ({ [field]: count } as { [Key in Field]: number })
}
