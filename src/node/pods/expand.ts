/**
 * Replaces `$(NAME)` by the variable of that name; `$$` stands for `$`, and a reference to an unknown name stays as it
 * is (https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables).
 */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (found, name: string | undefined) =>
    name === undefined ? '$' : (variables.get(name) ?? found),
  )
}
